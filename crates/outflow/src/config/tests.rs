use super::key::{Area, KEYS};
use super::*;

fn load(text: &str) -> Result<Config> {
    load_with(text, &[], Vec::new())
}

fn load_with(text: &str, variables: &[(&str, &str)], flags: Vec<Override>) -> Result<Config> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outflow.toml");
    std::fs::write(&file, text).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { file: ConfigFile::Named(file), variables, flags })
}

fn complaint(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

#[test]
fn nothing_at_all_is_the_embedded_service() {
    let config = load("").unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store.url.0.to_string(), "sqlite:outflow-data/outflow.db");
    assert_eq!(config.storage.url.0.to_string(), "file:outflow-data/files");
    assert_eq!(config.events.url.0.to_string(), "memory://");
    let names: Vec<_> = config.warehouses.iter().map(|(name, warehouse)| format!("{name} {}", warehouse.url.0)).collect();
    assert_eq!(names, ["main embedded:"]);
}

#[test]
fn each_layer_goes_over_the_one_below() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\ndataDir = \"from-file\"\n[retry]\nmaxAttempts = 2\n[orchestrator]\nleaseSeconds = 7\n";
    let variables = [("OUTFLOW_SERVER_LISTEN", "127.0.0.1:2"), ("OUTFLOW_RETRY_MAX_ATTEMPTS", "3"), ("OUTFLOW_STORE_URL", "")];
    let flags = vec![Override { flag: "--listen", path: "server.listen", value: "127.0.0.1:3".into() }];
    let config = load_with(text, &variables, flags).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.retry.max_attempts, 3);
    assert_eq!(config.orchestrator.lease_seconds, 7);
    assert_eq!(config.store.url.0.to_string(), "sqlite:from-file/outflow.db");
    assert_eq!(*config.origin("server.listen"), Origin::Flag("--listen"));
    assert_eq!(*config.origin("retry.maxAttempts"), Origin::Environment("OUTFLOW_RETRY_MAX_ATTEMPTS".into()));
    assert!(matches!(config.origin("orchestrator.leaseSeconds"), Origin::File(_, 7)));
    assert_eq!(*config.origin("store.url"), Origin::Default);
}

#[test]
fn warehouses_keep_the_order_of_the_file_and_take_variables() {
    let text = "[warehouse.zeta-one]\nurl = \"embedded:z\"\n[warehouse.alpha]\nurl = \"embedded:a\"\n";
    let variables = [("OUTFLOW_WAREHOUSE_ZETA_ONE_MAX_RUNNING", "9"), ("OUTFLOW_WAREHOUSE_LATE_URL", "embedded:l")];
    let flags = vec![Override { flag: "--tables", path: "warehouse.main.url", value: "embedded:flag".into() }];
    let config = load_with(text, &variables, flags).unwrap();
    let shown = |(name, warehouse): &(String, WarehouseConfig)| format!("{name} {} {}", warehouse.url.0, warehouse.max_running);
    let shown: Vec<_> = config.warehouses.iter().map(shown).collect();
    assert_eq!(shown, ["zeta-one embedded:flag 9", "alpha embedded:a 4", "late embedded:l 4"]);
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest() {
    for (text, parts) in [
        ("[server]\n\nlisen = \"x\"\n", vec!["unknown key `server.lisen`", "line 3", "did you mean `server.listen`?"]),
        ("[server]\npublic_url = \"http://x\"\n", vec!["line 2", "did you mean `server.publicUrl`?"]),
        ("[server]\nmaxRunning = 1\n", vec!["unknown key `server.maxRunning`", "did you mean `warehouse.NAME.maxRunning`?"]),
        ("[server]\nzzz = 1\n", vec!["unknown key `server.zzz`", "`[server]` takes `listen`"]),
        (
            "[wherehouse.main]\nurl = \"embedded:\"\n",
            vec!["unknown section `wherehouse`", "line 1", "did you mean `[warehouse]`?"],
        ),
        ("listen = \"127.0.0.1:1\"\n", vec!["unknown key `listen`", "did you mean `server.listen`?"]),
        ("[warehouse]\nurl = \"embedded:\"\n", vec!["line 2", "write `[warehouse.main]`"]),
        ("[warehouse.main]\nmaxRuning = 1\n", vec!["did you mean `warehouse.main.maxRunning`?"]),
        ("[warehouse.Main]\nurl = \"embedded:\"\n", vec!["the warehouse `Main`", "a-z"]),
        ("server = 3\n", vec!["`server` is a section"]),
    ] {
        let error = complaint(text);
        for part in parts {
            assert!(error.contains(part), "{text:?} gave {error:?}, which lacks {part:?}");
        }
    }
}

#[test]
fn a_value_that_does_not_fit_is_named_with_its_place() {
    for (text, parts) in [
        ("[server]\nlisten = 8080\n", vec!["`server.listen`", "line 2", "it must be an IP address and a port"]),
        ("[server]\nlisten = \"localhost\"\n", vec!["is `localhost`"]),
        ("[server]\npublicUrl = \"outflow.example.com\"\n", vec!["https://outflow.example.com"]),
        ("[warehouse.main]\nmaxRunning = 0\n", vec!["is 0; it must be from 1 to 1000"]),
        ("[warehouse.main]\nsampleScale = -1\n", vec!["is -1; it must be from 0.001"]),
        ("[store]\nurl = \"sqlit:x\"\n", vec!["`store.url`", "line 2", "did you mean `sqlite:`?"]),
        ("[orchestrator]\nmode = \"schedule\"\n", vec!["did you mean `scheduler`?"]),
        ("[events]\nlandedTopics = [1]\n", vec!["a list of texts"]),
        ("[auth]\napiKeys = \"no\"\n", vec!["`true` or `false`"]),
        ("[server\n", vec!["cannot read", "line 1"]),
        ("[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\n", vec!["line 3", "duplicate"]),
        ("[warehouse.b]\nmaxRunning = 2\n", vec!["`warehouse.b` has no `url`"]),
    ] {
        let error = complaint(text);
        for part in parts {
            assert!(error.contains(part), "{text:?} gave {error:?}, which lacks {part:?}");
        }
    }
}

#[test]
fn an_unknown_variable_is_an_error_unless_somebody_else_put_it_there() {
    let error = load_with("", &[("OUTFLOW_SERVER_LISTN", "127.0.0.1:1")], Vec::new()).unwrap_err().to_string();
    assert!(error.contains("`OUTFLOW_SERVER_LISTN`") && error.contains("did you mean `OUTFLOW_SERVER_LISTEN`?"), "{error}");
    let error = load_with("", &[("OUTFLOW_RETRY_MAX_ATTEMPTS", "many")], Vec::new()).unwrap_err().to_string();
    assert!(error.contains("`OUTFLOW_RETRY_MAX_ATTEMPTS`") && error.contains("whole number"), "{error}");
    let kubernetes = [
        ("OUTFLOW_SERVICE_HOST", "10.0.0.1"),
        ("OUTFLOW_PORT", "tcp://10.0.0.1:80"),
        ("OUTFLOW_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("OUTFLOW_SERVER", "http://127.0.0.1:1"),
    ];
    assert!(load_with("", &kubernetes, Vec::new()).is_ok());
}

#[test]
fn what_does_not_go_together_or_is_not_there_yet_is_refused() {
    for (text, part) in [
        ("[warehouse.main]\nurl = \"redshift-data://wg/dev\"\n", "Redshift unloads into S3 only"),
        ("[storage]\nregion = \"eu-west-1\"\n", "which is not in S3"),
        ("[storage]\nproxy = true\n", "which is not in S3"),
        ("[storage]\nurl = \"s3://bucket\"\nkmsKeyId = \"a\"\n", "`storage.sse` is not `kms`"),
        ("[storage]\nurl = \"s3://bucket\"\nproxy = true\npublicEndpoint = \"https://s3.example.com\"\n", "lead to the service"),
        ("[events]\nurl = \"kafka://a:9092\"\n", "does not have yet"),
        ("[events]\ncompleteTopic = \"a\"\nfailedTopic = \"a\"\n", "`events.completeTopic` too"),
        ("[events]\nlandedTopics = [\"b\", \"unload-complete\"]\n", "`events.completeTopic` too"),
        ("[warehouse.main]\nurl = \"postgres://a/b\"\n", "does not have yet"),
        ("[auth]\napiKeys = true\n", "does not have API keys yet"),
        ("[server]\nlisten = \"0.0.0.0:8080\"\n", "no authentication"),
        ("[store]\nurl = \"postgres://me:s3cr3t@db/outflow\"\n", "holds a password"),
        ("[store]\npasswordFile = \"x\"\n", "and `store.url` takes none"),
    ] {
        let error = complaint(text);
        assert!(error.contains(part), "{text:?} gave {error:?}, which lacks {part:?}");
        assert!(error.contains("hint: ") && !error.contains("s3cr3t"), "{error}");
    }
}

#[test]
fn a_mode_that_comes_later_is_said_to_whatever_goes_with_it() {
    let cloud = "[warehouse.main]\nurl = \"redshift-data://wg/dev\"\n[storage]\nurl = \"s3://bucket\"\n";
    for mode in ["step-functions", "s3-events"] {
        for rest in ["", cloud, "[events]\nurl = \"kafka://a:9092\"\n"] {
            let error = complaint(&format!("[orchestrator]\nmode = \"{mode}\"\n{rest}"));
            let expected = format!("line 2) is `{mode}`, which this version does not have yet; use `scheduler`");
            assert!(error.contains("`orchestrator.mode`") && error.contains(&expected), "{error}");
        }
    }
    let error = complaint("[orchestrator]\nmode = \"lambda\"\n");
    assert!(error.contains("it must be `scheduler`") && !error.contains("step-functions"), "{error}");
}

#[test]
fn a_bucket_takes_all_that_says_how_to_reach_it() {
    let text =
        "[storage]\nurl = \"s3://bucket/a/b\"\nregion = \"eu-west-1\"\nendpoint = \"http://127.0.0.1:9000\"\npathStyle = false\n";
    let variables = [("OUTFLOW_STORAGE_SSE", "kms"), ("OUTFLOW_STORAGE_KMS_KEY_ID", "alias/results")];
    let storage = load_with(text, &variables, Vec::new()).unwrap().storage;
    assert_eq!(storage.url.0.to_string(), "s3://bucket/a/b");
    assert_eq!((storage.region.as_deref(), storage.endpoint.as_deref()), (Some("eu-west-1"), Some("http://127.0.0.1:9000")));
    assert_eq!((storage.path_style, storage.sse), (Some(false), Some(ServerSideEncryption::Kms)));
    assert_eq!((storage.kms_key_id.as_deref(), storage.public_endpoint, storage.proxy), (Some("alias/results"), None, false));
}

#[test]
fn what_is_shown_can_be_read_again_and_tells_no_secret() {
    let variables = [("OUTFLOW_STORE_URL", "postgres://me:s3cr3t@db/outflow")];
    let config = load_with("[warehouse.main]\nslices = 3\n", &variables, Vec::new()).unwrap();
    let shown = config.to_toml();
    assert!(shown.contains("me:***@db") && shown.contains("# OUTFLOW_STORE_URL") && shown.contains("line 2"), "{shown}");
    assert!(
        !shown.contains("s3cr3t")
            && !config.to_json().to_string().contains("s3cr3t")
            && !format!("{config:?}").contains("s3cr3t")
    );
    let plain = load("[warehouse.main]\nslices = 3\n").unwrap().to_toml();
    let again = load(&plain).unwrap();
    assert_eq!(again.warehouses[0].1.slices, 3);
    assert_eq!(plain.lines().count(), again.to_toml().lines().count());
}

#[test]
fn every_key_is_described_with_its_variable_and_its_default() {
    let page = include_str!("../../../../docs/configuration.md");
    let config = load("").unwrap();
    for key in KEYS {
        let name = (key.area == Area::Warehouse).then_some("main");
        let row_begin = format!("| `{}` | `{}` |", key.path(None), key.variable());
        let row = page.lines().find(|line| line.starts_with(&row_begin));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md lacks a row beginning with {row_begin}"));
        let default =
            config.settings.iter().find(|setting| setting.path() == key.path(name)).map(|setting| setting.value.to_string());
        let default =
            default.map(|value| format!("`{}`", value.trim_matches('"'))).unwrap_or_else(|| "as `listen`, or none".to_owned());
        let cell = row.split('|').nth(3).unwrap().trim();
        assert!(
            cell == default || (cell == "none" && !default.starts_with('`')) || cell == default.replace('"', ""),
            "{row}: {default}"
        );
    }
    let rows = page.lines().filter(|line| line.contains("` | `OUTFLOW_")).count();
    assert_eq!(rows, KEYS.len(), "docs/configuration.md describes a key that is not there");
}
