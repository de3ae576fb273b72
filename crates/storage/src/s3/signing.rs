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
/// How long it may take to answer; the others that sign wait meanwhile. So long the SDK waits, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Credentials that are held until they are about to end.
#[derive(Debug)]
pub(super) struct Signing {
    provider: SharedCredentialsProvider,
    held: Mutex<Option<Held>>,
    patience: Duration,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Credentials,
    since: Instant,
}

impl Signing {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, held: Mutex::default(), patience: PATIENCE }
    }

    /// When the credentials that sign now end: after `until`, where such are to be had. While those that are held are valid, it is asked
    /// for others no more often than now and then, even when that fails or is not answered.
    ///
    /// # Errors
    /// When there are none that are valid at `now`.
    pub(super) async fn end(&self, now: SystemTime, until: SystemTime) -> Result<Option<SystemTime>, CredentialsError> {
        let mut held = self.held.lock().await;
        let fresh = held.as_ref().filter(|held| held.serves(now, until));
        if let Some(fresh) = fresh {
            return Ok(fresh.credentials.expiry());
        }
        let asked = tokio::time::timeout(self.patience, self.provider.provide_credentials()).await;
        match asked.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(self.patience))) {
            Ok(credentials) => {
                let expiry = credentials.expiry();
                *held = Some(Held { credentials, since: Instant::now() });
                Ok(expiry)
            }
            Err(error) => match held.as_mut().filter(|held| held.is_valid(now)) {
                Some(held) => {
                    held.since = Instant::now();
                    Ok(held.credentials.expiry())
                }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Gives credentials once, and then fails or never answers.
    #[derive(Debug)]
    struct Once {
        end: SystemTime,
        asked: Arc<AtomicU32>,
        is_silent: bool,
    }

    impl ProvideCredentials for Once {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let credentials = Credentials::new("id", "secret", None, Some(self.end), "test");
            match self.asked.fetch_add(1, Ordering::Relaxed) {
                0 => future::ProvideCredentials::ready(Ok(credentials)),
                _ if self.is_silent => future::ProvideCredentials::new(std::future::pending()),
                _ => future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("there are no more"))),
            }
        }
    }

    #[tokio::test]
    async fn one_that_gives_no_more_is_asked_once_and_not_for_every_link() {
        let now = SystemTime::now();
        let end = now + Duration::from_secs(100);
        for is_silent in [false, true] {
            let asked = Arc::new(AtomicU32::new(0));
            let provider = SharedCredentialsProvider::new(Once { end, asked: Arc::clone(&asked), is_silent });
            let signing = Signing { patience: Duration::from_millis(10), ..Signing::new(provider) };
            assert_eq!(signing.end(now, now + Duration::from_secs(10)).await.unwrap(), Some(end));
            // As after half a minute.
            let long_ago = Instant::now().checked_sub(ASK_AGAIN).unwrap();
            signing.held.lock().await.as_mut().unwrap().since = long_ago;
            for _ in 0..1_000 {
                assert_eq!(signing.end(now, now + Duration::from_secs(300)).await.unwrap(), Some(end));
            }
            assert_eq!(asked.load(Ordering::Relaxed), 2);
            // Those that have ended sign nothing.
            signing.end(end, end + Duration::from_secs(300)).await.unwrap_err();
        }
    }
}
