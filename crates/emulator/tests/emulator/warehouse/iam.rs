//! Temporary credentials: what AWS hands out lets in, is used until shortly before its end, and is asked for anew. The emulator hands out
//! its own; what it would not answer, a stand-in does.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_redshiftdata::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_redshiftdata::types::Field;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use outflow_core::Code;
use outflow_core::warehouse::Warehouse;
use outflow_warehouse::redshift_wire::{IamLogin, IamPlace, RedshiftConfig, RedshiftWire};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::{config, end, is_finished, statement, token};
use crate::support::{Place, run};

/// What the stand-in for AWS answers.
#[derive(Debug, Clone)]
enum Answer {
    /// That password, for so many seconds.
    Give(&'static str, i64),
    /// A status, AWS's name for what it refuses, and its words.
    Refuse(u16, &'static str, &'static str),
}

/// A stand-in for the two APIs of AWS, and what it was asked.
struct Aws {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<Mutex<Vec<String>>>,
    server: AbortHandle,
}

type Shared = (Arc<Mutex<Answer>>, Arc<Mutex<Vec<String>>>);

impl Aws {
    async fn answering(answer: Answer) -> Self {
        let shared: Shared = (Arc::new(Mutex::new(answer)), Arc::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(reply).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self { address, answer: shared.0, asked: shared.1, server }
    }

    fn now_answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A warehouse that asks here.
    fn config(&self, place: &Place, named: IamPlace) -> RedshiftConfig {
        asking(self.address, place, named)
    }
}

/// A warehouse there that asks for its passwords at that address.
fn asking(address: SocketAddr, place: &Place, named: IamPlace) -> RedshiftConfig {
    let login = IamLogin {
        place: named,
        region: Some("eu-west-1".to_owned()),
        endpoint: Some(format!("http://{address}")),
        credentials: Some(SharedCredentialsProvider::new(Credentials::for_tests())),
    };
    RedshiftConfig { user: None, iam: Some(login), ..config(place) }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Reply = (StatusCode, [(header::HeaderName, &'static str); 1], String);

async fn reply(State((answer, asked)): State<Shared>, headers: HeaderMap, body: Bytes) -> Reply {
    let target = headers.get("x-amz-target").map(|target| target.to_str().unwrap().to_owned());
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(headers.contains_key("authorization"), "a call that is not signed");
    asked.lock().unwrap().push(target.iter().chain([&text]).cloned().collect::<Vec<_>>().join(" "));
    let answer = answer.lock().unwrap().clone();
    match target {
        Some(_) => json(answer),
        None => xml(&text, answer),
    }
}

/// Redshift Serverless speaks JSON 1.1.
fn json(answer: Answer) -> Reply {
    let (status, body) = match answer {
        Answer::Give(password, seconds) => {
            let until = chrono::Utc::now().timestamp() + seconds;
            (
                200,
                serde_json::json!({ "dbUser": "awsuser", "dbPassword": password, "expiration": until, "nextRefreshTime": until }),
            )
        }
        Answer::Refuse(status, name, said) => (status, serde_json::json!({ "__type": name, "message": said })),
    };
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], body.to_string())
}

/// Redshift speaks the query protocol: a form, and XML.
fn xml(form: &str, answer: Answer) -> Reply {
    let action = form.split('&').find_map(|field| field.strip_prefix("Action=")).unwrap();
    let space = "xmlns=\"http://redshift.amazonaws.com/doc/2012-12-01/\"";
    let (status, body) = match answer {
        Answer::Give(password, seconds) => {
            let until = (chrono::Utc::now() + chrono::TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%S.000Z");
            let given = format!("<DbUser>awsuser</DbUser><DbPassword>{password}</DbPassword><Expiration>{until}</Expiration>");
            let id = "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>";
            (200, format!("<{action}Response {space}><{action}Result>{given}</{action}Result>{id}</{action}Response>"))
        }
        Answer::Refuse(status, name, said) => {
            let error = format!("<Error><Type>Sender</Type><Code>{name}</Code><Message>{said}</Message></Error>");
            (status, format!("<ErrorResponse {space}>{error}<RequestId>r</RequestId></ErrorResponse>"))
        }
    };
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "text/xml")], body)
}

fn workgroup() -> IamPlace {
    IamPlace::Workgroup("wg".to_owned())
}

fn cluster(db_user: Option<&str>) -> IamPlace {
    IamPlace::Cluster { name: "c-1".to_owned(), db_user: db_user.map(str::to_owned) }
}

#[tokio::test]
async fn what_the_emulator_hands_out_lets_in_as_who_asked() {
    for (named, user) in [(workgroup(), "IAM:awsuser"), (cluster(None), "IAM:awsuser"), (cluster(Some("ann")), "IAM:ann")] {
        let place = Place::with(&[], Some("lasting"), None).await;
        let warehouse = RedshiftWire::new(asking(place.data_api, &place, named)).unwrap();
        warehouse.check().await.unwrap();
        let started = warehouse.start(&statement("SELECT id FROM fruit ORDER BY id"), &token()).await.unwrap();
        assert!(is_finished(&end(&warehouse, &started).await));
        assert_eq!(place.names("u"), ["output000", "outputmanifest"]);
        let sdk = place.sdk();
        let seen = run(&sdk, "SELECT DISTINCT trim(user_name) FROM stv_recents WHERE query LIKE '/* outflow %'").await;
        let records = sdk.get_statement_result().id(seen.id()).send().await.unwrap().records;
        assert_eq!(records, [[Field::StringValue(user.to_owned())]]);
    }
}

#[tokio::test]
async fn what_aws_hands_out_lets_in_and_is_asked_for_once_while_it_holds() {
    for (named, parts) in [
        (workgroup(), vec!["RedshiftServerless.GetCredentials", "\"workgroupName\":\"wg\"", "\"dbName\":\"dev\""]),
        (cluster(None), vec!["Action=GetClusterCredentialsWithIAM&", "ClusterIdentifier=c-1", "DbName=dev"]),
        (cluster(Some("ann")), vec!["Action=GetClusterCredentials&", "DbUser=ann", "AutoCreate=false", "DbName=dev"]),
    ] {
        let place = Place::with(&[], Some("s3cret"), None).await;
        let aws = Aws::answering(Answer::Give("s3cret", 900)).await;
        let warehouse = RedshiftWire::new(aws.config(&place, named)).unwrap();
        let (one, other) = (token(), token());
        // Two that need a connection at the same time, and a third that comes later.
        let query = statement("SELECT id FROM fruit");
        let (started, checked) = tokio::join!(warehouse.start(&query, &one), warehouse.check());
        checked.unwrap();
        assert!(is_finished(&end(&warehouse, &started.unwrap()).await));
        warehouse.start(&statement("SELECT id FROM fruit"), &other).await.unwrap();
        let asked = aws.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(parts.iter().all(|part| asked[0].contains(part)), "{asked:?} lacks one of {parts:?}");
        assert!(!format!("{warehouse:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn what_ends_soon_is_asked_for_again_by_the_next_connection() {
    let place = Place::with(&[], Some("s3cret"), None).await;
    // Less than the minute that must be left.
    let aws = Aws::answering(Answer::Give("s3cret", 50)).await;
    let warehouse = RedshiftWire::new(aws.config(&place, cluster(None))).unwrap();
    for times in 1..=2 {
        warehouse.start(&statement("SELECT id FROM fruit"), &token()).await.unwrap();
        // A start looks into the record over its own connection.
        assert_eq!(aws.asked().len(), times);
    }
}

/// A port behind which one server after another can be.
async fn relay() -> (u16, Arc<Mutex<SocketAddr>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = Arc::new(Mutex::new(listener.local_addr().unwrap()));
    let now = Arc::clone(&behind);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let address = *now.lock().unwrap();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(address).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    (port, behind)
}

#[tokio::test]
async fn a_kept_password_that_the_server_refuses_is_asked_for_anew_once() {
    let first = Place::with(&[], Some("s3cret"), None).await;
    let second = Place::with(&[], Some("s3cret-2"), None).await;
    let (port, behind) = relay().await;
    let aws = Aws::answering(Answer::Give("s3cret", 900)).await;
    let warehouse = RedshiftWire::new(RedshiftConfig { port, ..aws.config(&first, workgroup()) }).unwrap();
    let start = async || warehouse.start(&statement("SELECT id FROM fruit"), &token()).await;
    *behind.lock().unwrap() = first.pg;
    start().await.unwrap();
    // The server takes another password now.
    *behind.lock().unwrap() = second.pg;
    aws.now_answers(Answer::Give("s3cret-2", 900));
    start().await.unwrap();
    assert_eq!(aws.asked().len(), 2);
    start().await.unwrap();
    assert_eq!(aws.asked().len(), 2);
    // And one that AWS does not know yet.
    *behind.lock().unwrap() = first.pg;
    let error = start().await.unwrap_err();
    assert_eq!((error.code(), aws.asked().len()), (Code::WarehouseDenied, 3), "{}", error.chain());
    assert!(error.message().contains("temporary credentials") && !error.chain().contains("s3cret"), "{}", error.chain());
    // What was refused is not kept.
    aws.now_answers(Answer::Give("s3cret", 900));
    start().await.unwrap();
    assert_eq!(aws.asked().len(), 4);
}

#[tokio::test]
async fn what_aws_refuses_is_told_with_the_action() {
    let place = Place::with(&[], Some("s3cret"), None).await;
    let said = "User: arn:aws:iam::1:user/x is not authorized to perform this";
    for (named, answer, code, part) in [
        (
            workgroup(),
            Answer::Refuse(400, "AccessDeniedException", said),
            Code::WarehouseDenied,
            "`redshift-serverless:GetCredentials`",
        ),
        (
            cluster(None),
            Answer::Refuse(403, "AccessDenied", said),
            Code::WarehouseDenied,
            "`redshift:GetClusterCredentialsWithIAM`",
        ),
        (
            cluster(Some("ann")),
            Answer::Refuse(403, "AccessDenied", said),
            Code::WarehouseDenied,
            "`redshift:GetClusterCredentials`",
        ),
        (workgroup(), Answer::Refuse(400, "ResourceNotFoundException", "no"), Code::ConfigInvalid, "no workgroup `wg`"),
        (cluster(None), Answer::Refuse(404, "ClusterNotFound", "no"), Code::ConfigInvalid, "no cluster `c-1`"),
        (workgroup(), Answer::Refuse(400, "ThrottlingException", "rate"), Code::WarehouseThrottled, "fewer calls"),
        (cluster(None), Answer::Refuse(400, "Throttling", "rate"), Code::WarehouseThrottled, "fewer calls"),
        (workgroup(), Answer::Refuse(403, "ExpiredTokenException", "old"), Code::WarehouseUnavailable, "have expired"),
        (cluster(None), Answer::Refuse(403, "ExpiredToken", "old"), Code::WarehouseUnavailable, "have expired"),
        (cluster(None), Answer::Give("&s3cret;", 900), Code::WarehouseUnavailable, "AWS"),
    ] {
        let aws = Aws::answering(answer).await;
        let warehouse = RedshiftWire::new(aws.config(&place, named)).unwrap();
        let lost = token();
        let error = warehouse.start(&statement("SELECT id FROM fruit"), &lost).await.unwrap_err();
        assert_eq!(error.code(), code, "{}", error.chain());
        assert!(error.message().contains(part) && !error.message().contains("arn:"), "{error}");
        assert!(!error.chain().contains("s3cret"), "{}", error.chain());
        // Nothing was sent, and it can begin as soon as AWS lets it.
        assert_eq!((warehouse.find(&lost).await.unwrap(), aws.asked().len()), (None, 1));
        aws.now_answers(Answer::Give("s3cret", 900));
        warehouse.start(&statement("SELECT id FROM fruit"), &lost).await.unwrap();
    }
    // Nobody is there.
    let warehouse = RedshiftWire::new(asking("127.0.0.1:1".parse().unwrap(), &place, workgroup())).unwrap();
    let error = warehouse.check().await.unwrap_err();
    assert_eq!(error.code(), Code::WarehouseUnavailable, "{}", error.chain());
    assert!(error.message().contains("AWS cannot be reached"), "{error}");
}
