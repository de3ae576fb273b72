//! Waiting for an unload: long polls that survive a service that is away for a while.

use std::time::{Duration, Instant};

use outflow_api::StatusView;

use super::Client;
use crate::exit::{Exit, Result};
use crate::progress::Progress;

/// How long one poll is held open.
const HOLD_SECONDS: u64 = 30;
/// How long a service may be away before whoever waits gives up; the unload goes on all the same.
const AWAY_AT_MOST: Duration = Duration::from_secs(60);

impl Client {
    /// Waits until an unload has ended, and shows how it goes.
    ///
    /// # Errors
    /// When it cannot be told: no such unload, or a service that stays away for a minute.
    pub(crate) async fn wait(&self, id: &str, progress: &mut Progress) -> Result<StatusView> {
        let mut version = 0;
        let mut away_since: Option<Instant> = None;
        loop {
            match self.status(id, Some((HOLD_SECONDS, version))).await {
                Ok(status) => {
                    away_since = None;
                    progress.status(&status);
                    if status.status.is_terminal() {
                        return Ok(status);
                    }
                    version = status.version;
                }
                Err(error) if error.exit() == Exit::Unavailable => {
                    let since = *away_since.get_or_insert_with(|| {
                        progress.note("the service is away; trying again for a minute");
                        Instant::now()
                    });
                    if since.elapsed() > AWAY_AT_MOST {
                        return Err(error.hint(format!("the unload goes on; fetch it later with `outflow download --wait {id}`")));
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
