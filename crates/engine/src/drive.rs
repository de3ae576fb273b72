//! Driving one unload: a loop of steps, each decided by the recorded state alone, so that a crash, a takeover or a cancel in between
//! needs no path of its own.
//!
//! A step records its intent, acts with the attempt's token, and records the result. What the store says stands: when somebody else
//! changed the unload, the loop goes on from what was found.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::state::{Event, Fate};
use outflow_core::store::{Claim, Fence, Outcome};
use outflow_core::unload::{Change, Delivery};
use outflow_core::warehouse::Progress;
use outflow_core::{AttemptToken, Code, Error, ErrorKind, Failure, State, StatementId, Status, Timestamp, Unload};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::ask::Found;
pub(crate) use self::ask::answer;
use crate::boundary::Boundary;
use crate::engine::{Engine, Settings, Station};
use crate::finalize::{Finalizer, is_joined};
use crate::watch::Subscription;

mod ask;
mod hold;

/// How often at most the progress of a statement is recorded, or else its row looked at.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// The shortest and the longest rest after something that could not be told.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Why a driver stops before the unload needs no driver any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetGo {
    /// The claim is lost, or the engine stops.
    Over,
    /// Something that must not happen; it may happen again at once.
    Broken,
}

type Step = Result<Unload, LetGo>;

/// One unload in the hands of this worker.
#[derive(Debug)]
pub(crate) struct Driver {
    engine: Arc<Engine>,
    station: Arc<Station>,
    fence: Fence,
    is_takeover: bool,
    /// When the store was asked for a claim that is fresh; none once something was waited for since.
    claimed_at: Option<Instant>,
    /// The next rest before the statement is started again.
    start_rest: Duration,
    lost: CancellationToken,
    notices: Subscription,
}

impl Engine {
    /// Drives an unload, whose claim was asked for at `claimed_at`, until it needs no driver. One that is broken, because driving it broke down
    /// again and again, is ended.
    pub(crate) async fn drive(
        self: Arc<Self>,
        station: Arc<Station>,
        claim: Claim,
        claimed_at: Instant,
        lost: CancellationToken,
        is_broken: bool,
    ) -> Result<(), LetGo> {
        let mut driver = Driver {
            notices: self.hub.subscribe(claim.unload.unload_id()),
            engine: self,
            station,
            fence: claim.fence,
            is_takeover: claim.is_takeover,
            claimed_at: Some(claimed_at),
            start_rest: Duration::ZERO,
            lost,
        };
        let mut unload = claim.unload;
        let attempt = unload.state.attempt();
        if is_broken {
            unload = driver.give_up(unload).await?;
        }
        while unload.state.is_driven() {
            // A claim is for one attempt: whoever began another holds the unload now.
            if driver.is_over() || unload.state.attempt() != attempt {
                return Err(LetGo::Over);
            }
            let before = unload.state.clone();
            unload = driver.step(unload).await?;
            if unload.state != before {
                driver.is_takeover = false;
            }
        }
        Ok(())
    }
}

impl Driver {
    async fn step(&mut self, unload: Unload) -> Step {
        match unload.state.clone() {
            State::Submitting { attempt } => self.submit(unload, attempt).await,
            State::Executing { statement_id, .. } => self.follow(unload, &statement_id).await,
            State::Finalizing { rows, .. } => self.finalize(unload, rows).await,
            State::Cancelling { attempt, statement_id } => self.stop_statement(unload, attempt, statement_id).await,
            State::Pending
            | State::Waiting { .. }
            | State::Done { .. }
            | State::Failed { .. }
            | State::Cancelled { .. }
            | State::Expired { .. } => Ok(unload),
        }
    }

    /// `SUBMITTING`: the statement is started, or found where it may have been started before.
    async fn submit(&mut self, unload: Unload, attempt: u32) -> Step {
        let token = AttemptToken::new(unload.unload_id(), attempt);
        let warehouse = Arc::clone(&self.station.entry.warehouse);
        if self.is_takeover {
            match self.find(&unload, &token).await? {
                Found::Statement(statement_id) => return self.record(unload, Event::Submitted { statement_id }).await,
                Found::Nothing if !warehouse.capabilities().outlives_worker => return self.lost_statement(unload).await,
                Found::Nothing => (self.is_takeover, self.claimed_at) = (false, None),
                Found::Unknown => return self.record(unload, Event::DeadlinePassed { fate: Fate::Unknown }).await,
            }
        }
        self.hold(&unload).await?;
        if self.now() >= unload.asked.deadline_at {
            return self.record(unload, Event::DeadlinePassed { fate: Fate::Settled }).await;
        }
        Boundary::Claimed.pass();
        let statement = self.engine.statement(&unload.asked, attempt, &self.station.entry);
        let event = match answer(self.engine.settings.answer_within, warehouse.start(&statement, &token)).await {
            Ok(statement_id) => Event::Submitted { statement_id },
            Err(error) if error.kind().is_retryable() => {
                let is_refused = error.kind() == ErrorKind::Throttled || warehouse.capabilities().failed_start_sent_nothing;
                if !is_refused {
                    tracing::warn!(error = error.chain(), "the statement may or may not have been started");
                }
                match self.find(&unload, &token).await? {
                    Found::Statement(statement_id) => Event::Submitted { statement_id },
                    Found::Nothing if is_refused => return self.start_later(unload, &error).await,
                    Found::Nothing => self.attempt_failed(&unload, &error),
                    Found::Unknown => Event::DeadlinePassed { fate: Fate::Unknown },
                }
            }
            Err(error) => self.attempt_failed(&unload, &error),
        };
        Boundary::Started.pass();
        self.record(unload, event).await
    }

    /// Nothing was sent, since the warehouse has too much to do or is out of reach: that is no attempt that failed. The same one is started
    /// again after a rest, which grows while the warehouse is out of reach, as long as there is time; then the unload ends with the cause.
    async fn start_later(&mut self, unload: Unload, error: &Error) -> Step {
        let shortest = self.engine.settings.retry.first_delay.max(REST.0);
        let rest = if error.kind() == ErrorKind::Throttled {
            tracing::debug!(error = error.chain(), "the statement is started later");
            shortest
        } else {
            tracing::warn!(error = error.chain(), "the warehouse is out of reach; the statement is started later");
            let rest = self.start_rest.max(shortest);
            self.start_rest = (rest * 2).min(REST.1);
            rest
        };
        let rest = rest.mul_f64(1.0 + rand::random::<f64>());
        if rest >= self.left(&unload) {
            let event = failed(&unload, error, None);
            return self.record(unload, event).await;
        }
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = self.lost.cancelled() => return Err(LetGo::Over),
            () = self.engine.stopping.cancelled() => return Err(LetGo::Over),
            _ = changed_elsewhere(&mut self.notices, unload.version) => {}
        }
        self.reread(&unload).await
    }

    /// `EXECUTING`: the statement is watched until it ends, its time is over, or somebody wants it stopped.
    async fn follow(&mut self, mut unload: Unload, statement_id: &StatementId) -> Step {
        Boundary::Submitted.pass();
        let warehouse = Arc::clone(&self.station.entry.warehouse);
        let Settings { look_every, answer_within, .. } = self.engine.settings;
        let mut looked_at = Instant::now();
        let mut rest = REST.0;
        loop {
            let left = self.left(&unload);
            if left.is_zero() {
                return self.stop_at_deadline(unload, statement_id).await;
            }
            let progress = tokio::select! {
                () = self.lost.cancelled() => return Err(LetGo::Over),
                () = self.engine.stopping.cancelled() => return Err(LetGo::Over),
                changed = changed_elsewhere(&mut self.notices, unload.version) => match changed {
                    Some(found) => return Ok(found),
                    None => match self.reread(&unload).await? {
                        found if found.version > unload.version => return Ok(found),
                        _ => continue,
                    },
                },
                progress = answer(answer_within, warehouse.poll(statement_id, look_every.min(left))) => progress,
            };
            match progress {
                Ok(Progress::Running(amount)) => {
                    rest = REST.0;
                    if looked_at.elapsed() < PROGRESS_EVERY {
                        continue;
                    }
                    looked_at = Instant::now();
                    if amount == unload.amount {
                        // A notice of a change, as of a cancel, may have been lost.
                        match self.reread(&unload).await? {
                            found if found.version > unload.version => return Ok(found),
                            _ => continue,
                        }
                    }
                    let recorded =
                        self.engine.store.record_progress(unload.unload_id(), unload.version, self.fence, amount).await;
                    match recorded {
                        Ok(Some(next)) => unload = next,
                        Ok(None) => return self.reread(&unload).await,
                        Err(error) => tracing::warn!(error = error.chain(), "cannot record the progress"),
                    }
                }
                Ok(Progress::Finished { rows }) => {
                    Boundary::StatementFinished.pass();
                    return self.record(unload, Event::Finished { rows }).await;
                }
                Ok(Progress::Failed(error)) => {
                    let event = self.attempt_failed(&unload, &error);
                    return self.record(unload, event).await;
                }
                // Nobody but this process can have cancelled it, and did so when it let go of the unload before.
                Ok(Progress::Cancelled) if !warehouse.capabilities().outlives_worker => return self.lost_statement(unload).await,
                Ok(Progress::Cancelled) => {
                    let failure = Failure::new(Code::QueryFailed, "somebody cancelled the statement in the warehouse");
                    return self.record(unload, Event::AttemptFailed { failure, retry_at: None }).await;
                }
                Err(error) if error.code() == Code::StatementLost => return self.lost_statement(unload).await,
                Err(error) => {
                    tracing::warn!(error = error.chain(), "cannot tell how the statement stands");
                    rest = self.rest(rest).await?;
                }
            }
        }
    }

    /// `FINALIZING`: what was written is verified. Trouble with storage is waited out; a result that does not add up is final.
    async fn finalize(&mut self, unload: Unload, rows: Option<u64>) -> Step {
        Boundary::Finalizing.pass();
        let look_every = self.engine.settings.look_every;
        let finalizer = Finalizer { engine: Arc::clone(&self.engine), station: Arc::clone(&self.station) };
        let asked = unload.clone();
        let mut rest = REST.0;
        loop {
            let mut delivering = Box::pin(finalizer.deliver(&asked, rows));
            let delivered = loop {
                tokio::select! {
                    biased;
                    () = self.lost.cancelled() => return Err(LetGo::Over),
                    () = self.engine.stopping.cancelled() => return Err(LetGo::Over),
                    () = tokio::time::sleep(self.left(&unload)) => {
                        return self.record(unload, Event::DeadlinePassed { fate: Fate::Settled }).await;
                    }
                    // A notice of a change, as of a cancel, may have been lost.
                    () = tokio::time::sleep(look_every) => match self.reread(&unload).await? {
                        found if found.version > unload.version => return Ok(found),
                        _ => {}
                    },
                    changed = changed_elsewhere(&mut self.notices, unload.version) => match changed {
                        Some(found) => return Ok(found),
                        None => match self.reread(&unload).await? {
                            found if found.version > unload.version => return Ok(found),
                            _ => {}
                        },
                    },
                    delivered = &mut delivering => break delivered,
                }
            };
            match delivered {
                Ok(delivery) => {
                    Boundary::ReceiptWritten.pass();
                    let is_joined = is_joined(&delivery.receipt);
                    let next = self.record_delivery(unload, delivery).await?;
                    if next.status() == Status::Done {
                        Boundary::Done.pass();
                        if is_joined {
                            finalizer.remove_parts(&next).await;
                        }
                    }
                    return Ok(next);
                }
                Err(error) if error.kind().is_retryable() => {
                    tracing::warn!(error = error.chain(), "cannot finalize yet");
                    rest = self.rest(rest).await?;
                    let found = self.reread(&unload).await?;
                    if found.version > unload.version {
                        return Ok(found);
                    }
                }
                Err(error) => {
                    tracing::error!(error = error.chain(), "the result cannot be verified");
                    let event = self.attempt_failed(&unload, &error);
                    return self.record(unload, event).await;
                }
            }
        }
    }

    /// `CANCELLING`: the warehouse is asked to stop, and asked until it has.
    async fn stop_statement(&mut self, unload: Unload, attempt: u32, statement_id: Option<StatementId>) -> Step {
        Boundary::CancelRecorded.pass();
        let Some(statement_id) = statement_id else {
            let token = AttemptToken::new(unload.unload_id(), attempt);
            let event = match self.find(&unload, &token).await? {
                Found::Statement(statement_id) => Event::Submitted { statement_id },
                Found::Nothing => Event::CancelConfirmed,
                Found::Unknown => Event::DeadlinePassed { fate: Fate::Unknown },
            };
            return self.record(unload, event).await;
        };
        let until = unload.asked.deadline_at.max(self.now()) + self.engine.settings.cancel_grace;
        let event = match self.end_statement(&statement_id, until).await? {
            Fate::Settled => Event::CancelConfirmed,
            Fate::Unknown => Event::DeadlinePassed { fate: Fate::Unknown },
        };
        Boundary::StatementCancelled.pass();
        self.record(unload, event).await
    }

    async fn stop_at_deadline(&mut self, unload: Unload, statement_id: &StatementId) -> Step {
        tracing::warn!("the deadline has passed; the statement is told to stop");
        let until = self.now() + self.engine.settings.cancel_grace;
        let fate = self.end_statement(statement_id, until).await?;
        Boundary::DeadlineStopped.pass();
        self.record(unload, Event::DeadlinePassed { fate }).await
    }

    /// The statement went with the process that ran it: a new attempt, at once, while there are attempts left.
    async fn lost_statement(&mut self, unload: Unload) -> Step {
        let attempt = unload.state.attempt();
        let failure = Failure::new(Code::StatementLost, "the statement was lost with the process that ran it");
        let is_retried = attempt < self.engine.settings.retry.max_attempts && !self.left(&unload).is_zero();
        let retry_at = is_retried.then(|| self.now());
        tracing::warn!(attempt, is_retried, "the statement was lost");
        Boundary::AttemptFailed.pass();
        self.record(unload, Event::AttemptFailed { failure, retry_at }).await
    }

    /// Driving the unload broke down again and again: its statement is stopped, and it ends with what is known of it.
    async fn give_up(&mut self, unload: Unload) -> Step {
        tracing::error!("driving the unload broke down again and again; it is ended");
        let until = self.now() + self.engine.settings.cancel_grace;
        let fate = match self.find(&unload, &AttemptToken::new(unload.unload_id(), unload.state.attempt())).await? {
            Found::Statement(statement_id) => self.end_statement(&statement_id, until).await?,
            Found::Nothing => Fate::Settled,
            Found::Unknown => Fate::Unknown,
        };
        let event = match (fate, &unload.state) {
            (Fate::Unknown, _) => Event::DeadlinePassed { fate },
            (Fate::Settled, State::Cancelling { .. }) => Event::CancelConfirmed,
            (Fate::Settled, _) => {
                let failure = Failure::new(Code::Internal, "the unload could not be carried on; the service's log says why");
                Event::AttemptFailed { failure, retry_at: None }
            }
        };
        self.record(unload, event).await
    }

    /// An attempt that failed comes again when its kind allows it; not beyond the deadline, where nothing but the cause would be lost.
    fn attempt_failed(&self, unload: &Unload, error: &Error) -> Event {
        let (attempt, failure) = (unload.state.attempt(), Failure::from(error));
        let next = self.engine.settings.retry.next_attempt_at(&failure, attempt, self.now(), rand::random());
        failed(unload, error, next.filter(|at| *at < unload.asked.deadline_at))
    }

    async fn record(&self, unload: Unload, event: Event) -> Step {
        let change = Change::new(event, self.now());
        self.commit(unload, change).await
    }

    async fn record_delivery(&self, unload: Unload, delivery: Delivery) -> Step {
        let change = Change { event: Event::Finalized, at: self.now(), result: Some(delivery) };
        self.commit(unload, change).await
    }

    /// Records a change for as long as the claim holds. When the unload was changed elsewhere, the change is made again if it still can
    /// happen there (a statement's name while somebody cancels), else what was found stands.
    async fn commit(&self, unload: Unload, change: Change) -> Step {
        let mut found = unload;
        let mut rest = REST.0;
        loop {
            let recorded = self.engine.store.transition(found.unload_id(), found.version, Some(self.fence), change.clone()).await;
            match recorded {
                Ok(Outcome::Updated(next)) => {
                    if matches!(next.state, State::Waiting { .. }) {
                        Boundary::Waiting.pass();
                    }
                    self.engine.note_end(&next);
                    self.engine.stop_what_is_left(&next);
                    return Ok(next);
                }
                Ok(Outcome::Stale(next)) if next.version > found.version && is_name_of_cancelled(&next, &change) => found = next,
                Ok(Outcome::Stale(next)) => return Ok(next),
                Ok(Outcome::Illegal(_, illegal)) => {
                    tracing::error!(%illegal, "the step does not fit the state; the unload is let go of");
                    return Err(LetGo::Broken);
                }
                Ok(Outcome::Fenced | Outcome::Missing) => {
                    tracing::info!("another worker holds the unload now");
                    return Err(LetGo::Over);
                }
                Err(error) => {
                    tracing::warn!(error = error.chain(), "cannot record the change yet");
                    rest = self.rest(rest).await?;
                }
            }
        }
    }

    async fn reread(&self, unload: &Unload) -> Step {
        let mut rest = REST.0;
        loop {
            match self.engine.store.unload_by_id(unload.unload_id()).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => return Err(LetGo::Over),
                Err(error) => {
                    tracing::warn!(error = error.chain(), "cannot read the unload");
                    rest = self.rest(rest).await?;
                }
            }
        }
    }

    /// Rests, ever longer; cut short when there is nothing to rest for.
    async fn rest(&self, rest: Duration) -> Result<Duration, LetGo> {
        tokio::select! {
            () = tokio::time::sleep(rest) => Ok((rest * 2).min(REST.1)),
            () = self.lost.cancelled() => Err(LetGo::Over),
            () = self.engine.stopping.cancelled() => Err(LetGo::Over),
        }
    }

    fn left(&self, unload: &Unload) -> Duration {
        (unload.asked.deadline_at - self.now()).to_std().unwrap_or(Duration::ZERO)
    }

    fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    fn is_over(&self) -> bool {
        self.lost.is_cancelled() || self.engine.stopping.is_cancelled()
    }
}

/// Tells of an attempt that failed; where in the query is told as the caller wrote it.
fn failed(unload: &Unload, error: &Error, retry_at: Option<Timestamp>) -> Event {
    let (attempt, mut failure) = (unload.state.attempt(), Failure::from(error));
    failure.position = failure.position.and_then(|place| unload.asked.original_position(place));
    tracing::warn!(attempt, code = %failure.code, error = error.chain(), is_retried = retry_at.is_some(), "the attempt failed");
    metrics::counter!("outflow_attempts_failed_total", "code" => failure.code.as_str()).increment(1);
    Boundary::AttemptFailed.pass();
    Event::AttemptFailed { failure, retry_at }
}

/// The statement's name was to be recorded, and meanwhile somebody asked to cancel: the name must not be lost.
fn is_name_of_cancelled(found: &Unload, change: &Change) -> bool {
    matches!(found.state, State::Cancelling { statement_id: None, .. }) && matches!(change.event, Event::Submitted { .. })
}

/// The unload, once a notice says that it has a higher version; `None` when the row must be looked at.
async fn changed_elsewhere(notices: &mut Subscription, version: i64) -> Option<Unload> {
    loop {
        match notices.notice().await {
            Some(unload) if unload.version > version => return Some(Unload::clone(&unload)),
            Some(_) => {}
            None => return None,
        }
    }
}
