//! The whole flow with files in S3: from the request to the download, by links that S3 answers and through the service.

use outflow_storage::testing::{ACCESS_KEY, Fault, S3Server, SECRET_KEY};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Place, Running, SERVE, eventually, http};

const FRUIT: &str = "id,name\n1,apple\n2,배\n3,\"a \"\"b\"\"\nc\"\n";

/// A service whose files lie in a bucket.
struct World {
    place: Place,
    bucket: S3Server,
    service: Running,
    // The bucket lives in it.
    _runtime: Runtime,
}

impl World {
    fn new(more: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let bucket = runtime.block_on(S3Server::start("results"));
        let place = Place::with_tables();
        std::fs::write(place.path("outflow.toml"), format!("[storage]\nurl = \"s3://results/team\"\n{more}")).unwrap();
        let mut command = place.command(&SERVE);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)]);
        command.envs([("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL_S3", bucket.endpoint())]);
        let service = Running::start(command);
        Self { place, bucket, service, _runtime: runtime }
    }

    fn post(&self, body: &Value) -> Value {
        let (status, answer) = http("POST", &format!("{}/api/unload", self.service.url), Some(&body.to_string()));
        assert_eq!(status, 202, "{answer}");
        let status = || {
            let (_, answer) = http("GET", &self.address(body, ""), None);
            serde_json::from_str::<Value>(&answer).unwrap()
        };
        eventually("the end of the unload", || !matches!(status()["status"].as_str(), Some("PENDING" | "RUNNING")));
        status()
    }

    fn address(&self, body: &Value, rest: &str) -> String {
        format!("{}/api/unload/{}{rest}", self.service.url, body["requestId"].as_str().unwrap())
    }

    /// The names of all objects.
    fn objects(&self) -> Vec<String> {
        let (mut found, mut folders) = (Vec::new(), vec![self.bucket.files("results")]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(self.bucket.files("results")).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }
}

#[test]
fn a_query_becomes_an_object_and_a_click_brings_it() {
    let world = World::new("");
    let body = json!({ "requestId": "fruit", "sql": "SELECT id, name FROM fruit ORDER BY id", "compression": "none", "parallel": false });
    let done = world.post(&body);
    assert_eq!((done["status"].as_str(), done["rowCount"].as_u64()), (Some("DONE"), Some(3)), "{done}");
    let url = done["s3FileUrl"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/results/team/unload-results/fruit/", world.bucket.endpoint())), "{url}");
    assert!(url.ends_with("-1/output000.csv") && !url.contains('?'), "{url}");
    let objects = world.objects();
    assert!(objects.len() == 3 && objects.iter().all(|name| name.starts_with("team/unload-results/fruit/")), "{objects:?}");

    assert_eq!(http("GET", &world.address(&body, "/files/0"), None), (200, FRUIT.to_owned()));
    assert_eq!(http("HEAD", &world.address(&body, "/files/0"), None).0, 200);
    let (_, list) = http("GET", &format!("{}/api/unload/file/fruit", world.service.url), None);
    let link = serde_json::from_str::<Value>(&list).unwrap()["files"][0]["url"].as_str().unwrap().to_owned();
    assert!(link.starts_with(world.bucket.endpoint()) && link.contains("X-Amz-Signature"), "{link}");
    assert_eq!(http("GET", &link, None), (200, FRUIT.to_owned()));
    assert!(!world.service.stderr().contains("X-Amz-"), "a link is logged");

    let saved = world.place.run(&["download", "fruit", "--save-receipt", "--out", "fruit.csv", "--server", &world.service.url]);
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    assert_eq!(std::fs::read_to_string(world.place.path("fruit.csv")).unwrap(), FRUIT);
    assert_eq!(world.place.run(&["verify", "fruit.csv"]).code, 0);

    assert_eq!(http("DELETE", &world.address(&body, ""), None).0 / 100, 2);
    eventually("the deletion of the files", || world.objects().is_empty());
    assert_eq!(http("GET", &world.address(&body, "/files/0"), None).0, 410);
}

#[test]
fn what_storage_says_of_a_link_is_not_laid_to_the_service() {
    let world = World::new("");
    let body = json!({ "requestId": "fruit", "sql": "SELECT id, name FROM fruit ORDER BY id", "compression": "none" });
    assert_eq!(world.post(&body)["status"], "DONE");
    let download = ["download", "fruit", "--out", "fruit.csv", "--server", &world.service.url];
    let place = format!("the storage at `{}` answered", world.bucket.endpoint());
    for (status, name, code) in [(403, "AccessDenied", 1), (404, "NoSuchKey", 3)] {
        world.bucket.fail(move |call| {
            let is_click = call.method == "GET" && call.query.contains("X-Amz-Signature");
            is_click.then_some(Fault::Refused(status, name, "a fault"))
        });
        let ended = world.place.run(&download);
        assert!(ended.stderr.contains(&place) && ended.stderr.contains(&format!("({name}: a fault)")), "{}", ended.stderr);
        assert!(ended.code == code && !ended.stderr.contains("X-Amz-"), "{} {}", ended.code, ended.stderr);
    }
    world.bucket.mend();
    assert_eq!(world.place.run(&download).code, 0);

    let world = World::new("publicEndpoint = \"http://127.0.0.1:9\"\n");
    assert_eq!(world.post(&body)["status"], "DONE");
    let ended = world.place.run(&["download", "fruit", "--out", "again.csv", "--server", &world.service.url]);
    assert!(ended.stderr.contains("cannot reach the storage at `http://127.0.0.1:9`"), "{}", ended.stderr);
    assert!(ended.stderr.contains("storage.publicEndpoint") && !ended.stderr.contains("X-Amz-"), "{}", ended.stderr);
}

#[test]
fn parts_are_joined_inside_the_bucket() {
    let world = World::new("");
    let sql = "SELECT n, repeat('x', 60) AS filler FROM many";
    let body = json!({ "requestId": "many", "sql": sql, "compression": "none", "parallel": true });
    let done = world.post(&body);
    assert_eq!((done["status"].as_str(), done["rowCount"].as_u64()), (Some("DONE"), Some(200_000)), "{done}");
    assert!(done["s3FileUrl"].as_str().unwrap().ends_with("/joined.csv"), "{done}");
    let (status, text) = http("GET", &world.address(&body, "/files/0"), None);
    assert_eq!((status, text.lines().count(), text.lines().next()), (200, 200_001, Some("n,filler")));
    eventually("the deletion of the parts", || world.objects().iter().all(|name| !name.contains("_part_")));
    assert_eq!(world.bucket.uploads(), 0);
    let download = ["download", "many", "--save-receipt", "--out", "many.csv", "--server", &world.service.url];
    let saved = world.place.run(&download);
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    assert!(std::fs::read_to_string(world.place.path("many.csv")).unwrap() == text, "it has other bytes");

    // Its checksum is the one that S3 keeps, and is made here as well.
    let verified = world.place.run(&["verify", "many.csv"]);
    assert!(verified.code == 0 && !verified.stdout.contains("not checked"), "{}{}", verified.stdout, verified.stderr);
    std::fs::write(world.place.path("many.csv"), text.replacen('x', "y", 1)).unwrap();
    let verified = world.place.run(&["verify", "many.csv"]);
    assert!(verified.code == 1 && verified.stdout.contains("has the CRC-64/NVME"), "{}{}", verified.stdout, verified.stderr);
    let object = world.objects().into_iter().find(|name| name.ends_with("/joined.csv")).unwrap();
    std::fs::write(world.bucket.files("results").join(object), text.replacen('x', "y", 1)).unwrap();
    let spoilt = world.place.run(&[&download[..], &["--force"]].concat());
    assert!(spoilt.code == 1 && spoilt.stderr.contains("(verification_failed)"), "{}", spoilt.stderr);
}

#[test]
fn an_s3_that_refuses_one_call_in_ten_loses_nothing() {
    let world = World::new("");
    world.bucket.fail(|call| (call.number % 10 == 9).then_some(Fault::Busy));
    let sql = "SELECT n, repeat('x', 60) AS filler FROM many";
    let body = json!({ "requestId": "many", "sql": sql, "compression": "none", "parallel": true });
    let done = world.post(&body);
    assert_eq!((done["status"].as_str(), done["attempt"].as_u64()), (Some("DONE"), Some(1)), "{done}");
    assert_eq!(world.bucket.uploads(), 0);
    let saved = world.place.run(&["download", "many", "--out", "many.csv", "--server", &world.service.url]);
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    assert_eq!(std::fs::read_to_string(world.place.path("many.csv")).unwrap().lines().count(), 200_001);
    assert_eq!(http("DELETE", &world.address(&body, ""), None).0 / 100, 2);
    eventually("the deletion of the files", || world.objects().is_empty());
}

#[test]
fn by_proxy_the_service_hands_the_object_out_and_goes_on_where_a_download_broke_off() {
    let world = World::new("proxy = true\n");
    let body = json!({ "requestId": "fruit", "sql": "SELECT id, name FROM fruit ORDER BY id", "compression": "none" });
    assert_eq!(world.post(&body)["status"], "DONE");
    let (_, list) = http("GET", &format!("{}/api/unload/file/fruit", world.service.url), None);
    let link = serde_json::from_str::<Value>(&list).unwrap()["files"][0]["url"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&format!("{}/download/", world.service.url)), "{link}");
    assert_eq!(http("GET", &link, None), (200, FRUIT.to_owned()));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let part = runtime.block_on(async {
        let part = reqwest::Client::new().get(&link).header("range", "bytes=8-").send().await.unwrap();
        (part.status().as_u16(), part.text().await.unwrap())
    });
    assert_eq!(part, (206, FRUIT[8..].to_owned()));
}

#[test]
fn a_bucket_that_is_not_there_is_told_at_the_start() {
    let place = Place::with_tables();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bucket = runtime.block_on(S3Server::start("results"));
    let text = format!("[storage]\nurl = \"s3://other\"\nendpoint = \"{}\"\n", bucket.endpoint());
    std::fs::write(place.path("outflow.toml"), text).unwrap();
    let mut command = place.command(&SERVE);
    command.envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)]);
    let ended = crate::support::finish(command, None);
    assert!(ended.code != 0 && ended.stderr.contains("there is no bucket `other`"), "{}", ended.stderr);
}
