//! Who is let in: passwords that are handed out for a while, and Redshift's own way to ask for one.

use std::net::SocketAddr;
use std::time::Duration;

use outflow_emulator::{Fault, PasswordHash};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::support::Place;

/// Posts to the Data API's address; gives the status line and the body.
async fn post(address: SocketAddr, headers: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

async fn connect(place: &Place, user: &str, password: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(place.pg.port()).user(user).password(password).dbname("dev");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

const FORM: &str = "content-type: application/x-www-form-urlencoded; charset=utf-8";
const SERVERLESS: &str = "content-type: application/x-amz-json-1.1\r\nx-amz-target: RedshiftServerless.GetCredentials";

#[tokio::test]
async fn handed_out_passwords_are_let_in() {
    let place = Place::with(&[], Some("lasting"), None).await;
    let form = "Action=GetClusterCredentialsWithIAM&Version=2012-12-01&ClusterIdentifier=c-1&DbName=dev&DurationSeconds=900";
    let (status, xml) = post(place.data_api, FORM, form).await;
    assert_eq!(status, "HTTP/1.1 200 OK", "{xml}");
    assert!(xml.starts_with("<GetClusterCredentialsWithIAMResponse xmlns=\"http://redshift.amazonaws.com/doc/2012-12-01/\">"));
    let (user, password) = (element(&xml, "DbUser"), element(&xml, "DbPassword"));
    assert_eq!(user, "IAM:awsuser");
    let until = chrono::DateTime::parse_from_rfc3339(element(&xml, "Expiration")).unwrap();
    assert!((until.to_utc() - chrono::Utc::now()).num_seconds() > 600, "{until}");
    let client = connect(&place, user, password).await.unwrap();
    let rows = client.query("SELECT current_user", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, &str>(0), "IAM:awsuser");
    let refused = connect(&place, user, "lasting").await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INVALID_PASSWORD));

    let (status, body) = post(place.data_api, SERVERLESS, r#"{"workgroupName": "wg", "dbName": "dev"}"#).await;
    assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
    let given: serde_json::Value = serde_json::from_str(&body).unwrap();
    connect(&place, given["dbUser"].as_str().unwrap(), given["dbPassword"].as_str().unwrap()).await.unwrap();
    assert!(given["expiration"].as_f64().unwrap() > 1.0e9);

    let named = "Action=GetClusterCredentials&Version=2012-12-01&ClusterIdentifier=c-1&DbUser=re%40d+er&AutoCreate=true";
    let (_, xml) = post(place.data_api, FORM, named).await;
    assert_eq!(element(&xml, "DbUser"), "IAMA:re@d er");
}

#[tokio::test]
async fn what_is_asked_wrongly_gets_no_password_and_one_whose_time_is_over_is_wrong() {
    let place = Place::with(&[Fault::ExpireCredentials(Duration::from_millis(1))], Some("lasting"), None).await;
    for (form, code) in [
        ("Action=GetClusterCredentialsWithIAM&Version=2012-12-01", "MissingParameter"),
        ("Action=GetClusterCredentialsWithIAM&ClusterIdentifier=c&DurationSeconds=60", "InvalidParameterValue"),
        ("Action=GetClusterCredentials&ClusterIdentifier=c", "MissingParameter"),
        ("Action=DescribeClusters", "InvalidAction"),
    ] {
        let (status, xml) = post(place.data_api, FORM, form).await;
        assert_eq!((status.as_str(), element(&xml, "Code")), ("HTTP/1.1 400 Bad Request", code), "{form}");
    }
    let (status, body) = post(place.data_api, SERVERLESS, "{}").await;
    assert!(status.starts_with("HTTP/1.1 400") && body.contains("ValidationException"), "{status} {body}");
    let (_, xml) =
        post(place.data_api, FORM, "Action=GetClusterCredentialsWithIAM&ClusterIdentifier=c&DurationSeconds=900").await;
    crate::support::until(|| async { connect(&place, "IAM:awsuser", element(&xml, "DbPassword")).await.is_err() }).await;
    let refused = connect(&place, "IAM:awsuser", element(&xml, "DbPassword")).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INVALID_PASSWORD));
}

/// Connects as AWS's drivers do where SHA-256 is asked for; gives the kind of the answer and what follows it.
async fn by_digest(place: &Place, password: &str) -> (u8, Vec<u8>) {
    let mut stream = TcpStream::connect(place.pg).await.unwrap();
    let pairs = b"user\0awsuser\0database\0dev\0\0";
    stream.write_i32(i32::try_from(8 + pairs.len()).unwrap()).await.unwrap();
    stream.write_i32(196_608).await.unwrap();
    stream.write_all(pairs).await.unwrap();
    let (kind, mut asked) = message(&mut stream).await;
    assert_eq!((kind, &asked[..8]), (b'R', [0, 0, 0, 13, 0, 0, 0, 0].as_slice()));
    let nonce = asked.split_off(8 + 4 + 16 + 4);
    let salt = &asked[12..28];
    let inner = Sha256::new().chain_update(password).chain_update(salt).finalize();
    let digest = Sha256::new().chain_update(inner).chain_update(&nonce).chain_update("1764000000000").finalize();
    let mut answer = vec![b'd'];
    answer.extend((4_i32 + 4 + 32 + 4 + 13).to_be_bytes());
    answer.extend(32_i32.to_be_bytes());
    answer.extend(digest);
    answer.extend(13_i32.to_be_bytes());
    answer.extend(b"1764000000000");
    stream.write_all(&answer).await.unwrap();
    message(&mut stream).await
}

async fn message(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let kind = stream.read_u8().await.unwrap();
    let length = usize::try_from(stream.read_i32().await.unwrap()).unwrap();
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await.unwrap();
    (kind, body)
}

#[tokio::test]
async fn a_password_is_asked_for_by_sha256_where_that_is_wanted() {
    let place = Place::made(|config| {
        config.password = Some("s3cret".into());
        config.password_hash = PasswordHash::Sha256;
    })
    .await;
    assert_eq!(by_digest(&place, "s3cret").await, (b'R', vec![0; 4]));
    let (kind, said) = by_digest(&place, "wrong").await;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(kind == b'E' && said.contains("28P01") && said.contains("FATAL"), "{said}");
    // What only knows PostgreSQL's ways gives up.
    let refused = connect(&place, "awsuser", "s3cret").await.err().unwrap();
    assert!(refused.as_db_error().is_none(), "{refused:?}");
}
