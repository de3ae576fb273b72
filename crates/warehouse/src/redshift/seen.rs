//! What is known of a statement, in a form that can be told more than once.

use outflow_core::unload::Amount;
use outflow_core::warehouse::Progress;
use outflow_core::{Code, Error, Position, Result};

/// What was seen of a statement last.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// Nothing yet.
    #[cfg_attr(not(feature = "redshift-data"), expect(dead_code, reason = "only the watch over the Data API begins with it"))]
    Nothing,
    /// It runs, or is about to.
    Running,
    /// It ended well.
    Finished,
    /// It ended without a result.
    Failed(Trouble),
    /// It ended because somebody stopped it.
    Cancelled,
    /// It cannot be told.
    Unclear(Trouble),
}

impl Seen {
    /// Whether there is no more to see.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Running)
    }

    /// The same as a warehouse tells it.
    ///
    /// # Errors
    /// What made it unclear.
    pub(crate) fn progress(&self) -> Result<Progress> {
        match self {
            Self::Nothing | Self::Running => Ok(Progress::Running(Amount::default())),
            // How many rows an UNLOAD wrote, Redshift does not say for certain: whether lines of a header count is not documented. The
            // manifest does.
            Self::Finished => Ok(Progress::Finished { rows: None }),
            Self::Failed(trouble) => Ok(Progress::Failed(trouble.to_error())),
            Self::Cancelled => Ok(Progress::Cancelled),
            Self::Unclear(trouble) => Err(trouble.to_error()),
        }
    }
}

/// An error that can be told more than once.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    code: Code,
    message: String,
    position: Option<Position>,
    cause: String,
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        Self { code: error.code(), message: error.message().to_owned(), position: error.position(), cause }
    }
}

impl Trouble {
    /// The error.
    pub(crate) fn to_error(&self) -> Error {
        let error = Error::new(self.code, self.message.clone());
        let error = if self.cause.is_empty() { error } else { error.with_source(self.cause.clone()) };
        match self.position {
            Some(position) => error.at(position),
            None => error,
        }
    }
}
