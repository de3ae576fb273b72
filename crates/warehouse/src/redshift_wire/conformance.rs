//! The conformance kit over the wire: what it rests on that a statement is found again whose connection is gone, and is stopped from
//! another one. What UNLOAD writes is the same whichever way it is asked, and is probed through the Data API.

mod scene;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use outflow_core::Result;
use outflow_core::statement::StatementSettings;
use outflow_storage::Storage;
use tokio::time::Instant;

use self::scene::Scene;
use super::RedshiftWire;
use crate::belief::{self, Beliefs, Safety};
pub use crate::belief::{Found, Verdict};

/// Probes a cluster; gives what was found, in the words of what is expected.
type Run = for<'a> fn(&'a Scene<'_>) -> BoxFuture<'a, Result<String>>;

type Probe = belief::Probe<Run>;

/// The probes of one run, and the traces that they leave while they run.
#[derive(Debug)]
pub struct Kit<'a> {
    scene: Scene<'a>,
    beliefs: &'a Beliefs,
    until: Instant,
}

impl<'a> Kit<'a> {
    /// Probes that warehouse with UNLOADs into that storage; probes that were not begun `within` that time are left out.
    pub fn new(
        warehouse: &'a RedshiftWire,
        storage: &'a Storage,
        settings: &'a StatementSettings,
        beliefs: &'a Beliefs,
        within: Duration,
    ) -> Self {
        let scene = Scene::new(warehouse, storage, settings, beliefs.recorded_within);
        Self { scene, beliefs, until: Instant::now() + within }
    }

    /// What the keys of everything begin with that it may write, below the storage's prefix.
    pub fn prefix(&self) -> String {
        self.scene.prefix()
    }

    /// Runs the probes; `hear` is told of each. Safe to drop: then [`clean_up`](Self::clean_up) stops what runs.
    pub async fn run(&self, mut hear: impl FnMut(&Found)) -> Vec<Found> {
        let mut all = Vec::new();
        for probe in PROBES {
            let has_time = Instant::now() < self.until;
            let answer = if has_time { Some((probe.run)(&self.scene).await) } else { None };
            let found = probe.found(self.beliefs, answer);
            hear(&found);
            all.push(found);
        }
        all
    }

    /// Stops the statements that still run and deletes what they may have written.
    ///
    /// # Errors
    /// That of a statement that could not be stopped; storage's, of what could not be deleted.
    pub async fn clean_up(&self) -> Result<()> {
        self.scene.clean_up().await
    }
}

const PROBES: [Probe; 6] = [
    Probe {
        name: "tag-in-record",
        belief: "`query_text` in SYS_QUERY_HISTORY begins with the comment that a statement begins with",
        source: "SYS_QUERY_HISTORY calls it the text of the query, and does not say whether comments stay",
        safety: Safety::Unsafe(
            "a statement whose connection is gone is found by that alone; it would be taken for lost and run a second time: use `redshift-data://`",
        ),
        expected: |beliefs| if beliefs.record_keeps_tag { "at the beginning" } else { "nowhere" }.to_owned(),
        run: |scene| async move { Ok(scene.watched().await?.tag.to_owned()) }.boxed(),
    },
    Probe {
        name: "recorded-soon",
        belief: "a statement is in SYS_QUERY_HISTORY within that time",
        source: "not documented",
        safety: Safety::Unsafe(
            "what is not there when the time to send it, TCP's and this are over is taken for absent, and run: use `redshift-data://`",
        ),
        expected: |beliefs| format!("within {} s", beliefs.recorded_within.as_secs()),
        run: |scene| async move { Ok(scene.watched().await?.recorded.clone()) }.boxed(),
    },
    Probe {
        name: "recorded-while-running",
        belief: "a statement is in SYS_QUERY_HISTORY before it ends",
        source: "SYS_QUERY_HISTORY: it contains both running and finished queries",
        safety: Safety::Unsafe(
            "one that runs would be taken for absent, and run a second time beside it: use `redshift-data://`",
        ),
        expected: |beliefs| if beliefs.recorded_while_running { "before its end" } else { "after its end" }.to_owned(),
        run: |scene| async move { Ok(scene.watched().await?.when.to_owned()) }.boxed(),
    },
    Probe {
        name: "cancel-by-session",
        belief: "`pg_cancel_backend` of the `session_id` there stops the statement from another connection",
        source: "SYS_QUERY_HISTORY calls it the identifier of the process that runs the query, and PG_CANCEL_BACKEND takes one",
        safety: Safety::Unsafe(
            "a cancel would reach the statements of this process only; others go on, and their unloads end with `outcome_unknown`",
        ),
        expected: |beliefs| if beliefs.session_is_backend { "it stops" } else { "it goes on" }.to_owned(),
        run: |scene| async move { Ok(scene.stopped().await?.how.clone()) }.boxed(),
    },
    Probe {
        name: "cancelled-in-record",
        belief: "a statement that was cancelled stands in SYS_QUERY_HISTORY with this status",
        source: "SYS_QUERY_HISTORY, the values of `status`",
        safety: Safety::Safe(
            "Redshift's words for a cancel are read as well; after anything else the unload's next attempt comes",
        ),
        expected: |beliefs| beliefs.cancelled_in_record.to_owned(),
        run: |scene| async move { Ok(scene.stopped().await?.status.clone()) }.boxed(),
    },
    Probe {
        name: "dropped-client",
        belief: "a statement goes on when its client is gone without a word",
        source: "not documented",
        safety: Safety::Safe(
            "the record tells how it ended; with the status of a cancel, the unload of a service that died ends with `query_failed`, as if somebody had stopped it",
        ),
        expected: |beliefs| beliefs.of_dropped_client.to_owned(),
        run: |scene| async move { scene.dropped().await }.boxed(),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_has_a_name_of_its_own_and_says_where_it_comes_from() {
        belief::check(&PROBES);
    }
}
