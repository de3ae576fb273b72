//! What a caller may choose about the files: each option is refused by name or shown, and said to the warehouse.

use serde_json::{Value, json};

use crate::support::TestApp;

/// The statement's fields beside those of a request with nothing but its query.
fn asking(fields: &Value) -> Value {
    let mut body = json!({"sql": "SELECT n, n AS m FROM numbers"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn what_does_not_go_together_or_is_out_of_bounds_is_refused_by_name() {
    let app = TestApp::new().await;
    let text = |option: &str, value: Value| json!({"format": "text", option: value});
    let cases = [
        (json!({"quoteAll": true}), ["`quoteAll`", "`csv`"]),
        (json!({"escape": true}), ["`escape`", "`csv`"]),
        (json!({"format": "json", "fixedWidth": "n:3,m:3"}), ["`fixedWidth`", "`json`"]),
        (json!({"format": "parquet", "quoteAll": true}), ["`quoteAll`", "`parquet`"]),
        (json!({"format": "parquet", "compression": "bzip2"}), ["`compression`", "`parquet`"]),
        (json!({"format": "parquet", "nullAs": "NULL"}), ["`nullAs`", "`parquet`"]),
        (json!({"rowGroupSizeMb": 64}), ["`rowGroupSizeMb`", "`csv`"]),
        (json!({"format": "parquet", "rowGroupSizeMb": 31}), ["`rowGroupSizeMb`", "from 32 to 128"]),
        (json!({"format": "text", "bom": true}), ["`bom`", "`text`"]),
        (json!({"format": "text", "fixedWidth": "n:3,m:3", "delimiter": ";"}), ["`fixedWidth`", "`delimiter`"]),
        (json!({"format": "text", "fixedWidth": "n:3,m:3", "header": true}), ["`fixedWidth`", "`header`"]),
        (json!({"format": "text", "fixedWidth": "n:3,m:3", "quoteAll": true}), ["`fixedWidth`", "`quoteAll`"]),
        (json!({"format": "text", "fixedWidth": "n:3,m:3", "escape": true}), ["`fixedWidth`", "`escape`"]),
        (text("fixedWidth", json!("n:0")), ["`fixedWidth`", "`n:0`"]),
        (json!({"format": "text", "escape": true, "delimiter": "\\"}), ["`escape`", "`delimiter`"]),
        (json!({"singleFile": true, "partitionBy": ["n"]}), ["`singleFile`", "`partitionBy`"]),
        (json!({"singleFile": true, "maxFileSizeMb": 100}), ["`singleFile`", "`maxFileSizeMb`"]),
        (json!({"partitionInclude": true}), ["`partitionInclude`", "`partitionBy`"]),
        (json!({"bom": true, "partitionBy": ["n"]}), ["`bom`", "`partitionBy`"]),
        (json!({"bom": true, "maxFileSizeMb": 100}), ["`bom`", "`maxFileSizeMb`"]),
        (json!({"bom": true, "compression": "bzip2"}), ["`bom`", "`compression`"]),
        (json!({"parallel": true, "compression": "bzip2"}), ["`parallel`", "`singleFile`"]),
        (json!({"maxFileSizeMb": 4}), ["`maxFileSizeMb`", "from 5 to 6200"]),
        (json!({"maxFileSizeMb": 6_201}), ["`maxFileSizeMb`", "from 5 to 6200"]),
        (json!({"partitionBy": []}), ["`partitionBy`", "1 to 16"]),
        (json!({"partitionBy": [""]}), ["`partitionBy`", "column names"]),
        (json!({"partitionBy": ["n", "n"]}), ["`partitionBy`", "twice"]),
        (json!({"extension": "../x"}), ["`extension`", "`../x`"]),
        (json!({"extension": ".gz"}), ["`extension`", "`.gz`"]),
        (json!({"extension": ""}), ["`extension`", "1 to 32"]),
        (json!({"compression": "lz4"}), ["`lz4`", "`bzip2`"]),
        (json!({"format": "avro"}), ["`avro`", "`text`"]),
    ];
    for (fields, parts) in cases {
        for path in ["/api/unload", "/api/unload/explain"] {
            let detail = app.post(path, &asking(&fields)).await.refused(422, "illegal_option");
            assert!(parts.iter().all(|part| detail.contains(part)), "{fields}: {detail}");
        }
    }
    assert_eq!(app.get("/api/unload").await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_is_legal_is_shown_and_said_to_the_warehouse() {
    let app = TestApp::new().await;
    let cases = [
        (
            json!({"format": "text"}),
            json!({"delimiter": "|", "header": true, "quoteAll": false, "escape": false}),
            "EXTENSION 'txt.gz'",
        ),
        (json!({"format": "text", "quoteAll": true}), json!({"quoteAll": true, "singleFile": true}), "\nADDQUOTES"),
        (json!({"format": "text", "escape": true, "delimiter": "\t"}), json!({"escape": true, "delimiter": "\t"}), "\nESCAPE"),
        (
            json!({"format": "text", "fixedWidth": "n:3, m:4"}),
            json!({"fixedWidth": "n:3,m:4", "header": null, "delimiter": null, "quoteAll": null, "escape": null, "nullAs": ""}),
            "\nFIXEDWIDTH AS 'n:3,m:4'",
        ),
        (json!({"compression": "bzip2"}), json!({"compression": "bzip2", "parallel": false}), "\nBZIP2"),
        (
            json!({"maxFileSizeMb": 100}),
            json!({"maxFileSizeMb": 100, "singleFile": false, "parallel": true}),
            "\nMAXFILESIZE AS 100 MB",
        ),
        (json!({"format": "parquet", "rowGroupSizeMb": 64}), json!({"rowGroupSizeMb": 64}), "\nROWGROUPSIZE AS 64 MB"),
        (
            json!({"partitionBy": ["n", "m"]}),
            json!({"partitionBy": ["n", "m"], "partitionInclude": false, "singleFile": false, "parallel": true}),
            "\nPARTITION BY (\"n\", \"m\")\nMANIFEST VERBOSE",
        ),
        (json!({"partitionBy": ["n"], "partitionInclude": true}), json!({"partitionInclude": true}), "(\"n\") INCLUDE\n"),
        (json!({"extension": "dat"}), json!({"extension": "dat"}), "EXTENSION 'dat'"),
    ];
    let all = app.post("/api/unload/explain", &asking(&json!({}))).await.json();
    let names: Vec<_> = all["options"].as_object().unwrap().keys().cloned().collect();
    for name in
        ["quoteAll", "escape", "fixedWidth", "maxFileSizeMb", "rowGroupSizeMb", "partitionBy", "partitionInclude", "extension"]
    {
        assert_eq!(all["options"].get(name), Some(&Value::Null), "`{name}` does not apply, and is null");
    }
    for (fields, shown, said) in cases {
        let explained = app.post("/api/unload/explain", &asking(&fields)).await;
        assert_eq!(explained.status, 200, "{explained:?}");
        let answer = explained.json();
        for (name, value) in shown.as_object().unwrap() {
            assert_eq!(answer["options"].get(name), Some(value), "{fields}: `{name}`");
        }
        assert!(answer["options"].as_object().unwrap().keys().eq(&names), "{fields}");
        assert!(answer["statement"].as_str().unwrap().contains(said), "{fields}: {}", answer["statement"]);
    }
}

#[tokio::test]
async fn another_option_is_another_request() {
    let app = TestApp::new().await;
    app.gate.close();
    let body = |size: u32| json!({"requestId": "a", "sql": "SELECT n FROM numbers", "maxFileSizeMb": size});
    let accepted = app.submit(body(100)).await.json();
    assert_eq!(accepted["options"]["maxFileSizeMb"], 100);
    let again = app.post("/api/unload", &body(100)).await;
    assert_eq!((again.status, &again.json()["unloadId"]), (202, &accepted["unloadId"]));
    app.post("/api/unload", &body(101)).await.refused(409, "request_id_taken");
}

#[tokio::test]
async fn a_partitioned_result_is_listed_downloaded_and_deleted_with_its_folders() {
    let app = TestApp::new().await;
    let sql =
        "SELECT n, CASE WHEN n < 2 THEN NULL WHEN n < 5 THEN 'a/b' ELSE '한글' END AS kind FROM numbers WHERE n < 6 ORDER BY n";
    app.submit(json!({"requestId": "p", "sql": sql, "partitionBy": ["kind"], "compression": "none"})).await;
    let unload = app.ended("p").await;
    assert_eq!(
        (&unload["status"], &unload["rowCount"], &unload["fileCount"]),
        (&json!("DONE"), &json!(6), &json!(3)),
        "{unload}"
    );
    assert!(unload["s3FileUrl"].as_str().unwrap().ends_with("/api/unload/p/receipt"), "{unload}");

    let listed = app.get("/api/unload/file/p?redirect=true").await;
    assert_eq!(listed.status, 300);
    let files = listed.json()["files"].as_array().unwrap().clone();
    for (folder, text) in
        [("kind=__HIVE_DEFAULT_PARTITION__", "n\n0\n1\n"), ("kind=a%2Fb", "n\n2\n3\n4\n"), ("kind=한글", "n\n5\n")]
    {
        let file = files.iter().find(|file| file["name"].as_str().unwrap().starts_with(&format!("output/{folder}/"))).unwrap();
        assert_eq!(file["rows"], text.lines().count() - 1);
        let index = file["index"].as_u64().unwrap();
        let led = app.get(&format!("/api/unload/p/files/{index}")).await;
        for link in [file["url"].as_str().unwrap(), led.header("location")] {
            let answer = app.download(link).await;
            assert_eq!((answer.status, String::from_utf8(answer.body.clone()).unwrap().as_str()), (200, text));
            let plain = format!("filename=\"p-{index:03}-{}.csv\"", folder.replace(|c: char| c == '%' || !c.is_ascii(), "_"));
            assert!(answer.header("content-disposition").contains(&plain), "{}", answer.header("content-disposition"));
        }
    }
    let receipt = app.get("/api/unload/p/receipt").await.json();
    assert_eq!(receipt["schema"].as_array().unwrap().iter().map(|column| &column["name"]).collect::<Vec<_>>(), ["n"]);
    assert_eq!(app.delete("/api/unload/p").await.status, 200);
    app.get("/api/unload/p/files/0").await.refused(410, "expired");
}

#[tokio::test]
async fn every_option_makes_the_file_that_it_says() {
    let app = TestApp::new().await;
    let sql = "SELECT n, CASE WHEN n = 1 THEN NULL ELSE 'a|\"' || n END AS name FROM numbers WHERE n < 3";
    let text = |options: Value| {
        let mut body = json!({"sql": sql, "format": "text", "compression": "none"});
        body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        body
    };
    let cases = [
        (text(json!({})), "n|name\n0|a|\"0\n1|\n2|a|\"2\n"),
        (text(json!({"nullAs": "NULL", "header": false, "delimiter": ";"})), "0;a|\"0\n1;NULL\n2;a|\"2\n"),
        (text(json!({"escape": true})), "n|name\n0|a\\|\"0\n1|\n2|a\\|\"2\n"),
        (
            text(json!({"quoteAll": true, "escape": true, "nullAs": "~"})),
            "\"n\"|\"name\"\n\"0\"|\"a\\|\\\"0\"\n\"1\"|~\n\"2\"|\"a\\|\\\"2\"\n",
        ),
        // Written in pieces and joined: the header is written here.
        (text(json!({"quoteAll": true, "parallel": true})), "\"n\"|\"name\"\n\"0\"|\"a|\"0\"\n\"1\"|\n\"2\"|\"a|\"2\"\n"),
        (text(json!({"fixedWidth": "n:2,name:5"})), "0 a|\"0 \n1      \n2 a|\"2 \n"),
    ];
    for (index, (mut body, expected)) in cases.into_iter().enumerate() {
        let id = format!("t{index}");
        body["requestId"] = json!(id);
        app.submit(body.clone()).await;
        let unload = app.ended(&id).await;
        assert_eq!((&unload["status"], &unload["rowCount"]), (&json!("DONE"), &json!(3)), "{unload}");
        let file = app.get(&format!("/api/unload/file/{id}")).await.json()["files"][0].clone();
        assert_eq!(file["contentType"], "text/plain; charset=utf-8");
        let answer = app.download(file["url"].as_str().unwrap()).await;
        assert_eq!(String::from_utf8(answer.body.clone()).unwrap(), expected, "{body}");
        assert!(answer.header("content-disposition").contains(&format!("\"{id}.txt\"")));
    }

    app.submit(json!({"requestId": "b", "sql": "SELECT n FROM numbers WHERE n < 3", "compression": "bzip2", "extension": "dat"}))
        .await;
    assert_eq!(app.ended("b").await["status"], "DONE");
    let file = app.get("/api/unload/file/b").await.json()["files"][0].clone();
    assert_eq!((&file["name"], &file["contentType"]), (&json!("output000.dat"), &json!("application/x-bzip2")));
    assert!(app.bytes_of(file["url"].as_str().unwrap()).await.starts_with(b"BZh"));

    let groups = json!({"requestId": "g", "sql": "SELECT n FROM numbers", "format": "parquet", "rowGroupSizeMb": 32});
    app.submit(groups).await;
    assert_eq!(app.ended("g").await["status"], "DONE");
}

#[tokio::test]
async fn zero_rows_are_one_file_whatever_was_asked_for() {
    let app = TestApp::new().await;
    let cases = [
        (json!({"partitionBy": ["m"], "compression": "none"}), "n\n"),
        (json!({"partitionBy": ["m"], "partitionInclude": true, "compression": "none"}), "n,m\n"),
        (json!({"format": "text", "quoteAll": true, "compression": "none"}), "\"n\"|\"m\"\n"),
        (json!({"format": "text", "quoteAll": true, "compression": "none", "parallel": true}), "\"n\"|\"m\"\n"),
        (json!({"format": "text", "fixedWidth": "n:3,m:3", "compression": "none"}), ""),
    ];
    for (index, (fields, expected)) in cases.into_iter().enumerate() {
        let id = format!("z{index}");
        let mut body = asking(&fields);
        body["sql"] = json!("SELECT n, n AS m FROM numbers WHERE n < 0");
        body["requestId"] = json!(id);
        app.submit(body).await;
        let unload = app.ended(&id).await;
        assert_eq!((&unload["status"], &unload["fileCount"]), (&json!("DONE"), &json!(1)), "{unload}");
        let file = app.get(&format!("/api/unload/file/{id}")).await.json()["files"][0].clone();
        assert_eq!(String::from_utf8(app.bytes_of(file["url"].as_str().unwrap()).await).unwrap(), expected, "{fields}");
        let schema = app.get(&format!("/api/unload/{id}/receipt")).await.json()["schema"].clone();
        let columns = if expected == "n\n" { 1 } else { 2 };
        assert_eq!(schema.as_array().unwrap().len(), columns, "{fields}: {schema}");
    }
}
