//! Being told to stop: SIGINT and SIGTERM, the first kindly, the second at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{CliError, Exit, Result};

/// What tells this process to stop, from the moment it is made.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on; the process does not end by itself any more.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(crate) fn listen() -> Result<Self> {
        let failed = |error: io::Error| CliError::new(Exit::Failed, format!("cannot listen to signals: {error}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// The next signal, as the exit code of a process that it ends. Safe to drop while it waits.
    pub(crate) async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}
