//! Unloads from acceptance to `DONE`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use outflow_core::store::Store;
use outflow_core::{Owner, RequestId};
use outflow_store::testing::{accept, claim_request, finish, new_unload, request_id};

use crate::{SharedStore, Times};

static DONE: AtomicU64 = AtomicU64::new(0);
static STOP: AtomicBool = AtomicBool::new(false);

/// Drives as many as it can, or as many a second as are offered.
pub(crate) async fn drive(store: SharedStore, length: Duration, offered: Option<u32>) {
    let run = std::process::id();
    let name = |client: u32| format!("{run}-{client}");
    let clients: Vec<_> = match offered {
        Some(rate) => vec![tokio::spawn(offer(Arc::clone(&store), name(0), rate))],
        None => (0..24).map(|client| tokio::spawn(accept_many(Arc::clone(&store), name(client)))).collect(),
    };
    let workers: Vec<_> = (0..6).map(|_| tokio::spawn(work(Arc::clone(&store)))).collect();
    let relay = tokio::spawn(publish(Arc::clone(&store)));
    let reader = tokio::spawn(read(Arc::clone(&store), format!("{run}-0")));
    let began = Instant::now();
    tokio::time::sleep(length).await;
    let done = DONE.load(Ordering::Relaxed);
    println!(
        "{:.0} unloads a second to DONE over {:.1} s",
        done as f64 / began.elapsed().as_secs_f64(),
        began.elapsed().as_secs_f64()
    );
    STOP.store(true, Ordering::Relaxed);
    let mut accepted = Times::default();
    for client in clients {
        accepted.add(client.await.expect("a client ends"));
    }
    accepted.print("create_unload");
    let mut finished = Times::default();
    for worker in workers {
        finished.add(worker.await.expect("a worker ends"));
    }
    finished.print("claim to DONE, three transitions");
    relay.await.expect("the relay ends").print("outbox_claim and outbox_published");
    reader.await.expect("the reader ends").print("unload (a status read)");
}

/// As fast as it gets answers, but no further ahead of the workers than a queue would be.
async fn accept_many(store: SharedStore, prefix: String) -> Times {
    let mut times = Times::default();
    for index in 0.. {
        while store.statistics().await.is_ok_and(|s| s.active.iter().any(|(_, _, count)| *count > 2_000)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if STOP.load(Ordering::Relaxed) {
            break;
        }
        times.measure(accept(&*store, new_unload(&format!("{prefix}-{index}")))).await;
    }
    times
}

/// So many a second, whatever the answers take.
async fn offer(store: SharedStore, prefix: String, rate: u32) -> Times {
    let began = Instant::now();
    let mut waiting = Vec::new();
    for index in 0.. {
        if STOP.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep_until((began + Duration::from_secs_f64(f64::from(index) / f64::from(rate))).into()).await;
        let (store, name) = (Arc::clone(&store), format!("{prefix}-{index}"));
        waiting.push(tokio::spawn(async move {
            let mut times = Times::default();
            times.measure(accept(&*store, new_unload(&name))).await;
            times
        }));
    }
    let mut times = Times::default();
    for one in waiting {
        times.add(one.await.expect("a client ends"));
    }
    times
}

async fn work(store: SharedStore) -> Times {
    let mut times = Times::default();
    let mut request = claim_request();
    request.limit = 16;
    while !STOP.load(Ordering::Relaxed) {
        let claims = store.claim(&request).await.expect("claims are given");
        if claims.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        }
        let all = join_all(claims.iter().map(|claim| async {
            let mut times = Times::default();
            times.measure(finish(&*store, claim)).await;
            DONE.fetch_add(1, Ordering::Relaxed);
            times
        }));
        all.await.into_iter().for_each(|one| times.add(one));
    }
    times
}

async fn publish(store: SharedStore) -> Times {
    let mut times = Times::default();
    while !STOP.load(Ordering::Relaxed) {
        let entries = store.outbox_claim(200, Duration::from_secs(30)).await.expect("entries are given");
        if entries.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        }
        let ids: Vec<String> = entries.into_iter().map(|entry| entry.event_id).collect();
        times.measure(async { store.outbox_published(&ids).await.expect("entries are marked") }).await;
    }
    times
}

async fn read(store: SharedStore, prefix: String) -> Times {
    let mut times = Times::default();
    let owner = Owner::local();
    for index in 0.. {
        if STOP.load(Ordering::Relaxed) {
            break;
        }
        let name: RequestId = request_id(&format!("{prefix}-{}", index % 100));
        times.measure(async { store.unload(&owner, &name).await.expect("the store reads") }).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times
}

/// One thing at a time.
pub(crate) async fn idle(store: SharedStore) {
    let run = std::process::id();
    let (mut accepted, mut claimed, mut finished, mut read) = Default::default();
    for index in 0..500 {
        let name = format!("idle-{run}-{index}");
        one(&*store, &name, &mut accepted, &mut claimed, &mut finished, &mut read).await;
    }
    accepted.print("create_unload, nothing else");
    claimed.print("claim, nothing else");
    finished.print("three transitions, nothing else");
    read.print("unload, nothing else");
}

async fn one(store: &dyn Store, name: &str, accepted: &mut Times, claimed: &mut Times, finished: &mut Times, read: &mut Times) {
    accepted.measure(accept(store, new_unload(name))).await;
    let claims = claimed.measure(async { store.claim(&claim_request()).await.expect("claims are given") }).await;
    for claim in &claims {
        finished.measure(finish(store, claim)).await;
    }
    let name = request_id(name);
    read.measure(async { store.unload(&Owner::local(), &name).await.expect("the store reads") }).await;
}
