//! Relay and listener on a real state table, with a bus that fails before or after it took effect.
#![allow(clippy::unwrap_used, reason = "an assertion of a test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use outflow_core::address::PublicUrl;
use outflow_core::bus::{EventBus, Message};
use outflow_core::state::Event;
use outflow_core::store::{ClaimRequest, Created, Store};
use outflow_core::unload::{Change, NewUnload, Orchestrator};
use outflow_core::{Code, Error, Owner, RequestId, Result, Timestamp, Unload, UnloadId, UnloadOptions, WorkerId};
use outflow_events::{Listener, MemoryBus, Relay, Rests, Topics};
use tokio_util::sync::CancellationToken;

/// Whether the bus takes effect, and what it says, one call after the other; after that it works.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Before,
    After,
}

#[derive(Debug, Default)]
struct FaultyBus {
    faults: Mutex<Vec<Fault>>,
    /// The keys of messages that it never takes.
    refused: Mutex<Vec<String>>,
    published: Mutex<Vec<Message>>,
}

#[async_trait]
impl EventBus for FaultyBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<()>> {
        let fault = self.faults.lock().unwrap().pop();
        let refused = self.refused.lock().unwrap().clone();
        let is_refused = |message: &&Message| refused.iter().any(|part| message.key.starts_with(part.as_str()));
        if !matches!(fault, Some(Fault::Before)) {
            self.published.lock().unwrap().extend(messages.iter().filter(|message| !is_refused(message)).cloned());
        }
        let away = || Error::new(Code::BusUnavailable, "the bus is away");
        messages.iter().map(|message| if fault.is_some() || is_refused(&message) { Err(away()) } else { Ok(()) }).collect()
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A bus that never answers.
#[derive(Debug)]
struct DeafBus;

#[async_trait]
impl EventBus for DeafBus {
    async fn publish(&self, _: &[Message]) -> Vec<Result<()>> {
        std::future::pending().await
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl FaultyBus {
    fn ids(&self) -> Vec<String> {
        self.published.lock().unwrap().iter().map(|message| header(message, "ce_id")).collect()
    }
}

fn header(message: &Message, name: &str) -> String {
    message.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

struct Table {
    _folder: tempfile::TempDir,
    store: Arc<dyn Store>,
}

impl Table {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("outflow.db").display());
        Self { store: outflow_store::connect(&url, &outflow_store::Options::default()).await.unwrap(), _folder: folder }
    }

    async fn accepted(&self, request_id: &str) -> Unload {
        let now = Timestamp::from_timestamp(1_750_000_000, 0).unwrap();
        let asked = NewUnload {
            unload_id: UnloadId::generate(),
            request_id: RequestId::parse(request_id).unwrap(),
            owner: Owner::local(),
            sql: "SELECT 1".to_owned(),
            bound_sql: "SELECT 1".to_owned(),
            is_ordered: false,
            is_limited: false,
            request: serde_json::json!({ "sql": "SELECT 1" }),
            options: UnloadOptions::default(),
            labels: BTreeMap::from([("team".to_owned(), "growth".to_owned())]),
            warehouse: "main".to_owned(),
            orchestrator: Orchestrator::Scheduler,
            created_at: now,
            deadline_at: now + chrono::TimeDelta::days(36_500),
            retry_of: None,
        };
        let Created::New(unload) = self.store.create_unload(asked).await.unwrap() else { panic!("not new") };
        unload
    }

    /// An unload that ended: it was cancelled before anybody took it up.
    async fn cancelled(&self, request_id: &str) -> Unload {
        let unload = self.accepted(request_id).await;
        let change = Change::new(Event::CancelRequested, unload.asked.created_at);
        self.store.transition(unload.unload_id(), unload.version, None, change).await.unwrap();
        unload
    }

    /// An unload that a worker holds.
    async fn running(&self, request_id: &str) -> Unload {
        self.accepted(request_id).await;
        let request = ClaimRequest {
            worker: WorkerId::generate(),
            warehouse: "main".to_owned(),
            max_running: 100,
            limit: 1,
            lease: Duration::from_secs(600),
        };
        self.store.claim(&request).await.unwrap().remove(0).unload
    }

    fn relay(&self, bus: Arc<dyn EventBus>) -> Relay {
        let public_url = PublicUrl::parse("https://outflow.example.com").unwrap();
        let rests = Rests { refused: Duration::from_millis(50), ..Rests::default() };
        Relay { store: Arc::clone(&self.store), bus, topics: Topics::default(), public_url, rests }
    }
}

async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "it never came to this: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_is_the_contracts() {
    let table = Table::new().await;
    let unload = table.cancelled("abc123").await;
    let bus = Arc::new(FaultyBus::default());
    table.relay(bus.clone()).drain().await.unwrap();
    let message = bus.published.lock().unwrap().remove(0);
    assert_eq!((message.topic.as_str(), message.key.as_str()), ("unload-failed", "abc123"));
    assert_eq!(header(&message, "ce_id"), format!("{}-2", unload.unload_id()));
    assert_eq!(header(&message, "ce_specversion"), "1.0");
    let text = String::from_utf8(message.value).unwrap();
    assert!(
        text.starts_with(r#"{"requestId":"abc123","s3FileUrl":null,"unloadId":"#),
        "the two fields that all read come first: {text}"
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&value["status"], &value["error"]["code"], &value["labels"]["team"]),
        (&"CANCELLED".into(), &"cancelled".into(), &"growth".into())
    );
    assert_eq!((value["version"].as_i64(), &value["fileLink"]), (Some(2), &serde_json::Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bus_did_not_confirm_is_published_again_under_the_same_id() {
    for fault in [Fault::Before, Fault::After] {
        let table = Table::new().await;
        table.cancelled("a").await;
        let bus = Arc::new(FaultyBus { faults: Mutex::new(vec![fault]), ..FaultyBus::default() });
        let relay = table.relay(bus.clone());
        assert_eq!(relay.drain().await.unwrap_err().code(), Code::BusUnavailable);
        assert_eq!(table.store.statistics().await.unwrap().outbox_count, 1, "it still waits");
        eventually("the bus is back, and it is published", async || {
            relay.drain().await.unwrap();
            table.store.statistics().await.unwrap().outbox_count == 0
        })
        .await;
        let ids = bus.ids();
        assert_eq!(ids.len(), if matches!(fault, Fault::After) { 2 } else { 1 });
        assert!(ids.iter().all(|id| *id == ids[0]), "a repetition is known by its id: {ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bus_refuses_stops_nothing_else() {
    let table = Table::new().await;
    // More than are offered at once, all older than what the bus takes.
    for number in 0..450 {
        table.cancelled(&format!("refused{number}")).await;
    }
    for number in 0..3 {
        table.cancelled(&format!("taken{number}")).await;
    }
    let bus = Arc::new(FaultyBus { refused: Mutex::new(vec!["refused".to_owned()]), ..FaultyBus::default() });
    let mut relay = table.relay(bus.clone());
    relay.rests.refused = Duration::from_secs(3_600);
    relay.drain().await.unwrap();
    let keys: Vec<_> = bus.published.lock().unwrap().iter().map(|message| message.key.clone()).collect();
    assert_eq!(keys, ["taken0", "taken1", "taken2"]);
    assert_eq!(table.store.statistics().await.unwrap().outbox_count, 450);
    table.cancelled("taken3").await;
    relay.drain().await.unwrap();
    assert_eq!(bus.ids().len(), 4, "what was refused is left alone for a while");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_takes_nothing_is_not_asked_without_end() {
    let table = Table::new().await;
    // More than are offered at once, and what is refused may be offered again at once.
    for number in 0..201 {
        table.cancelled(&format!("refused{number}")).await;
    }
    for refused in [Duration::ZERO, Duration::from_nanos(1)] {
        let bus = Arc::new(FaultyBus { refused: Mutex::new(vec!["refused".to_owned()]), ..FaultyBus::default() });
        let mut relay = table.relay(bus.clone());
        relay.rests.refused = refused;
        let round = tokio::time::timeout(Duration::from_secs(60), relay.drain()).await;
        assert_eq!(round.expect("a round ends").unwrap_err().code(), Code::BusUnavailable);
    }
    let bus = Arc::new(FaultyBus { refused: Mutex::new(vec!["refused".to_owned()]), ..FaultyBus::default() });
    let mut relay = table.relay(bus.clone());
    relay.rests.refused = Duration::from_secs(3_600);
    table.cancelled("taken").await;
    relay.drain().await.unwrap();
    assert_eq!(bus.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_bus_does_not_answer_ends_all_the_same() {
    let table = Table::new().await;
    table.cancelled("a").await;
    let stopping = CancellationToken::new();
    let running = tokio::spawn(table.relay(Arc::new(DeafBus)).run(stopping.clone()));
    stopping.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(60), running).await;
    assert!(ended.is_ok(), "it waits for the bus for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_relay_hears_of_what_ends_and_publishes_it_once() {
    let table = Table::new().await;
    let bus = Arc::new(FaultyBus::default());
    let stopping = CancellationToken::new();
    let mut relay = table.relay(bus.clone());
    // Nobody looks within an hour: what is published was told of.
    relay.rests.look_every = Duration::from_secs(3_600);
    let running = tokio::spawn(relay.run(stopping.clone()));
    for number in 0..20 {
        table.cancelled(&format!("r{number}")).await;
    }
    eventually("all are published and marked", async || table.store.statistics().await.unwrap().outbox_count == 0).await;
    stopping.cancel();
    running.await.unwrap();
    let mut ids = bus.ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), bus.ids().len()), (20, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_are_applied_once_and_poison_does_not_stop_them() {
    let table = Table::new().await;
    let running = table.running("a").await;
    let bus = MemoryBus::new();
    let source = Box::new(bus.subscribe(&["unload-landed".to_owned()], "unload-notifier"));
    let mut letters = bus.subscribe(&["unload-landed-dlt".to_owned()], "letters");
    let told = Arc::new(AtomicUsize::new(0));
    let listener = Listener {
        store: Arc::clone(&table.store),
        bus: Arc::new(bus.clone()),
        consumer: "unload-notifier".to_owned(),
        on_hint: {
            let (told, wanted) = (Arc::clone(&told), running.unload_id());
            Arc::new(move |unload_id| {
                assert_eq!(unload_id, wanted);
                told.fetch_add(1, Ordering::SeqCst);
            })
        },
    };
    let stopping = CancellationToken::new();
    let listening = tokio::spawn(listener.run(source, stopping.clone()));
    let message = |headers: &[(&str, &str)], value: &str| Message {
        topic: "unload-landed".to_owned(),
        key: "a".to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        value: value.as_bytes().to_vec(),
    };
    let two_fields = r#"{"requestId":"a","s3FileUrl":"s3://forged/elsewhere","unknown":1}"#;
    let losing = format!(r#"{{"requestId":"a","unloadId":"{}","attempt":7,"s3FileUrl":null}}"#, running.unload_id());
    let messages = [
        message(&[], "not JSON"),
        message(&[], two_fields),
        message(&[], two_fields),
        message(&[("ce_type", "outflow.unload.complete")], two_fields),
        message(&[("ce_id", "1")], &losing),
        message(&[("ce_id", "2")], r#"{"requestId":"nobody"}"#),
        message(&[("ce_id", "3")], two_fields),
        message(&[("ce_id", "3")], two_fields),
        message(&[("ce_source", "elsewhere"), ("ce_id", "3")], two_fields),
    ];
    for answer in bus.publish(&messages).await {
        answer.unwrap();
    }
    eventually("the good hints are applied", async || told.load(Ordering::SeqCst) == 3).await;
    let letter = outflow_core::bus::EventSource::next(&mut letters).await.unwrap().unwrap();
    assert_eq!(
        (letter.value.as_slice(), header(&letter, "outflow-original-topic").as_str()),
        (&b"not JSON"[..], "unload-landed")
    );
    let unload = table.store.unload_by_id(running.unload_id()).await.unwrap().unwrap();
    assert_eq!((unload.version, unload.state), (running.version, running.state), "a hint changes nothing by itself");
    stopping.cancel();
    listening.await.unwrap();
    assert_eq!(told.load(Ordering::SeqCst), 3, "another sender's id is another message");
}
