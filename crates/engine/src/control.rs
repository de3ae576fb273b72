//! What callers do to an unload that exists: cancel it, delete its files.

use outflow_core::state::{Event, ExpiryReason};
use outflow_core::store::Outcome;
use outflow_core::unload::Change;
use outflow_core::{Code, Error, Phase, Result, Status, Unload};

use crate::ended::span;
use crate::engine::Engine;

impl Engine {
    /// Asks an unload to stop, all the way into the warehouse. It answers once the wish is recorded; `CANCELLED` follows. Asking twice
    /// is asking once.
    ///
    /// # Errors
    /// `already_terminal`, the unload untouched.
    pub async fn cancel(&self, unload: Unload) -> Result<Unload> {
        let cancelled = self
            .change(unload, Event::CancelRequested, |found| {
                if found.state.phase() == Some(Phase::Cancelling) {
                    return Some(Ok(()));
                }
                found.status().is_terminal().then(|| {
                    let status = found.status().as_str();
                    Err(Error::new(
                        Code::AlreadyTerminal,
                        format!("the unload is `{status}` already; there is nothing to cancel"),
                    ))
                })
            })
            .await?;
        span(&cancelled).in_scope(|| {
            tracing::info!("cancel requested");
            self.note_end(&cancelled);
        });
        Ok(cancelled)
    }

    /// Deletes the files of a terminal unload: `DONE` becomes `EXPIRED`, others have no files and stay as they are.
    ///
    /// # Errors
    /// `still_active`.
    pub async fn delete(&self, unload: Unload) -> Result<Unload> {
        let deleted = self
            .change(unload, Event::Expired { reason: ExpiryReason::Deleted }, |found| match found.status() {
                Status::Done => None,
                Status::Pending | Status::Running => Some(Err(Error::new(
                    Code::StillActive,
                    "the unload is still active; cancel it first, or wait until it has ended",
                ))),
                Status::Failed | Status::Cancelled | Status::Expired => Some(Ok(())),
            })
            .await?;
        self.garbage.notify_one();
        Ok(deleted)
    }

    /// Records an event unless `settled` says that the unload, as found, needs none or cannot have it. Repeats when somebody else
    /// changes the unload at the same time: versions only rise, so it ends.
    async fn change(&self, unload: Unload, event: Event, settled: impl Fn(&Unload) -> Option<Result<()>>) -> Result<Unload> {
        let mut found = unload;
        loop {
            if let Some(answer) = settled(&found) {
                return answer.map(|()| found);
            }
            let change = Change::new(event.clone(), self.clock.now());
            match self.store.transition(found.unload_id(), found.version, None, change).await? {
                Outcome::Updated(unload) => return Ok(unload),
                Outcome::Stale(unload) => found = unload,
                Outcome::Illegal(_, illegal) => {
                    return Err(Error::new(Code::Internal, "the unload cannot take this change").with_source(illegal));
                }
                Outcome::Missing | Outcome::Fenced => return Err(Error::new(Code::NotFound, "there is no such unload any more")),
            }
        }
    }
}
