//! What the Data API tells EventBridge of: that a statement which asked for it (`WithEvent`) has ended.
//!
//! The event is that of <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-monitoring-events.html>. AWS's own EventBridge takes no
//! events of AWS's from others, so that the receiver is one of a test.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::retry::RetryConfig;
use aws_sdk_eventbridge::config::timeout::TimeoutConfig;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::Value;
use tokio::sync::Semaphore;

/// What the event is called.
const SOURCE: &str = "aws.redshift-data";
const DETAIL_TYPE: &str = "Redshift Data Statement Status Change";
/// How often one event is sent, and the wait after the first time, which doubles.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// How long a call may take.
const CALL: Duration = Duration::from_secs(10);
/// How many events are on their way at once.
const AT_ONCE: usize = 8;
/// The account of AWS's examples: the emulator has none.
const ACCOUNT: &str = "123456789012";

/// Where events go.
#[derive(Debug, Clone)]
pub struct Events {
    client: Client,
    region: String,
    on_their_way: Arc<Semaphore>,
}

/// An event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// What it is about, as AWS names it.
    pub(crate) resource: Option<Resource>,
    pub(crate) at: chrono::DateTime<chrono::Utc>,
    pub(crate) detail: Value,
}

/// A thing of AWS that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    Cluster(String),
    Workgroup(String),
}

impl Events {
    /// Events to what speaks EventBridge there, with credentials and region as the AWS tools find them; without a region it is `us-east-1`.
    /// Nothing is asked yet.
    pub async fn to(endpoint: &str, credentials: Option<SharedCredentialsProvider>) -> Self {
        let loader = outflow_storage::aws::loader(None, true, credentials.as_ref());
        let sdk = loader.endpoint_url(endpoint).load().await;
        let region = sdk.region().map(ToString::to_string).unwrap_or_default();
        let config = aws_sdk_eventbridge::config::Builder::from(&sdk)
            .endpoint_url(endpoint)
            // Tried again here, where what was taken only in part is, too.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(CALL).build());
        let client = Client::from_conf(config.build());
        Self { client, region, on_their_way: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Sends an event, again and again until it is taken, but not for ever; then the log tells of it.
    pub(crate) async fn send(&self, event: Event) {
        let Ok(_place) = self.on_their_way.acquire().await else { return };
        let mut wait = FIRST_WAIT;
        for left in (0..TRIES).rev() {
            match self.put(&event).await {
                Ok(()) => return,
                Err(why) if left == 0 => {
                    tracing::warn!(detail = %event.detail, why, "an event was not taken, and is given up");
                    return;
                }
                Err(why) => tracing::debug!(why, "an event was not taken"),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }

    async fn put(&self, event: &Event) -> Result<(), String> {
        let entry = PutEventsRequestEntry::builder()
            .source(SOURCE)
            .detail_type(DETAIL_TYPE)
            .time(DateTime::from_secs(event.at.timestamp()))
            .set_resources(event.resource.as_ref().map(|resource| vec![resource.arn(&self.region)]))
            .detail(event.detail.to_string());
        let put = self.client.put_events().entries(entry.build()).send().await;
        let answer = put.map_err(|error| aws_sdk_eventbridge::error::DisplayErrorContext(error).to_string())?;
        match answer.entries().iter().find(|entry| entry.error_code().is_some()) {
            None if answer.failed_entry_count() == 0 => Ok(()),
            refused => Err(refused.and_then(|entry| entry.error_code()).unwrap_or("it does not say why").to_owned()),
        }
    }
}

impl Resource {
    fn arn(&self, region: &str) -> String {
        match self {
            Self::Cluster(name) => format!("arn:aws:redshift:{region}:{ACCOUNT}:cluster:{name}"),
            Self::Workgroup(name) if name.starts_with("arn:") => name.clone(),
            Self::Workgroup(name) => format!("arn:aws:redshift-serverless:{region}:{ACCOUNT}:workgroup/{name}"),
        }
    }
}

/// How AWS names a user who calls.
pub(crate) fn principal(user: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_as_aws_names_them() {
        let arn = |resource: Resource| resource.arn("eu-west-1");
        assert_eq!(arn(Resource::Cluster("c-1".to_owned())), "arn:aws:redshift:eu-west-1:123456789012:cluster:c-1");
        assert_eq!(arn(Resource::Workgroup("wg".to_owned())), "arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/wg");
        let named = "arn:aws:redshift-serverless:us-east-2:1:workgroup/a-b-c";
        assert_eq!(arn(Resource::Workgroup(named.to_owned())), named);
    }
}
