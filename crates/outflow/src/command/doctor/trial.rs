//! Trying it: a small file in storage, and an UNLOAD of one row, each in a place of its own that is deleted afterwards. What a role may do,
//! its effect proves.

use std::time::{Duration, Instant};

use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{AttemptToken, Code, Error, RequestId, Result, StatementId, UnloadId};
use outflow_engine::WarehouseEntry;
use outflow_storage::Storage;

use super::finding::Finding;

/// How long the UNLOAD may take: a serverless workgroup may have to wake first.
const WITHIN: Duration = Duration::from_secs(120);
/// How long one look at it waits for its end.
const LOOK: Duration = Duration::from_secs(10);
/// What the file is read up to.
const SMALL: u64 = 1 << 16;

/// Whether a file can be written, read and deleted.
pub(super) async fn of_storage(storage: &Storage) -> Finding {
    let place = place();
    let key = StorageKey::File(place.clone(), "check.txt".to_owned());
    let text = "written by `outflow doctor`\n";
    let tried = async {
        storage.put(&key, text.into()).await?;
        same(&storage.read(&key, SMALL).await?, text)
    };
    let tried = tried.await;
    let cleaned = storage.delete_attempt(&place).await;
    match tried.and(cleaned) {
        Ok(()) => Finding::ok("storage files", "can be written, read and deleted"),
        Err(error) => Finding::failed("storage files", &error).at(storage.uri(&key)),
    }
}

/// Whether the warehouse writes with its role, and what it writes can be read and deleted; and the token of what ran.
pub(super) async fn of_unload(warehouse: &str, storage: &Storage, entry: &WarehouseEntry) -> (Finding, AttemptToken) {
    let name = format!("{warehouse} unload");
    let place = place();
    let destination = storage.uri(&StorageKey::Output(place.clone()));
    let token = AttemptToken::new(place.unload_id, place.attempt);
    let statement = UnloadStatement {
        settings: entry.statement_settings.clone(),
        format: Format::Csv,
        parallel: false,
        ..UnloadStatement::plain("SELECT 1 AS one", destination.clone())
    };
    let tried = async {
        run(&*entry.warehouse, &statement, &token).await?;
        let written = storage.list(&place).await?;
        let is_data = |name: &&str| *name != "outputmanifest";
        let Some(file) = written.iter().map(|(name, _)| name.as_str()).find(is_data) else {
            return Err(Error::new(
                Code::VerificationFailed,
                "the UNLOAD succeeded, and no file of it is in storage: warehouse and service look at different buckets",
            ));
        };
        same(&storage.read(&StorageKey::File(place.clone(), file.to_owned()), SMALL).await?, "1\n")
    };
    let tried = tried.await;
    let cleaned = storage.delete_attempt(&place).await;
    let finding = match tried.and(cleaned) {
        Ok(()) => Finding::ok(name, "one row was unloaded, read and deleted"),
        Err(error) => {
            let found = Finding::failed(name, &error).at(destination);
            Finding { what: format!("one row could not be unloaded: {}", found.what), ..found }
        }
    };
    (finding, token)
}

/// Whether what has just run over the wire is found by its tag from `another` connection: whoever takes over from a process that died, or that
/// lost its connection, finds it so.
#[cfg(feature = "redshift")]
pub(super) async fn of_record(
    warehouse: &str,
    another: &outflow_warehouse::redshift_wire::RedshiftWire,
    token: &AttemptToken,
) -> Finding {
    let name = format!("{warehouse} record");
    let within = outflow_warehouse::belief::BELIEVED.recorded_within;
    match another.is_recorded(token, within).await {
        Ok(true) => Finding::ok(name, "the UNLOAD is found by its tag from another connection"),
        Ok(false) => Finding::wrong(
            name,
            format!(
                "the UNLOAD is not in `sys_query_history` under its tag after {} s: one whose service dies would be run a second time",
                within.as_secs()
            ),
            "let all processes log in as one database user, who must see its own statements there; if it does, `outflow doctor --conformance` tells what is otherwise, and `redshift-data://` is safe meanwhile",
        ),
        Err(error) => Finding::failed(name, &error),
    }
}

async fn run(warehouse: &dyn Warehouse, statement: &UnloadStatement, token: &AttemptToken) -> Result<()> {
    let until = Instant::now() + WITHIN;
    let id = match warehouse.start(statement, token).await {
        Ok(id) => id,
        // It may run all the same.
        Err(error) if error.kind().is_retryable() => warehouse.find(token).await.ok().flatten().ok_or(error)?,
        Err(error) => return Err(error),
    };
    loop {
        match warehouse.poll(&id, LOOK).await? {
            Progress::Finished { .. } => return Ok(()),
            Progress::Failed(error) => return Err(error),
            Progress::Cancelled => return Err(Error::new(Code::UnloadCancelled, "somebody stopped the UNLOAD of one row")),
            Progress::Running(_) if Instant::now() >= until => return Err(stop(warehouse, &id).await),
            Progress::Running(_) => {}
        }
    }
}

/// Stops what took too long, and waits for its end, so that nothing comes after its files are deleted.
async fn stop(warehouse: &dyn Warehouse, id: &StatementId) -> Error {
    let message =
        format!("the UNLOAD of one row has not ended within {} s; look at what else runs in the warehouse", WITHIN.as_secs());
    let stopped = async {
        warehouse.cancel(id).await?;
        while !warehouse.poll(id, LOOK).await?.is_over() {}
        Ok::<(), Error>(())
    };
    let error = Error::new(Code::WarehouseUnavailable, message);
    match tokio::time::timeout(WITHIN, stopped).await {
        Ok(Err(reason)) => error.with_source(reason),
        Ok(Ok(())) | Err(_) => error,
    }
}

fn same(read: &[u8], written: &str) -> Result<()> {
    if read == written.as_bytes() {
        return Ok(());
    }
    Err(Error::new(Code::VerificationFailed, "what was read is not what was written"))
}

/// A place that nothing else has.
fn place() -> AttemptPlace {
    let unload_id = UnloadId::generate();
    let name = unload_id.to_string();
    let request_id =
        RequestId::parse(&format!("doctor-{}", &name[name.len() - 12..])).unwrap_or_else(|_| unload_id.to_request_id());
    AttemptPlace { request_id, unload_id, attempt: 1 }
}
