//! `unload` and `download`: from a query to a verified file.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use outflow_api::StatusView;
use outflow_core::{Code, Status};
use tokio::signal::unix::{SignalKind, signal};

use super::session::Session;
use super::show;
use crate::cli::{DownloadArgs, Global, OutputFormat, TargetArgs, UnloadArgs};
use crate::client::Client;
use crate::client::download::{Saving, Target, check_free};
use crate::exit::{CliError, Exit, Result};
use crate::output;
use crate::progress::Progress;

/// How long whoever pressed Ctrl-C waits to hear that the unload has stopped.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Runs a query, waits, and downloads the result.
pub(super) async fn unload(global: &Global, args: &UnloadArgs) -> Result<()> {
    let saving = saving(&args.target, args.request.multiple_files)?;
    let mut request = args.request.to_request(args.target.out.as_deref())?;
    request.request_id.clone_from(&args.request_id);
    if args.no_wait && global.server.is_none() {
        return Err(CliError::usage("`--no-wait` without `--server` would end the process that runs the query")
            .hint("start `outflow serve`, and name it with `--server URL`"));
    }
    let session = Session::open(global, &args.place).await?;
    let outcome = run(session.client(), args, &request, &saving).await;
    session.close().await;
    outcome
}

async fn run(client: &Client, args: &UnloadArgs, request: &outflow_api::UnloadRequest, saving: &Saving) -> Result<()> {
    let accepted = client.submit(request).await?;
    let id = accepted.request_id.to_string();
    if args.no_wait {
        output::note(&format!("accepted; watch it with `outflow status {id}`, fetch it with `outflow download --wait {id}`"));
        output::note(&format!("status  {}\nevents  {}", accepted.links.status, accepted.links.events));
        return match args.output {
            OutputFormat::Json => output::print_json(&accepted),
            OutputFormat::Text => output::print_line(&id),
        };
    }
    let mut progress = Progress::new();
    progress.note(&format!("accepted as `{id}`"));
    let status = wait(client, &id, &mut progress).await?;
    fetch(client, status, saving, args.output, progress).await
}

/// Downloads what is there, or comes.
pub(super) async fn download(client: &Client, args: &DownloadArgs) -> Result<()> {
    let saving = saving(&args.target, false)?;
    let id = &args.id.id;
    let mut progress = Progress::new();
    let status = if args.wait { client.wait(id, &mut progress).await? } else { client.status(id, None).await? };
    if !status.status.is_terminal() {
        return Err(CliError::new(Exit::Conflict, format!("the unload is not ready: {}", show::status_line(&status)))
            .with_code(Code::NotReady));
    }
    fetch(client, status, &saving, args.id.output, progress).await
}

/// Downloads the files of an unload that has ended well, and says so; of another it says how it ended.
async fn fetch(client: &Client, status: StatusView, saving: &Saving, format: OutputFormat, mut progress: Progress) -> Result<()> {
    let id = status.request_id.to_string();
    if status.status != Status::Done {
        progress.finish();
        return Err(ended(&status));
    }
    if matches!(saving.target, Target::Stdout) && std::io::stdout().is_terminal() {
        refuse_terminal(client, &id).await?;
    }
    let saved = tokio::select! {
        saved = client.download(&id, saving, &mut progress) => saved?,
        () = interrupted() => {
            progress.finish();
            output::note(&format!("interrupted; the unload is DONE, and `outflow download {id}` goes on where this ended"));
            return Err(CliError::silent(Exit::Interrupted));
        }
    };
    progress.finish();
    let view = client.unload(&id).await?;
    let rows = output::counted(view.row_count.unwrap_or_default(), "row");
    let size = output::size(view.byte_count.unwrap_or_default());
    let place = match &saved[..] {
        [] => "standard output".to_owned(),
        [path] => format!("`{}`", path.display()),
        [first, ..] => {
            let folder = first.parent().unwrap_or(Path::new("."));
            format!("{} in `{}`", output::counted(saved.len() as u64, "file"), folder.display())
        }
    };
    output::note(&format!("done: {rows}, {size} to {place}, verified against the receipt; kept {}", show::lifetime(&view)));
    match format {
        _ if saved.is_empty() => Ok(()),
        OutputFormat::Json => output::print_json(&view),
        OutputFormat::Text => saved.iter().try_for_each(|path| output::print_line(&path.display().to_string())),
    }
}

/// Waits until it is over; Ctrl-C cancels it.
async fn wait(client: &Client, id: &str, progress: &mut Progress) -> Result<StatusView> {
    tokio::select! {
        status = client.wait(id, progress) => return status,
        () = interrupted() => {}
    }
    progress.finish();
    output::note(&format!("interrupted: cancelling `{id}`; once more to leave without waiting for it"));
    let stopped = async {
        match client.cancel(id).await {
            Ok(_) => client.wait(id, &mut Progress::new()).await.map(|status| status.status),
            Err(error) if error.code() == Some(Code::AlreadyTerminal) => {
                client.status(id, None).await.map(|status| status.status)
            }
            Err(error) => Err(error),
        }
    };
    tokio::select! {
        stopped = tokio::time::timeout(STOP_WITHIN, stopped) => match stopped {
            Ok(Ok(Status::Cancelled)) => output::note(&format!("`{id}` is cancelled")),
            Ok(Ok(status)) => output::note(&format!("`{id}` had ended already: {}", status.as_str())),
            Ok(Err(error)) => return Err(error.exiting(Exit::Interrupted)),
            Err(_) => output::note(&format!("`{id}` is still stopping; `outflow status {id}` shows when it has")),
        },
        () = interrupted() => {}
    }
    Err(CliError::silent(Exit::Interrupted))
}

async fn interrupted() {
    match signal(SignalKind::interrupt()) {
        Ok(mut interrupts) => {
            interrupts.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

/// How an unload without files ended, as an error.
fn ended(status: &StatusView) -> CliError {
    let id = &status.request_id;
    match (&status.error, status.status) {
        (Some(error), _) => {
            let retry = error.retryable.then(|| format!("the same request may succeed later: `outflow retry {id}`"));
            let told = CliError::new(Exit::Failed, format!("the unload `{id}` failed: {}", output::plain(&plain_error(error))))
                .with_code(error.code);
            retry.into_iter().fold(told, CliError::hint)
        }
        (None, Status::Expired) => {
            CliError::new(Exit::NotFound, format!("the files of `{id}` are gone")).with_code(Code::UnloadExpired)
        }
        (None, Status::Cancelled) => {
            CliError::new(Exit::Failed, format!("the unload `{id}` was cancelled")).with_code(Code::UnloadCancelled)
        }
        (None, status) => CliError::new(Exit::Failed, format!("the unload `{id}` ended {}", status.as_str())),
    }
}

fn plain_error(error: &outflow_api::ErrorView) -> String {
    match (error.line, error.column) {
        (Some(line), Some(column)) => format!("{} (line {line}, column {column})", error.message),
        _ => error.message.clone(),
    }
}

fn saving(args: &TargetArgs, is_many: bool) -> Result<Saving> {
    let target = match args.out.as_deref() {
        None => Target::Own,
        Some(path) if path == Path::new("-") => Target::Stdout,
        Some(path) if is_many || path.is_dir() => Target::Folder(path.to_owned()),
        Some(path) => Target::File(path.to_owned()),
    };
    match &target {
        Target::Stdout if is_many => {
            return Err(CliError::usage("`--out -` takes one file, and `--multiple-files` asks for several")
                .hint("leave one of them out"));
        }
        Target::Stdout if args.save_receipt => {
            return Err(CliError::usage("`--save-receipt` has no place with `--out -`")
                .hint("`outflow receipt ID --output json` prints it"));
        }
        Target::File(path) | Target::Folder(path) => check_free(path, args.force)?,
        Target::Own | Target::Stdout => {}
    }
    Ok(Saving { target, force: args.force, with_receipt: args.save_receipt })
}

/// What is not text does not go to a terminal.
async fn refuse_terminal(client: &Client, id: &str) -> Result<()> {
    let options = client.unload(id).await?.options;
    let is_text = options.compression == Some(outflow_core::options::Compression::None);
    if is_text {
        return Ok(());
    }
    Err(CliError::new(Exit::Conflict, "the result is not text, and standard output is a terminal")
        .hint(format!("`outflow download {id} --out FILE` saves it")))
}
