//! The names of things: one newtype for each, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::text::hex;
use crate::{Code, Error, Result, Timestamp};

/// The caller's name for an unload: 1 to 64 of `A-Za-z0-9_-`, unique per owner, single-use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// Names that are paths of the API and so cannot be ids.
    pub const RESERVED: [&str; 3] = ["status", "file", "explain"];

    /// Reads an id.
    ///
    /// # Errors
    /// `invalid_request_id`, saying which rule it breaks.
    pub fn parse(text: &str) -> Result<Self> {
        let problem = if text.is_empty() {
            Some("it is empty".to_owned())
        } else if text.chars().count() > 64 {
            Some(format!("it has {} characters and 64 are allowed", text.chars().count()))
        } else if let Some(bad) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '_' || *c == '-')) {
            Some(format!("`{}` is not one of A-Z, a-z, 0-9, `_` and `-`", bad.escape_default()))
        } else if Self::RESERVED.contains(&text) {
            Some("the word is reserved by the API".to_owned())
        } else {
            None
        };
        match problem {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(Error::new(Code::InvalidRequestId, format!("the requestId is not allowed: {why}"))),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Our name for an unload, a UUIDv7: keys the row, the execution, the statement's token and tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnloadId(Uuid);

impl UnloadId {
    /// A new id; ids made later sort later.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads an id in the usual hyphenated form.
    ///
    /// # Errors
    /// `not_found`: what is no id names nothing.
    pub fn parse(text: &str) -> Result<Self> {
        Uuid::parse_str(text)
            .map(Self)
            .map_err(|error| Error::new(Code::NotFound, format!("`{text}` is not an unloadId")).with_source(error))
    }

    /// When it was made, where it tells.
    pub fn made_at(self) -> Option<Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        Timestamp::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }

    /// The requestId made for a caller who sent none.
    pub fn to_request_id(self) -> RequestId {
        RequestId(self.0.to_string())
    }
}

/// Whose unload it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(String);

impl Owner {
    /// The owner of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The owner while there is no authentication.
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The warehouse's own name for a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatementId(String);

impl StatementId {
    /// The id that a warehouse gave.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One process that works: fresh at every start, so that a restarted one never keeps the leases of the dead one alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(Uuid);

impl WorkerId {
    /// A new id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads an id in the usual hyphenated form.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self)
    }
}

/// What makes submitting idempotent: the same `(unloadId, attempt)` always has the same token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptToken {
    /// The unload.
    pub unload_id: UnloadId,
    /// Which try, from 1.
    pub attempt: u32,
}

impl AttemptToken {
    /// The token of that attempt.
    pub fn new(unload_id: UnloadId, attempt: u32) -> Self {
        Self { unload_id, attempt }
    }

    /// The unload.
    pub fn unload_id(&self) -> UnloadId {
        self.unload_id
    }

    /// The attempt, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// SHA-256 of the pair in hexadecimal: 64 characters, what the Data API's `ClientToken` takes at most.
    pub fn client_token(&self) -> String {
        hex(&Sha256::digest(format!("{}/{}", self.unload_id, self.attempt)))
    }

    /// The comment that a statement carries where a warehouse has no token (`/* outflow … */`).
    pub fn tag(&self) -> String {
        format!("/* outflow {} {} */", self.unload_id, self.attempt)
    }
}

macro_rules! display_inner {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_inner!(RequestId, UnloadId, Owner, StatementId, WorkerId);

/// The microseconds since 1970 that the store keeps for a moment.
pub fn micros(at: Timestamp) -> i64 {
    at.timestamp_micros()
}

/// The moment of so many microseconds since 1970.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_timestamp_micros(micros).unwrap_or_default()
}
