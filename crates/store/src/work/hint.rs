//! Hearing a hint once, and finding the one unload that it can mean.

use async_trait::async_trait;
use outflow_core::event::Landed;
use outflow_core::state::Phase;
use outflow_core::store::HintOutcome;
use outflow_core::{Result, Status, UnloadId};

use super::{Session, Work};
use crate::connection::{Row, values};
use crate::record;
use crate::statement;

/// Records that a consumer heard a message, and looks up what it names.
#[derive(Debug)]
pub(crate) struct Hear {
    pub(crate) consumer: String,
    pub(crate) message_id: String,
    pub(crate) hint: Landed,
}

#[async_trait]
impl Work for Hear {
    type Output = HintOutcome;

    async fn run(&self, session: &mut Session<'_>) -> Result<HintOutcome> {
        if session.execute(&statement::INBOX_INSERT, values![&self.consumer, &self.message_id]).await? == 0 {
            return Ok(HintOutcome::Duplicate);
        }
        match self.hint.unload_id {
            Some(unload_id) => self.by_id(session, unload_id).await,
            None => self.by_request(session).await,
        }
    }
}

impl Hear {
    async fn by_id(&self, session: &mut Session<'_>, unload_id: UnloadId) -> Result<HintOutcome> {
        let Some(row) = session.row(&statement::HINT_BY_ID, values![&unload_id.to_string()]).await? else {
            return Ok(HintOutcome::Ignored("there is no such unload"));
        };
        if row.get::<&str>("request_id")? != self.hint.request_id.as_str() {
            return Ok(HintOutcome::Ignored("its unloadId and its requestId name different unloads"));
        }
        let (status, phase): (&str, Option<&str>) = (row.get("status")?, row.get("phase")?);
        if status == Status::Pending.as_str() {
            return Ok(HintOutcome::Ignored("the unload has not begun"));
        }
        if status != Status::Running.as_str() {
            return Ok(HintOutcome::Ignored("the unload is over"));
        }
        if phase == Some(Phase::Waiting.as_str()) {
            return Ok(HintOutcome::Ignored("the attempt is over and the next has not begun"));
        }
        self.of_attempt(unload_id, &row)
    }

    async fn by_request(&self, session: &mut Session<'_>) -> Result<HintOutcome> {
        let rows = session.rows(&statement::HINT_BY_REQUEST, values![self.hint.request_id.as_str()]).await?;
        match rows.as_slice() {
            [] => Ok(HintOutcome::Ignored("no running unload has that requestId")),
            [row] => self.of_attempt(record::unload_id(row)?, row),
            _ => Ok(HintOutcome::Ignored("several owners have a running unload of that requestId")),
        }
    }

    fn of_attempt(&self, unload_id: UnloadId, row: &Row) -> Result<HintOutcome> {
        let attempt: i64 = row.get("attempt")?;
        Ok(match self.hint.attempt {
            Some(named) if i64::from(named) != attempt => {
                HintOutcome::Ignored("it is about another attempt than the present one")
            }
            _ => HintOutcome::Applied(unload_id),
        })
    }
}
