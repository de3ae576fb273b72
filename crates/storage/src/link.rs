//! Links that people click: signed, expiring, and complete in themselves, so that nothing about them is kept.
//!
//! Whoever holds a link may read that one file until then. They are never logged; what is shown of them for debugging leaves the
//! secret out. Who may have one is decided by whoever asks for it.

mod keys;
mod token;

use std::fmt;
use std::time::Duration;

use outflow_core::address::PublicUrl;
use outflow_core::key::StorageKey;
use outflow_core::{Code, Error, Result, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::keys::LinkKeys;
use crate::storage::{Storage, path_of};

/// What stands for itself in a path: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    /// The file; a [`StorageKey::File`] or the receipt.
    pub key: StorageKey,
    /// The name that the caller's copy gets.
    pub download_name: String,
    /// Its media type.
    pub content_type: String,
}

/// A link, and until when it works.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedLink {
    /// The address. Never to be logged or kept.
    pub url: String,
    /// From then on it is refused.
    pub expires_at: Timestamp,
}

impl fmt::Debug for SignedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedLink").field("url", &"…").field("expires_at", &self.expires_at).finish()
    }
}

impl Storage {
    /// A fresh link to a file, for a local folder through the service itself: `/download/{token}/{name}`. It works until `now` and
    /// `ttl`, or less where what signs it lives shorter. Whether the file exists is not looked at.
    ///
    /// # Errors
    /// `verification_failed` when the target is no file; later, where a cloud's credentials sign, whatever keeps us from them.
    pub async fn sign(&self, target: &LinkTarget, ttl: Duration, now: Timestamp) -> Result<SignedLink> {
        path_of(&target.key)?;
        self.signer.sign(target, ttl, now)
    }

    /// What the token of such a link leads to.
    ///
    /// # Errors
    /// `link_invalid` unless one of our keys made exactly this token, `link_expired` when its time is over.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<LinkTarget> {
        self.signer.verify(token, now)
    }
}

/// What makes and checks links.
#[derive(Debug)]
pub(crate) struct Signer {
    keys: LinkKeys,
    public_url: PublicUrl,
}

impl Signer {
    pub(crate) fn new(keys: LinkKeys, public_url: PublicUrl) -> Self {
        Self { keys, public_url }
    }

    fn sign(&self, target: &LinkTarget, ttl: Duration, now: Timestamp) -> Result<SignedLink> {
        let expires_at = chrono::TimeDelta::from_std(ttl).ok().and_then(|ttl| now.checked_add_signed(ttl));
        // What is signed has milliseconds, and what is promised is what is signed.
        let expires_at = expires_at.and_then(|at| Timestamp::from_timestamp_millis(at.timestamp_millis()));
        let expires_at = expires_at.ok_or_else(|| Error::new(Code::Internal, "the link would outlive the calendar"))?;
        let token = self.keys.seal(&token::write(target, expires_at)?);
        let name = utf8_percent_encode(&target.download_name, ENCODED);
        Ok(SignedLink { url: format!("{}/download/{token}/{name}", self.public_url), expires_at })
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<LinkTarget> {
        let invalid =
            || Error::new(Code::LinkInvalid, "the link was not made by this service, or was changed; ask for a new one");
        let payload = self.keys.open(token).ok_or_else(invalid)?;
        let (target, expires_at) = token::read(&payload).ok_or_else(invalid)?;
        if now >= expires_at {
            return Err(Error::new(
                Code::LinkExpired,
                format!("the link expired at {}; ask for a new one", expires_at.to_rfc3339()),
            ));
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests;
