//! Accepting a request once.

use std::sync::Arc;

use futures::future::join_all;
use outflow_core::store::{Created, Store};
use outflow_core::{Owner, RequestId, Status};

use crate::testing::{accept, claim, finish, new_unload, request_id};

/// A request is new, then known, and its name is taken for another request; another owner's name is another name.
pub async fn a_request_is_new_then_known_then_taken(store: Arc<dyn Store>) {
    let asked = new_unload("abc");
    let unload = accept(&*store, asked.clone()).await;
    assert_eq!((unload.version, unload.status()), (1, Status::Pending));
    assert_eq!(unload.asked, asked);

    let again = new_unload("abc");
    assert_eq!(store.create_unload(again).await.unwrap(), Created::Known(unload.clone()));

    let mut other = new_unload("abc");
    other.request = serde_json::json!({ "sql": "select 2" });
    assert_eq!(store.create_unload(other).await.unwrap(), Created::Taken(unload.clone()));

    let mut of_another = new_unload("abc");
    of_another.owner = Owner::new("another");
    let of_another = accept(&*store, of_another).await;
    assert_eq!(store.unload(&Owner::local(), &request_id("abc")).await.unwrap(), Some(unload.clone()));
    assert_eq!(store.unload(&Owner::new("another"), &request_id("abc")).await.unwrap(), Some(of_another));
    assert_eq!(store.unload(&Owner::new("third"), &request_id("abc")).await.unwrap(), None);
    assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap(), Some(unload));
}

/// What is known is answered as it stands now, not as it was accepted.
pub async fn a_known_request_is_answered_as_it_stands(store: Arc<dyn Store>) {
    let unload = accept(&*store, new_unload("abc")).await;
    let done = finish(&*store, &claim(&*store, unload.unload_id()).await).await;
    assert_eq!(store.create_unload(new_unload("abc")).await.unwrap(), Created::Known(done));
}

/// Numbers compare as they were sent, however many digits they have: one that reads back as its neighbour is the same all the same.
pub async fn numbers_of_a_request_compare_equal_to_themselves(store: Arc<dyn Store>) {
    let digits = |index: u64| index.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 100_000_000_000_000_000;
    let numbers: Vec<String> = (1..2_000).map(|index| format!("0.{:017}e{}", digits(index), index as i64 % 600 - 300)).collect();
    let asked = || {
        let mut asked = new_unload("numbers");
        asked.request = serde_json::from_str(&format!(r#"{{"parameters": [{}]}}"#, numbers.join(", "))).unwrap();
        asked
    };
    accept(&*store, asked()).await;
    assert!(matches!(store.create_unload(asked()).await.unwrap(), Created::Known(_)), "they are not equal to themselves");
}

/// Of callers who send the same at once, one has made the unload and all get it.
pub async fn of_concurrent_callers_one_creates(store: Arc<dyn Store>) {
    for round in 0..5 {
        let name = format!("same-{round}");
        let created = join_all((0..16).map(|_| {
            let (store, asked) = (Arc::clone(&store), new_unload(&name));
            tokio::spawn(async move { store.create_unload(asked).await.unwrap() })
        }))
        .await;
        let mut ids = Vec::new();
        let mut new = 0;
        for created in created {
            match created.unwrap() {
                Created::New(unload) => {
                    new += 1;
                    ids.push(unload.unload_id());
                }
                Created::Known(unload) => ids.push(unload.unload_id()),
                Created::Taken(unload) => panic!("the same request was taken for another: {unload:?}"),
            }
        }
        ids.dedup();
        assert_eq!((new, ids.len()), (1, 1));
    }
}

/// Text comes back as it was sent, in any script and of any length.
pub async fn text_comes_back_as_it_was_sent(store: Arc<dyn Store>) {
    let mut asked = new_unload("text");
    asked.sql = format!("select '한글 하\u{1112}\u{1161}\u{11ab} 😀 '' \\ \" $1 {{now}} ?', '{}'", "x".repeat(200_000));
    asked.bound_sql = asked.sql.clone();
    asked.request = serde_json::json!({ "sql": asked.sql, "null": null, "nul": "\u{0}" });
    asked.labels =
        [("팀".to_owned(), "분석 \"1\"; drop table unload; --".to_owned()), ("empty".to_owned(), String::new())].into();
    asked.retry_of = Some(RequestId::parse("earlier").unwrap());
    asked.is_ordered = true;
    asked.options.null_as = Some("\\N".to_owned());
    let unload = accept(&*store, asked.clone()).await;
    assert_eq!(unload.asked, asked);
    assert_eq!(store.unload_by_id(unload.unload_id()).await.unwrap(), Some(unload));
}
