//! The credentials that sign links, with their end in view: a link is dead once they are.

use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

/// After that, credentials that never end are asked for again: somebody may have replaced them.
const LOOK_AGAIN: Duration = Duration::from_secs(900);
/// No more often than that it is asked for longer ones.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Credentials that are held until they are about to end.
#[derive(Debug)]
pub(super) struct Signing {
    provider: SharedCredentialsProvider,
    held: Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Credentials,
    since: Instant,
}

impl Signing {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, held: Mutex::default() }
    }

    /// When the credentials that sign now end: after `until`, where such are to be had.
    ///
    /// # Errors
    /// When there are none that are valid at `now`.
    pub(super) async fn end(&self, now: SystemTime, until: SystemTime) -> Result<Option<SystemTime>, CredentialsError> {
        let mut held = self.held.lock().await;
        let fresh = held.as_ref().filter(|held| held.serves(now, until));
        if let Some(fresh) = fresh {
            return Ok(fresh.credentials.expiry());
        }
        match self.provider.provide_credentials().await {
            Ok(credentials) => {
                let expiry = credentials.expiry();
                *held = Some(Held { credentials, since: Instant::now() });
                Ok(expiry)
            }
            Err(error) => match held.as_ref().filter(|held| held.is_valid(now)) {
                Some(held) => Ok(held.credentials.expiry()),
                None => Err(error),
            },
        }
    }

    async fn held(&self) -> Result<Credentials, CredentialsError> {
        match &*self.held.lock().await {
            Some(held) => Ok(held.credentials.clone()),
            None => Err(CredentialsError::not_loaded("nobody asked for the end of the credentials that sign")),
        }
    }
}

impl Held {
    fn serves(&self, now: SystemTime, until: SystemTime) -> bool {
        match self.credentials.expiry() {
            None => self.since.elapsed() < LOOK_AGAIN,
            Some(end) => end >= until || (self.is_valid(now) && self.since.elapsed() < ASK_AGAIN),
        }
    }

    fn is_valid(&self, now: SystemTime) -> bool {
        self.credentials.expiry().is_none_or(|end| end > now)
    }
}

/// What is held is what signs: nothing is asked for while a link is made.
impl ProvideCredentials for Signing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.held())
    }
}
