//! Asking the warehouse: patiently while it cannot tell, and not for ever.

use std::time::Duration;

use outflow_core::state::Fate;
use outflow_core::{AttemptToken, Code, Error, Result as Answer, StatementId, Timestamp, Unload};

use super::{Driver, LetGo, REST};

/// How long one look at a statement that was told to stop may take.
const LOOK: Duration = Duration::from_secs(2);

/// What became of looking for a statement.
#[derive(Debug)]
pub(super) enum Found {
    Statement(StatementId),
    Nothing,
    Unknown,
}

impl Driver {
    /// Asks a statement to stop until it has ended, or the time is over.
    pub(super) async fn end_statement(&self, statement_id: &StatementId, until: Timestamp) -> Result<Fate, LetGo> {
        let warehouse = &self.station.entry.warehouse;
        let mut rest = REST.0;
        loop {
            let asked = answer(self.patience(until), warehouse.cancel(statement_id)).await;
            let left = self.left_until(until);
            match answer(self.patience(until), warehouse.poll(statement_id, left.min(LOOK))).await {
                Ok(progress) if progress.is_over() => return Ok(Fate::Settled),
                Err(error) if error.code() == Code::StatementLost && !warehouse.capabilities().outlives_worker => {
                    return Ok(Fate::Settled);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error = error.chain(), "cannot tell whether the statement has ended"),
            }
            if let Err(error) = asked {
                tracing::warn!(error = error.chain(), "cannot tell the statement to stop");
            }
            if left.is_zero() {
                return Ok(Fate::Unknown);
            }
            rest = self.rest(rest.min(left)).await?;
        }
    }

    /// Looks for the attempt's statement until the warehouse can tell, or the deadline and its grace have passed.
    pub(super) async fn find(&self, unload: &Unload, token: &AttemptToken) -> Result<Found, LetGo> {
        let until = unload.asked.deadline_at.max(self.now()) + self.engine.settings.cancel_grace;
        let mut rest = REST.0;
        loop {
            match answer(self.patience(until), self.station.entry.warehouse.find(token)).await {
                Ok(Some(statement_id)) => return Ok(Found::Statement(statement_id)),
                Ok(None) => return Ok(Found::Nothing),
                Err(error) if self.now() < until => {
                    tracing::warn!(error = error.chain(), "cannot tell whether the statement was started");
                    rest = self.rest(rest.min(self.left_until(until))).await?;
                }
                Err(_) => return Ok(Found::Unknown),
            }
        }
    }

    /// How long the warehouse may take to answer a question that matters until then; it is asked at least once.
    fn patience(&self, until: Timestamp) -> Duration {
        self.engine.settings.answer_within.min(self.left_until(until).max(LOOK * 2))
    }

    fn left_until(&self, until: Timestamp) -> Duration {
        (until - self.now()).to_std().unwrap_or(Duration::ZERO)
    }
}

/// The warehouse's answer, or that it gave none in time; then whatever was asked for may have taken effect.
pub(crate) async fn answer<T>(within: Duration, asked: impl Future<Output = Answer<T>>) -> Answer<T> {
    tokio::time::timeout(within, asked).await.unwrap_or_else(|_| {
        let message = format!("the warehouse did not answer within {} s", within.as_secs());
        Err(Error::new(Code::WarehouseUnavailable, message))
    })
}
