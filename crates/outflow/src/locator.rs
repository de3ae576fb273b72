//! Locators: a scheme and what that scheme takes, which choose a back end (`sqlite:…`, `s3://…`, `kafka://a:1,b:2`).
//!
//! One parser for all of them, and not one of general URLs: a path is a path, `kafka://` takes a list. It resolves nothing and opens
//! nothing. What may hold a password is kept as a secret and shown without it.

mod address;

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub(crate) use self::address::{Address, Issuer};
use crate::config::nearest;

/// The port of a Redshift when none is named.
pub(crate) const REDSHIFT_PORT: u16 = 5_439;

/// What a locator is for; each takes its own schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The state table.
    Store,
    /// Where files land.
    Storage,
    /// Where queries run.
    Warehouse,
    /// Where completions are announced.
    Bus,
}

impl Role {
    /// The schemes it takes, each with its form.
    fn forms(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Store => &[("sqlite", "sqlite:FILE"), ("postgres", "postgres://user@host:port/database")],
            Self::Storage => &[("file", "file:DIR"), ("s3", "s3://bucket or s3://bucket/prefix")],
            Self::Warehouse => &[
                ("embedded", "embedded: or embedded:DIR"),
                ("redshift-data", "redshift-data://workgroup/database or redshift-data:///database?cluster=name"),
                ("redshift", "redshift://user@host:port/database or redshift://host:port/database?cluster=name"),
                ("postgres", "postgres://user@host:port/database"),
            ],
            Self::Bus => &[("memory", "memory://"), ("kafka", "kafka://host:port,host:port")],
        }
    }
}

/// An address of a database server; may hold a password, which only [`Server::expose`] gives.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    whole: SecretString,
    shown: String,
    has_password: bool,
}

impl Server {
    /// The whole of it, password included. For the one who connects, never for a log.
    pub(crate) fn expose(&self) -> &str {
        self.whole.expose_secret()
    }

    /// Its parts; without a port it has that one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn address(&self, port: u16) -> Result<Address, &'static str> {
        Address::read(self, port)
    }

    /// The same address with a password, for a user who is named in it.
    pub(crate) fn with_password(&self, password: &SecretString) -> Option<Self> {
        let (scheme, rest) = self.expose().split_once("://")?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (user, _) = rest[..end].rsplit_once('@')?;
        let mut encoded = String::new();
        for byte in password.expose_secret().bytes() {
            encoded.push_str(&if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") });
        }
        let whole = format!("{scheme}://{user}:{encoded}@{}", &rest[user.len() + 1..]);
        Some(Self { whole: whole.into(), shown: self.shown.clone(), has_password: true })
    }
}

/// A back end and where it is.
#[derive(Debug, Clone)]
pub(crate) enum Locator {
    /// `sqlite:FILE`
    Sqlite(PathBuf),
    /// `postgres://…`
    Postgres(Server),
    /// `file:DIR`
    File(PathBuf),
    /// `s3://bucket[/prefix]`
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix, without slashes around it.
        prefix: Option<String>,
    },
    /// `embedded:[DIR]`
    Embedded(Option<PathBuf>),
    /// `redshift-data://workgroup/database`, `redshift-data:///database?cluster=name`
    RedshiftData {
        /// The serverless workgroup; either this or the cluster.
        workgroup: Option<String>,
        /// The provisioned cluster.
        cluster: Option<String>,
        /// The database.
        database: String,
    },
    /// `redshift://…`
    Redshift(Server),
    /// `memory://`
    Memory,
    /// `kafka://host:port,host:port`
    Kafka(Vec<String>),
}

impl Locator {
    /// Reads a locator for that role.
    ///
    /// # Errors
    /// A sentence saying what is wrong and what would be right.
    pub(crate) fn parse(role: Role, text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').ok_or_else(|| format!("has no scheme; it is {}", forms(role)))?;
        let scheme = if scheme == "postgresql" { "postgres" } else { scheme };
        let Some((_, form)) = role.forms().iter().find(|(known, _)| *known == scheme) else {
            let known: Vec<_> = role.forms().iter().map(|(known, _)| *known).collect();
            let near = nearest(scheme, known).map(|near| format!(", did you mean `{near}:`?")).unwrap_or_default();
            return Err(format!("has the unknown scheme `{scheme}:`{near}; it is {}", forms(role)));
        };
        let wrong = |why: &str| format!("{why}; it is `{form}`");
        match scheme {
            "sqlite" => match path(rest).ok_or_else(|| wrong("names no file"))? {
                memory if memory.as_os_str() == ":memory:" => Err(wrong("would forget every accepted unload; name a file")),
                file => Ok(Self::Sqlite(file)),
            },
            "file" => path(rest).map(Self::File).ok_or_else(|| wrong("names no folder")),
            "embedded" => Ok(Self::Embedded(path(rest))),
            "postgres" => server("postgres", rest).map(Self::Postgres).map_err(wrong),
            "redshift" => {
                let server = server("redshift", rest).map_err(wrong)?;
                server.address(REDSHIFT_PORT).map_err(wrong)?;
                Ok(Self::Redshift(server))
            }
            "s3" => bucket(rest).map_err(wrong),
            "redshift-data" => data_api(rest).map_err(wrong),
            "memory" if rest.trim_matches('/').is_empty() => Ok(Self::Memory),
            "memory" => Err(wrong("takes nothing after it")),
            "kafka" => brokers(rest).map(Self::Kafka).map_err(wrong),
            _ => Err(wrong("cannot be read")),
        }
    }

    /// The scheme, as a person writes it.
    pub(crate) fn scheme(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite:",
            Self::Postgres(_) => "postgres://",
            Self::File(_) => "file:",
            Self::S3 { .. } => "s3://",
            Self::Embedded(_) => "embedded:",
            Self::RedshiftData { .. } => "redshift-data://",
            Self::Redshift(_) => "redshift://",
            Self::Memory => "memory://",
            Self::Kafka(_) => "kafka://",
        }
    }

    /// Whether it holds a password.
    pub(crate) fn has_password(&self) -> bool {
        matches!(self, Self::Postgres(server) | Self::Redshift(server) if server.has_password)
    }
}

impl fmt::Display for Locator {
    /// The locator as it may be shown: without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) | Self::File(path) | Self::Embedded(Some(path)) => {
                write!(f, "{}{}", self.scheme(), path.display())
            }
            Self::Embedded(None) | Self::Memory => f.write_str(self.scheme()),
            Self::Postgres(server) | Self::Redshift(server) => f.write_str(&server.shown),
            Self::S3 { bucket, prefix: None } => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix: Some(prefix) } => write!(f, "s3://{bucket}/{prefix}"),
            Self::RedshiftData { workgroup, cluster, database } => {
                write!(f, "redshift-data://{}/{database}", workgroup.as_deref().unwrap_or_default())?;
                cluster.iter().try_for_each(|cluster| write!(f, "?cluster={cluster}"))
            }
            Self::Kafka(brokers) => write!(f, "kafka://{}", brokers.join(",")),
        }
    }
}

impl Serialize for Locator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

macro_rules! located {
    ($($(#[doc = $doc:literal])* $name:ident => $role:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) Locator);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Locator::parse(Role::$role, &text).map(Self).map_err(serde::de::Error::custom)
            }
        }
    )*};
}
located! {
    /// A locator of a state table.
    StoreLocator => Store;
    /// A locator of a storage.
    StorageLocator => Storage;
    /// A locator of a warehouse.
    WarehouseLocator => Warehouse;
    /// A locator of an event bus.
    BusLocator => Bus;
}

fn forms(role: Role) -> String {
    let forms: Vec<_> = role.forms().iter().map(|(_, form)| format!("`{form}`")).collect();
    forms.join(", or ")
}

/// `sqlite:///a/b` and `sqlite:/a/b` are one file, `sqlite://a/b` and `sqlite:a/b` another.
fn path(rest: &str) -> Option<PathBuf> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    (!path.is_empty()).then(|| PathBuf::from(path))
}

fn server(scheme: &str, rest: &str) -> Result<Server, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("lacks the `//` after its scheme")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    if host.is_empty() || host.starts_with(':') {
        return Err("names no host");
    }
    if tail.trim_start_matches('/').split('?').next().is_none_or(str::is_empty) {
        return Err("names no database");
    }
    let name = user.map(|user| user.split(':').next().unwrap_or(user));
    let has_password = user.is_some_and(|user| user.contains(':')) || tail.contains("password=");
    let shown_tail = if tail.contains("password=") { tail.split('?').next().unwrap_or(tail) } else { tail };
    let shown = match (name, has_password) {
        (Some(name), true) => format!("{scheme}://{name}:***@{host}{shown_tail}"),
        (Some(name), false) => format!("{scheme}://{name}@{host}{shown_tail}"),
        (None, _) => format!("{scheme}://{host}{shown_tail}"),
    };
    Ok(Server { whole: format!("{scheme}://{rest}").into(), shown, has_password })
}

fn bucket(rest: &str) -> Result<Locator, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("lacks the `//` after its scheme")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(fits) {
        return Err("names no bucket (3 to 63 of a-z, 0-9, `-` and `.`)");
    }
    let prefix = prefix.trim_matches('/');
    Ok(Locator::S3 { bucket: bucket.to_owned(), prefix: (!prefix.is_empty()).then(|| prefix.to_owned()) })
}

fn data_api(rest: &str) -> Result<Locator, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("lacks the `//` after its scheme")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A workgroup may be named by its ARN, which holds a slash.
    let split = if place.starts_with("arn:") { place.rsplit_once('/') } else { place.split_once('/') };
    let (workgroup, database) = split.ok_or("names no database")?;
    if database.contains('/') {
        return Err("names more than a workgroup and a database");
    }
    let cluster = match query {
        "" => None,
        query => Some(
            query.strip_prefix("cluster=").filter(|name| !name.is_empty()).ok_or("takes `cluster` after `?` and nothing else")?,
        ),
    };
    match (workgroup, cluster, database) {
        (_, _, "") => Err("names no database"),
        ("", None, _) => Err("names neither a workgroup nor a cluster"),
        ("", Some(_), _) | (_, None, _) => Ok(Locator::RedshiftData {
            workgroup: (!workgroup.is_empty()).then(|| workgroup.to_owned()),
            cluster: cluster.map(str::to_owned),
            database: database.to_owned(),
        }),
        (_, Some(_), _) => Err("names both a workgroup and a cluster"),
    }
}

fn brokers(rest: &str) -> Result<Vec<String>, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("lacks the `//` after its scheme")?;
    let brokers: Vec<_> = rest.trim_end_matches('/').split(',').map(str::to_owned).collect();
    let is_broker =
        |broker: &String| broker.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if brokers.iter().all(is_broker) { Ok(brokers) } else { Err("names a broker without its port") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(role: Role, text: &str) -> String {
        Locator::parse(role, text).unwrap().to_string()
    }

    #[test]
    fn every_scheme_is_read_and_shown() {
        for (role, text, expected) in [
            (Role::Store, "sqlite:outflow-data/outflow.db", "sqlite:outflow-data/outflow.db"),
            (Role::Store, "sqlite:///var/outflow.db", "sqlite:/var/outflow.db"),
            (
                Role::Store,
                "postgres://me@db.example:5433/outflow?sslmode=require",
                "postgres://me@db.example:5433/outflow?sslmode=require",
            ),
            (Role::Store, "postgresql://db/outflow", "postgres://db/outflow"),
            (Role::Storage, "file:outflow-data/files", "file:outflow-data/files"),
            (Role::Storage, "s3://results", "s3://results"),
            (Role::Storage, "s3://results/a/b/", "s3://results/a/b"),
            (Role::Warehouse, "embedded:", "embedded:"),
            (Role::Warehouse, "embedded:표/tables", "embedded:표/tables"),
            (Role::Warehouse, "redshift-data://wg/dev", "redshift-data://wg/dev"),
            (
                Role::Warehouse,
                "redshift-data://arn:aws:redshift-serverless:r:1:workgroup/ab-cd/dev",
                "redshift-data://arn:aws:redshift-serverless:r:1:workgroup/ab-cd/dev",
            ),
            (Role::Warehouse, "redshift-data:///dev?cluster=c1", "redshift-data:///dev?cluster=c1"),
            (Role::Warehouse, "redshift://me@host:5439/dev", "redshift://me@host:5439/dev"),
            (Role::Bus, "memory://", "memory://"),
            (Role::Bus, "kafka://a:9092,b:9092", "kafka://a:9092,b:9092"),
        ] {
            assert_eq!(shown(role, text), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        for (role, text, part) in [
            (Role::Store, "outflow.db", "no scheme"),
            (Role::Store, "sqlit:outflow.db", "did you mean `sqlite:`?"),
            (Role::Store, "sqlite:", "names no file"),
            (Role::Store, "sqlite::memory:", "would forget"),
            (Role::Store, "postgres://@/db", "names no host"),
            (Role::Store, "postgres://host", "names no database"),
            (Role::Store, "s3://results", "unknown scheme"),
            (Role::Storage, "file:", "names no folder"),
            (Role::Storage, "s3://Bad_Bucket", "names no bucket"),
            (Role::Storage, "s3:bucket", "lacks the `//`"),
            (Role::Warehouse, "redshift-data://wg/dev?cluster=c", "both a workgroup and a cluster"),
            (Role::Warehouse, "redshift-data:///dev", "neither"),
            (Role::Warehouse, "redshift-data://wg", "names no database"),
            (Role::Warehouse, "redshift-data://wg/dev/x", "more than a workgroup and a database"),
            (Role::Warehouse, "redshift-data:///dev?clustr=c", "takes `cluster`"),
            (Role::Warehouse, "redshift_data://wg/dev", "did you mean `redshift-data:`?"),
            (Role::Bus, "kafka://broker", "without its port"),
            (Role::Bus, "memory://x", "takes nothing"),
        ] {
            let error = Locator::parse(role, text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_is_kept_and_never_shown() {
        for text in ["postgres://me:s3cr3t@db/outflow", "postgres://me@db/outflow?password=s3cr3t"] {
            let locator = Locator::parse(Role::Store, text).unwrap();
            assert!(locator.has_password());
            for shown in [locator.to_string(), format!("{locator:?}"), serde_json::to_string(&locator).unwrap()] {
                assert!(!shown.contains("s3cr3t"), "{shown}");
            }
            let Locator::Postgres(server) = locator else { unreachable!() };
            assert_eq!(server.expose(), text);
        }
    }

    #[test]
    fn a_password_from_a_file_is_put_where_it_belongs() {
        let with = |text: &str| {
            let Locator::Postgres(server) = Locator::parse(Role::Store, text).unwrap() else { unreachable!() };
            server.with_password(&"a b/@é".into()).map(|server| server.expose().to_owned())
        };
        assert_eq!(
            with("postgres://me@db:5432/outflow?x=@").as_deref(),
            Some("postgres://me:a%20b%2F%40%C3%A9@db:5432/outflow?x=@")
        );
        assert_eq!(with("postgres://db/outflow"), None);
    }
}
