//! The two folders of migrations make the same tables, and a newer version's tables are left alone.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

use std::collections::BTreeMap;

use outflow_core::Code;
use outflow_store::testing::{TestBackend, TestDatabase};
use outflow_store::{Options, connect};
use rstest::rstest;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

/// Table, column, type, whether it may be null.
type Columns = Vec<(String, String, String, bool)>;

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let sqlite = TestBackend::Sqlite.database().await.unwrap();
    let Some(postgres) = TestBackend::Postgres.database().await else { return };
    drop((sqlite.store().await, postgres.store().await));
    let (columns, indexes) = of_sqlite(&sqlite).await;
    assert!(columns.len() > 50 && indexes.len() > 15, "{columns:?} {indexes:?}");
    assert_eq!((columns, indexes), of_postgres(&postgres).await);
}

async fn of_sqlite(database: &TestDatabase) -> (Columns, BTreeMap<String, String>) {
    let mut connection = SqliteConnection::connect(database.url()).await.unwrap();
    let columns = connection
        .fetch_all(
            "select m.name as t, c.name as c, lower(c.type) as type, c.\"notnull\" = 0 as nullable
             from sqlite_master m join pragma_table_info(m.name) c
             where m.type = 'table' and m.name <> 'schema_migration' and m.name not like 'sqlite_%' order by 1, c.cid",
        )
        .await
        .unwrap();
    let columns = columns.iter().map(|row| (row.get("t"), row.get("c"), row.get("type"), row.get("nullable"))).collect();
    let indexes =
        connection.fetch_all("select name, tbl_name from sqlite_master where type = 'index' and sql is not null").await.unwrap();
    (columns, indexes.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn of_postgres(database: &TestDatabase) -> (Columns, BTreeMap<String, String>) {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let columns = connection
        .fetch_all(
            "select table_name::text as t, column_name::text as c, replace(data_type::text, 'bigint', 'integer') as type,
                 is_nullable = 'YES' as nullable
             from information_schema.columns
             where table_schema = 'public' and table_name <> 'schema_migration'
             order by table_name collate \"C\", ordinal_position",
        )
        .await
        .unwrap();
    let columns = columns.iter().map(|row| (row.get("t"), row.get("c"), row.get("type"), row.get("nullable"))).collect();
    // What a constraint made has no text in SQLite.
    let indexes = connection
        .fetch_all(
            "select indexname::text, tablename::text from pg_indexes
             where schemaname = 'public' and indexname not in (select conname from pg_constraint where contype in ('p', 'u'))",
        )
        .await
        .unwrap();
    (columns, indexes.iter().map(|row| (row.get(0), row.get(1))).collect())
}

#[rstest]
#[tokio::test]
async fn a_newer_version_is_refused(#[values(TestBackend::Sqlite, TestBackend::Postgres)] backend: TestBackend) {
    let Some(database) = backend.database().await else { return };
    drop(database.store().await);
    let newer = "insert into schema_migration (version, description, success, checksum, execution_time) values (99, 'later', true, 'x', 1)";
    match backend {
        TestBackend::Sqlite => SqliteConnection::connect(database.url()).await.unwrap().execute(newer).await.map(drop).unwrap(),
        TestBackend::Postgres => PgConnection::connect(database.url()).await.unwrap().execute(newer).await.map(drop).unwrap(),
    }
    let error = connect(database.url(), &Options::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreTooNew, "{}", error.chain());
    assert!(error.message().contains("version 99") && error.message().contains("up to 1"), "{error}");
}

#[rstest]
#[tokio::test]
async fn opening_again_changes_nothing(#[values(TestBackend::Sqlite, TestBackend::Postgres)] backend: TestBackend) {
    let Some(database) = backend.database().await else { return };
    drop(database.store().await);
    drop(database.store().await);
}

#[tokio::test]
async fn replicas_that_start_at_once_wait_for_each_other() {
    let Some(database) = TestBackend::Postgres.database().await else { return };
    let stores = futures::future::join_all((0..6).map(|_| database.store())).await;
    for store in stores {
        store.check().await.unwrap();
    }
}
