//! What must hold between keys, and what this version can do at all. Checked before anything is opened.

use outflow_core::Code;

use super::{Config, ServerSideEncryption};
use crate::exit::{CliError, Result};
use crate::locator::{Locator, REDSHIFT_PORT};

impl Config {
    /// Checks the configuration as a whole.
    ///
    /// # Errors
    /// The first thing that does not fit, naming the keys and what to do.
    pub(super) fn validate(&self) -> Result<()> {
        self.check_passwords()?;
        self.check_warehouses()?;
        self.check_combinations()?;
        self.check_storage()?;
        self.check_topics()?;
        self.check_built()?;
        self.check_listen()
    }

    /// Secrets come from the environment and from files of their own; `outflow.toml` is for everybody to read.
    fn check_passwords(&self) -> Result<()> {
        let store = ("store.url".to_owned(), &self.store.url.0);
        let warehouses = self.warehouses.iter().map(|(name, warehouse)| (format!("warehouse.{name}.url"), &warehouse.url.0));
        for (path, locator) in std::iter::once(store).chain(warehouses) {
            let origin = self.origin(&path);
            if locator.has_password() && matches!(origin, super::Origin::File(..)) {
                let variable = path.replace('.', "_").to_uppercase().replace('-', "_");
                return Err(invalid(format!("`{path}` ({origin}) holds a password, and secrets do not belong into the configuration file"))
                    .hint(format!("put the whole address into the variable `OUTFLOW_{variable}`, or the password into a file and name it with `passwordFile`")));
            }
        }
        let takes_password = matches!(self.store.url.0, Locator::Postgres(_)) && !self.store.url.0.has_password();
        if self.store.password_file.is_some() && !takes_password {
            let why = if self.store.url.0.has_password() { "has one already" } else { "takes none" };
            return Err(invalid(format!("`store.passwordFile` names a password, and `store.url` {why}")).hint("leave it out"));
        }
        Ok(())
    }

    /// Which storage a warehouse can write to.
    fn check_combinations(&self) -> Result<()> {
        for (name, warehouse) in &self.warehouses {
            let locator = &warehouse.url.0;
            // An emulator, which has an address of its own or is on this machine, writes into a folder too.
            let may_be_emulated = match locator {
                Locator::Redshift(server) => server.address(REDSHIFT_PORT).is_ok_and(|address| address.is_loopback()),
                Locator::RedshiftData { .. } => warehouse.endpoint.is_some(),
                _ => true,
            };
            if !may_be_emulated && !matches!(self.storage.url.0, Locator::S3 { .. }) {
                return Err(invalid(format!(
                    "`warehouse.{name}.url` `{}` does not go with `storage.url` `{}`: Redshift unloads into S3 only",
                    locator.scheme(),
                    self.storage.url.0.scheme()
                ))
                .hint(
                    "use `storage.url = \"s3://BUCKET\"`; only an emulator, whose address is `endpoint` or on this machine, writes into a folder",
                ));
            }
        }
        Ok(())
    }

    /// What is for S3 alone goes with `s3://`.
    fn check_storage(&self) -> Result<()> {
        let storage = &self.storage;
        let keys = [
            ("region", storage.region.is_some()),
            ("endpoint", storage.endpoint.is_some()),
            ("publicEndpoint", storage.public_endpoint.is_some()),
            ("pathStyle", storage.path_style.is_some()),
            ("sse", storage.sse.is_some()),
            ("kmsKeyId", storage.kms_key_id.is_some()),
            ("proxy", storage.proxy),
        ];
        let is_bucket = matches!(storage.url.0, Locator::S3 { .. });
        if let Some((key, _)) = keys.iter().find(|(_, is_set)| *is_set && !is_bucket) {
            let path = format!("storage.{key}");
            let origin = self.origin(&path);
            let scheme = storage.url.0.scheme();
            return Err(invalid(format!("`{path}` ({origin}) does not go with `storage.url` `{scheme}`, which is not in S3"))
                .hint("leave it out, or use `storage.url = \"s3://BUCKET\"`"));
        }
        if storage.kms_key_id.is_some() && storage.sse != Some(ServerSideEncryption::Kms) {
            let origin = self.origin("storage.kmsKeyId");
            return Err(invalid(format!("`storage.kmsKeyId` ({origin}) names a key, and `storage.sse` is not `kms`"))
                .hint("set `sse = \"kms\"`, or leave the key out"));
        }
        if storage.proxy && storage.public_endpoint.is_some() {
            let origin = self.origin("storage.publicEndpoint");
            return Err(invalid(format!(
                "`storage.publicEndpoint` ({origin}) is where links lead, and with `storage.proxy` they lead to the service"
            ))
            .hint("leave one of them out"));
        }
        Ok(())
    }

    /// A failure must never be told where consumers wait for results: whoever knows two fields would take it for one.
    fn check_topics(&self) -> Result<()> {
        let events = &self.events;
        let told = [("failedTopic", &events.failed_topic), ("expiredTopic", &events.expired_topic)];
        let landed = events.landed_topics.iter().map(|topic| ("landedTopics", topic));
        for (key, topic) in told.into_iter().chain(landed) {
            if *topic == events.complete_topic {
                let path = format!("events.{key}");
                let origin = self.origin(&path);
                return Err(invalid(format!("`{path}` ({origin}) is `{topic}`, which is `events.completeTopic` too"))
                    .hint("give each a topic of its own"));
            }
        }
        Ok(())
    }

    /// Back ends that the contract has and this version has not.
    fn check_built(&self) -> Result<()> {
        let mut chosen = vec![("events.url".to_owned(), &self.events.url.0, "memory://")];
        for (name, warehouse) in &self.warehouses {
            chosen.push((format!("warehouse.{name}.url"), &warehouse.url.0, "embedded:DIR"));
        }
        for (path, locator, instead) in chosen {
            if !matches!(locator, Locator::Memory | Locator::Embedded(_) | Locator::Redshift(_) | Locator::RedshiftData { .. }) {
                let origin = self.origin(&path);
                return Err(invalid(format!(
                    "`{path}` ({origin}) is `{}`, which this version does not have yet",
                    locator.scheme()
                ))
                .hint(format!("use `{instead}`")));
            }
        }
        if self.auth.api_keys {
            return Err(invalid("`auth.apiKeys` is `true`, and this version does not have API keys yet").hint("leave it out"));
        }
        Ok(())
    }

    fn check_listen(&self) -> Result<()> {
        if self.server.listen.ip().is_loopback() {
            return Ok(());
        }
        let origin = self.origin("server.listen");
        Err(invalid(format!(
            "`server.listen` ({origin}) is `{}`: beyond loopback the service would serve anybody, and this version has no authentication yet",
            self.server.listen
        ))
        .hint(format!(
            "listen on `127.0.0.1:{}`, and let a reverse proxy that authenticates stand before it, with its address as `server.publicUrl`",
            self.server.listen.port()
        )))
    }
}

pub(super) fn invalid(message: impl Into<String>) -> CliError {
    CliError::usage(message).with_code(Code::ConfigInvalid)
}
