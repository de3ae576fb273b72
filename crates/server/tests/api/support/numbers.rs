//! A small, honest warehouse: the table `numbers`, of which `SELECT n FROM numbers WHERE n < K` is all that it can run. It writes what
//! UNLOAD would write, manifest included. Statements end as they begin, and die with it.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use outflow_core::options::{Compression, Format};
use outflow_core::schema::{Column, Table};
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Capabilities, EmptyResult, Progress, Warehouse};
use outflow_core::{AttemptToken, Code, Error, Result, StatementId};
use outflow_storage::{Storage, compress};
use serde_json::json;

/// The warehouse, writing into that storage.
pub(crate) fn warehouse(storage: &Storage) -> Arc<dyn Warehouse> {
    Arc::new(Numbers { objects: storage.object_store(), statements: Mutex::default() })
}

/// The rows below `count` as CSV with a header.
pub(crate) fn csv(count: u64) -> String {
    (0..count).fold("n\n".to_owned(), |mut text, n| {
        writeln!(text, "{n}").unwrap();
        text
    })
}

#[derive(Debug)]
struct Numbers {
    objects: Arc<dyn ObjectStore>,
    statements: Mutex<HashMap<StatementId, Result<u64, (Code, String)>>>,
}

impl Numbers {
    async fn run(&self, statement: &UnloadStatement) -> Result<u64> {
        let count = rows_of(&statement.query)?;
        if count == 0 {
            return Ok(0);
        }
        let parts: Vec<(&str, std::ops::Range<u64>)> = if statement.parallel {
            vec![("0000_part_00", 0..count / 2), ("0001_part_00", count / 2..count)]
        } else {
            vec![("000", 0..count)]
        };
        let mut entries = Vec::new();
        for (suffix, range) in parts {
            let lines = range.end - range.start;
            let bytes = encode(statement, range)?;
            let extension = statement.extension.as_deref().map(|extension| format!(".{extension}")).unwrap_or_default();
            let url = format!("{}{suffix}{extension}", statement.destination);
            let meta = json!({"content_length": bytes.len(), "record_count": lines + u64::from(statement.header)});
            entries.push(json!({"url": url, "meta": meta}));
            self.put(&url, bytes).await?;
        }
        let schema = json!({"elements": [{"name": "n", "type": {"base": "bigint"}}]});
        let manifest = json!({"entries": entries, "schema": schema});
        self.put(&format!("{}manifest", statement.destination), manifest.to_string().into_bytes()).await?;
        Ok(count)
    }

    async fn put(&self, url: &str, bytes: Vec<u8>) -> Result<()> {
        let key = Path::parse(url.strip_prefix("s3://local/").expect("the bucket is `local`")).unwrap();
        self.objects.put(&key, bytes.into()).await.map(drop).map_err(|error| outflow_storage::from_object_store(error, "writing"))
    }
}

fn encode(statement: &UnloadStatement, range: std::ops::Range<u64>) -> Result<Vec<u8>> {
    if statement.format != Format::Csv || statement.compression == Compression::Zstd {
        return Err(Error::new(Code::QueryInvalid, "this warehouse writes CSV, plain or gzip"));
    }
    let mut text = if statement.header { "n\n".to_owned() } else { String::new() };
    for n in range {
        writeln!(text, "{n}").expect("a string takes it");
    }
    compress(text.as_bytes(), statement.compression)
}

fn rows_of(query: &str) -> Result<u64> {
    let words = query.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(table) = words.strip_prefix("SELECT n FROM ").filter(|table| !table.starts_with("numbers")) {
        return Err(Error::new(Code::UnknownTable, format!("there is no table `{table}`; there is `numbers`")));
    }
    let count = words.strip_prefix("SELECT n FROM numbers WHERE n < ").and_then(|count| count.trim_matches('\'').parse().ok());
    count.ok_or_else(|| Error::new(Code::QueryInvalid, "this warehouse only counts"))
}

#[async_trait]
impl Warehouse for Numbers {
    fn capabilities(&self) -> Capabilities {
        Capabilities { outlives_worker: false, cancel_anywhere: false }
    }

    async fn start(&self, statement: &UnloadStatement, token: &AttemptToken) -> Result<StatementId> {
        let statement_id = StatementId::new(token.client_token());
        let outcome = self.run(statement).await.map_err(|error| (error.code(), error.message().to_owned()));
        self.statements.lock().unwrap().insert(statement_id.clone(), outcome);
        Ok(statement_id)
    }

    async fn find(&self, token: &AttemptToken) -> Result<Option<StatementId>> {
        let statement_id = StatementId::new(token.client_token());
        Ok(self.statements.lock().unwrap().contains_key(&statement_id).then_some(statement_id))
    }

    async fn poll(&self, statement_id: &StatementId, _: Duration) -> Result<Progress> {
        match self.statements.lock().unwrap().get(statement_id) {
            Some(Ok(rows)) => Ok(Progress::Finished { rows: Some(*rows) }),
            Some(Err((code, message))) => Ok(Progress::Failed(Error::new(*code, message.clone()))),
            None => Err(Error::new(Code::StatementLost, "the statement is not known")),
        }
    }

    async fn cancel(&self, _: &StatementId) -> Result<()> {
        Ok(())
    }

    async fn empty_result(&self, statement: &UnloadStatement) -> Result<EmptyResult> {
        Ok(EmptyResult { bytes: encode(statement, 0..0)?, schema: vec![column()] })
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Ok(vec![Table { name: "numbers".to_owned(), columns: vec![column()], error: None }])
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

fn column() -> Column {
    Column { name: "n".to_owned(), data_type: "bigint".to_owned() }
}
