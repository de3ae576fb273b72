//! The sessions that are kept for statements to come, and what is told of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::answer::seconds;
use super::error::ApiError;
use super::request::{Sessions as Asked, Submit, Target};
use super::statement::{Statement, Status};
use crate::belief;
use crate::engine::Engine;
use crate::engine::session::Session;

/// The longest that a session may be kept, in seconds.
pub(super) const LONGEST: u64 = 86_400;
/// How many closed sessions are told of.
const CLOSED: usize = 1_000;

/// The sessions that are kept.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// The session itself, while it is open.
    session: Option<Arc<Session>>,
    target: Target,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// How long it is kept after a statement.
    seconds: u64,
    until: Instant,
    /// The statement that runs in it, and how that stands.
    running: Option<(String, Receiver<Status>)>,
    user: String,
    database: String,
}

impl Sessions {
    /// The session that a request runs in, and its id if it is kept.
    ///
    /// # Errors
    /// `ValidationException` for a session that is closed, was never there or is in use; `ActiveSessionsExceededException`.
    pub(super) fn of(
        &self,
        asked: &Submit,
        engine: &Engine,
        user: &str,
        database: &str,
    ) -> Result<(Arc<Session>, Option<String>), ApiError> {
        let mut kept = self.lock();
        close(&mut kept);
        let keep = asked.session_keep_alive_seconds;
        if let Some(id) = &asked.session_id {
            let found = kept.get_mut(id).and_then(|kept| Some((kept.session.clone()?, kept)));
            let (session, found) = found.ok_or_else(|| ApiError::validation("Session is not available."))?;
            if found.is_busy() {
                return Err(ApiError::validation("Session is busy."));
            }
            found.seconds = keep.unwrap_or(found.seconds);
            return Ok((session, Some(id.clone())));
        }
        if keep.is_some() && kept.values().filter(|kept| kept.session.is_some()).count() >= belief::SESSIONS {
            return Err(ApiError::active_sessions());
        }
        let target = &asked.target;
        let user = target.db_user.as_deref().unwrap_or(user);
        let database = target.database.as_deref().unwrap_or(database);
        let session = engine.session(user, database, CancellationToken::new());
        let id = keep.map(|seconds| {
            let id = Uuid::new_v4().to_string();
            let kept_one = Kept {
                session: Some(Arc::clone(&session)),
                target: target.clone(),
                created_at: Utc::now(),
                updated_at: Utc::now(),
                seconds,
                until: Instant::now() + Duration::from_secs(seconds),
                running: None,
                user: user.to_owned(),
                database: database.to_owned(),
            };
            kept.insert(id.clone(), kept_one);
            id
        });
        Ok((session, id))
    }

    /// Notes that a statement runs in a session, if that is kept.
    pub(super) fn begin(&self, statement: &Statement) {
        let running = (statement.id.clone(), statement.watch());
        self.change(statement.session_id.as_deref(), |kept| kept.running = Some(running));
    }

    /// Notes that it has ended: from now on its time runs.
    pub(super) fn end(&self, statement: &Statement) {
        self.change(statement.session_id.as_deref(), |kept| {
            // Whoever saw it end may have been quicker with the next one.
            kept.running.take_if(|(id, _)| *id == statement.id);
            kept.until = Instant::now() + Duration::from_secs(kept.seconds);
        });
    }

    /// `ListSessions`: those that are open, or of that status, or the one.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for one that is not there; `ValidationException`.
    pub(super) fn list(&self, asked: &Asked) -> Result<Value, ApiError> {
        let mut kept = self.lock();
        close(&mut kept);
        if let Some(id) = &asked.session_id {
            let found = kept.get(id).ok_or_else(|| ApiError::no_session(id))?;
            return Ok(json!({ "Sessions": [found.told(id)] }));
        }
        let status = asked.status.as_deref();
        if status.is_some_and(|status| !["AVAILABLE", "BUSY", "CLOSED"].contains(&status)) {
            return Err(ApiError::validation("Status must be AVAILABLE, BUSY or CLOSED."));
        }
        let is_same = |asked: &Option<String>, of: Option<&String>| asked.is_none() || asked.as_ref() == of;
        let mut found: Vec<(&String, &Kept)> = kept
            .iter()
            .filter(|(_, kept)| {
                status.map_or(kept.session.is_some(), |status| status == kept.status())
                    && is_same(&asked.target.cluster_identifier, kept.target.cluster_identifier.as_ref())
                    && is_same(&asked.target.workgroup_name, kept.target.workgroup_name.as_ref())
                    && is_same(&asked.target.database, Some(&kept.database))
            })
            .collect();
        found.sort_by(|(a_id, a), (b_id, b)| b.created_at.cmp(&a.created_at).then_with(|| a_id.cmp(b_id)));
        let from = match &asked.next_token {
            None => 0,
            Some(token) => {
                let place = found.iter().position(|(id, _)| *id == token);
                place.ok_or_else(|| ApiError::validation("NextToken is not valid."))? + 1
            }
        };
        let page = &found[from..found.len().min(from + asked.max_results.unwrap_or(100).clamp(1, 100))];
        let told: Vec<Value> = page.iter().map(|(id, kept)| kept.told(id)).collect();
        let mut answer = json!({ "Sessions": told });
        if let Some((last, _)) = page.last().filter(|_| from + page.len() < found.len()) {
            answer["NextToken"] = json!(last);
        }
        Ok(answer)
    }

    fn change(&self, id: Option<&str>, change: impl FnOnce(&mut Kept)) {
        if let Some(id) = id
            && let Some(kept) = self.lock().get_mut(id)
        {
            kept.updated_at = Utc::now();
            change(kept);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_busy(&self) -> bool {
        self.running.as_ref().is_some_and(|(_, status)| !status.borrow().is_over())
    }

    fn status(&self) -> &'static str {
        match &self.session {
            None => "CLOSED",
            Some(_) if self.is_busy() => "BUSY",
            Some(_) => "AVAILABLE",
        }
    }

    fn told(&self, id: &str) -> Value {
        let user = self.target.db_user.clone().or_else(|| self.target.cluster_identifier.as_ref().map(|_| self.user.clone()));
        let left = self.until.saturating_duration_since(Instant::now());
        let fields = [
            ("SessionId", json!(id)),
            ("Status", json!(self.status())),
            ("CreatedAt", seconds(self.created_at)),
            ("UpdatedAt", seconds(self.updated_at)),
            ("Database", json!(self.database)),
            ("DbUser", json!(user)),
            ("ClusterIdentifier", json!(self.target.cluster_identifier)),
            ("WorkgroupName", json!(self.target.workgroup_name)),
            ("SessionAliveSeconds", json!(self.seconds)),
            ("SessionTtl", self.session.as_ref().map_or(Value::Null, |_| seconds(Utc::now() + left))),
            ("CurrentStatementId", json!(self.running.as_ref().filter(|_| self.is_busy()).map(|(id, _)| id))),
        ];
        let told = fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value));
        Value::Object(told.collect::<Map<_, _>>())
    }
}

/// Closes sessions whose time is over, and forgets the oldest of those that are closed where they are many, or a day old.
fn close(kept: &mut HashMap<String, Kept>) {
    let now = Instant::now();
    for kept in kept.values_mut().filter(|kept| kept.running.is_none() && kept.until <= now) {
        if kept.session.take().is_some() {
            kept.updated_at = Utc::now();
        }
    }
    let day = chrono::TimeDelta::seconds(i64::try_from(LONGEST).unwrap_or(i64::MAX));
    kept.retain(|_, kept| kept.session.is_some() || kept.created_at + day > Utc::now());
    let mut closed: Vec<(DateTime<Utc>, String)> =
        kept.iter().filter(|(_, kept)| kept.session.is_none()).map(|(id, kept)| (kept.updated_at, id.clone())).collect();
    if closed.len() > CLOSED {
        closed.sort();
        closed[..closed.len() - CLOSED].iter().for_each(|(_, id)| {
            kept.remove(id);
        });
    }
}
