//! The wire protocol through a PostgreSQL driver.

use std::sync::Arc;

use outflow_emulator::Tls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, NoTls, SimpleQueryMessage};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{ENDLESS, Place, until};

const UNLOAD: &str =
    "UNLOAD ('SELECT id, name FROM fruit ORDER BY id') TO 's3://lake/w/output' IAM_ROLE default FORMAT CSV PARALLEL OFF";

/// The values of a simple query, as text.
async fn texts(client: &tokio_postgres::Client, sql: &str) -> Vec<Vec<Option<String>>> {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()),
        _ => None,
    });
    rows.collect()
}

async fn one(client: &tokio_postgres::Client, sql: &str) -> String {
    texts(client, sql).await.remove(0).remove(0).unwrap()
}

#[tokio::test]
async fn an_unload_says_how_many_rows_and_the_session_remembers() {
    let place = Place::new().await;
    let config = format!("host=127.0.0.1 port={} user=awsuser dbname=dev", place.pg.port());
    let (client, mut connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let (sender, mut notices) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let Ok(AsyncMessage::Notice(notice)) = message {
                sender.send((notice.severity().to_owned(), notice.message().to_owned())).unwrap();
            }
        }
    });
    client.batch_execute(UNLOAD).await.unwrap();
    let told = notices.recv().await.unwrap();
    assert_eq!(told, ("INFO".to_owned(), "UNLOAD completed, 3 record(s) unloaded successfully.".to_owned()));
    assert_eq!(place.names("w"), ["output000"]);
    assert_eq!(one(&client, "SELECT pg_last_unload_count()").await, "3");
    let query = one(&client, "SELECT pg_last_query_id()").await;
    assert_eq!(one(&client, &format!("SELECT unloaded_rows FROM sys_unload_history WHERE query_id = {query}")).await, "3");
}

#[tokio::test]
async fn rows_have_redshifts_types_in_text_and_in_binary() {
    let place = Place::new().await;
    let client = place.connect().await;
    let sql =
        "SELECT 1::int2 AS a, 2::int AS b, 3::bigint AS c, 1.5::float8 AS d, CAST(-12.340 AS numeric(10,3)) AS e, true AS f,
               '배'::varchar AS g, DATE '2001-02-03' AS h, TIMESTAMP '2001-02-03 04:05:06.5' AS i, NULL::int AS j";
    let shown: Vec<_> = texts(&client, sql).await.remove(0).into_iter().map(|value| value.unwrap_or_default()).collect();
    assert_eq!(shown, ["1", "2", "3", "1.5", "-12.340", "t", "배", "2001-02-03", "2001-02-03 04:05:06.5", ""]);
    let row = client.query_one(sql, &[]).await.unwrap();
    let types: Vec<_> = row.columns().iter().map(|column| column.type_().clone()).collect();
    let expected = [
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::FLOAT8,
        Type::NUMERIC,
        Type::BOOL,
        Type::VARCHAR,
        Type::DATE,
        Type::TIMESTAMP,
        Type::INT4,
    ];
    assert_eq!(types, expected);
    assert_eq!((row.get::<_, i16>(0), row.get::<_, i32>(1), row.get::<_, i64>(2), row.get::<_, f64>(3)), (1, 2, 3, 1.5));
    assert_eq!((row.get::<_, bool>(5), row.get::<_, String>(6), row.get::<_, Option<i32>>(9)), (true, "배".to_owned(), None));
}

#[tokio::test]
async fn parameters_are_bound_by_their_types() {
    let place = Place::new().await;
    let client = place.connect().await;
    let statement = client.prepare("SELECT name FROM fruit WHERE id = $1 AND name <> $2").await.unwrap();
    assert_eq!(statement.params(), [Type::INT8, Type::VARCHAR]);
    let rows = client.query(&statement, &[&2_i64, &"' OR 1=1"]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), ["배"]);
    let none = client.query(&statement, &[&None::<i64>, &"x"]).await.unwrap();
    assert!(none.is_empty());
    let error = client.prepare("SELECT 1; SELECT 2").await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::SYNTAX_ERROR));
    // An UNLOAD can be prepared as well.
    assert_eq!(client.execute(UNLOAD, &[]).await.unwrap(), 0);
    assert_eq!(place.names("w"), ["output000"]);
}

#[tokio::test]
async fn sessions_set_show_begin_and_fail_as_redshifts_do() {
    let place = Place::new().await;
    let client = place.connect().await;
    client.batch_execute("SET query_group TO 'night'; SET application_name = 'x'").await.unwrap();
    assert_eq!(one(&client, "SHOW query_group").await, "night");
    assert_eq!(one(&client, "SELECT current_setting('query_group')").await, "night");
    assert!(one(&client, "select pg_catalog.version()").await.contains("Redshift 1."));
    assert_eq!(
        texts(&client, "select current_user, current_database()").await[0],
        [Some("awsuser".to_owned()), Some("dev".to_owned())]
    );
    let code = |error: tokio_postgres::Error| error.code().unwrap().code().to_owned();
    assert_eq!(code(client.batch_execute("SHOW nothing").await.unwrap_err()), "42704");
    let error = client.simple_query("SELECT nothing FROM fruit").await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!((error.code().code(), error.position()), ("42703", Some(&tokio_postgres::error::ErrorPosition::Original(8))));
    assert_eq!(code(client.batch_execute("CREATE TABLE t (a int)").await.unwrap_err()), "0A000");
    client.batch_execute("BEGIN").await.unwrap();
    client.batch_execute("SELECT nothing FROM fruit").await.unwrap_err();
    assert_eq!(code(client.batch_execute("SELECT 1").await.unwrap_err()), "25P02");
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(one(&client, "SELECT 1").await, "1");
}

#[tokio::test]
async fn what_runs_is_cancelled_by_request_and_by_process() {
    let place = Place::new().await;
    let client = place.connect().await;
    let token = client.cancel_token();
    let other = place.connect().await;
    let pid = one(&client, "SELECT pg_backend_pid()").await;
    let client = Arc::new(client);
    for by_process in [false, true] {
        let sql = format!("/* outflow {by_process} */ UNLOAD ('{ENDLESS}') TO 's3://lake/c/output' IAM_ROLE default");
        let running = tokio::spawn({
            let client = Arc::clone(&client);
            async move { client.batch_execute(&sql).await }
        });
        let find = format!(
            "SELECT session_id FROM sys_query_history WHERE status = 'running' AND query_text LIKE '/* outflow {by_process} */%'"
        );
        until(|| async { texts(&other, &find).await == [[Some(pid.clone())]] }).await;
        if by_process {
            assert_eq!(one(&other, &format!("SELECT pg_cancel_backend({pid})")).await, "1");
        } else {
            token.cancel_query(NoTls).await.unwrap();
        }
        let error = running.await.unwrap().unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error:?}");
    }
    assert_eq!(one(&client, "SELECT 1").await, "1");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_the_right_one_is_not() {
    let place = Place::with(&[], Some("s3cret"), None).await;
    let connect = |user: &'static str, password: &'static str| async move {
        let config = format!("host=127.0.0.1 port={} user={user} password={password} dbname=dev", place.pg.port());
        tokio_postgres::connect(&config, NoTls).await.map(|_| ())
    };
    let connect = &connect;
    assert!(connect("awsuser", "s3cret").await.is_ok());
    for (user, password) in [("awsuser", "wrong"), ("other", "s3cret")] {
        let error = connect(user, password).await.unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::INVALID_PASSWORD), "{user}");
    }
}

#[tokio::test]
async fn the_connection_can_be_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Tls { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    let place = Place::with(&[], None, Some(tls)).await;
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config =
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let mut stream = tokio::net::TcpStream::connect(place.pg).await.unwrap();
    stream.write_all(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'S');
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    let mut config = tokio_postgres::Config::new();
    config.user("awsuser").dbname("dev").ssl_mode(tokio_postgres::config::SslMode::Disable);
    let (client, connection) = config.connect_raw(stream, NoTls).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(one(&client, "SELECT 1").await, "1");
    // Whoever does not ask for it is let in without.
    assert_eq!(one(&place.connect().await, "SELECT 2").await, "2");
}
