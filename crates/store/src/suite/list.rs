//! Lists: every combination of filters, in pages, against a filter written plainly.

use std::sync::Arc;

use outflow_core::id::from_micros;
use outflow_core::state::{Event, ExpiryReason};
use outflow_core::store::{ListFilter, Outcome, Store};
use outflow_core::unload::Change;
use outflow_core::{Owner, Status, Timestamp, Unload, UnloadId};

use crate::testing::{accept, claim, finish, new_unload, now};

/// Every combination of filters shows what it should, newest first, whole and in pages.
pub async fn every_filter_shows_what_it_should(store: Arc<dyn Store>) {
    let base = now();
    let everything = populate(&*store, base).await;
    let since = from_micros(base.timestamp_micros() + 6);
    for combination in 0..16_u32 {
        let on = |bit: u32| combination & (1 << bit) != 0;
        let statuses = if on(1) { Status::ALL.map(Some).to_vec() } else { vec![None] };
        for status in statuses {
            let filter = ListFilter {
                owner: on(0).then(|| Owner::new("alice")),
                status,
                label: on(2).then(|| ("team".to_owned(), "red".to_owned())),
                since: on(3).then_some(since),
                before: None,
                limit: 100,
            };
            let expected: Vec<&Unload> = everything.iter().filter(|unload| shows(&filter, unload)).collect();
            let listed = store.list_unloads(&filter).await.unwrap();
            assert_eq!(ids(listed.iter()), ids(expected.iter().copied()), "{filter:?}");
            assert!(listed.iter().eq(expected), "{filter:?}");
            assert_eq!(ids(in_pages(&*store, &filter).await.iter()), ids(listed.iter()), "{filter:?} in pages");
        }
    }
    let none = ListFilter { owner: Some(Owner::new("nobody")), limit: 100, ..ListFilter::default() };
    assert!(store.list_unloads(&none).await.unwrap().is_empty());
}

/// A page goes on where the one before ended although the unload there has been removed.
pub async fn a_page_goes_on_after_a_removed_unload(store: Arc<dyn Store>) {
    let (keep, gone) = (accept(&*store, new_unload("keep")).await, accept(&*store, new_unload("gone")).await);
    let newest = accept(&*store, new_unload("newest")).await;
    let change = Change::new(Event::CancelRequested, now());
    store.transition(gone.unload_id(), 1, None, change).await.unwrap();
    for entry in store.outbox_claim(10, std::time::Duration::ZERO).await.unwrap() {
        store.outbox_published(&[entry.event_id]).await.unwrap();
    }
    let later = from_micros(now().timestamp_micros() + 1_000_000);
    assert_eq!(store.purge(later, 10).await.unwrap(), 1);
    let filter = ListFilter { before: Some(gone.unload_id()), limit: 10, ..ListFilter::default() };
    let listed = store.list_unloads(&filter).await.unwrap();
    assert!(listed.iter().any(|unload| unload.unload_id() == keep.unload_id()));
    assert!(listed.iter().all(|unload| unload.unload_id() != newest.unload_id()));
}

/// Eighteen unloads of two owners and three teams, in four states, some accepted at the same moment; newest first.
async fn populate(store: &dyn Store, base: Timestamp) -> Vec<Unload> {
    let mut ids = Vec::new();
    for index in 0..18_i64 {
        let mut asked = new_unload(&format!("list-{index}"));
        asked.owner = Owner::new(if index % 2 == 0 { "alice" } else { "bob" });
        asked.created_at = from_micros(base.timestamp_micros() + index / 2);
        if index % 3 != 0 {
            let team = if index % 3 == 1 { "red" } else { "blue" };
            asked.labels = [("team".to_owned(), team.to_owned()), ("n".to_owned(), index.to_string())].into();
        }
        ids.push(accept(store, asked).await.unload_id());
    }
    for id in &ids[..8] {
        let change = Change::new(Event::CancelRequested, now());
        assert!(matches!(store.transition(*id, 1, None, change).await.unwrap(), Outcome::Updated(_)));
    }
    let done = finish(store, &claim(store, ids[10]).await).await;
    let change = Change::new(Event::Expired { reason: ExpiryReason::Retention }, now());
    assert!(matches!(store.transition(ids[10], done.version, None, change).await.unwrap(), Outcome::Updated(_)));
    for index in 0..4_i64 {
        let mut asked = new_unload(&format!("late-{index}"));
        asked.created_at = from_micros(base.timestamp_micros() + 20 + index);
        asked.labels = [("team".to_owned(), "red".to_owned())].into();
        ids.push(accept(store, asked).await.unload_id());
    }
    let mut unloads = Vec::new();
    for id in ids {
        unloads.push(store.unload_by_id(id).await.unwrap().unwrap());
    }
    unloads.sort_by_key(|unload| std::cmp::Reverse((unload.asked.created_at, unload.unload_id())));
    unloads
}

fn shows(filter: &ListFilter, unload: &Unload) -> bool {
    filter.owner.as_ref().is_none_or(|owner| *owner == unload.asked.owner)
        && filter.status.is_none_or(|status| status == unload.status())
        && filter.label.as_ref().is_none_or(|(key, value)| unload.asked.labels.get(key) == Some(value))
        && filter.since.is_none_or(|since| unload.asked.created_at >= since)
}

async fn in_pages(store: &dyn Store, filter: &ListFilter) -> Vec<Unload> {
    let mut all: Vec<Unload> = Vec::new();
    loop {
        let before = all.last().map(Unload::unload_id);
        let page = store.list_unloads(&ListFilter { before, limit: 3, ..filter.clone() }).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
        assert!(all.len() <= 100, "pages repeat what was shown");
    }
}

fn ids<'u>(unloads: impl Iterator<Item = &'u Unload>) -> Vec<UnloadId> {
    unloads.map(Unload::unload_id).collect()
}
