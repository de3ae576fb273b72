//! Links to S3, clicked.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use outflow_core::key::StorageKey;
use outflow_core::{Code, Timestamp};
use outflow_storage::testing::{ACCESS_KEY, S3Server, SECRET_KEY};
use outflow_storage::{LinkTarget, S3Options, Storage};

use crate::support::{World, file, noise, options, place};

const LIFE: Duration = Duration::from_secs(300);

fn target() -> LinkTarget {
    LinkTarget {
        key: file("output000"),
        download_name: "월별 1.csv".to_owned(),
        content_type: "text/csv; charset=utf-8".to_owned(),
    }
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn with_credentials(server: &S3Server, expiry: SystemTime) -> Storage {
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, Some(expiry), "test");
    let s3 = S3Options { credentials: Some(SharedCredentialsProvider::new(credentials)), ..server.options() };
    Storage::open("s3://results/deep/er", options(s3)).await.unwrap()
}

#[tokio::test]
async fn a_click_brings_the_file_with_its_name_and_type_and_ranges() {
    let world = World::new().await;
    let bytes = noise(1, 100_000);
    world.put(&[("output000", bytes.clone())]).await;
    let link = world.storage.sign(&target(), LIFE, now()).await.unwrap();
    assert!(link.url.starts_with(&format!("{}/results/deep/er/unload-results/abc123/", world.server.endpoint())), "{}", link.url);
    assert!(!format!("{link:?}").contains("X-Amz"), "a link is not shown");

    let answer = http().get(&link.url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; ") && disposition.contains("filename*=UTF-8''%EC%9B%94"), "{disposition}");
    assert!(answer.bytes().await.unwrap() == bytes, "it has other bytes");

    let part = http().get(&link.url).header("range", "bytes=99990-").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.headers()["content-range"].to_str().unwrap()), (206, "bytes 99990-99999/100000"));
    assert_eq!(part.bytes().await.unwrap(), bytes[99_990..]);
}

#[tokio::test]
async fn a_name_with_every_kind_of_character_is_written_copied_clicked_and_deleted() {
    let server = S3Server::start("results").await;
    let storage = Storage::open("s3://results/a b+c/100%/매출 & 'x'=1", options(server.options())).await.unwrap();
    let names = [
        "output/a=1%2F2%3D%25/b=월/0000_part_00.csv",
        "output/a=x y+z&#;?/b=.../0000_part_00.csv",
        "output/a='q' \"p\" (r)[s]{t}/0000_part_00.csv",
        "output/a=~!@$^*,<>|`:/0000_part_00.csv",
    ];
    let bytes = noise(1, 5 << 20);
    for name in names {
        let uri = format!("{}{name}", storage.uri(&StorageKey::Attempt(place(1))));
        assert_eq!(storage.file_name(&place(1), &uri).unwrap(), name);
        storage.put(&file(name), bytes.clone().into()).await.unwrap();
    }
    let mut expected: Vec<_> = names.iter().map(|name| ((*name).to_owned(), bytes.len() as u64)).collect();
    expected.sort_unstable();
    assert_eq!(storage.list(&place(1)).await.unwrap(), expected);
    let pieces = names.map(|name| outflow_storage::JoinPart::File(file(name)));
    assert_eq!(storage.join(&pieces, &file("joined.csv")).await.unwrap(), 4 * bytes.len() as u64);
    for name in names {
        assert!(storage.read(&file(name), u64::MAX).await.unwrap() == bytes, "it has other bytes");
        let link = storage.sign(&LinkTarget { key: file(name), ..target() }, LIFE, now()).await.unwrap();
        let answer = http().get(&link.url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        assert!(answer.bytes().await.unwrap() == bytes, "it has other bytes");
        storage.delete(&file(name)).await.unwrap();
    }
    assert_eq!(storage.list(&place(1)).await.unwrap(), [("joined.csv".to_owned(), 4 * bytes.len() as u64)]);
    storage.delete_attempt(&place(1)).await.unwrap();
    assert_eq!(storage.list(&place(1)).await.unwrap(), []);
}

#[tokio::test]
async fn a_link_is_for_its_own_method_and_its_own_file() {
    let world = World::new().await;
    world.put(&[("output000", noise(1, 10)), ("output001", noise(2, 10))]).await;
    let get = world.storage.sign(&target(), LIFE, now()).await.unwrap().url;
    let head = world.storage.sign_head(&target(), LIFE, now()).await.unwrap().url;
    assert_eq!(http().head(&head).send().await.unwrap().status(), 200);
    assert_eq!(http().head(&get).send().await.unwrap().status(), 403);
    assert_eq!(http().get(get.replace("output000", "output001")).send().await.unwrap().status(), 403);
    assert_eq!(http().get(get.replace("csv", "html")).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_link_ends_when_it_says() {
    let world = World::new().await;
    world.put(&[("output000", noise(1, 10))]).await;
    let before = now() - Duration::from_secs(600);
    let link = world.storage.sign(&target(), LIFE, before).await.unwrap();
    assert_eq!((link.expires_at - before).num_seconds(), 299 + i64::from(before.timestamp_subsec_nanos() == 0));
    assert_eq!(http().get(&link.url).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_link_never_outlives_the_credentials_that_sign_it() {
    let server = S3Server::start("results").await;
    let end = SystemTime::now() + Duration::from_secs(100);
    let storage = with_credentials(&server, end).await;
    let link = storage.sign(&target(), LIFE, now()).await.unwrap();
    assert!(link.expires_at <= Timestamp::from(end), "{}", link.expires_at);
    assert!(link.expires_at > now() + Duration::from_secs(90), "{}", link.expires_at);
    let error = storage.sign(&target(), LIFE, now() + Duration::from_secs(200)).await.unwrap_err();
    assert_eq!((error.code(), error.message().contains("renew them")), (Code::StorageDenied, true), "{error}");
}

#[tokio::test]
async fn links_lead_to_the_public_endpoint_and_so_does_the_plain_address() {
    let server = S3Server::start("results").await;
    let s3 = S3Options { public_endpoint: Some("https://s3.example.com".to_owned()), ..server.options() };
    let storage = Storage::open("s3://results", options(s3)).await.unwrap();
    let link = storage.sign(&target(), LIFE, now()).await.unwrap();
    assert!(link.url.starts_with("https://s3.example.com/results/unload-results/"), "{}", link.url);
    assert!(storage.links_elsewhere());
    let plain = storage.file_url(&place(1), &[]);
    assert_eq!(plain, format!("https://s3.example.com/results/{}", StorageKey::Receipt(place(1)).path()));
}

#[tokio::test]
async fn by_proxy_links_lead_to_the_service() {
    let server = S3Server::start("results").await;
    let s3 = S3Options { proxy: true, ..server.options() };
    let storage = Storage::open("s3://results", options(s3)).await.unwrap();
    let link = storage.sign(&target(), LIFE, now()).await.unwrap();
    assert!(link.url.starts_with("http://127.0.0.1:8080/download/"), "{}", link.url);
    assert!(!storage.links_elsewhere());
    assert_eq!(storage.verify(link.url.split('/').nth(4).unwrap(), now()).unwrap(), target());
}
