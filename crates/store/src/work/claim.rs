//! Taking unloads up: those whose worker is gone, those whose wait is over, those that nobody has begun.

use async_trait::async_trait;
use outflow_core::id::from_micros;
use outflow_core::state::Event;
use outflow_core::store::{Claim, ClaimRequest, Fence};
use outflow_core::unload::Change;
use outflow_core::{Code, Error, Result, Unload};

use super::{Session, Work, transition};
use crate::connection::{Row, values};
use crate::dialect::Dialect;
use crate::record::{self, Lease, signed};
use crate::statement::{self, Statement};

/// Claims what a worker has room for. Pending and waiting unloads whose deadline has passed are left to whoever ends them.
#[derive(Debug)]
pub(crate) struct TakeUp {
    pub(crate) request: ClaimRequest,
}

/// How many more may be held, and how many more may be begun.
struct Room {
    held: i64,
    begun: i64,
}

#[async_trait]
impl Work for TakeUp {
    type Output = Vec<Claim>;

    async fn run(&self, session: &mut Session<'_>) -> Result<Vec<Claim>> {
        if session.dialect() == Dialect::Postgres {
            session.rows(&statement::LOCK_CLAIMS, values![&self.request.warehouse]).await?;
        }
        let now = session.now().await?;
        let room = self.room(session, now).await?;
        let mut claims = Vec::new();
        for found in self.candidates(session, &statement::CLAIM_LAPSED, now, room.held).await? {
            claims.push(self.take_over(session, found, now).await?);
        }
        for statement in [&statement::CLAIM_DUE, &statement::CLAIM_PENDING] {
            let begun = claims.iter().filter(|claim| !claim.is_takeover).count();
            let free = i64::from(self.request.limit) - as_i64(claims.len());
            for found in self.candidates(session, statement, now, free.min(room.begun - as_i64(begun))).await? {
                claims.push(self.begin(session, found, now).await?);
            }
        }
        Ok(claims)
    }
}

impl TakeUp {
    /// What has lapsed still counts as running: its statement may. So it is taken over before anything is begun in its place.
    async fn room(&self, session: &mut Session<'_>, now: i64) -> Result<Room> {
        let values = values![&self.request.warehouse, now];
        let Some(row) = session.row(&statement::CLAIM_ROOM, values).await? else {
            return Err(Error::new(Code::Internal, "the state table does not count"));
        };
        let (driven, held): (i64, i64) = (row.get("driven")?, row.get("held")?);
        let most = i64::from(self.request.max_running);
        Ok(Room { held: (most - held).min(i64::from(self.request.limit)), begun: most - driven })
    }

    async fn candidates(
        &self,
        session: &mut Session<'_>,
        statement: &Statement,
        now: i64,
        limit: i64,
    ) -> Result<Vec<(Unload, Fence)>> {
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let read = |row: &Row| Ok((record::unload(row)?, record::fence(row)?));
        session.readable(statement, values![&self.request.warehouse, now], limit, ("unload_id", read)).await
    }

    async fn take_over(&self, session: &mut Session<'_>, (unload, fence): (Unload, Fence), now: i64) -> Result<Claim> {
        let fence = Fence(fence.0 + 1);
        let (unload_id, worker) = (unload.unload_id().to_string(), self.request.worker.to_string());
        session.execute(&statement::LEASE_TAKE, values![&unload_id, fence.0, &worker, self.lease_until(now)]).await?;
        Ok(Claim { unload, fence, is_takeover: true })
    }

    async fn begin(&self, session: &mut Session<'_>, (found, fence): (Unload, Fence), now: i64) -> Result<Claim> {
        let next_fence = Fence(fence.0 + 1);
        let (next, _) = found.apply(&Change::new(Event::Claimed, from_micros(now))).map_err(|illegal| {
            Error::new(Code::Internal, format!("unload `{}` cannot be claimed", found.unload_id())).with_source(illegal)
        })?;
        let lease = Lease { worker: Some(self.request.worker), until: Some(self.lease_until(now)) };
        transition::update(session, &found, &next, lease, (fence, next_fence)).await?;
        session.changed(&next);
        Ok(Claim { unload: next, fence: next_fence, is_takeover: false })
    }

    fn lease_until(&self, now: i64) -> i64 {
        now.saturating_add(lease_micros(self.request.lease))
    }
}

/// A lease's length as the store counts it.
pub(super) fn lease_micros(lease: std::time::Duration) -> i64 {
    signed(u64::try_from(lease.as_micros()).unwrap_or(u64::MAX))
}

fn as_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
