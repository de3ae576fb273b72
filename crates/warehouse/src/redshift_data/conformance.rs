//! The conformance kit: what is believed of Redshift ([`crate::belief`]), each belief with a small probe that a real cluster answers.
//!
//! A probe runs a statement or two of literals alone, never on anybody's tables, and looks at what they left below a prefix of its own. It
//! decides nothing: what is found stands beside what was expected, and beside whether the design is safe when it is otherwise.

mod call;
mod cancel;
mod content;
mod literal;
mod manifest;
mod name;
mod nothing;
mod scene;
mod token;

use std::time::Duration;

use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use outflow_core::Result;
use outflow_core::statement::StatementSettings;
use outflow_storage::Storage;
use serde::Serialize;
use tokio::time::Instant;

use self::scene::Scene;
use super::RedshiftData;
use crate::belief::Beliefs;

/// How many probes run at a time.
const AT_ONCE: usize = 4;

/// One belief, and how it is held against a cluster.
#[derive(Clone, Copy)]
pub(super) struct Probe {
    name: &'static str,
    /// The belief in words.
    belief: &'static str,
    /// Where it comes from.
    source: &'static str,
    safety: Safety,
    expected: fn(&Beliefs) -> String,
    run: Run,
}

/// Whether the design holds either way, and why.
#[derive(Debug, Clone, Copy)]
enum Safety {
    Safe(&'static str),
    Unsafe(&'static str),
}

/// Probes a cluster; gives what was found, in the words of what is expected.
type Run = for<'a> fn(&'a Scene<'_>, &'a Beliefs) -> BoxFuture<'a, Result<String>>;

/// How a belief stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// As expected.
    Expected,
    /// Otherwise.
    Differs,
    /// It could not be found out.
    NotProbed,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The probe.
    pub name: &'static str,
    /// How the belief stands.
    pub verdict: Verdict,
    /// The belief in words.
    pub belief: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What was expected.
    pub expected: String,
    /// What was found; why nothing was, if it could not be probed.
    pub found: String,
    /// Whether the design holds when it is otherwise.
    pub is_safe: bool,
    /// Why it does, or what to do until it is mended.
    pub why: &'static str,
}

/// The probes of one run, and the traces that they leave while they run.
#[derive(Debug)]
pub struct Kit<'a> {
    scene: Scene<'a>,
    beliefs: &'a Beliefs,
    until: Instant,
}

impl<'a> Kit<'a> {
    /// Probes that warehouse, with its files in that storage; probes that were not begun `within` that time are left out.
    pub fn new(
        warehouse: &'a RedshiftData,
        storage: &'a Storage,
        settings: &'a StatementSettings,
        beliefs: &'a Beliefs,
        within: Duration,
    ) -> Self {
        let until = Instant::now() + within;
        Self { scene: Scene::new(&warehouse.api, &warehouse.watches, storage, settings, until), beliefs, until }
    }

    /// What the keys of everything begin with that it writes, below the storage's prefix.
    pub fn prefix(&self) -> String {
        self.scene.prefix()
    }

    /// Runs the probes, some at a time; `hear` is told of each, in their order. Safe to drop: then [`clean_up`](Self::clean_up) stops what
    /// runs and deletes what is there.
    pub async fn run(&self, mut hear: impl FnMut(&Found)) -> Vec<Found> {
        let mut all = Vec::new();
        let mut found = stream::iter(probes()).map(|probe| self.probe(probe)).buffered(AT_ONCE);
        while let Some(one) = found.next().await {
            hear(&one);
            all.push(one);
        }
        all
    }

    /// Stops the statements that still run and deletes every file.
    ///
    /// # Errors
    /// Storage's, of the last that could not be deleted.
    pub async fn clean_up(&self) -> Result<()> {
        self.scene.clean_up().await
    }

    async fn probe(&self, probe: Probe) -> Found {
        let expected = (probe.expected)(self.beliefs);
        let answer = if Instant::now() >= self.until {
            Err("there was no time left for it".to_owned())
        } else {
            (probe.run)(&self.scene, self.beliefs).await.map_err(|error| error.chain())
        };
        let (verdict, found) = match answer {
            Ok(found) if found == expected => (Verdict::Expected, found),
            Ok(found) => (Verdict::Differs, found),
            Err(why) => (Verdict::NotProbed, why),
        };
        let (is_safe, why) = match probe.safety {
            Safety::Safe(why) => (true, why),
            Safety::Unsafe(why) => (false, why),
        };
        Found { name: probe.name, verdict, belief: probe.belief, source: probe.source, expected, found, is_safe, why }
    }
}

/// Every probe, in the order in which they are told.
fn probes() -> Vec<Probe> {
    [
        &literal::PROBES[..],
        &nothing::PROBES[..],
        &name::PROBES[..],
        &manifest::PROBES[..],
        &content::PROBES[..],
        &call::PROBES[..],
        &token::PROBES[..],
        &cancel::PROBES[..],
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_probe_has_a_name_of_its_own_and_says_where_it_comes_from() {
        let all = probes();
        let names: HashSet<_> = all.iter().map(|probe| probe.name).collect();
        assert_eq!(names.len(), all.len());
        for probe in all {
            assert!(probe.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", probe.name);
            assert!(!probe.source.is_empty() && !probe.belief.is_empty() && !probe.belief.ends_with('.'), "{}", probe.name);
        }
    }
}
