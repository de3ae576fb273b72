//! The parts of a database server's address: `scheme://user:password@host:port/database`.

use std::net::IpAddr;

use secrecy::SecretString;

use super::Server;

/// Whose temporary credentials AWS is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Issuer {
    /// A provisioned cluster.
    Cluster(String),
    /// A serverless workgroup.
    Workgroup(String),
}

/// Where a database is and who logs in.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The user.
    pub(crate) user: Option<String>,
    /// The password, where the address holds it.
    pub(crate) password: Option<SecretString>,
    /// The host: a name, or an IP address without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// The database.
    pub(crate) database: String,
    /// The cluster or workgroup for which AWS hands out user and password.
    pub(crate) issuer: Option<Issuer>,
}

impl Address {
    /// Reads an address that takes a `cluster` or a `workgroup` after `?` and nothing else; without a port it has that one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(server: &Server, port: u16) -> Result<Self, &'static str> {
        let (_, rest) = server.expose().split_once("://").ok_or("has no `//`")?;
        let (authority, database) = rest.split_once('/').ok_or("names no database")?;
        let (database, query) = database.split_once('?').map_or((database, None), |(database, query)| (database, Some(query)));
        let issuer = query.map(issuer).transpose()?;
        if database.contains('/') {
            return Err("names more than a host and a database");
        }
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (user, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            None | Some(("", "")) => (None, ""),
            Some((user, password)) => (Some(decoded(user)?), password),
        };
        let password = if password.is_empty() { None } else { Some(decoded(password)?.into()) };
        let (host, named) = match place.strip_prefix('[').map(|place| place.split_once(']').ok_or("has a `[` without its `]`")) {
            Some(parts) => {
                let (host, rest) = parts?;
                (host, rest.strip_prefix(':'))
            }
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = match named {
            Some(port) => port.parse().map_err(|_| "has a port that is no number up to 65535")?,
            None => port,
        };
        Ok(Self { user, password, host: host.to_owned(), port, database: decoded(database)?, issuer })
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn issuer(query: &str) -> Result<Issuer, &'static str> {
    match query.split_once('=') {
        Some(("cluster" | "workgroup", name)) if name.is_empty() || name.contains(['&', ':', '/']) => {
            Err("takes one name of a cluster or of a workgroup after `?`, and no ARN")
        }
        Some(("cluster", name)) => Ok(Issuer::Cluster(decoded(name)?)),
        Some(("workgroup", name)) => Ok(Issuer::Workgroup(decoded(name)?)),
        _ => Err("takes `cluster` or `workgroup` after `?`; `sslMode` and the like are keys of the warehouse"),
    }
}

/// Text in which `%40` is `@`.
fn decoded(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "has a `%` that is not followed by two hexadecimal digits";
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit())).ok_or(WRONG)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| WRONG)?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| "has a `%` that makes no UTF-8")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::{Locator, Role};
    use super::*;

    fn read(text: &str) -> Result<Address, String> {
        match Locator::parse(Role::Warehouse, text)? {
            Locator::Redshift(server) => server.address(5_439).map_err(str::to_owned),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_parts_of_an_address_are_read() {
        let address = read("redshift://me%40x:s3%2Fcr%3At@wh.example.com/dev").unwrap();
        assert_eq!((address.user.as_deref(), address.host.as_str(), address.port), (Some("me@x"), "wh.example.com", 5_439));
        assert_eq!((address.password.unwrap().expose_secret(), address.database.as_str()), ("s3/cr:t", "dev"));
        let address = read("redshift://[::1]:1234/d%20b").unwrap();
        assert_eq!((address.user, address.port, address.database.as_str()), (None, 1_234, "d b"));
        for (text, is_loopback) in
            [("127.0.0.9:1", true), ("[::1]", true), ("LocalHost", true), ("10.0.0.1", false), ("localhost.example.com", false)]
        {
            assert_eq!(read(&format!("redshift://u@{text}/d")).unwrap().is_loopback(), is_loopback, "{text}");
        }
    }

    #[test]
    fn whose_temporary_credentials_are_asked_for_is_read() {
        let issuer = |query: &str| read(&format!("redshift://h/d{query}")).unwrap().issuer;
        assert_eq!(issuer(""), None);
        assert_eq!(issuer("?cluster=c-1"), Some(Issuer::Cluster("c-1".to_owned())));
        assert_eq!(issuer("?workgroup=wg"), Some(Issuer::Workgroup("wg".to_owned())));
        let shown = Locator::parse(Role::Warehouse, "redshift://h/d?cluster=c-1").unwrap().to_string();
        assert_eq!(shown, "redshift://h/d?cluster=c-1");
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for (text, part) in [
            ("redshift://u@h:99999/d", "65535"),
            ("redshift://u@h/d/x", "more than a host and a database"),
            ("redshift://u@h/d?sslmode=require", "keys of the warehouse"),
            ("redshift://h/d?cluster=", "one name"),
            ("redshift://h/d?cluster=c&workgroup=w", "one name"),
            ("redshift://h/d?workgroup=arn:aws:redshift-serverless:r:1:workgroup/x", "no ARN"),
            ("redshift://u%4@h/d", "hexadecimal"),
            ("redshift://u@[::1/d", "without its `]`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
