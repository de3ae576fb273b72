//! Accepting a request, once.

use async_trait::async_trait;
use outflow_core::id::micros;
use outflow_core::store::Created;
use outflow_core::unload::NewUnload;
use outflow_core::{Code, Error, Result, Unload};

use super::{Session, Work};
use crate::connection::values;
use crate::record::{self, to_json};
use crate::statement;

/// Inserts an unload unless its owner has one of that name.
#[derive(Debug)]
pub(crate) struct Create {
    unload: Unload,
    state: String,
    labels: String,
    options: String,
    request: String,
}

impl Create {
    pub(crate) fn new(mut asked: NewUnload) -> Self {
        asked.created_at = record::whole_micros(asked.created_at);
        asked.deadline_at = record::whole_micros(asked.deadline_at);
        let (labels, options, request) = (to_json(&asked.labels), to_json(&asked.options), to_json(&asked.request));
        let unload = Unload::accepted(asked);
        Self { state: to_json(&unload.state), unload, labels, options, request }
    }

    async fn insert(&self, session: &mut Session<'_>) -> Result<bool> {
        let asked = &self.unload.asked;
        let unload_id = asked.unload_id.to_string();
        let created_at = micros(asked.created_at);
        let status = self.unload.status().as_str();
        let values = values![
            &unload_id,
            asked.owner.as_str(),
            asked.request_id.as_str(),
            self.unload.version,
            status,
            &self.state,
            &asked.warehouse,
            asked.orchestrator.as_str(),
            created_at,
            micros(asked.deadline_at),
            asked.retry_of.as_ref().map(|request_id| request_id.as_str()),
            asked.is_ordered,
            asked.is_limited,
            &self.labels,
            &self.options,
            &self.request,
            &asked.sql,
            &asked.bound_sql,
        ];
        if session.execute(&statement::UNLOAD_INSERT, values).await? == 0 {
            return Ok(false);
        }
        for (key, value) in &asked.labels {
            let values = values![&unload_id, key, value, asked.owner.as_str(), status, created_at];
            session.execute(&statement::LABEL_INSERT, values).await?;
        }
        Ok(true)
    }
}

#[async_trait]
impl Work for Create {
    type Output = Created;

    async fn run(&self, session: &mut Session<'_>) -> Result<Created> {
        if self.insert(session).await? {
            session.changed(&self.unload);
            return Ok(Created::New(self.unload.clone()));
        }
        let asked = &self.unload.asked;
        let values = values![asked.owner.as_str(), asked.request_id.as_str()];
        let Some(row) = session.row(&statement::UNLOAD_BY_REQUEST, values).await? else {
            return Err(Error::new(
                Code::StoreUnavailable,
                "the unload of that requestId was just removed; send the request again",
            ));
        };
        // By text too: a number with many digits can read back as its neighbour.
        let text_is_equal = row.get::<&str>("request")? == self.request;
        let found = record::unload(&row)?;
        let is_same = text_is_equal || found.asked.request == asked.request;
        Ok(if is_same { Created::Known(found) } else { Created::Taken(found) })
    }
}
