//! A million unloads, and how long it takes to ask about them.

use std::time::{Duration, Instant};

use outflow_core::id::from_micros;
use outflow_core::store::{ListFilter, Store};
use outflow_core::{Owner, Status, UnloadId};
use outflow_store::testing::{claim_request, now, request_id};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::{SharedStore, Times};

const UNLOADS: i64 = 1_000_000;
/// When the first was accepted; one every ten milliseconds since.
const BEGAN_MS: i64 = 1_750_000_000_000;

/// Fills the tables by the database's own means.
pub(crate) async fn fill(url: &str) {
    let began = Instant::now();
    if url.starts_with("sqlite:") {
        let mut connection = sqlx::SqliteConnection::connect(url).await.expect("the file opens");
        let numbers = format!(
            "(with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {UNLOADS}) select i from n) as number"
        );
        let id = format!("printf('%08x-%04x-7000-8000-%012x', ({BEGAN_MS} + i * 10) >> 16, ({BEGAN_MS} + i * 10) & 65535, i)");
        for text in texts(&numbers, &id) {
            connection.execute(AssertSqlSafe(text)).await.expect("the rows are legal");
        }
        connection.execute("pragma wal_checkpoint(truncate)").await.expect("the file takes it");
    } else {
        let mut connection = sqlx::PgConnection::connect(url).await.expect("the server answers");
        let numbers = format!("generate_series(0, {UNLOADS} - 1) as number(i)");
        let id = format!(
            "lpad(to_hex(({BEGAN_MS} + i::bigint * 10) >> 16), 8, '0') || '-' || lpad(to_hex(({BEGAN_MS} + i::bigint * 10) & 65535), 4, '0') || '-7000-8000-' || lpad(to_hex(i), 12, '0')"
        );
        for text in texts(&numbers, &id) {
            connection.execute(AssertSqlSafe(text)).await.expect("the rows are legal");
        }
        connection.execute("vacuum analyze").await.expect("the server takes it");
    }
    println!("filled with {UNLOADS} unloads in {:.0} s", began.elapsed().as_secs_f64());
}

/// One in ten pending, one in a hundred failed, the rest done; fifty owners, three labels each.
fn texts(numbers: &str, id: &str) -> Vec<String> {
    let created = format!("({BEGAN_MS} + i * 10::bigint) * 1000")
        .replace("::bigint", if numbers.starts_with("gen") { "::bigint" } else { "" });
    let status = "case when i % 10 = 3 then 'PENDING' when i % 100 = 7 then 'FAILED' else 'DONE' end";
    let failure = r#"{"code":"query_failed","message":"no","retryable":false}"#;
    let unloads = format!(
        r#"insert into unload (unload_id, owner, request_id, version, status, attempt, state, warehouse, orchestrator, queue_rank,
            file_count, file_url, error, created_at, deadline_at, finished_at, expires_at, is_ordered, is_limited, labels, options, request, sql, bound_sql)
        select {id}, 'owner-' || (i % 50), 'request-' || i, 5, {status}, case when i % 10 = 3 then 0 else 1 end,
            case when i % 10 = 3 then '{{"is":"pending"}}' when i % 100 = 7 then '{{"is":"failed","attempt":1,"failure":{failure}}}' else '{{"is":"done","attempt":1}}' end,
            'main', 'scheduler', {created},
            1, 'file:///x', case when i % 100 = 7 and i % 10 <> 3 then '{failure}' end,
            {created}, 4000000000000000, case when i % 10 = 3 then null else {created} + 1000000 end, {created} + 604800000000, 0, 0,
            '{{"team":"t' || (i % 20) || '","env":"' || (case when i % 3 = 0 then 'prod' else 'test' end) || '","n":"' || i || '"}}',
            '{{"format":"csv","compression":"gzip","header":true,"delimiter":",","nullAs":"","bom":false,"singleFile":true,"parallel":false,"retentionDays":7,"timeoutSeconds":86400}}',
            '{{"sql":"select * from lineitem where l_orderkey = ' || i || '"}}', 'select * from lineitem where l_orderkey = ' || i, 'select * from lineitem where l_orderkey = ' || i
        from {numbers}"#
    );
    let label = |key: &str, value: &str| {
        format!(
            "insert into label (unload_id, key, value, owner, status, created_at) select {id}, '{key}', {value}, 'owner-' || (i % 50), {status}, {created} from {numbers}"
        )
    };
    vec![
        unloads,
        label("team", "'t' || (i % 20)"),
        label("env", "case when i % 3 = 0 then 'prod' else 'test' end"),
        label("n", "cast(i as text)"),
        format!(
            "insert into outbox (event_id, unload_id, version, announced, body, created_at, published_at) select {id} || '-5', {id}, 5, 'complete', '{{}}', {created}, {created} from {numbers} where i % 10 <> 3"
        ),
    ]
}

/// Asks for everything that is asked for often.
pub(crate) async fn ask(store: SharedStore) {
    reads(&*store).await;
    lists(&*store).await;
    works(&*store).await;
}

fn scattered(index: i64) -> i64 {
    (index * 7_919_777) % UNLOADS
}

fn id_of(index: i64) -> UnloadId {
    let millis = BEGAN_MS + index * 10;
    let text = format!("{:08x}-{:04x}-7000-8000-{index:012x}", millis >> 16, millis & 65_535);
    UnloadId::parse(&text).expect("it is an id")
}

async fn reads(store: &dyn Store) {
    let (mut by_name, mut by_id, mut position) = <(Times, Times, Times)>::default();
    for index in (0..2_000).map(scattered) {
        let owner = Owner::new(format!("owner-{}", index % 50));
        let name = request_id(&format!("request-{index}"));
        let found = by_name.measure(async { store.unload(&owner, &name).await.expect("the store reads") }).await;
        assert!(found.is_some());
        assert!(by_id.measure(async { store.unload_by_id(id_of(index)).await.expect("the store reads") }).await.is_some());
    }
    for index in (0..200).map(scattered).map(|index| index / 10 * 10 + 3) {
        position.measure(async { store.queue_position(id_of(index)).await.expect("the store counts") }).await;
    }
    by_name.print("unload");
    by_id.print("unload_by_id");
    position.print("queue_position of 100,000");
}

async fn lists(store: &dyn Store) {
    let mut all = Times::default();
    for combination in 0..32_u32 {
        let on = |bit: u32| combination & (1 << bit) != 0;
        let statuses: &[Option<Status>] = match on(1) {
            true => &[Some(Status::Done), Some(Status::Failed), Some(Status::Pending), Some(Status::Cancelled)],
            false => &[None],
        };
        for status in statuses {
            let mut times = Times::default();
            for round in 0..40 {
                let index = scattered(round);
                let labels = [("team", format!("t{}", index % 20)), ("env", "prod".to_owned()), ("n", index.to_string())];
                let (key, value) = labels[usize::try_from(round % 3).expect("it is small")].clone();
                let since = from_micros((BEGAN_MS + scattered(round + 7) * 10) * 1_000);
                let filter = ListFilter {
                    owner: on(0).then(|| Owner::new(format!("owner-{}", index % 50))),
                    status: *status,
                    label: on(2).then(|| (key.to_owned(), value)),
                    since: on(3).then_some(since),
                    before: on(4).then(|| id_of(scattered(round + 3))),
                    limit: 50,
                };
                let began = Instant::now();
                times.measure(async { store.list_unloads(&filter).await.expect("the store lists") }).await;
                if began.elapsed() > Duration::from_millis(10) {
                    println!("slow, {:?}: {filter:?}", began.elapsed());
                }
            }
            if combination == 0 || combination.count_ones() >= 3 {
                all.add(times);
            } else {
                let names = [(0, "owner"), (1, "status"), (2, "label"), (3, "since"), (4, "before")];
                let names: Vec<&str> = names.into_iter().filter(|(bit, _)| on(*bit)).map(|(_, name)| name).collect();
                times.print(&format!("list by {}{}", names.join(", "), status.map_or("", Status::as_str)));
            }
        }
    }
    all.print("list by everything else, in every combination");
}

async fn works(store: &dyn Store) {
    let mut claims = Times::default();
    let mut request = claim_request();
    request.limit = 4;
    for _ in 0..200 {
        claims.measure(async { store.claim(&request).await.expect("claims are given") }).await;
    }
    claims.print("claim of 4, 100,000 pending");
    let (mut due, mut statistics, mut overdue, mut expirable, mut garbage, mut outbox) =
        <(Times, Times, Times, Times, Times, Times)>::default();
    for _ in 0..50 {
        due.measure(async { store.next_due("main").await.expect("the store answers") }).await;
        statistics.measure(async { store.statistics().await.expect("the store counts") }).await;
        overdue.measure(async { store.overdue(now(), now(), 100).await.expect("the store answers") }).await;
        expirable.measure(async { store.expirable(now(), 100).await.expect("the store answers") }).await;
        garbage.measure(async { store.garbage(now(), 100).await.expect("the store answers") }).await;
        outbox.measure(async { store.outbox_claim(100, Duration::from_secs(1)).await.expect("the store answers") }).await;
    }
    due.print("next_due");
    statistics.print("statistics");
    overdue.print("overdue");
    expirable.print("expirable, 100 of many");
    garbage.print("garbage");
    outbox.print("outbox_claim, nothing waits");
}
