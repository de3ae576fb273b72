//! What may still run of an unload that ended without anybody knowing: it is told to stop for as long as that may help.
//!
//! The unload itself is over, and nothing here changes it. Many deadlines at once, or a warehouse that was away at one, would otherwise
//! leave statements running that nobody waits for. It is done by the process that recorded the end, and dies with it.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::{AttemptToken, Code, StatementId, Unload};
use tokio::time::Instant;
use tracing::Instrument;

use crate::drive::answer;
use crate::ended::span;
use crate::engine::{Engine, Station};

/// How long a statement may run, and is told to stop.
const LONGEST: Duration = Duration::from_secs(86_400);
/// How long one look at a statement that was told to stop may take.
const LOOK: Duration = Duration::from_secs(2);
/// The shortest and the longest rest in between.
const REST: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

impl Engine {
    /// Goes on stopping the statement of an unload that has just ended with `outcome_unknown`, where it outlives whoever started it and can
    /// be stopped from anywhere. Of any other unload this does nothing.
    pub(crate) fn stop_what_is_left(self: &Arc<Self>, unload: &Unload) {
        if unload.state.failure().is_none_or(|failure| failure.code != Code::OutcomeUnknown) {
            return;
        }
        let Ok(station) = self.station(&unload.asked.warehouse).map(Arc::clone) else { return };
        if !station.entry.warehouse.capabilities().cancel_anywhere {
            return;
        }
        let token = AttemptToken::new(unload.unload_id(), unload.state.attempt());
        let (engine, statement_id) = (Arc::clone(self), unload.statement_id.clone());
        let stopping = async move {
            tokio::select! {
                () = engine.stopping.cancelled() => {}
                () = engine.stop_until_it_ends(&station, &token, statement_id) => {}
            }
        };
        self.tasks.spawn(stopping.instrument(span(unload)));
    }

    async fn stop_until_it_ends(&self, station: &Station, token: &AttemptToken, mut statement_id: Option<StatementId>) {
        let until = Instant::now() + LONGEST;
        let mut rest = REST.0;
        while Instant::now() < until {
            if self.has_ended(station, token, &mut statement_id).await {
                tracing::info!("what may have been left running of the unload has ended");
                return;
            }
            tokio::time::sleep(rest).await;
            rest = (rest * 2).min(REST.1);
        }
        tracing::warn!(?statement_id, "what was left running of the unload could not be stopped");
    }

    /// Tells the statement to stop; whether there is nothing left that could be stopped.
    async fn has_ended(&self, station: &Station, token: &AttemptToken, statement_id: &mut Option<StatementId>) -> bool {
        let (warehouse, within) = (&station.entry.warehouse, self.settings.answer_within);
        if statement_id.is_none() {
            match answer(within, warehouse.find(token)).await {
                Ok(found) => *statement_id = found,
                Err(error) => {
                    tracing::debug!(error = error.chain(), "cannot tell whether something was left running");
                    return false;
                }
            }
        }
        let Some(id) = statement_id else { return true };
        let asked = answer(within, warehouse.cancel(id)).await;
        match answer(within, warehouse.poll(id, LOOK)).await {
            Ok(progress) => progress.is_over(),
            // The warehouse does not know it any more: then nobody can stop it.
            Err(error) if asked.is_ok() && matches!(error.code(), Code::OutcomeUnknown | Code::StatementLost) => true,
            Err(error) => {
                tracing::debug!(error = error.chain(), "cannot tell whether what was left running has ended");
                false
            }
        }
    }
}
