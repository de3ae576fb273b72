//! How AWS's own APIs are called, whichever they are: by whom, in which region, over which TLS. How long a call may take and how often it is
//! tried is for who makes it.

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The region of what has none.
pub(crate) const ANY_REGION: &str = "us-east-1";

/// What a client is made of, once it is loaded, which takes time: region and credentials are AWS's own chain's where they are not given.
/// `is_elsewhere` says that the API is not where AWS has it; then there is no machine of AWS's to ask for a region, and any will do.
pub fn loader(region: Option<&str>, is_elsewhere: bool, credentials: Option<&SharedCredentialsProvider>) -> ConfigLoader {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    } else if is_elsewhere {
        let named = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
        let named = named.or_else(ProfileFileRegionProvider::builder().build());
        loader = loader.region(named.or_else(Region::from_static(ANY_REGION)));
    }
    match credentials {
        Some(credentials) => loader.credentials_provider(credentials.clone()),
        None => loader,
    }
}
