//! What a server is told: where callers reach it, and how much it takes at once.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::address::PublicUrl;
use outflow_core::bus::EventBus;

/// What a server is told.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where callers reach it; links are made of it.
    pub public_url: PublicUrl,
    /// The event bus, whose health readiness tells.
    pub bus: Arc<dyn EventBus>,
    /// Which hosts a request may name.
    pub hosts: Hosts,
    /// How much it takes at once.
    pub limits: Limits,
}

impl ServerSettings {
    /// The settings of a service that callers reach at that address.
    pub fn new(public_url: PublicUrl, bus: Arc<dyn EventBus>) -> Self {
        Self { public_url, bus, hosts: Hosts::Own(Vec::new()), limits: Limits::default() }
    }
}

/// Which hosts a request may name. A page on another site can make its name lead to loopback (DNS rebinding), and its requests name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosts {
    /// Loopback, the host of the public address, and these names.
    Own(Vec<String>),
    /// Whatever comes; for a service behind something that checks.
    Any,
}

/// How much a server takes at once. Beyond it callers are told to come back, and nothing piles up.
///
/// A server holds itself to what its process can open, whatever it is told: see [`Limits::within`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of a request's body.
    pub body_bytes: usize,
    /// The bytes of a request's head.
    pub header_bytes: usize,
    /// How long a connection may take to send a request's head, the wait for the next request included.
    pub header_timeout: Duration,
    /// How long a request may take to arrive whole and to be answered; what it asks to wait comes on top. A download's bytes may take
    /// as long as they take.
    pub request_timeout: Duration,
    /// How many requests are answered at once.
    pub requests: usize,
    /// How many callers wait at once: long polls, event streams, sockets.
    pub waiting: usize,
    /// How many connections are open at once; more wait until they are accepted.
    pub connections: usize,
    /// How often a silent stream shows that it lives.
    pub heartbeat: Duration,
    /// How long an orderly end waits for requests that are being answered.
    pub shutdown_grace: Duration,
}

impl Limits {
    /// These limits, in a process that may have so many files open. A third of them is for connections and a third for the files that
    /// those download, so that callers, however many come, leave what running unloads need.
    #[must_use]
    pub fn within(self, open_files: u64) -> Self {
        let most = usize::try_from(open_files / 3).unwrap_or(usize::MAX).max(1);
        let connections = self.connections.min(most);
        // Somebody must still be able to ask when as many wait as may.
        Self { connections, waiting: self.waiting.min(connections.div_ceil(2)), ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            header_bytes: 16 * 1024,
            header_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            requests: 1_024,
            waiting: 10_000,
            connections: 20_000,
            heartbeat: Duration::from_secs(15),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_leave_files_for_unloads() {
        let limits = Limits::default();
        assert_eq!(limits.within(1 << 20), limits);
        for open_files in [1, 64, 256, 1_024, 50_000] {
            let held = limits.within(open_files);
            let taken = 2 * held.connections as u64;
            assert!(taken <= open_files.max(2) && held.waiting <= held.connections, "{open_files}: {held:?}");
            assert!(held.connections > 0 && held.waiting > 0, "{open_files}: {held:?}");
        }
        assert_eq!((limits.within(1_024).connections, limits.within(1_024).waiting), (341, 171));
    }
}
