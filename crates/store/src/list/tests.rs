//! Every way to ask reads an index in its order, on both databases: nothing scans a table, nothing sorts.

use outflow_core::store::ListFilter;
use outflow_core::{Owner, Status};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};

use super::*;
use crate::dialect::Dialect;
use crate::statement::{self, SHARED, Statement};
use crate::testing::{TestBackend, now};

/// Every combination of filters, with a name.
fn filters() -> Vec<(String, ListFilter)> {
    (0..32_u32)
        .map(|combination| {
            let on = |bit: u32| combination & (1 << bit) != 0;
            let filter = ListFilter {
                owner: on(0).then(Owner::local),
                status: on(1).then_some(Status::Done),
                label: on(2).then(|| ("key".to_owned(), "value".to_owned())),
                since: on(3).then(now),
                before: on(4).then(UnloadId::generate),
                limit: 10,
            };
            (format!("{filter:?}"), filter)
        })
        .collect()
}

fn page(filter: &ListFilter) -> Page<'_> {
    match filter.before {
        Some(before) => Page::after(filter, before, Some(1)),
        None => Page::first(filter),
    }
}

/// What must be read off an index, though it is not a list.
static INDEXED: &[(&Statement, &str)] = &[
    (&statement::ATTEMPT_GARBAGE, "attempt_garbage"),
    (&statement::CLAIM_DUE, "unload_running"),
    (&statement::CLAIM_LAPSED, "unload_leased"),
    (&statement::CLAIM_PENDING, "unload_pending"),
    (&statement::CLAIM_ROOM, "unload_running"),
    (&statement::CLAIM_ROOM, "unload_leased"),
    (&statement::COUNT_PENDING, "unload_pending"),
    (&statement::COUNT_RUNNING, "unload_running"),
    (&statement::EXPIRABLE, "unload_expires"),
    (&statement::HINT_BY_REQUEST, "unload_heard"),
    (&statement::NEXT_DUE, "unload_running"),
    (&statement::NEXT_DUE, "unload_leased"),
    (&statement::OUTBOX_BACKLOG, "outbox_waiting"),
    (&statement::OUTBOX_WAITING, "outbox_waiting"),
    (&statement::OVERDUE, "unload_deadline"),
    (&statement::PURGE_INBOX, "inbox_heard"),
    (&statement::PURGE_OUTBOX, "outbox_published"),
    (&statement::PURGE_UNLOADS, "unload_finished"),
    (&statement::QUEUE_POSITION, "unload_pending"),
];

async fn sqlite() -> (crate::testing::TestDatabase, SqliteConnection) {
    let database = TestBackend::Sqlite.database().await.unwrap();
    drop(database.store().await);
    let connection = SqliteConnection::connect(database.url()).await.unwrap();
    (database, connection)
}

async fn sqlite_plan(connection: &mut SqliteConnection, text: &str) -> String {
    let rows = connection.fetch_all(AssertSqlSafe(format!("explain query plan {text}"))).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn sqlite_lists_read_an_index_in_its_order() {
    let (_database, mut connection) = sqlite().await;
    let mut bad = Vec::new();
    for (name, filter) in filters() {
        let plan = sqlite_plan(&mut connection, &Dialect::Sqlite.fill_in(&page(&filter).text())).await;
        let is_whole = filter == ListFilter { before: filter.before, limit: filter.limit, ..ListFilter::default() };
        let reads = plan.lines().next().unwrap();
        let is_read_in_order = is_whole && reads == "SCAN unload USING INDEX unload_created" || reads.starts_with("SEARCH");
        let mut looked_up = Vec::new();
        looked_up.extend(filter.owner.is_some().then_some("owner=?"));
        looked_up.extend(filter.label.is_some().then_some("key=? AND value=?"));
        looked_up.extend(filter.status.is_some().then_some("status=?"));
        let is_narrow = looked_up.iter().all(|column| reads.contains(column));
        if !is_read_in_order || !is_narrow || !reads.contains("INDEX") || plan.contains("TEMP B-TREE") {
            bad.push(format!("{name}\n{plan}"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}

#[tokio::test]
async fn sqlite_works_read_an_index() {
    let (_database, mut connection) = sqlite().await;
    let mut bad = Vec::new();
    for (statement, index) in INDEXED {
        let text = statement.text(Dialect::Sqlite);
        let plan = sqlite_plan(&mut connection, text.as_str()).await;
        let is_scanned = |line: &str| {
            let tables = ["unload", "attempt", "outbox", "inbox"];
            line.starts_with("SCAN") && !line.contains("INDEX") && tables.iter().any(|table| line.contains(table))
        };
        if !plan.contains(index) || plan.lines().any(is_scanned) || plan.contains("TEMP B-TREE") {
            bad.push(format!("{}\n{plan}", text.as_str()));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}

#[tokio::test]
async fn postgres_reads_an_index_in_its_order() {
    let Some(database) = TestBackend::Postgres.database().await else { return };
    drop(database.store().await);
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    // An empty table is rather scanned than not: whether it can be avoided is what counts.
    connection
        .execute("set enable_seqscan = off; set enable_bitmapscan = off; set plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    let lists = filters().into_iter().map(|(name, filter)| (name, Dialect::Postgres.fill_in(&page(&filter).text()), false));
    let works = INDEXED.iter().map(|(statement, _)| {
        let text = statement.text(Dialect::Postgres).as_str().to_owned();
        (text.clone(), text, true)
    });
    let mut bad = Vec::new();
    for (number, (name, text, may_sort)) in lists.chain(works).enumerate() {
        connection.execute(AssertSqlSafe(format!("prepare q{number} as {text}"))).await.unwrap();
        let parameters = connection
            .fetch_one(AssertSqlSafe(format!("select coalesce(array_length(parameter_types, 1), 0) as n, array_to_string(parameter_types::text[], ',') as types from pg_prepared_statements where name = 'q{number}'")))
            .await
            .unwrap();
        let count: i32 = parameters.get("n");
        let nulls = vec!["null"; usize::try_from(count).unwrap()].join(", ");
        let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
        let rows = connection.fetch_all(AssertSqlSafe(format!("explain execute q{number}{arguments}"))).await.unwrap();
        let plan = rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n");
        if plan.contains("Seq Scan") || plan.contains("Sort") && !may_sort {
            bad.push(format!("{name}\n{plan}"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}

#[tokio::test]
async fn every_query_is_understood_by_both() {
    let (_database, mut connection) = sqlite().await;
    for (name, statement) in SHARED {
        let explained =
            connection.fetch_all(AssertSqlSafe(format!("explain {}", statement.text(Dialect::Sqlite).as_str()))).await;
        assert!(explained.is_ok(), "{name}: {explained:?}");
    }
    let Some(database) = TestBackend::Postgres.database().await else { return };
    drop(database.store().await);
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    for (number, (name, statement)) in SHARED.iter().enumerate() {
        let text = format!("prepare q{number} as {}", statement.text(Dialect::Postgres).as_str());
        let prepared = connection.execute(AssertSqlSafe(text)).await;
        assert!(prepared.is_ok(), "{name}: {prepared:?}");
    }
}

#[test]
fn an_id_tells_its_time() {
    let id = UnloadId::parse("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
    assert_eq!(made_at(id), 0x0189_0a5d_ac96 * 1_000);
}
