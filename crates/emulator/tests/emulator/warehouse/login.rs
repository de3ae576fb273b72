//! How a connection comes about, or not: passwords, certificates, and servers that want something else.

use std::path::PathBuf;

use outflow_core::warehouse::Warehouse;
use outflow_core::{Code, Error};
use outflow_emulator::Tls;
use outflow_warehouse::redshift_wire::{RedshiftConfig, RedshiftWire, SslMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{config, end, is_finished, statement, token};
use crate::support::Place;

async fn check(config: RedshiftConfig) -> Result<(), Error> {
    let warehouse = RedshiftWire::new(config)?;
    let checked = warehouse.check().await;
    // What keeps us out keeps every statement from starting, with the same word.
    if let Err(error) = &checked {
        assert_eq!(warehouse.start(&statement("SELECT 1"), &token()).await.unwrap_err().code(), error.code());
    }
    checked
}

/// Fails with that code, in words that hold that part and no password.
async fn assert_refused(config: RedshiftConfig, code: Code, part: &str) {
    let error = check(config).await.unwrap_err();
    assert_eq!(error.code(), code, "{}", error.chain());
    assert!(error.message().contains(part), "{error}");
    assert!(!error.chain().contains("s3cret"), "{}", error.chain());
}

#[tokio::test]
async fn the_right_password_lets_in_and_no_other() {
    let place = Place::with(&[], Some("s3cret"), None).await;
    let with = |password: Option<&str>| RedshiftConfig { password: password.map(Into::into), ..config(&place) };
    check(with(Some("s3cret"))).await.unwrap();
    assert_refused(with(Some("s3cret too")), Code::WarehouseDenied, "does not accept the user").await;
    assert_refused(with(None), Code::WarehouseDenied, "passwordFile").await;
    let another = RedshiftConfig { user: Some("other".to_owned()), ..with(Some("s3cret")) };
    assert_refused(another, Code::WarehouseDenied, "does not accept the user").await;
}

/// A certificate for a host, in files of a folder.
fn certificate(folder: &tempfile::TempDir, host: &str) -> Tls {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let file = |end: &str| folder.path().join(format!("{host}{end}"));
    let tls = Tls { certificate: file(".pem"), key: file(".key") };
    std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    tls
}

#[tokio::test]
async fn an_encrypted_connection_is_to_who_it_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, other) = (certificate(&folder, "localhost"), certificate(&folder, "elsewhere.example.com"));
    let place = Place::with(&[], Some("s3cret"), Some(tls.clone())).await;
    let trusting = |file: Option<PathBuf>, host: &str| RedshiftConfig {
        host: host.to_owned(),
        password: Some("s3cret".into()),
        ssl_mode: SslMode::VerifyFull(file),
        ..config(&place)
    };
    let right = trusting(Some(tls.certificate.clone()), "localhost");
    check(right.clone()).await.unwrap();
    let warehouse = RedshiftWire::new(right).unwrap();
    let started = warehouse.start(&statement("SELECT id FROM fruit"), &token()).await.unwrap();
    assert!(is_finished(&end(&warehouse, &started).await));
    assert_refused(trusting(Some(other.certificate), "localhost"), Code::ConfigInvalid, "sslRootCert").await;
    assert_refused(trusting(Some(tls.certificate), "127.0.0.1"), Code::ConfigInvalid, "another host").await;
    let missing = RedshiftWire::new(trusting(Some(folder.path().join("none.pem")), "localhost")).unwrap_err();
    assert_eq!(missing.code(), Code::ConfigInvalid);
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_gets_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let tls = certificate(&folder, "localhost");
    let place = Place::with(&[], Some("s3cret"), None).await;
    let wanting = RedshiftConfig {
        password: Some("s3cret".into()),
        ssl_mode: SslMode::VerifyFull(Some(tls.certificate)),
        ..config(&place)
    };
    assert_refused(wanting, Code::ConfigInvalid, "does not encrypt").await;
}

/// A server that answers whoever begins with these bytes, and nothing more.
async fn answering(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut begun = [0; 1_024];
                let _ = stream.read(&mut begun).await;
                let _ = stream.write_all(&bytes).await;
                // Until the other side has had enough.
                while stream.read(&mut begun).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    port
}

/// The error with which a server ends a connection.
fn fatal(state: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0C{state}\0M{message}\0\0");
    let size = u32::try_from(fields.len() + 4).unwrap();
    [&b"E"[..], &size.to_be_bytes(), fields.as_bytes()].concat()
}

#[tokio::test]
async fn ways_to_log_in_that_are_not_known_here_are_named() {
    let place = Place::new().await;
    let at = |port: u16| RedshiftConfig { port, password: Some("s3cret".into()), ..config(&place) };
    // Redshift's own: SHA-256 with a salt.
    let sha256 = answering(b"R\0\0\0\x14\0\0\0\x0d\0\0\0\x02saltsalt".to_vec()).await;
    assert_refused(at(sha256), Code::WarehouseDenied, "authentication request 13").await;
    let kerberos = answering(b"R\0\0\0\x08\0\0\0\x02".to_vec()).await;
    assert_refused(at(kerberos), Code::WarehouseDenied, "log in in a way").await;
    for (state, message, code) in [
        ("53300", "too many connections", Code::WarehouseThrottled),
        ("28000", "IAM credentials have expired", Code::WarehouseUnavailable),
        ("28000", "no pg_hba.conf entry for host \"::1\", user \"u\", database \"dev\", SSL off", Code::ConfigInvalid),
        ("3D000", "database \"dev\" does not exist", Code::ConfigInvalid),
        ("57P03", "the database system is starting up", Code::WarehouseUnavailable),
    ] {
        assert_refused(at(answering(fatal(state, message)).await), code, "").await;
    }
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let place = Place::new().await;
    assert_refused(RedshiftConfig { port: 1, ..config(&place) }, Code::WarehouseUnavailable, "127.0.0.1:1").await;
    let nobody = RedshiftWire::new(RedshiftConfig { user: None, ..config(&place) }).unwrap_err();
    assert_eq!(nobody.code(), Code::ConfigInvalid);
}
