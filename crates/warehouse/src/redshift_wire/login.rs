//! Who logs in.

use outflow_core::Result;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Config;

/// Who logs in, and how.
#[derive(Debug)]
pub(super) enum Login {
    /// A database user with a password of its own, if it needs one.
    Password { user: String, password: Option<SecretString> },
}

impl Login {
    /// Enters user and password for a connection.
    ///
    /// # Errors
    /// When nobody gives any.
    pub(super) async fn enter(&self, config: &mut Config) -> Result<()> {
        match self {
            Self::Password { user, password } => {
                config.user(user);
                if let Some(password) = password {
                    config.password(password.expose_secret());
                }
            }
        }
        Ok(())
    }
}
