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
use crate::s3::Method;
use crate::storage::{Backend, Storage};

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
    /// A fresh link to a file. It works until `now` and `ttl`, or less where what signs it lives shorter. To a local folder, and to S3 by
    /// proxy, it leads through the service itself, `/download/{token}/{name}`; else it is presigned by S3, for downloads and not for
    /// `HEAD`. Whether the file exists is not looked at.
    ///
    /// # Errors
    /// `verification_failed` when the target is no file; `storage_denied` when no credentials sign.
    pub async fn sign(&self, target: &LinkTarget, ttl: Duration, now: Timestamp) -> Result<SignedLink> {
        self.sign_for(Method::Get, target, ttl, now).await
    }

    /// As [`sign`](Self::sign), for `HEAD`, which S3 takes for another request than the download.
    ///
    /// # Errors
    /// As there.
    pub async fn sign_head(&self, target: &LinkTarget, ttl: Duration, now: Timestamp) -> Result<SignedLink> {
        self.sign_for(Method::Head, target, ttl, now).await
    }

    /// Whether links lead past the service, which then does not see the downloads.
    pub fn links_elsewhere(&self) -> bool {
        matches!(self.backend, Backend::S3(_)) && !self.is_proxy
    }

    async fn sign_for(&self, method: Method, target: &LinkTarget, ttl: Duration, now: Timestamp) -> Result<SignedLink> {
        self.path_of(&target.key)?;
        match &self.backend {
            Backend::S3(bucket) if !self.is_proxy => bucket.sign(&self.whole_key(&target.key), target, method, ttl, now).await,
            _ => self.signer.sign(target, ttl, now),
        }
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
