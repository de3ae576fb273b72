//! When an unload is let go of: a statement that cannot outlive this process and still runs is stopped, so that whoever takes the unload up
//! does not run a second one beside it.

use std::time::Duration;

use outflow_core::state::Event;
use outflow_core::store::{Fence, Outcome};
use outflow_core::unload::Change;
use outflow_core::warehouse::{Progress, Warehouse};
use outflow_core::{AttemptToken, Code, Failure, Result, State, StatementId};

use crate::engine::{Engine, Station};

/// How long one look at a statement that was told to stop may take.
const LOOK: Duration = Duration::from_secs(1);
/// How long to rest when it could not be told how it stands.
const REST: Duration = Duration::from_millis(100);

impl Engine {
    /// Stops the attempt's statement if it still runs, and waits for its end, for a while. On an orderly end of the service that is recorded as well, and the
    /// next attempt is due at once, however many there have been: a statement that we stopped ourselves says nothing about the query.
    pub(crate) async fn leave_no_statement(&self, station: &Station, token: &AttemptToken, fence: Fence) {
        let warehouse = &*station.entry.warehouse;
        if warehouse.capabilities().outlives_worker {
            return;
        }
        let Ok(Some(statement_id)) = warehouse.find(token).await else { return };
        match tokio::time::timeout(self.settings.cancel_grace, stopped(warehouse, &statement_id)).await {
            Err(_) => tracing::warn!(%statement_id, "the statement was told to stop and still runs"),
            Ok(Some(Progress::Cancelled)) if self.stopping.is_cancelled() => {
                if let Err(error) = self.record_stopped(token, fence).await {
                    tracing::warn!(error = error.chain(), "cannot record that the statement was stopped");
                }
            }
            Ok(_) => {}
        }
    }

    async fn record_stopped(&self, token: &AttemptToken, fence: Fence) -> Result<()> {
        let Some(unload) = self.store.unload_by_id(token.unload_id).await? else { return Ok(()) };
        if !matches!(unload.state, State::Submitting { .. } | State::Executing { .. }) {
            return Ok(());
        }
        let failure = Failure::new(Code::StatementLost, "the statement was stopped with the service that ran it");
        let event = Event::AttemptFailed { failure, retry_at: Some(self.clock.now()) };
        let change = Change::new(event, self.clock.now());
        if let Outcome::Updated(_) = self.store.transition(token.unload_id, unload.version, Some(fence), change).await? {
            tracing::info!("the statement was stopped with the service; it is run anew at the next start");
        }
        Ok(())
    }
}

/// How the statement ended, once it has; nothing when the warehouse does not know it any more.
async fn stopped(warehouse: &dyn Warehouse, statement_id: &StatementId) -> Option<Progress> {
    loop {
        let asked = warehouse.cancel(statement_id).await;
        match warehouse.poll(statement_id, LOOK).await {
            Ok(progress) if progress.is_over() => return Some(progress),
            Err(error) if error.code() == Code::StatementLost => return None,
            Ok(_) if asked.is_ok() => {}
            Ok(_) | Err(_) => tokio::time::sleep(REST).await,
        }
    }
}
