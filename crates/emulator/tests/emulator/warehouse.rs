//! Redshift over its wire protocol as a warehouse of Outflow, against the emulator over real sockets.

mod adoption;
mod busy;
mod cancel;
mod failure;
mod iam;
mod login;

use std::time::Duration;

use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{AttemptToken, StatementId, UnloadId};
use outflow_warehouse::redshift_wire::{RedshiftConfig, RedshiftWire, SslMode, Timing};
use tokio_postgres::SimpleQueryMessage;

use crate::support::{AT_MOST, Place, until};

/// A warehouse that is patient for long enough, and waits for what is not there only a moment.
fn config(place: &Place) -> RedshiftConfig {
    RedshiftConfig {
        host: "127.0.0.1".to_owned(),
        port: place.pg.port(),
        database: "dev".to_owned(),
        user: Some("awsuser".to_owned()),
        password: None,
        iam: None,
        ssl_mode: SslMode::Disable,
        query_group: None,
        max_running: 4,
        timing: Timing { send_within: AT_MOST, settle: Duration::from_millis(300) },
    }
}

fn warehouse(place: &Place) -> RedshiftWire {
    RedshiftWire::new(config(place)).unwrap()
}

fn token() -> AttemptToken {
    AttemptToken::new(UnloadId::generate(), 1)
}

fn statement(query: &str) -> UnloadStatement {
    UnloadStatement {
        format: Format::Csv,
        parallel: false,
        label: Some("ann".to_owned()),
        ..UnloadStatement::plain(query, "s3://lake/u/output")
    }
}

/// How it ended.
async fn end(warehouse: &RedshiftWire, id: &StatementId) -> Progress {
    let ended = tokio::time::timeout(AT_MOST, async {
        loop {
            let progress = warehouse.poll(id, Duration::from_secs(5)).await.unwrap();
            if progress.is_over() {
                return progress;
            }
        }
    });
    ended.await.expect("it never ended")
}

fn is_finished(progress: &Progress) -> bool {
    matches!(progress, Progress::Finished { .. })
}

/// The UNLOADs that the emulator was ever sent: how they stand, their labels, their sessions and their texts.
async fn unloads(place: &Place) -> Vec<[String; 4]> {
    let sql =
        "SELECT status, query_label, session_id, query_text FROM sys_query_history WHERE query_type = 'UNLOAD' ORDER BY query_id";
    let messages = place.connect().await.simple_query(sql).await.unwrap();
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some([0, 1, 2, 3].map(|index| row.get(index).unwrap().to_owned())),
        _ => None,
    });
    rows.collect()
}

/// Waits until the emulator runs an UNLOAD, and gives its session.
async fn session_of_running(place: &Place) -> String {
    until(|| async { unloads(place).await.iter().any(|unload| unload[0] == "running") }).await;
    unloads(place).await.into_iter().find(|unload| unload[0] == "running").unwrap()[2].clone()
}

#[tokio::test]
async fn a_statement_runs_once_under_its_tag_and_its_owners_label() {
    let place = Place::new().await;
    let warehouse = warehouse(&place);
    let token = token();
    let started = warehouse.start(&statement("SELECT id, name FROM fruit ORDER BY id"), &token).await.unwrap();
    assert!(is_finished(&end(&warehouse, &started).await));
    assert_eq!(place.names("u"), ["output000", "outputmanifest"]);
    let again = warehouse.start(&statement("SELECT 1"), &token).await.unwrap();
    assert_eq!((&again, warehouse.find(&token).await.unwrap()), (&started, Some(started.clone())));
    let unloads = unloads(&place).await;
    assert_eq!((unloads.len(), unloads[0][1].as_str()), (1, "ann"), "{unloads:?}");
    assert!(unloads[0][3].starts_with(&format!("{} UNLOAD ('SELECT id", token.tag())), "{unloads:?}");
}

#[tokio::test]
async fn the_configured_query_group_goes_before_the_owner() {
    let place = Place::new().await;
    let warehouse = RedshiftWire::new(RedshiftConfig { query_group: Some("it's night".into()), ..config(&place) }).unwrap();
    let started = warehouse.start(&statement("SELECT id FROM fruit"), &token()).await.unwrap();
    assert!(is_finished(&end(&warehouse, &started).await));
    assert_eq!(unloads(&place).await[0][1], "it's night");
}

#[tokio::test]
async fn a_result_without_rows_has_its_columns_and_tables_are_listed() {
    let place = Place::new().await;
    let warehouse = warehouse(&place);
    let asked =
        UnloadStatement { header: true, delimiter: Some(','), ..statement("SELECT id, name AS \"a,b\", price FROM fruit") };
    let empty = warehouse.empty_result(&asked).await.unwrap();
    assert_eq!(String::from_utf8(empty.bytes).unwrap(), "id,\"a,b\",price\n");
    let types: Vec<_> = empty.schema.iter().map(|column| column.data_type.as_str()).collect();
    assert_eq!(types, ["bigint", "character varying(65535)", "double precision"]);
    let tables = warehouse.tables().await.unwrap();
    let named: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(named, ["fruit", "numbers"]);
    assert_eq!(tables[0].columns[1].data_type, "character varying(65535)");
    // What the record says goes before an empty folder.
    let started = warehouse.start(&statement("SELECT id FROM fruit"), &token()).await.unwrap();
    assert!(is_finished(&end(&warehouse, &started).await));
    let error = warehouse.empty_result(&asked).await.unwrap_err();
    assert_eq!(error.code(), outflow_core::Code::VerificationFailed);
}

#[tokio::test]
async fn no_more_statements_hold_a_connection_than_are_allowed() {
    let place = Place::new().await;
    let warehouse = RedshiftWire::new(RedshiftConfig { max_running: 1, ..config(&place) }).unwrap();
    let first = warehouse.start(&statement(crate::support::ENDLESS), &token()).await.unwrap();
    let second = token();
    let error = warehouse.start(&statement("SELECT id FROM fruit"), &second).await.unwrap_err();
    assert_eq!(error.code(), outflow_core::Code::WarehouseThrottled);
    assert_eq!(warehouse.find(&second).await.unwrap(), None);
    session_of_running(&place).await;
    warehouse.cancel(&first).await.unwrap();
    assert!(matches!(end(&warehouse, &first).await, Progress::Cancelled));
    // Its place is free as soon as its connection is closed.
    until(|| async { warehouse.start(&statement("SELECT id FROM fruit"), &second).await.is_ok() }).await;
}
