//! How fast a store is: `store_load URL life|idle|million [seconds]`.
//!
//! `life` drives unloads from acceptance to `DONE` and publishes their announcements, many at once, while others read statuses. `idle`
//! writes one thing at a time. `million` fills a database with a million unloads and asks for each thing that is asked for often.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use outflow_core::store::Store;
use outflow_store::{Options, connect};

mod life;
mod million;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (url, what) = match arguments.as_slice() {
        [_, url, what, ..] => (url.as_str(), what.as_str()),
        _ => panic!("usage: store_load URL life|idle|million [seconds]"),
    };
    let seconds = arguments.get(3).map_or(10, |text| text.parse().expect("seconds are a number"));
    let store = connect(url, &Options::default()).await.expect("the store opens");
    match what {
        "life" => life::drive(store, Duration::from_secs(seconds), None).await,
        "offered" => life::drive(store, Duration::from_secs(seconds), Some(300)).await,
        "idle" => life::idle(store).await,
        "million" => {
            drop(store);
            million::fill(url).await;
            let store = connect(url, &Options::default()).await.expect("the store opens again");
            million::ask(store).await;
        }
        "ask" => million::ask(store).await,
        other => panic!("`{other}` is not life, offered, idle, million or ask"),
    }
}

/// How long things took.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) async fn measure<T>(&mut self, what: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let output = what.await;
        self.0.push(began.elapsed());
        output
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn print(mut self, what: &str) {
        self.0.sort();
        let at = |share: f64| {
            let index = (self.0.len() as f64 * share) as usize;
            self.0.get(index.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        println!("{what:<44} n {:>8}  p50 {:>8.3} ms  p99 {:>8.3} ms  max {:>8.3} ms", self.0.len(), at(0.5), at(0.99), at(1.0));
    }
}

pub(crate) type SharedStore = Arc<dyn Store>;
