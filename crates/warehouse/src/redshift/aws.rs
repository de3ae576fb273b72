//! How AWS's own APIs are called: who calls, in which region, over which TLS; and what keeps an answer from coming.

mod error;

use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
// What every client of AWS has alike, from one that is built.
#[cfg(not(feature = "redshift"))]
pub(crate) use aws_sdk_redshiftdata::{
    config::SharedCredentialsProvider,
    error::{ProvideErrorMetadata, SdkError},
};
#[cfg(feature = "redshift")]
pub(crate) use aws_sdk_redshiftserverless::{
    config::SharedCredentialsProvider,
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

#[cfg(feature = "redshift-data")]
pub(crate) use self::error::is_of_rate;
pub(crate) use self::error::{DENIED, Found, is_asleep, told, unanswered, usual};

/// How long an answer may take that is not held back.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);
/// How long it may take to reach an API.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// The region of what has none.
const ANY_REGION: &str = "us-east-1";

/// What a client is made of. Region and credentials are AWS's own chain's where they are not given; asking it takes time. `is_elsewhere`
/// says that the API is not where AWS has it. Nothing is repeated: only who calls knows what may be, and how often within the quotas.
pub(crate) async fn settings(
    region: Option<&str>,
    is_elsewhere: bool,
    credentials: Option<&SharedCredentialsProvider>,
) -> SdkConfig {
    let http = HttpBuilder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(ANSWER).build())
        // A long poll is silent by design.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    } else if is_elsewhere {
        // What is not AWS's has no machine of AWS's to ask for a region.
        let named = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
        let named = named.or_else(ProfileFileRegionProvider::builder().build());
        loader = loader.region(named.or_else(Region::from_static(ANY_REGION)));
    }
    if let Some(credentials) = credentials {
        loader = loader.credentials_provider(credentials.clone());
    }
    loader.load().await.into_builder().retry_config(RetryConfig::disabled()).build()
}
