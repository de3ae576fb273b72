//! Keeping and giving back what a worker holds, and the probe that finds out whether writing works.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use outflow_core::store::Fence;
use outflow_core::{Code, Error, Result, UnloadId, WorkerId};

use super::{Session, Work, claim::lease_micros};
use crate::connection::values;
use crate::record::{self, to_json};
use crate::statement;

/// Prolongs leases.
#[derive(Debug)]
pub(crate) struct Prolong {
    pub(crate) worker: WorkerId,
    pub(crate) held: Vec<(UnloadId, Fence)>,
    pub(crate) lease: Duration,
}

#[async_trait]
impl Work for Prolong {
    type Output = Vec<UnloadId>;

    async fn run(&self, session: &mut Session<'_>) -> Result<Vec<UnloadId>> {
        let ids = to_json(&self.held.iter().map(|(unload_id, _)| unload_id).collect::<Vec<_>>());
        let worker = self.worker.to_string();
        let rows = session.rows(&statement::LEASE_PROLONG, values![&ids, lease_micros(self.lease), &worker]).await?;
        let mut kept = HashSet::new();
        for row in &rows {
            kept.insert((record::unload_id(row)?, record::fence(row)?.0));
        }
        let lost = self.held.iter().filter(|(unload_id, fence)| !kept.contains(&(*unload_id, fence.0)));
        Ok(lost.map(|(unload_id, _)| *unload_id).collect())
    }
}

/// Gives leases back; the fence rises, so that whoever gave them back cannot write any more.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) held: Vec<(UnloadId, Fence)>,
}

#[async_trait]
impl Work for Release {
    type Output = ();

    async fn run(&self, session: &mut Session<'_>) -> Result<()> {
        for (unload_id, fence) in &self.held {
            session.execute(&statement::LEASE_RELEASE, values![&unload_id.to_string(), fence.0]).await?;
        }
        Ok(())
    }
}

/// Writes something that nobody reads.
#[derive(Debug)]
pub(crate) struct Probe;

#[async_trait]
impl Work for Probe {
    type Output = ();

    async fn run(&self, session: &mut Session<'_>) -> Result<()> {
        match session.execute(&statement::PROBE, &[]).await? {
            1 => Ok(()),
            _ => Err(Error::new(Code::Internal, "the state table lacks its probe row")),
        }
    }
}
