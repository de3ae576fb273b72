//! How the APIs of Redshift are called, beside what all calls of AWS have alike; and what keeps an answer from coming.

mod error;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
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

#[cfg(feature = "redshift-data")]
pub(crate) use self::error::is_of_rate;
pub(crate) use self::error::{DENIED, Found, is_asleep, told, unanswered, usual};

/// How long an answer may take that is not held back.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);
/// How long it may take to reach an API.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);

/// What a client is made of, as [`outflow_storage::aws::loader`] has it. Nothing is repeated: only who calls knows what may be, and how often
/// within the quotas.
pub(crate) async fn settings(
    region: Option<&str>,
    is_elsewhere: bool,
    credentials: Option<&SharedCredentialsProvider>,
) -> SdkConfig {
    let loader = outflow_storage::aws::loader(region, is_elsewhere, credentials)
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(ANSWER).build())
        // A long poll is silent by design.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    loader.load().await.into_builder().retry_config(RetryConfig::disabled()).build()
}
