//! The clients: where the bucket is, and who asks.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, IdentityCache, RequestChecksumCalculation, SharedCredentialsProvider};
use aws_types::service_config::ServiceConfigKey;
use outflow_core::{Code, Error, Result};

use super::address::Address;
use super::signing::Signing;
use crate::S3Options;
use crate::aws::{self, ANY_REGION};

/// How often a call is tried, and the longest wait after the first time: unless somebody sets another number, that of the SDK gives up too
/// soon for a service.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const CONNECT: Duration = Duration::from_secs(5);

/// How long S3 may take before it counts as not answering.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until the answer to a call begins that has much to send or to copy; the longest is that to the copy of a part.
    pub(super) answer: Duration,
    /// The same, of a call that has not: to look, to list, to read, to begin, to give up, to delete.
    pub(super) quick: Duration,
    /// For such a call with all its tries.
    pub(super) quick_in_all: Duration,
    /// While nothing comes of an answer that has begun, or S3 takes nothing of what is sent; then it counts as broken off. What lies between
    /// us and S3 and was not taken, some megabytes at most, looks sent: for that, `answer` holds.
    pub(super) stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [answer, quick, quick_in_all, stall] = [300, 30, 120, 20].map(Duration::from_secs);
        Self { answer, quick, quick_in_all, stall }
    }
}

/// All that is needed to speak of a bucket.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: Client,
    /// For calls that have not much to send or to copy.
    pub(super) quick: Client,
    pub(super) presigner: Client,
    pub(super) signing: Arc<Signing>,
    pub(super) region: String,
    pub(super) address: Address,
}

/// Finds region, endpoint and credentials as the AWS tools do, after what the options say.
///
/// # Errors
/// `config_invalid` when there is no region or no way to credentials.
pub(super) async fn connect(bucket: &str, options: &S3Options, patience: Patience) -> Result<Connection> {
    let invalid = |why: &str| Error::new(Code::ConfigInvalid, format!("the storage `s3://{bucket}` {why}"));
    let loader = aws::loader(options.region.as_deref(), options.endpoint.is_some(), options.credentials.as_ref());
    let sdk = loader.load().await;
    let endpoint = options.endpoint.clone().or_else(|| configured_endpoint(&sdk));
    let region = sdk.region().map(|region| region.as_ref().to_owned());
    let region = region.or_else(|| endpoint.is_some().then(|| ANY_REGION.to_owned()));
    let region = region.ok_or_else(|| invalid("has no region; set `storage.region` or `AWS_REGION`"))?;
    let provider = sdk.credentials_provider().ok_or_else(|| invalid("has nobody to ask for credentials"))?;
    let signing = Arc::new(Signing::new(provider));

    let path_style = options.path_style.unwrap_or(endpoint.is_some());
    let mut conf = base(&sdk, patience).region(Region::new(region.clone())).force_path_style(path_style);
    conf.set_endpoint_url(endpoint.clone());
    let quick = conf.clone().timeout_config(timeouts(&sdk, patience.quick, Some(patience.quick_in_all)));
    let public_endpoint = options.public_endpoint.clone().or(endpoint);
    let is_public_in_path = options.path_style.unwrap_or(public_endpoint.is_some());
    let mut presigning = conf
        .clone()
        .force_path_style(is_public_in_path)
        .credentials_provider(SharedCredentialsProvider::from(Arc::clone(&signing) as Arc<_>))
        .identity_cache(IdentityCache::no_cache());
    presigning.set_endpoint_url(public_endpoint.clone());
    Ok(Connection {
        client: Client::from_conf(conf.build()),
        quick: Client::from_conf(quick.build()),
        presigner: Client::from_conf(presigning.build()),
        signing,
        address: Address::new(bucket, &region, public_endpoint.as_deref(), is_public_in_path),
        region,
    })
}

fn base(sdk: &SdkConfig, patience: Patience) -> Builder {
    let retry = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let is_default = retry.max_attempts() == RetryConfig::standard().max_attempts();
    let retry = if is_default { retry.with_max_attempts(TRIES).with_initial_backoff(FIRST_WAIT) } else { retry };
    let stall = StalledStreamProtectionConfig::enabled().grace_period(patience.stall).build();
    let builder = Builder::from(sdk).retry_config(retry).timeout_config(timeouts(sdk, patience.answer, None));
    let builder = builder.stalled_stream_protection(stall);
    // The signature holds the SHA-256 of what is sent, and S3 sums the rest itself; not all that speaks S3 knows newer checksums.
    let summed = sdk.request_checksum_calculation().unwrap_or(RequestChecksumCalculation::WhenRequired);
    builder.request_checksum_calculation(summed)
}

/// What is set already stays.
fn timeouts(sdk: &SdkConfig, answer: Duration, in_all: Option<Duration>) -> TimeoutConfig {
    let set = sdk.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
    let mut timeouts = set.to_builder();
    timeouts = timeouts.connect_timeout(set.connect_timeout().unwrap_or(CONNECT));
    timeouts = timeouts.read_timeout(set.read_timeout().unwrap_or(answer));
    timeouts.set_operation_timeout(set.operation_timeout().or(in_all));
    timeouts.build()
}

/// `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or what the profile says in their place.
fn configured_endpoint(sdk: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let own = sdk.service_config().and_then(|config| config.load_config(key));
    own.or_else(|| sdk.endpoint_url().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use outflow_core::Timestamp;
    use outflow_core::key::StorageKey;

    use super::*;
    use crate::LinkTarget;
    use crate::s3::{Bucket, Method};
    use crate::world::place;

    #[tokio::test]
    async fn at_a_public_endpoint_alone_the_bucket_stands_in_the_path_unless_told() {
        let credentials = Credentials::new("id", "secret", None, None, "test");
        for (path_style, expected) in [
            (None, "https://files.example.com/results/a"),
            (Some(true), "https://files.example.com/results/a"),
            (Some(false), "https://results.files.example.com/a"),
        ] {
            let options = S3Options {
                region: Some("eu-west-1".to_owned()),
                public_endpoint: Some("https://files.example.com".to_owned()),
                path_style,
                credentials: Some(SharedCredentialsProvider::new(credentials.clone())),
                ..S3Options::default()
            };
            let bucket = Bucket::open("results", &options).await.unwrap();
            assert_eq!(bucket.address("a"), expected);
            let key = StorageKey::Receipt(place(1));
            let target = LinkTarget { key, download_name: "a".to_owned(), content_type: "text/csv".to_owned() };
            let now = Timestamp::from(std::time::SystemTime::now());
            let link = bucket.sign("a", &target, Method::Get, Duration::from_secs(60), now).await.unwrap();
            assert_eq!(link.url.split('?').next(), Some(expected));
        }
    }
}
