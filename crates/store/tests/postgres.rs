//! What only a server can do: meet others, lose connections, refuse.

#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use outflow_core::Code;
use outflow_core::store::Store;
use outflow_store::testing::{TestBackend, TestDatabase, accept, claim, claim_request, finish, new_unload};
use outflow_store::{Options, connect};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

async fn database() -> Option<(TestDatabase, Arc<dyn Store>, PgConnection)> {
    let database = TestBackend::Postgres.database().await?;
    let store = database.store().await;
    let beside = PgConnection::connect(database.url()).await.unwrap();
    Some((database, store, beside))
}

/// Ends every other connection to the database, as a restart of the server does.
async fn cut_connections(beside: &mut PgConnection) -> i64 {
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    beside.fetch_one(cut).await.unwrap().get(0)
}

#[tokio::test]
async fn connections_that_the_server_closed_are_replaced() {
    let Some((_database, store, mut beside)) = database().await else { return };
    for round in 0..5 {
        let name = format!("cut-{round}");
        let unload = accept(&*store, new_unload(&name)).await;
        assert!(cut_connections(&mut beside).await > 0, "nothing was cut");
        if round % 2 == 0 {
            assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap(), Some(unload.clone()));
        }
        finish(&*store, &claim(&*store, unload.unload_id()).await).await;
    }
}

#[tokio::test]
async fn a_claim_does_not_wait_for_a_row_that_others_change() {
    let Some((_database, store, mut beside)) = database().await else { return };
    for name in ["locked", "free"] {
        accept(&*store, new_unload(name)).await;
    }
    beside.execute("begin").await.unwrap();
    beside.execute("select 1 from unload where request_id = 'locked' for update").await.unwrap();
    let request = claim_request();
    let claims = tokio::time::timeout(Duration::from_secs(20), store.claim(&request)).await.expect("it does not wait").unwrap();
    assert_eq!(claims.iter().map(|claim| claim.unload.request_id().as_str()).collect::<Vec<_>>(), ["free"]);
    beside.execute("rollback").await.unwrap();
    assert_eq!(store.claim(&request).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_conflict_is_tried_again() {
    let Some((_database, store, mut beside)) = database().await else { return };
    // The first two inserts of labels fail as a serialization failure does; a sequence survives the rollback.
    beside
        .execute(
            "create sequence tries;
             create function fail_twice() returns trigger language plpgsql as $$ begin
                 if nextval('tries') <= 2 then raise exception 'met another' using errcode = '40001'; end if;
                 return new;
             end $$;
             create trigger fail_twice before insert on unload for each row execute function fail_twice();",
        )
        .await
        .unwrap();
    let unload = accept(&*store, new_unload("conflict")).await;
    assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap(), Some(unload));
    let tries: i64 = beside.fetch_one("select last_value from tries").await.unwrap().get(0);
    assert_eq!(tries, 3);

    beside.execute("alter sequence tries restart; create or replace function fail_twice() returns trigger language plpgsql as $$ begin perform nextval('tries'); raise exception 'met another' using errcode = '40P01'; end $$;").await.unwrap();
    let error = store.create_unload(new_unload("hopeless")).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnavailable, "{}", error.chain());
    let tries: i64 = beside.fetch_one("select last_value from tries").await.unwrap().get(0);
    assert_eq!(tries, 8, "tries are bounded");
}

#[tokio::test]
async fn what_the_server_refuses_is_named() {
    let Some((database, store, mut beside)) = database().await else { return };
    beside.execute("alter role outflow set default_transaction_read_only = off").await.unwrap();
    let name: String = beside.fetch_one("select current_database()::text").await.unwrap().get(0);
    beside.execute(AssertSqlSafe(format!("alter database {name} set default_transaction_read_only = on"))).await.unwrap();
    beside.execute("alter role outflow reset default_transaction_read_only").await.unwrap();
    cut_connections(&mut beside).await;
    let error = store.check().await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnavailable, "{}", error.chain());
    assert!(error.message().contains("read-only"), "{error}");

    let missing = database.url().replace(&name, "there_is_no_such_database");
    let error = connect(&missing, &Options::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnavailable, "{}", error.chain());
    assert!(error.message().contains("does not exist"), "{error}");
    let error = connect("postgres://outflow@127.0.0.1:1/nothing", &Options::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnavailable, "{}", error.chain());
    for url in ["mysql://host/database", "sqlite:", "sqlite::memory:", "outflow.db", "postgres://host:port/"] {
        let error = connect(url, &Options::default()).await.unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid, "{url}: {}", error.chain());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_the_work_and_the_room() {
    let Some((database, first, _beside)) = database().await else { return };
    let second = database.store().await;
    for index in 0..40 {
        accept(&*first, new_unload(&format!("shared-{index}"))).await;
    }
    let mut done = 0;
    while done < 40 {
        let claims = join_all([&first, &second, &first, &second].map(|store| {
            let store = Arc::clone(store);
            let mut request = claim_request();
            (request.max_running, request.limit) = (5, 4);
            tokio::spawn(async move { store.claim(&request).await.unwrap() })
        }))
        .await;
        let claims: Vec<_> = claims.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claims.len(), 5);
        for claim in &claims {
            finish(&*second, claim).await;
        }
        done += claims.len();
    }
}
