//! Passwords for a while, which AWS hands out to whom IAM allows it: `GetCredentials` for a serverless workgroup,
//! `GetClusterCredentialsWithIAM` for a cluster, `GetClusterCredentials` for a cluster and a database user that is named.
//!
//! A password is used for every connection until shortly before its end. Connections stay when it ends.

use std::time::{Duration, SystemTime};

use aws_sdk_redshift::Client as ClusterClient;
use aws_sdk_redshift::config::Builder as ClusterBuilder;
use aws_sdk_redshiftserverless::Client as ServerlessClient;
use aws_sdk_redshiftserverless::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_redshiftserverless::config::{Builder as ServerlessBuilder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_redshiftserverless::error::BoxError;
use outflow_core::address::passes_in_the_clear;
use outflow_core::{Code, Error, Result};
use secrecy::SecretString;
use tokio::sync::{Mutex, OnceCell};

use super::login::Entered;
use crate::redshift::aws::{self, Found, ProvideErrorMetadata, SdkError, SharedCredentialsProvider};
use crate::redshift::tidy;

/// Who is asked.
const API: &str = "AWS";
/// Why nobody is asked there.
const IN_THE_CLEAR: &str = "the password that AWS hands out would pass in plain text; give `endpoint`, or `AWS_ENDPOINT_URL` and its kin, an address with `https://`";
/// How long before its end a password is used no more.
const MARGIN: Duration = Duration::from_secs(60);

/// Whose temporary credentials are asked for, and how.
#[derive(Debug, Clone)]
pub struct IamLogin {
    /// The warehouse, as AWS names it.
    pub place: IamPlace,
    /// The region of the API; AWS's own chain when absent.
    pub region: Option<String>,
    /// Where the API is, when it is not where AWS has it.
    pub endpoint: Option<String>,
    /// Who calls the API; AWS's own chain when absent.
    pub credentials: Option<SharedCredentialsProvider>,
}

/// A warehouse, as AWS names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IamPlace {
    /// A serverless workgroup.
    Workgroup(String),
    /// A provisioned cluster.
    Cluster {
        /// Its name.
        name: String,
        /// The database user; the IAM identity's own when absent. Nobody is made.
        db_user: Option<String>,
    },
}

impl IamPlace {
    /// What the service's role must be allowed.
    fn action(&self) -> &'static str {
        match self {
            Self::Workgroup(_) => "redshift-serverless:GetCredentials",
            Self::Cluster { db_user: None, .. } => "redshift:GetClusterCredentialsWithIAM",
            Self::Cluster { db_user: Some(_), .. } => "redshift:GetClusterCredentials",
        }
    }
}

/// User and password.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) user: String,
    pub(super) password: SecretString,
    until: SystemTime,
}

#[derive(Debug)]
enum Api {
    Serverless(ServerlessClient),
    Cluster(ClusterClient),
}

/// What AWS handed out last.
#[derive(Debug, Default)]
struct Kept {
    /// How many there were.
    number: u64,
    given: Option<Given>,
}

/// The temporary credentials of one warehouse.
#[derive(Debug)]
pub(super) struct Temporary {
    login: IamLogin,
    database: String,
    api: OnceCell<Api>,
    /// Held while AWS is asked, so that it is asked once.
    kept: Mutex<Kept>,
}

impl Temporary {
    pub(super) fn new(login: IamLogin, database: String) -> Self {
        Self { login, database, api: OnceCell::new(), kept: Mutex::default() }
    }

    /// A password that holds for a while yet, and is not the one of that number.
    ///
    /// # Errors
    /// `warehouse_denied`, `config_invalid`, `warehouse_throttled` or `warehouse_unavailable`, as AWS gives none.
    pub(super) async fn password(&self, refused: Option<u64>) -> Result<(Given, Entered)> {
        let mut kept = self.kept.lock().await;
        let number = kept.number;
        let is_good = |given: &&Given| refused != Some(number) && SystemTime::now() + MARGIN < given.until;
        if let Some(given) = kept.given.as_ref().filter(is_good) {
            return Ok((given.clone(), Entered::Temporary { number, is_kept: true }));
        }
        kept.given = None;
        let given = self.ask().await?;
        kept.number += 1;
        kept.given = Some(given.clone());
        Ok((given, Entered::Temporary { number: kept.number, is_kept: false }))
    }

    /// Forgets the password of that number.
    pub(super) async fn forget(&self, number: u64) {
        let mut kept = self.kept.lock().await;
        if kept.number == number {
            kept.given = None;
        }
    }

    async fn ask(&self) -> Result<Given> {
        let database = &self.database;
        let (user, password, until) = match (self.api().await, &self.login.place) {
            (Api::Serverless(client), IamPlace::Workgroup(name)) => {
                let call = client.get_credentials().workgroup_name(name).db_name(database);
                let given = call.send().await.map_err(|error| self.failed("GetCredentials", &error))?;
                (given.db_user, given.db_password, given.expiration)
            }
            (Api::Cluster(client), IamPlace::Cluster { name, db_user: None }) => {
                let call = client.get_cluster_credentials_with_iam().cluster_identifier(name).db_name(database);
                let given = call.send().await.map_err(|error| self.failed("GetClusterCredentialsWithIAM", &error))?;
                (given.db_user, given.db_password, given.expiration)
            }
            (Api::Cluster(client), IamPlace::Cluster { name, db_user: Some(user) }) => {
                let call = client.get_cluster_credentials().cluster_identifier(name).db_name(database);
                let call = call.db_user(user).auto_create(false);
                let given = call.send().await.map_err(|error| self.failed("GetClusterCredentials", &error))?;
                (given.db_user, given.db_password, given.expiration)
            }
            _ => return Err(Error::new(Code::Internal, "a warehouse of one kind is asked for by the API of another")),
        };
        let until = until.and_then(|until| SystemTime::try_from(until).ok());
        match (user, password, until) {
            (Some(user), Some(password), Some(until)) if !user.is_empty() => Ok(Given { user, password: password.into(), until }),
            _ => {
                let message = format!("AWS's answer to `{}` lacks a user, a password or their end", self.login.place.action());
                Err(Error::new(Code::WarehouseUnavailable, message))
            }
        }
    }

    async fn api(&self) -> &Api {
        self.api.get_or_init(|| make_api(&self.login)).await
    }

    /// A call that failed.
    fn failed<E, R>(&self, operation: &'static str, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let (name, said) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
        let told = aws::told(error);
        let in_the_clear = told.contains(IN_THE_CLEAR).then(|| (Code::ConfigInvalid, IN_THE_CLEAR.to_owned()));
        let unanswered = in_the_clear.or_else(|| aws::unanswered(API, operation, error, &told).map(|(found, _)| found));
        let (code, message) = unanswered.unwrap_or_else(|| refused(&self.login.place, operation, name, said));
        Error::new(code, message).with_source(told)
    }
}

/// Asks no address from which the password would come in plain text, wherever that address is set.
#[derive(Debug)]
struct Sealed;

impl Intercept for Sealed {
    fn name(&self) -> &'static str {
        "Sealed"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        if passes_in_the_clear(context.request().uri()) { Err(IN_THE_CLEAR.into()) } else { Ok(()) }
    }
}

async fn make_api(login: &IamLogin) -> Api {
    let shared = aws::settings(login.region.as_deref(), login.endpoint.is_some(), login.credentials.as_ref()).await;
    match login.place {
        IamPlace::Workgroup(_) => {
            let mut builder = ServerlessBuilder::from(&shared).interceptor(Sealed);
            if let Some(endpoint) = &login.endpoint {
                builder = builder.endpoint_url(endpoint);
            }
            Api::Serverless(ServerlessClient::from_conf(builder.build()))
        }
        IamPlace::Cluster { .. } => {
            let mut builder = ClusterBuilder::from(&shared).interceptor(Sealed);
            if let Some(endpoint) = &login.endpoint {
                builder = builder.endpoint_url(endpoint);
            }
            Api::Cluster(ClusterClient::from_conf(builder.build()))
        }
    }
}

/// What AWS answered. Its own words name accounts and roles: they are told only where they are about what stands in the configuration.
fn refused(place: &IamPlace, operation: &str, name: &str, said: &str) -> Found {
    if let Some(found) = aws::usual(API, operation, name, said) {
        return found;
    }
    let (kind, named) = match place {
        IamPlace::Workgroup(named) => ("workgroup", named),
        IamPlace::Cluster { name, .. } => ("cluster", name),
    };
    match name {
        _ if aws::DENIED.contains(&name) => {
            (Code::WarehouseDenied, format!("AWS refuses `{}`; allow it to the service's role", place.action()))
        }
        _ if aws::is_asleep(said) => {
            (Code::WarehouseUnavailable, format!("the {kind} `{named}` is not available now: {}", tidy(said)))
        }
        "ClusterNotFound" | "ClusterNotFoundFault" | "ResourceNotFoundException" => (
            Code::ConfigInvalid,
            format!("AWS knows no {kind} `{named}` in this region; look at `{kind}` in the warehouse's `url`, and at `region`"),
        ),
        "ValidationException"
        | "ValidationError"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "UnsupportedOperation" => {
            (Code::ConfigInvalid, format!("AWS does not take `{operation}` as it was sent: {}", tidy(said)))
        }
        "" => (Code::WarehouseUnavailable, format!("AWS failed at `{operation}`")),
        _ => (Code::WarehouseUnavailable, format!("AWS failed at `{operation}` with `{name}`")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_redshiftserverless::config::Credentials;

    use super::*;

    #[tokio::test]
    async fn nobody_is_asked_for_a_password_in_plain_text() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for place in [IamPlace::Workgroup("wg".into()), IamPlace::Cluster { name: "c".into(), db_user: None }] {
            let login = IamLogin {
                place,
                region: Some("eu-west-1".to_owned()),
                endpoint: Some("http://aws.invalid:9".to_owned()),
                credentials: Some(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test"))),
            };
            let error = Temporary::new(login, "dev".to_owned()).password(None).await.unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::ConfigInvalid, IN_THE_CLEAR));
        }
    }

    #[test]
    fn what_aws_refuses_has_its_code_and_names_what_to_do() {
        let workgroup = IamPlace::Workgroup("wg".to_owned());
        let cluster = |db_user: Option<&str>| IamPlace::Cluster { name: "c-1".to_owned(), db_user: db_user.map(str::to_owned) };
        let denied = "User: arn:aws:iam::1:user/x is not authorized";
        for (place, name, said, code, part) in [
            (&workgroup, "AccessDeniedException", denied, Code::WarehouseDenied, "`redshift-serverless:GetCredentials`"),
            (&cluster(None), "AccessDenied", denied, Code::WarehouseDenied, "`redshift:GetClusterCredentialsWithIAM`"),
            (&cluster(Some("u")), "AccessDenied", denied, Code::WarehouseDenied, "`redshift:GetClusterCredentials`"),
            (&workgroup, "ResourceNotFoundException", "no", Code::ConfigInvalid, "no workgroup `wg`"),
            (&cluster(None), "ClusterNotFound", "Cluster c-1 not found.", Code::ConfigInvalid, "no cluster `c-1`"),
            (&workgroup, "ValidationException", "Bad name.", Code::ConfigInvalid, "Bad name"),
            (&cluster(None), "UnsupportedOperation", "The cluster is paused.", Code::WarehouseUnavailable, "paused"),
            (&cluster(None), "Throttling", "Rate exceeded", Code::WarehouseThrottled, "fewer calls"),
            (&workgroup, "ThrottlingException", "Rate exceeded", Code::WarehouseThrottled, "fewer calls"),
            (&cluster(None), "ExpiredToken", "expired", Code::WarehouseUnavailable, "have expired"),
            (&workgroup, "InternalServerException", "oops", Code::WarehouseUnavailable, "InternalServerException"),
            (&workgroup, "", "", Code::WarehouseUnavailable, "AWS failed"),
        ] {
            let (found, message) = refused(place, "Call", name, said);
            assert_eq!(found, code, "{name}: {message}");
            assert!(message.contains(part) && !message.contains("arn:") && !message.ends_with('.'), "{message}");
        }
    }
}
