//! `/healthz`, `/readyz`, `/metrics` and `/openapi.json`.

use outflow_core::Code;
use serde_json::json;

use crate::support::{Setup, TestApp, assert_body};

#[tokio::test]
async fn a_service_that_lives_is_ready_when_everything_is_there() {
    let app = TestApp::new().await;
    let alive = app.get("/healthz").await;
    assert_eq!((alive.status, alive.body.as_slice()), (200, b"ok\n".as_slice()));
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 200);
    assert_body!(ready);
    app.bus.go_down();
    let unready = app.get("/readyz").await;
    assert_eq!(unready.status, 503);
    assert_body!(unready);
    assert_eq!(app.get("/healthz").await.status, 200, "it still lives");
}

#[tokio::test]
async fn a_storage_that_is_gone_is_seen() {
    let app = TestApp::new().await;
    app.ground.lose_storage();
    let unready = app.get("/readyz").await;
    assert_eq!(unready.status, 503);
    let storage = unready.json()["checks"][1].clone();
    assert_eq!(
        (&storage["name"], &storage["up"], &storage["code"]),
        (&json!("storage"), &json!(false), &json!("storage_unavailable"))
    );
}

#[tokio::test]
async fn the_numbers_are_those_of_now() {
    let app = TestApp::with(Setup { max_running: 1, ..Setup::default() }).await.unwrap();
    app.done("a", "SELECT n FROM numbers WHERE n < 3").await;
    app.gate.close();
    for id in ["b", "c", "d"] {
        app.submit(json!({"requestId": id, "sql": "SELECT n FROM numbers WHERE n < 3"})).await;
    }
    app.executing("b").await;
    let answer = app.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(answer.body).unwrap();
    // One recorder for the process: other tests of this binary write into it too, so here is only what each of them has.
    for name in [
        "outflow_unloads{",
        "outflow_queue_depth{warehouse=\"main\"}",
        "outflow_outbox_entries",
        "outflow_outbox_age_seconds",
        "outflow_http_request_duration_seconds_bucket{method=\"POST\",path=\"/api/unload\",status=\"202\",le=\"+Inf\"}",
        "outflow_unloads_accepted_total{warehouse=\"main\"}",
        "# HELP outflow_queue_depth",
        "# TYPE outflow_http_request_duration_seconds histogram",
    ] {
        assert!(text.contains(name), "`{name}` is missing in:\n{text}");
    }
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "`{name}` is not described");
    }
}

#[tokio::test]
async fn the_document_of_the_api_is_served() {
    let app = TestApp::new().await;
    let served = app.get("/openapi.json").await.json();
    assert_eq!(served, serde_json::to_value(outflow_server::openapi()).unwrap());
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[tokio::test]
async fn the_type_of_every_problem_leads_to_its_page() {
    let app = TestApp::new().await;
    for code in Code::ALL {
        let page = app.get(&format!("/docs/errors/{code}")).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/markdown; charset=utf-8"), "{code}");
        assert!(String::from_utf8(page.body).unwrap().starts_with(&format!("# `{code}`")), "{code}");
    }
    let problem = app.get("/api/unload/nobody").await.json();
    assert_eq!(app.get(problem["type"].as_str().unwrap()).await.status, 200);
    for other in ["README", "nothing", "%FF", "..%2F..%2FCargo.toml"] {
        app.get(&format!("/docs/errors/{other}")).await.refused(404, "not_found");
    }
}

#[test]
fn the_document_of_the_api() {
    insta::assert_json_snapshot!(outflow_server::openapi(), { ".info.version" => "[version]" });
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document = serde_json::to_value(outflow_server::openapi()).unwrap();
    let text = document.to_string();
    let names: Vec<_> = text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(names.contains(&"Problem") && names.contains(&"UnloadView"));
    for name in names {
        assert!(document["components"]["schemas"][name].is_object(), "`{name}` is not defined");
    }
}
