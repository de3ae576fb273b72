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
use tokio::time::Instant;

use self::scene::Scene;
use super::RedshiftData;
use crate::belief::{self, Beliefs, Safety};
pub use crate::belief::{Found, Verdict};

/// How many probes run at a time.
const AT_ONCE: usize = 4;

type Probe = belief::Probe<Run>;

/// Probes a cluster; gives what was found, in the words of what is expected.
type Run = for<'a> fn(&'a Scene<'_>, &'a Beliefs) -> BoxFuture<'a, Result<String>>;

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
        let has_time = Instant::now() < self.until;
        let answer = if has_time { Some((probe.run)(&self.scene, self.beliefs).await) } else { None };
        probe.found(self.beliefs, answer)
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
    use super::*;

    #[test]
    fn every_probe_has_a_name_of_its_own_and_says_where_it_comes_from() {
        belief::check(&probes());
    }
}
