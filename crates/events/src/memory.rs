//! The bus inside the process: what is published is handed to each group that hears the topic, at least once until it is committed.
//!
//! It forgets with the process. A topic that nobody hears keeps nothing; a group that is full refuses more, and the outbox keeps it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use outflow_core::bus::{EventBus, EventSource, Message};
use outflow_core::{Code, Error, Result};
use tokio::sync::Notify;

/// How many messages wait for a group at most.
const CAPACITY: usize = 10_000;

/// A bus inside the process. Clones are the same bus.
#[derive(Debug, Clone, Default)]
pub struct MemoryBus {
    groups: Arc<Mutex<HashMap<String, Arc<Group>>>>,
}

#[derive(Debug)]
struct Group {
    topics: Vec<String>,
    waiting: Mutex<VecDeque<Message>>,
    news: Notify,
}

impl MemoryBus {
    /// A bus that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is published from now on to these topics, as heard by a group. A group's second source shares its messages with the first;
    /// what a dropped source had not committed comes to the group again. The topics of a group are those it was first heard with.
    pub fn subscribe(&self, topics: &[String], group: &str) -> MemorySource {
        let group = lock(&self.groups).entry(group.to_owned()).or_insert_with(|| Arc::new(Group::new(topics))).clone();
        MemorySource { group, handed_out: Vec::new() }
    }
}

impl Group {
    fn new(topics: &[String]) -> Self {
        Self { topics: topics.to_vec(), waiting: Mutex::default(), news: Notify::new() }
    }

    fn offer(&self, message: &Message) -> Result<()> {
        let mut waiting = lock(&self.waiting);
        if waiting.len() >= CAPACITY {
            return Err(Error::new(Code::BusUnavailable, format!("{CAPACITY} messages of `{}` wait to be heard", message.topic)));
        }
        waiting.push_back(message.clone());
        self.news.notify_one();
        Ok(())
    }
}

#[async_trait]
impl EventBus for MemoryBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<()>> {
        let groups: Vec<_> = lock(&self.groups).values().cloned().collect();
        let publish = |message: &Message| {
            let mut hearing = groups.iter().filter(|group| group.topics.contains(&message.topic));
            hearing.try_for_each(|group| group.offer(message))
        };
        messages.iter().map(publish).collect()
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A group's messages.
#[derive(Debug)]
pub struct MemorySource {
    group: Arc<Group>,
    handed_out: Vec<Message>,
}

#[async_trait]
impl EventSource for MemorySource {
    async fn next(&mut self) -> Result<Option<Message>> {
        loop {
            let news = self.group.news.notified();
            let next = lock(&self.group.waiting).pop_front();
            match next {
                Some(message) => {
                    self.handed_out.push(message.clone());
                    return Ok(Some(message));
                }
                None => news.await,
            }
        }
    }

    async fn commit(&mut self) -> Result<()> {
        self.handed_out.clear();
        Ok(())
    }
}

impl Drop for MemorySource {
    fn drop(&mut self) {
        let mut waiting = lock(&self.group.waiting);
        for message in self.handed_out.drain(..).rev() {
            waiting.push_front(message);
        }
        self.group.news.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(topic: &str, value: &str) -> Message {
        Message { topic: topic.to_owned(), key: "k".to_owned(), headers: Vec::new(), value: value.as_bytes().to_vec() }
    }

    async fn heard(source: &mut MemorySource) -> String {
        String::from_utf8(source.next().await.unwrap().unwrap().value).unwrap()
    }

    #[tokio::test]
    async fn what_was_not_committed_comes_again() {
        let bus = MemoryBus::new();
        let topics = ["a".to_owned()];
        let mut first = bus.subscribe(&topics, "group");
        bus.publish(&[message("a", "1"), message("b", "not heard"), message("a", "2"), message("a", "3")]).await;
        assert_eq!(heard(&mut first).await, "1");
        first.commit().await.unwrap();
        assert_eq!(heard(&mut first).await, "2");
        drop(first);
        let mut second = bus.subscribe(&topics, "group");
        assert_eq!((heard(&mut second).await, heard(&mut second).await), ("2".to_owned(), "3".to_owned()));
    }

    #[tokio::test]
    async fn nothing_is_kept_for_nobody_and_a_full_group_refuses() {
        let bus = MemoryBus::new();
        assert!(bus.publish(&[message("a", "1")]).await[0].is_ok());
        let mut source = bus.subscribe(&["a".to_owned()], "group");
        for answer in bus.publish(&vec![message("a", "2"); CAPACITY]).await {
            answer.unwrap();
        }
        assert_eq!(bus.publish(&[message("a", "3")]).await.remove(0).unwrap_err().code(), Code::BusUnavailable);
        assert_eq!(heard(&mut source).await, "2", "what was published before anybody heard is gone");
        assert!(bus.publish(&[message("a", "3")]).await[0].is_ok());
    }
}
