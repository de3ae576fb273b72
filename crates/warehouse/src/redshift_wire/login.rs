//! Who logs in.

use outflow_core::Result;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Config;

use super::temporary::Temporary;

/// Who logs in, and how.
#[derive(Debug)]
pub(super) enum Login {
    /// A database user with a password of its own, if it needs one.
    Password { user: String, password: Option<SecretString> },
    /// Whom AWS names, with the password that it hands out.
    Temporary(Box<Temporary>),
}

/// What was entered for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entered {
    /// What is configured.
    Configured,
    /// A password that AWS handed out: which one, and whether it had been used before.
    Temporary { number: u64, is_kept: bool },
}

impl Login {
    /// Enters user and password for a connection; not the password of that number, which the server refused.
    ///
    /// # Errors
    /// When nobody gives any.
    pub(super) async fn enter(&self, config: &mut Config, refused: Option<u64>) -> Result<Entered> {
        match self {
            Self::Password { user, password } => {
                config.user(user);
                if let Some(password) = password {
                    config.password(password.expose_secret());
                }
                Ok(Entered::Configured)
            }
            Self::Temporary(temporary) => {
                let (given, entered) = temporary.password(refused).await?;
                config.user(&given.user).password(given.password.expose_secret());
                Ok(entered)
            }
        }
    }

    /// Forgets what the server refused. Gives its number when it had been good before, so that another may be.
    pub(super) async fn refused(&self, entered: Entered) -> Option<u64> {
        match (self, entered) {
            (Self::Temporary(temporary), Entered::Temporary { number, is_kept }) => {
                temporary.forget(number).await;
                is_kept.then_some(number)
            }
            _ => None,
        }
    }
}
