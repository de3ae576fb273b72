//! `unload` and `download`: from a query to a verified file.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use outflow_api::{StatusView, UnloadRequest};
use outflow_core::{Code, RequestId, Status};
use outflow_storage::disposition::download_name;
use tokio::signal::unix::{SignalKind, signal};

use super::session::Session;
use super::show;
use crate::cli::request::is_stream;
use crate::cli::{DownloadArgs, Global, OutputFormat, TargetArgs, UnloadArgs};
use crate::client::Client;
use crate::client::download::{Saving, Target, beside, check_folder, check_free};
use crate::exit::{CliError, Exit, Result};
use crate::output;
use crate::progress::Progress;

/// How long whoever pressed Ctrl-C waits to hear that the unload has stopped.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Runs a query, waits, and downloads the result.
pub(super) async fn unload(global: &Global, args: &UnloadArgs) -> Result<()> {
    let saving = saving(&args.target, args.request.asks_for_several())?;
    let mut request = args.request.to_request(args.target.out.as_deref())?;
    request.request_id.clone_from(&args.request_id);
    check_place(&saving, &request)?;
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
    let is_done = status.status == Status::Done;
    let fetched = fetch(client, status, saving, args.output, progress).await;
    let first = if client.is_inside() { "`outflow serve`, and then " } else { "" };
    let hint =
        || format!("the unload itself is DONE: {first}`outflow download {id} --out FILE` fetches it without running it again");
    fetched.map_err(|error| if is_done { error.hint(hint()) } else { error })
}

/// Downloads what is there, or comes.
pub(super) async fn download(client: &Client, args: &DownloadArgs) -> Result<()> {
    let saving = saving(&args.target, None)?;
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
        return Err(show::ended(&status));
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
        [] => match &saving.target {
            Target::Stream(path) => format!("`{}`", path.display()),
            _ => "standard output".to_owned(),
        },
        [path] => format!("`{}`", path.display()),
        [first, ..] => {
            // The one that all are in, in folders of their own or not.
            let holds_all = |folder: &&Path| saved.iter().all(|path| path.starts_with(folder));
            let folder = first.ancestors().skip(1).find(holds_all).unwrap_or(Path::new(""));
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

/// Where the files go; `many` is the flag that asks for several.
fn saving(args: &TargetArgs, many: Option<&str>) -> Result<Saving> {
    let target = match args.out.as_deref() {
        None => Target::Own,
        Some(path) if path == Path::new("-") => Target::Stdout,
        Some(path) if is_stream(path) => Target::Stream(path.to_owned()),
        Some(path) if many.is_some() || path.is_dir() => Target::Folder(path.to_owned()),
        Some(path) => Target::File(path.to_owned()),
    };
    let shown = args.out.as_deref().unwrap_or(Path::new("")).display();
    match (&target, many) {
        (Target::Stdout | Target::Stream(_), Some(flag)) => {
            return Err(CliError::usage(format!("`--out {shown}` takes one file, and `{flag}` asks for several"))
                .hint("leave one of them out"));
        }
        (Target::Stdout | Target::Stream(_), _) if args.save_receipt => {
            return Err(CliError::usage(format!("`--save-receipt` has no place with `--out {shown}`"))
                .hint("`outflow receipt ID --output json` prints it"));
        }
        (Target::File(path), _) => {
            check_free(path, args.force)?;
            if args.save_receipt {
                check_free(&beside(path), args.force)?;
            }
        }
        (Target::Folder(path), _) => check_free(path, args.force)?,
        (Target::Own | Target::Stdout | Target::Stream(_), _) => {}
    }
    Ok(Saving { target, force: args.force, with_receipt: args.save_receipt })
}

/// Fails when something lies where the files of a request go under names of their own, as far as they are known before it is sent.
fn check_place(saving: &Saving, request: &UnloadRequest) -> Result<()> {
    let request_id = request.request_id.as_deref().and_then(|id| RequestId::parse(id).ok());
    // What is wrong with a request, the service says.
    let Ok(options) = request.clone().into_submission(None).and_then(|asked| asked.requested.resolve()) else { return Ok(()) };
    let folder = match (&saving.target, &request_id) {
        (Target::Folder(folder), _) if !options.single_file => {
            return check_folder(folder, request_id.as_ref(), saving.force);
        }
        (Target::Folder(folder), Some(_)) => folder.as_path(),
        (Target::Own, Some(id)) if !options.single_file => {
            return check_folder(Path::new(id.as_str()), Some(id), saving.force);
        }
        (Target::Own, Some(_)) => Path::new(""),
        _ => return Ok(()),
    };
    let Some(request_id) = request_id else { return Ok(()) };
    let path = folder.join(download_name(&request_id, &options, "", 0, 1));
    check_free(&path, saving.force)?;
    let with_receipt = saving.with_receipt || saving.target != Target::Own;
    if with_receipt { check_free(&beside(&path), saving.force) } else { Ok(()) }
}

/// What is not text does not go to a terminal.
async fn refuse_terminal(client: &Client, id: &str) -> Result<()> {
    let options = client.unload(id).await?.options;
    let is_text = options.compression == Some(outflow_core::options::Compression::None);
    if is_text {
        return Ok(());
    }
    Err(CliError::new(Exit::Conflict, "the result is not text, and standard output is a terminal")
        .hint("name a file with `--out FILE`"))
}
