//! Commands that look at unloads, or tell the service to do something with them.

use outflow_api::{RetryRequest, UnloadView};
use outflow_core::Status;

use super::session::Session;
use super::show;
use crate::cli::{CancelArgs, ExplainArgs, IdArgs, ListArgs, OutputFormat, ReceiptArgs, RetryArgs, StatusArgs, TablesArgs};
use crate::client::{Client, ListQuery};
use crate::exit::{CliError, Exit, Result};
use crate::output;
use crate::progress::Progress;

/// How many unloads the service gives on one page.
const PAGE: u32 = 100;

pub(super) async fn status(client: &Client, args: &StatusArgs) -> Result<()> {
    if !args.wait {
        return print(&client.unload(&args.id.id).await?, args.id.output);
    }
    let status = client.wait(&args.id.id, &mut Progress::new()).await?;
    print(&client.unload(&args.id.id).await?, args.id.output)?;
    if status.status == Status::Done { Ok(()) } else { Err(show::ended(&status)) }
}

pub(super) async fn cancel(client: &Client, args: &CancelArgs) -> Result<()> {
    let id = &args.id.id;
    let view = client.cancel(id).await?;
    if args.no_wait {
        return print(&view, args.id.output);
    }
    let status = client.wait(id, &mut Progress::new()).await?.status;
    print(&client.unload(id).await?, args.id.output)?;
    if status == Status::Cancelled {
        return Ok(());
    }
    Err(CliError::new(Exit::Conflict, format!("the unload ended {} before it could be stopped", status.as_str())))
}

pub(super) async fn retry(client: &Client, args: &RetryArgs) -> Result<()> {
    let view = client.retry(&args.id.id, &RetryRequest { request_id: args.request_id.clone() }).await?;
    print(&view, args.id.output)
}

pub(super) async fn delete(client: &Client, args: &IdArgs) -> Result<()> {
    print(&client.delete(&args.id).await?, args.output)
}

pub(super) async fn receipt(client: &Client, args: &ReceiptArgs) -> Result<()> {
    let receipt = client.receipt(&args.id.id).await?;
    match args.id.output {
        OutputFormat::Json => output::print_json(&receipt),
        OutputFormat::Text => output::print(&show::receipt(&receipt)),
    }
}

pub(super) async fn list(client: &Client, args: &ListArgs) -> Result<()> {
    let mut query = ListQuery {
        status: args.status.map(Status::as_str),
        label: args.label.as_ref().map(|(key, value)| format!("{key}:{value}")),
        since: args.since.map(|since| since.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
        ..ListQuery::default()
    };
    let mut views = Vec::new();
    let mut left = args.limit;
    while left > 0 {
        query.limit = left.min(PAGE);
        let page = client.list(&query).await?;
        left -= u32::try_from(page.items.len()).unwrap_or(left).min(left);
        views.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    match args.output {
        OutputFormat::Json => output::print_json(&views),
        OutputFormat::Text if views.is_empty() => {
            output::note("there is none");
            Ok(())
        }
        OutputFormat::Text => output::print(&show::list(&views)),
    }
}

pub(super) async fn tables(global: &crate::cli::Global, args: &TablesArgs) -> Result<()> {
    let session = Session::open_to_look(global, &args.place).await?;
    let view = session.client().tables(args.warehouse.as_deref()).await;
    session.close().await;
    let view = view?;
    match args.output {
        OutputFormat::Json => output::print_json(&view),
        OutputFormat::Text => output::print(&show::tables(&view)),
    }
}

pub(super) async fn explain(global: &crate::cli::Global, args: &ExplainArgs) -> Result<()> {
    let request = args.request.to_request(None)?;
    let session = Session::open_to_look(global, &args.place).await?;
    let view = session.client().explain(&request).await;
    session.close().await;
    let view = view?;
    match args.output {
        OutputFormat::Json => output::print_json(&view),
        OutputFormat::Text => {
            let tables = if view.tables.is_empty() { "none".to_owned() } else { view.tables.join(", ") };
            output::note(&format!("allowed in `{}`; reads {}", view.warehouse, output::plain(&tables)));
            output::print_line(&output::plain(&view.statement))
        }
    }
}

fn print(view: &UnloadView, format: OutputFormat) -> Result<()> {
    match format {
        OutputFormat::Json => output::print_json(view),
        OutputFormat::Text => output::print(&show::unload(view)),
    }
}
