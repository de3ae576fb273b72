//! Links: presigned for one method, over the public endpoint, and never longer-lived than the credentials that sign them.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use outflow_core::{Code, Error, Result, Timestamp};

use super::error::classify;
use super::{Bucket, Failure};
use crate::disposition::content_disposition;
use crate::link::{LinkTarget, SignedLink};

/// S3 takes no longer-lived ones.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What a link may be used for: S3 signs the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// To download.
    Get,
    /// To ask what there is.
    Head,
}

impl Bucket {
    /// A link to an object that works from `now` for `ttl`, or less.
    ///
    /// # Errors
    /// `storage_denied` when no credentials sign, or none that are valid.
    pub(crate) async fn sign(
        &self,
        key: &str,
        target: &LinkTarget,
        method: Method,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<SignedLink> {
        let what = format!("signing a link to `{key}`");
        // S3 counts whole seconds.
        let start = SystemTime::from(now - Duration::from_nanos(u64::from(now.timestamp_subsec_nanos())));
        let wanted = start + Duration::from_secs(ttl.min(LONGEST).as_secs());
        let denied = |why: &str| Error::new(Code::StorageDenied, format!("{what}: {why}"));
        let none = "no AWS credentials were found; give the service a role, a profile or `AWS_ACCESS_KEY_ID` and its secret";
        let end = self.signing.end(start, wanted).await.map_err(|error| denied(none).with_source(error))?;
        let end = end.map_or(wanted, |end| end.min(wanted));
        let life = end.duration_since(start).unwrap_or_default().as_secs();
        if life == 0 {
            return Err(denied("the AWS credentials that sign have expired; renew them"));
        }
        let config = PresigningConfig::builder().start_time(start).expires_in(Duration::from_secs(life)).build();
        let config = config.map_err(|error| Failure::of_ours("the link cannot be described to S3", error).into_error(&what))?;
        let (disposition, content_type) = (content_disposition(&target.download_name), &target.content_type);
        let url = match method {
            Method::Get => {
                let call = self.presigner.get_object().bucket(&self.name).key(key);
                let call = call.response_content_type(content_type).response_content_disposition(disposition);
                call.presigned(config).await.map_err(|error| classify(error, "s3:GetObject", &self.name, &self.region))
            }
            Method::Head => {
                let call = self.presigner.head_object().bucket(&self.name).key(key);
                let call = call.response_content_type(content_type).response_content_disposition(disposition);
                call.presigned(config).await.map_err(|error| classify(error, "s3:GetObject", &self.name, &self.region))
            }
        };
        let url = url.map_err(|failure| failure.into_error(&what))?;
        let expires_at = Timestamp::from(start + Duration::from_secs(life));
        Ok(SignedLink { url: url.uri().to_owned(), expires_at })
    }

    /// The plain address of an object.
    pub(crate) fn address(&self, key: &str) -> String {
        self.address.of(key)
    }
}
