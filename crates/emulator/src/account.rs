//! Who may connect where a password is asked for: the one user, and those that were given a password for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use crate::fault::Faults;

/// The users.
pub(crate) struct Accounts {
    /// Whose the statements are of those who do not say who they are.
    pub(crate) user: String,
    password: Option<SecretString>,
    /// By their names; a user may have been given several passwords.
    temporary: Mutex<HashMap<String, Vec<(SecretString, Instant)>>>,
}

impl Accounts {
    /// One user; without a password nobody is asked for one.
    pub(crate) fn new(user: String, password: Option<SecretString>) -> Self {
        Self { user, password, temporary: Mutex::default() }
    }

    /// Whether a password is asked for.
    pub(crate) fn asks(&self) -> bool {
        self.password.is_some()
    }

    /// Whether one of the user's passwords is right.
    pub(crate) fn let_in(&self, user: &str, is_right: impl Fn(&str) -> bool) -> bool {
        let lasting = self.password.as_ref().filter(|_| user == self.user);
        if lasting.is_some_and(|password| is_right(password.expose_secret())) {
            return true;
        }
        let given = self.lock();
        let mut still = given.get(user).into_iter().flatten().filter(|(_, until)| *until > Instant::now());
        still.any(|(password, _)| is_right(password.expose_secret()))
    }

    /// A new password for a user, which is right for that long, or as long as a fault says.
    pub(crate) fn give(&self, user: &str, lasts: Duration, faults: &Faults) -> String {
        let password = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let (now, lasts) = (Instant::now(), faults.expire_credentials.unwrap_or(lasts));
        let mut given = self.lock();
        given.values_mut().for_each(|passwords| passwords.retain(|(_, until)| *until > now));
        given.retain(|_, passwords| !passwords.is_empty());
        given.entry(user.to_owned()).or_default().push((password.as_str().into(), now + lasts));
        password
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<(SecretString, Instant)>>> {
        self.temporary.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn a_given_password_is_right_for_its_user_and_its_time() {
        let accounts = Accounts::new("me".to_owned(), Some("lasting".into()));
        let (usual, short) = (Faults::default(), Faults::new(&[Fault::ExpireCredentials(Duration::ZERO)]));
        let lasts = Duration::from_secs(900);
        let (first, second) = (accounts.give("IAM:me", lasts, &usual), accounts.give("IAM:me", lasts, &usual));
        let over = accounts.give("IAM:other", lasts, &short);
        let is_let_in = |user: &str, password: &str| accounts.let_in(user, |known| known == password);
        assert!(is_let_in("me", "lasting") && is_let_in("IAM:me", &first) && is_let_in("IAM:me", &second));
        assert!(!is_let_in("IAM:me", "lasting") && !is_let_in("me", &first) && !is_let_in("IAM:other", &over));
    }
}
