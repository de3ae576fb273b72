//! What goes wrong on the wire, as our codes: a connection that does not come about, one that breaks off, and what Redshift answers.

use outflow_core::{Code, Error};
use tokio_postgres::error::{DbError, ErrorPosition};

use super::login::Entered;
use crate::redshift::failure::failure;
use crate::redshift::{chain, tidy};

/// The error of a statement that Redshift refused or that failed; `sql` is its text, where places in it matter.
pub(super) fn statement(refusal: &DbError, sql: Option<&str>) -> Error {
    let said = said(refusal);
    let code = match refusal.code().code() {
        // The session or the whole server ends, or begins.
        "57P01" | "57P02" | "57P03" => Some(Code::WarehouseUnavailable),
        "53300" => Some(Code::WarehouseThrottled),
        _ => None,
    };
    let error = match code {
        Some(code) => Error::new(code, tidy(refusal.message())),
        None => failure(&said, sql),
    };
    error.with_source(said)
}

/// What Redshift said, in one text, as the Data API tells it.
fn said(refusal: &DbError) -> String {
    let mut said = format!("ERROR: {}", refusal.message());
    for (label, text) in [("Hint", refusal.hint()), ("Detail", refusal.detail())] {
        if let Some(text) = text {
            said.push_str(&format!("\n  {label}: {text}"));
        }
    }
    if let Some(ErrorPosition::Original(at)) = refusal.position() {
        said.push_str(&format!("\n  Position: {at};"));
    }
    said
}

/// The error of a query of ours.
pub(super) fn query(error: tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(refusal) => statement(refusal, None),
        None => cut(&error),
    }
}

/// The error of a connection that broke off.
pub(super) fn cut(error: &tokio_postgres::Error) -> Error {
    Error::new(Code::WarehouseUnavailable, "the connection to the warehouse broke off").with_source(chain(error))
}

/// The error of a connection that did not come about; `place` is the server's address.
pub(super) fn connecting(error: &tokio_postgres::Error, place: &str, entered: Entered) -> Error {
    let told = chain(error);
    let (code, message) = match error.as_db_error() {
        Some(refusal) => refused(refusal, entered),
        None => unanswered(&told, place, entered),
    };
    Error::new(code, message).with_source(told)
}

/// Whether the server does not take the user and its password.
pub(super) fn is_of_login(error: &tokio_postgres::Error) -> bool {
    let is_of_login = |refusal: &DbError| {
        matches!(refusal.code().code(), "28P01" | "28000") && !is_of_encryption(&refusal.message().to_lowercase())
    };
    error.as_db_error().is_some_and(is_of_login)
}

fn is_of_encryption(said: &str) -> bool {
    said.contains("ssl off") || said.contains("pg_hba.conf")
}

/// The server answered, and does not let us in.
fn refused(refusal: &DbError, entered: Entered) -> (Code, String) {
    let said = refusal.message().to_lowercase();
    match refusal.code().code() {
        _ if said.contains("expired") => {
            (Code::WarehouseUnavailable, "the warehouse says that the credentials have expired; renew them".to_owned())
        }
        _ if is_of_encryption(&said) => {
            let message = "the warehouse does not take connections of this kind, as when it wants them encrypted; set `sslMode` to `verify-full`";
            (Code::ConfigInvalid, message.to_owned())
        }
        "28P01" | "28000" => {
            let message = match entered {
                Entered::Configured => {
                    "the warehouse does not accept the user and its password; look at the user in `url` and at `passwordFile`"
                }
                Entered::Temporary { .. } => {
                    "the warehouse does not accept the temporary credentials that AWS gave for it; see that the host in `url` belongs to the `cluster` or `workgroup` there, and that the user of `dbUser` exists"
                }
            };
            (Code::WarehouseDenied, message.to_owned())
        }
        "3D000" => (Code::ConfigInvalid, format!("{}; look at the warehouse's `url`", tidy(refusal.message()))),
        _ => {
            let error = statement(refusal, None);
            let code = if error.code() == Code::QueryFailed { Code::WarehouseUnavailable } else { error.code() };
            (code, error.message().to_owned())
        }
    }
}

/// There is no answer that could be used.
fn unanswered(told: &str, place: &str, entered: Entered) -> (Code, String) {
    let lower = told.to_lowercase();
    let has = |words: &str| lower.contains(words);
    let is_of_way = has("authentication tag") || has("unsupported authentication");
    if is_of_way && entered != Entered::Configured {
        let message = "the warehouse asks for temporary credentials in a way that Outflow does not have; use `redshift-data://`, or a user with a password kept as MD5";
        return (Code::WarehouseDenied, message.to_owned());
    }
    if has("authentication tag `13`") {
        let message = "the database user's password is kept as SHA-256, and this way of logging in is Redshift's own (authentication request 13), \
                       which Outflow does not have; set the password anew as MD5, or use `redshift-data://`";
        return (Code::WarehouseDenied, message.to_owned());
    }
    if is_of_way {
        return (
            Code::WarehouseDenied,
            "the warehouse asks to log in in a way that Outflow does not have; use a user with a password kept as MD5".to_owned(),
        );
    }
    if has("password missing") {
        return (
            Code::WarehouseDenied,
            "the warehouse asks for a password, and there is none; name the file that holds it with `passwordFile`".to_owned(),
        );
    }
    if has("server does not support tls") {
        let message = format!(
            "the server at `{place}` does not encrypt connections; `sslMode = \"disable\"` sends the password in plain text"
        );
        return (Code::ConfigInvalid, message);
    }
    if has("unknownissuer") || has("unknown issuer") || has("badsignature") {
        let message = format!(
            "the certificate of `{place}` is from an authority that nobody here trusts; name its certificate with `sslRootCert`"
        );
        return (Code::ConfigInvalid, message);
    }
    if has("not valid for name") || has("notvalidforname") {
        let message = format!("the certificate of `{place}` is for another host; connect by the name that stands in it");
        return (Code::ConfigInvalid, message);
    }
    if has("causedasendentity") {
        let message = format!(
            "the certificate of `{place}` is one of an authority (`CA:TRUE`), which no server may show; let it issue another for the server, and \
             name the authority's with `sslRootCert`"
        );
        return (Code::ConfigInvalid, message);
    }
    if has("invalid peer certificate") {
        return (Code::ConfigInvalid, format!("the certificate of `{place}` is not valid"));
    }
    if has("tls") || has("handshake") {
        return (Code::WarehouseUnavailable, format!("the connection to `{place}` cannot be encrypted"));
    }
    let message = format!("the warehouse cannot be reached at `{place}`; look at `url`, at the network and the security group");
    (Code::WarehouseUnavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_connection_from_coming_about_has_its_remedy() {
        for (told, code, part) in [
            ("error communicating with the server: unknown authentication tag `13`", Code::WarehouseDenied, "SHA-256"),
            ("authentication error: unsupported authentication method", Code::WarehouseDenied, "MD5"),
            ("invalid configuration: password missing", Code::WarehouseDenied, "passwordFile"),
            ("error performing TLS handshake: server does not support TLS", Code::ConfigInvalid, "sslMode"),
            ("error performing TLS handshake: invalid peer certificate: UnknownIssuer", Code::ConfigInvalid, "sslRootCert"),
            (
                "error performing TLS handshake: invalid peer certificate: certificate not valid for name \"h\"",
                Code::ConfigInvalid,
                "another host",
            ),
            ("error performing TLS handshake: invalid peer certificate: Expired", Code::ConfigInvalid, "not valid"),
            (
                "error performing TLS handshake: invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
                Code::ConfigInvalid,
                "CA:TRUE",
            ),
            ("error performing TLS handshake: tls handshake eof", Code::WarehouseUnavailable, "encrypted"),
            ("error connecting to server: Connection refused (os error 111)", Code::WarehouseUnavailable, "security group"),
        ] {
            let (found, message) = unanswered(told, "host:5439", Entered::Configured);
            assert_eq!(found, code, "{told}: {message}");
            assert!(message.contains(part) && !message.ends_with('.'), "{message}");
        }
        let temporary = Entered::Temporary { number: 1, is_kept: false };
        let (code, message) = unanswered("unknown authentication tag `13`", "host:5439", temporary);
        assert!(code == Code::WarehouseDenied && message.contains("`redshift-data://`"), "{message}");
    }
}
