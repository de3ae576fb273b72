//! Asking a bucket about itself. Each call needs a right of its own, and does without it by saying so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::{
    BucketVersioningStatus, ExpirationStatus, LifecycleRule as S3Rule, ServerSideEncryption, TransitionStorageClass,
};
use chrono::TimeDelta;
use outflow_core::{Code, Timestamp};

use super::store::moment;
use super::{Bucket, Failure};
use crate::fitness::{BucketEncryption, BucketFacts, LifecycleRule, Told};

/// The region of a bucket that names none.
const FIRST_REGION: &str = "us-east-1";

impl Bucket {
    /// What it says of itself; `prefix` is what the keys of results begin with.
    pub(crate) async fn facts(&self, prefix: &str) -> BucketFacts {
        let ((region, clock_ahead), blocks_public_access, is_public, encryption, versioning, lifecycle, can_list_all) = tokio::join!(
            self.region_and_clock(),
            self.blocks_public_access(),
            self.is_public(),
            self.bucket_encryption(),
            self.versioning(),
            self.lifecycle(),
            self.can_list_all(prefix),
        );
        BucketFacts {
            name: self.name.clone(),
            prefix: prefix.to_owned(),
            used_region: self.region.clone(),
            region,
            blocks_public_access,
            is_public,
            encryption,
            versioning,
            lifecycle,
            clock_ahead,
            can_list_all,
        }
    }

    /// How many uploads are open to keys that begin so, up to a page of them; `None` where they cannot be listed at all.
    ///
    /// # Errors
    /// What keeps us from it.
    pub(crate) async fn open_uploads(&self, prefix: &str) -> Result<Option<usize>, Failure> {
        let page = self.client.list_multipart_uploads().bucket(&self.name).prefix(prefix).send().await;
        match page.map_err(|error| self.failure("s3:ListBucketMultipartUploads", error)) {
            Ok(page) => Ok(Some(page.uploads().len())),
            Err(failure) if failure.is_unknown_call() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The region stands in the answer to a call that we may make anyway, or there is one for it.
    async fn region_and_clock(&self) -> (Told<String>, Told<TimeDelta>) {
        let dates = Dates::default();
        let call = self.client.head_bucket().bucket(&self.name).customize().interceptor(dates.clone());
        let head = call.send().await.map_err(|error| self.failure("s3:ListBucket", error));
        let named = head.ok().and_then(|head| head.bucket_region).filter(|region| !region.is_empty());
        let region = match named {
            Some(region) => Told::Known(region),
            None => {
                let located = self.client.get_bucket_location().bucket(&self.name).send().await;
                let located = located.map_err(|error| self.failure("s3:GetBucketLocation", error));
                told(located, "s3:GetBucketLocation", |located| {
                    match located.location_constraint.map(|region| region.as_str().to_owned()).unwrap_or_default().as_str() {
                        "" => FIRST_REGION.to_owned(),
                        // What was once its name.
                        "EU" => "eu-west-1".to_owned(),
                        other => other.to_owned(),
                    }
                })
            }
        };
        let clock = dates.ahead().map_or_else(|| Told::Unknown("S3's answer has no `Date`".to_owned()), Told::Known);
        (region, clock)
    }

    async fn blocks_public_access(&self) -> Told<bool> {
        let right = "s3:GetBucketPublicAccessBlock";
        let asked = self.client.get_public_access_block().bucket(&self.name).send().await;
        let asked = asked.map_err(|error| self.failure(right, error));
        let blocks = or_none(asked, "NoSuchPublicAccessBlockConfiguration");
        told(blocks, right, |found| {
            found.and_then(|found| found.public_access_block_configuration).is_some_and(|block| {
                let all =
                    [block.block_public_acls, block.ignore_public_acls, block.block_public_policy, block.restrict_public_buckets];
                all.iter().all(|one| *one == Some(true))
            })
        })
    }

    async fn is_public(&self) -> Told<bool> {
        let right = "s3:GetBucketPolicyStatus";
        let asked = self.client.get_bucket_policy_status().bucket(&self.name).send().await;
        let asked = asked.map_err(|error| self.failure(right, error));
        told(or_none(asked, "NoSuchBucketPolicy"), right, |found| {
            found.and_then(|found| found.policy_status).and_then(|status| status.is_public) == Some(true)
        })
    }

    async fn bucket_encryption(&self) -> Told<Option<BucketEncryption>> {
        let right = "s3:GetEncryptionConfiguration";
        let asked = self.client.get_bucket_encryption().bucket(&self.name).send().await;
        let asked = asked.map_err(|error| self.failure(right, error));
        told(or_none(asked, "ServerSideEncryptionConfigurationNotFoundError"), right, |found| {
            let rules = found?.server_side_encryption_configuration?.rules;
            let default = rules.into_iter().find_map(|rule| rule.apply_server_side_encryption_by_default)?;
            Some(match default.sse_algorithm {
                ServerSideEncryption::Aes256 => BucketEncryption::S3,
                _ => BucketEncryption::Kms(default.kms_master_key_id),
            })
        })
    }

    async fn versioning(&self) -> Told<bool> {
        let right = "s3:GetBucketVersioning";
        let asked = self.client.get_bucket_versioning().bucket(&self.name).send().await;
        let asked = asked.map_err(|error| self.failure(right, error));
        told(asked, right, |found| found.status == Some(BucketVersioningStatus::Enabled))
    }

    async fn lifecycle(&self) -> Told<Vec<LifecycleRule>> {
        let right = "s3:GetLifecycleConfiguration";
        let asked = self.client.get_bucket_lifecycle_configuration().bucket(&self.name).send().await;
        let asked = asked.map_err(|error| self.failure(right, error));
        told(or_none(asked, "NoSuchLifecycleConfiguration"), right, |found| {
            let rules = found.and_then(|found| found.rules).unwrap_or_default();
            rules.into_iter().filter(|rule| rule.status == ExpirationStatus::Enabled).map(rule).collect()
        })
    }

    async fn can_list_all(&self, prefix: &str) -> Told<()> {
        let versions = self.client.list_object_versions().bucket(&self.name).prefix(prefix).max_keys(1).send().await;
        match versions.map_err(|error| self.failure("s3:ListBucketVersions", error)) {
            Err(failure) if !failure.is_unknown_call() => return told(Err(failure), "s3:ListBucketVersions", |()| ()),
            _ => {}
        }
        let uploads = self.client.list_multipart_uploads().bucket(&self.name).prefix(prefix).max_uploads(1).send().await;
        let right = "s3:ListBucketMultipartUploads";
        match uploads.map_err(|error| self.failure(right, error)) {
            Err(failure) if !failure.is_unknown_call() => told(Err(failure), right, |()| ()),
            // What cannot list them is asked for objects alone, when something is deleted.
            _ => Told::Known(()),
        }
    }
}

fn rule(rule: S3Rule) -> LifecycleRule {
    let and = rule.filter.as_ref().and_then(|filter| filter.and.as_ref());
    let of_filter = rule.filter.as_ref().and_then(|filter| filter.prefix.clone());
    #[expect(deprecated, reason = "old configurations have the prefix there, and S3 obeys it")]
    let of_rule = rule.prefix.clone();
    let prefix = of_filter.or_else(|| and.and_then(|and| and.prefix.clone())).or(of_rule).unwrap_or_default();
    let is_for_tags = rule.filter.as_ref().is_some_and(|filter| filter.tag.is_some())
        || and.is_some_and(|and| and.tags.as_ref().is_some_and(|tags| !tags.is_empty()));
    let days = |days: Option<i32>| days.and_then(|days| u32::try_from(days).ok());
    let archives = rule.transitions.unwrap_or_default().into_iter().filter_map(|transition| {
        let class = transition.storage_class?;
        let is_slow = matches!(class, TransitionStorageClass::Glacier | TransitionStorageClass::DeepArchive);
        is_slow.then(|| (days(transition.days).unwrap_or(0), class.as_str().to_owned()))
    });
    LifecycleRule {
        id: rule.id.unwrap_or_default(),
        prefix,
        is_for_tags,
        expires_after_days: rule.expiration.as_ref().and_then(|expiration| days(expiration.days)),
        expires_on: rule.expiration.as_ref().and_then(|expiration| expiration.date.as_ref()).map(|date| moment(Some(date))),
        archives_after_days: archives.min_by_key(|(days, _)| *days),
        aborts_after_days: rule.abort_incomplete_multipart_upload.and_then(|abort| days(abort.days_after_initiation)),
    }
}

/// What a call tells; `right` is what it needs.
fn told<T, U>(asked: Result<T, Failure>, right: &'static str, read: impl FnOnce(T) -> U) -> Told<U> {
    match asked {
        Ok(found) => Told::Known(read(found)),
        Err(failure) if failure.is_unknown_call() => Told::Unknown("what answers as S3 does not have that call".to_owned()),
        Err(failure) if failure.status == Some(403) && failure.code == Code::StorageDenied => Told::Denied(right),
        Err(failure) => Told::Unknown(failure.sentence),
    }
}

/// S3 has an error of its own for what was never configured.
fn or_none<T>(asked: Result<T, Failure>, name: &str) -> Result<Option<T>, Failure> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.name.as_deref() == Some(name) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// What clocks say when an answer has come: the one that gave it, and ours.
#[derive(Debug, Clone, Default)]
struct Dates(Arc<Mutex<Option<(DateTime, SystemTime)>>>);

impl Dates {
    fn ahead(&self) -> Option<TimeDelta> {
        let (theirs, ours) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(moment(Some(&theirs)) - Timestamp::from(ours))
    }
}

impl Intercept for Dates {
    fn name(&self) -> &'static str {
        "Dates"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(date) = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((date, SystemTime::now()));
        }
        Ok(())
    }
}
