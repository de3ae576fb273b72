//! Hints: heard once, and only of the attempt that runs.

use std::sync::Arc;

use futures::future::join_all;
use outflow_core::event::Landed;
use outflow_core::state::Event;
use outflow_core::store::{HintOutcome, Store};
use outflow_core::{Code, Failure, Owner, UnloadId};

use crate::testing::{accept, claim, claim_request, finish, new_unload, now, record, request_id};

/// A message is heard once by each consumer, also when it comes to many at once.
pub async fn a_message_is_heard_once(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("heard")).await;
    claim(&*store, unload.unload_id()).await;
    let applied = HintOutcome::Applied(unload.unload_id());
    assert_eq!(store.record_hint("listener", "m-1", &hint("heard")).await.unwrap(), applied);
    assert_eq!(store.record_hint("listener", "m-1", &hint("heard")).await.unwrap(), HintOutcome::Duplicate);
    assert_eq!(store.record_hint("another", "m-1", &hint("heard")).await.unwrap(), applied);
    let outcomes = join_all((0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.record_hint("listener", "m-2", &hint("heard")).await.unwrap() })
    }))
    .await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == applied).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == HintOutcome::Duplicate).count(), 7);
    assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap().unwrap().version, 2, "a hint changes nothing");
}

/// By its id, by its name where one running unload has it, and never for what does not run.
pub async fn a_hint_names_one_running_unload(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("one")).await;
    let id = unload.unload_id();
    let mut heard = Hearing { store: &*store, messages: 0 };
    heard.ignores(&hint("one"), "no running unload").await;
    heard.ignores(&by_id("one", id), "has not begun").await;
    heard.ignores(&by_id("one", UnloadId::generate()), "no such unload").await;

    let first = claim(&*store, id).await;
    heard.applies(&hint("one"), id).await;
    heard.applies(&by_id("one", id), id).await;
    heard.applies(&Landed { attempt: Some(1), ..by_id("one", id) }, id).await;
    heard.applies(&Landed { attempt: Some(1), ..hint("one") }, id).await;
    heard.ignores(&Landed { attempt: Some(2), ..by_id("one", id) }, "another attempt").await;
    heard.ignores(&Landed { attempt: Some(2), ..hint("one") }, "another attempt").await;
    heard.ignores(&by_id("two", id), "different unloads").await;

    let failure = Failure::new(Code::WarehouseUnavailable, "gone");
    record(&*store, &first, &first.unload, Event::AttemptFailed { failure, retry_at: Some(now()) }).await;
    heard.ignores(&hint("one"), "no running unload").await;
    heard.ignores(&by_id("one", id), "the attempt is over").await;
    let second = claim(&*store, id).await;
    heard.ignores(&Landed { attempt: Some(1), ..by_id("one", id) }, "another attempt").await;
    heard.applies(&Landed { attempt: Some(2), ..by_id("one", id) }, id).await;

    finish(&*store, &second).await;
    heard.ignores(&by_id("one", id), "is over").await;
    heard.ignores(&hint("one"), "no running unload").await;
}

/// A name that running unloads of two owners share names neither; the id still does.
pub async fn a_shared_name_names_nobody(store: Arc<dyn Store>) {
    let mine = accept(&*store, new_unload("shared")).await;
    let mut theirs = new_unload("shared");
    theirs.owner = Owner::new("another");
    let theirs = accept(&*store, theirs).await;
    let claims = store.claim(&claim_request()).await.unwrap();
    let mut heard = Hearing { store: &*store, messages: 0 };
    heard.ignores(&hint("shared"), "several owners").await;
    heard.applies(&by_id("shared", theirs.unload_id()), theirs.unload_id()).await;
    let claim = claims.iter().find(|claim| claim.unload.unload_id() == theirs.unload_id()).unwrap();
    finish(&*store, claim).await;
    heard.applies(&hint("shared"), mine.unload_id()).await;
}

struct Hearing<'s> {
    store: &'s dyn Store,
    messages: u32,
}

impl Hearing<'_> {
    async fn hear(&mut self, hint: &Landed) -> HintOutcome {
        self.messages += 1;
        self.store.record_hint("listener", &format!("message-{}", self.messages), hint).await.unwrap()
    }

    async fn applies(&mut self, hint: &Landed, unload_id: UnloadId) {
        assert_eq!(self.hear(hint).await, HintOutcome::Applied(unload_id), "{hint:?}");
    }

    async fn ignores(&mut self, hint: &Landed, why: &str) {
        match self.hear(hint).await {
            HintOutcome::Ignored(reason) => assert!(reason.contains(why), "{hint:?} was ignored because {reason}"),
            other => panic!("{hint:?} was not ignored but {other:?}"),
        }
    }
}

fn hint(name: &str) -> Landed {
    Landed { request_id: request_id(name), unload_id: None, attempt: None, s3_file_url: None }
}

fn by_id(name: &str, unload_id: UnloadId) -> Landed {
    Landed { unload_id: Some(unload_id), ..hint(name) }
}
