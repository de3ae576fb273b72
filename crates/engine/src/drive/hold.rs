//! Whether the unload is still this worker's: asked right before a statement is sent, which nobody takes back.

use outflow_core::Unload;
use tokio::time::Instant;

use super::{Driver, LetGo, REST};

impl Driver {
    /// Comes back when the claim holds by the store's own word, less than a lease old: a claim that the store gave just now is believed, any
    /// other is renewed. While the store cannot answer, it is asked again.
    ///
    /// # Errors
    /// [`LetGo::Over`] when the claim is lost, or the engine stops.
    pub(super) async fn hold(&mut self, unload: &Unload) -> Result<(), LetGo> {
        let lease = self.engine.settings.lease;
        // As old as a claim becomes between two heartbeats.
        if self.claimed_at.take().is_some_and(|claimed_at| claimed_at.elapsed() < lease / 3) {
            return Ok(());
        }
        let mut rest = REST.0;
        loop {
            if self.is_over() {
                return Err(LetGo::Over);
            }
            let asked_at = Instant::now();
            match self.engine.store.heartbeat(self.engine.worker, &[(unload.unload_id(), self.fence)], lease).await {
                Ok(gone) if !gone.is_empty() => {
                    tracing::info!("another worker holds the unload now; its statement is not started here");
                    return Err(LetGo::Over);
                }
                Ok(_) if asked_at.elapsed() < lease => return Ok(()),
                Ok(_) => tracing::warn!("the state table answered too late for the claim to be believed"),
                Err(error) => tracing::warn!(error = error.chain(), "cannot tell whether the claim still holds"),
            }
            rest = self.rest(rest).await?;
        }
    }
}
