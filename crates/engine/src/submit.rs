//! Acceptance: a request is checked whole before anything is stored, and stored before it is answered.

use chrono::TimeDelta;
use outflow_core::guard::CheckedQuery;
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::statement::UnloadStatement;
use outflow_core::store::Created;
use outflow_core::submission::{Submission, check_labels};
use outflow_core::unload::NewUnload;
use outflow_core::{Code, Error, Owner, RequestId, Result, Unload, UnloadId};
use serde_json::Value;

use crate::boundary::Boundary;
use crate::clock::as_delta;
use crate::engine::{Engine, WarehouseEntry};

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Submitted {
    /// It was accepted just now.
    New(Unload),
    /// The same request was accepted before; this is how it stands.
    Known(Unload),
}

impl Submitted {
    /// The unload, either way.
    pub fn unload(&self) -> &Unload {
        match self {
            Self::New(unload) | Self::Known(unload) => unload,
        }
    }
}

/// What would run.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The unload as it would be accepted.
    pub asked: NewUnload,
    /// The tables that the query reads.
    pub relations: Vec<String>,
    /// The text that the warehouse would get.
    pub statement: String,
}

impl Engine {
    /// Accepts a request: once it answers, the unload is on disk and will reach a terminal state.
    ///
    /// # Errors
    /// What is wrong with the request (nothing is stored then), `request_id_taken`, `overloaded` while stopping, or a store error.
    pub async fn submit(&self, owner: Owner, submission: Submission) -> Result<Submitted> {
        if self.stopping.is_cancelled() {
            return Err(Error::new(Code::Overloaded, "the service is stopping; send the request again in a moment"));
        }
        let (named, request) = (submission.request_id.clone(), submission.request.clone());
        let asked = match self.check(owner.clone(), submission) {
            Ok((asked, _)) => asked,
            Err(error) => return self.accepted_before(&owner, named, &request).await?.map(Submitted::Known).ok_or(error),
        };
        let warehouse = asked.warehouse.clone();
        match self.store.create_unload(asked).await? {
            Created::New(unload) => {
                tracing::info!(unload_id = %unload.unload_id(), request_id = %unload.request_id(), warehouse, "unload accepted");
                metrics::counter!("outflow_unloads_accepted_total", "warehouse" => warehouse.clone()).increment(1);
                Boundary::Accepted.pass();
                self.station(&warehouse)?.wake.notify_one();
                if unload.asked.deadline_at - unload.asked.created_at < as_delta(self.settings.reconcile_every) {
                    self.deadlines.notify_one();
                }
                Ok(Submitted::New(unload))
            }
            Created::Known(unload) => Ok(Submitted::Known(unload)),
            Created::Taken(unload) => Err(Error::new(
                Code::RequestIdTaken,
                format!("the requestId `{}` names another request already; send this one under another", unload.request_id()),
            )),
        }
    }

    /// The unload of just this request, if it was accepted: what a configuration of today refuses is known all the same.
    async fn accepted_before(&self, owner: &Owner, named: Option<RequestId>, request: &Value) -> Result<Option<Unload>> {
        let Some(request_id) = named else { return Ok(None) };
        let known = self.store.unload(owner, &request_id).await?;
        Ok(known.filter(|unload| unload.asked.request == *request))
    }

    /// Tells what a request would run, and runs nothing.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn explain(&self, owner: Owner, submission: Submission) -> Result<Explanation> {
        let (asked, query) = self.check(owner, submission)?;
        let entry = self.warehouse(Some(&asked.warehouse))?;
        let statement = self.statement(&asked, 1, entry).to_sql();
        Ok(Explanation { relations: query.relations().to_vec(), asked, statement })
    }

    fn check(&self, owner: Owner, submission: Submission) -> Result<(NewUnload, CheckedQuery)> {
        let options = submission.requested.resolve()?;
        check_labels(&submission.labels)?;
        let entry = self.warehouse(submission.warehouse.as_deref())?;
        let query = entry.guard.check(&submission.sql, &submission.parameters)?;
        if query.is_ordered() && submission.requested.parallel == Some(true) {
            return Err(Error::new(
                Code::IllegalOption,
                "`parallel` does not go with an outer ORDER BY, whose order several files cannot keep; leave one of them out",
            ));
        }
        let unload_id = UnloadId::generate();
        let created_at = self.clock.now();
        let timeout = TimeDelta::seconds(i64::try_from(options.timeout_seconds).unwrap_or(i64::MAX / 1_000));
        let asked = NewUnload {
            unload_id,
            request_id: submission.request_id.unwrap_or_else(|| unload_id.to_request_id()),
            owner,
            sql: submission.sql,
            bound_sql: query.text().to_owned(),
            is_ordered: query.is_ordered(),
            is_limited: query.is_limited(),
            request: submission.request,
            options,
            labels: submission.labels,
            warehouse: entry.name.clone(),
            orchestrator: self.settings.orchestrator,
            created_at,
            deadline_at: created_at + timeout,
            retry_of: submission.retry_of,
        };
        Ok((asked, query))
    }

    /// The statement of an attempt: the same at every call, so that submitting it twice is submitting it once.
    pub(crate) fn statement(&self, asked: &NewUnload, attempt: u32, entry: &WarehouseEntry) -> UnloadStatement {
        let place = place(asked, attempt);
        UnloadStatement::new(asked, self.storage.uri(&StorageKey::Output(place)), entry.statement_settings.clone())
    }
}

/// Where an attempt's files lie.
pub(crate) fn place(asked: &NewUnload, attempt: u32) -> AttemptPlace {
    AttemptPlace { request_id: asked.request_id.clone(), unload_id: asked.unload_id, attempt }
}
