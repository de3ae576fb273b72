use outflow_core::options::{Compression, Format};
use serde_json::json;

use super::*;

fn refused(body: &str) -> (Code, String) {
    let error = UnloadRequest::from_json(body.as_bytes()).and_then(|request| request.into_submission(None)).unwrap_err();
    (error.code(), error.to_string())
}

#[track_caller]
fn assert_refused(body: &str, code: Code, parts: &[&str]) {
    let (found, message) = refused(body);
    assert_eq!(found, code, "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn every_field_of_the_request_is_known_by_name() {
    let full = UnloadRequest {
        request_id: Some("a".into()),
        sql: Some("s".into()),
        query: Some("q".into()),
        parameters: Some(Map::new()),
        warehouse: Some("w".into()),
        format: Some("csv".into()),
        compression: Some("none".into()),
        header: Some(true),
        delimiter: Some("|".into()),
        null_as: Some("N".into()),
        bom: Some(true),
        quote_all: Some(true),
        escape: Some(true),
        fixed_width: Some("a:3".into()),
        single_file: Some(true),
        parallel: Some(true),
        max_file_size_mb: Some(5),
        row_group_size_mb: Some(32),
        partition_by: Some(vec!["a".into()]),
        partition_include: Some(true),
        extension: Some("txt".into()),
        retention_days: Some(1),
        timeout_seconds: Some(1),
        notify: Some(vec![]),
        labels: Some(BTreeMap::new()),
    };
    let value = serde_json::to_value(&full).unwrap();
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut known = field::FIELDS.to_vec();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known);
    assert_eq!(UnloadRequest::from_json(value.to_string().as_bytes()).unwrap(), full);
}

#[test]
fn a_request_becomes_a_submission() {
    let body = r#"{"requestId":"abc","sql":"SELECT :n","parameters":{"n":1},"format":"json","compression":"zstd","nullAs":"N","retentionDays":3,
        "labels":{"team":"growth"},"notify":[]}"#;
    let submission = UnloadRequest::from_json(body.as_bytes()).unwrap().into_submission(None).unwrap();
    assert_eq!(submission.request_id.unwrap().as_str(), "abc");
    assert_eq!((submission.requested.format, submission.requested.compression), (Some(Format::Json), Some(Compression::Zstd)));
    assert_eq!((submission.requested.retention_days, submission.requested.header), (Some(3), None));
    assert_eq!(submission.parameters.names().collect::<Vec<_>>(), ["n"]);
    assert_eq!(submission.labels["team"], "growth");
}

#[test]
fn the_canonical_form_has_the_fields_as_sent_and_nothing_else() {
    let sent =
        r#"{"sql":"SELECT 1","parameters":{"b":1,"a":{"value":"2026-01-01","type":"date"}},"requestId":"x","header":true}"#;
    let other = r#"{ "header" : true, "requestId" : "y", "parameters" : {"a":{"type":"date","value":"2026-01-01"},"b":1}, "query":"SELECT 1" }"#;
    let canonical = |text: &str| UnloadRequest::from_json(text.as_bytes()).unwrap().canonical();
    assert_eq!(
        canonical(sent).to_string(),
        r#"{"header":true,"parameters":{"a":{"type":"date","value":"2026-01-01"},"b":1},"sql":"SELECT 1"}"#
    );
    assert_eq!(canonical(sent).to_string(), canonical(other).to_string());
    assert_ne!(canonical(sent), canonical(r#"{"sql":"SELECT 1"}"#));
    assert_eq!(canonical(r#"{"sql":"SELECT 1","format":null}"#), canonical(r#"{"sql":"SELECT 1"}"#), "null is what was not sent");
}

#[test]
fn the_canonical_form_can_be_sent_again() {
    let body = r#"{"requestId":"abc","query":"SELECT :n","parameters":{"n":null},"singleFile":false,"labels":{}}"#;
    let first = UnloadRequest::from_json(body.as_bytes()).unwrap();
    let again = UnloadRequest::from_canonical(&first.canonical()).unwrap();
    assert_eq!(again.canonical(), first.canonical());
    assert_eq!((again.sql.as_deref(), again.request_id, again.single_file), (Some("SELECT :n"), None, Some(false)));
}

#[test]
fn every_option_is_part_of_what_two_requests_are_compared_by_and_reaches_the_domain() {
    let plain = json!({"sql": "SELECT 1"});
    let canonical = |value: &Value| UnloadRequest::from_json(value.to_string().as_bytes()).unwrap().canonical();
    let options = json!({
        "quoteAll": true, "escape": true, "fixedWidth": "a:3", "maxFileSizeMb": 5, "rowGroupSizeMb": 32, "partitionBy": ["a", "b"],
        "partitionInclude": true, "extension": "txt"
    });
    for (name, value) in options.as_object().unwrap() {
        let mut asked = plain.clone();
        asked[name] = value.clone();
        assert_eq!(canonical(&asked), asked);
        assert_ne!(canonical(&asked), canonical(&plain));
    }
    let mut all = plain;
    all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let asked = UnloadRequest::from_canonical(&canonical(&all)).unwrap().into_submission(None).unwrap();
    let expected = Requested {
        quote_all: Some(true),
        escape: Some(true),
        fixed_width: Some("a:3".into()),
        max_file_size_mb: Some(5),
        row_group_size_mb: Some(32),
        partition_by: Some(vec!["a".into(), "b".into()]),
        partition_include: Some(true),
        extension: Some("txt".into()),
        ..Requested::default()
    };
    assert_eq!(asked.requested, expected);
}

#[test]
fn sql_is_sent_once_and_under_one_name() {
    assert_refused("{}", Code::InvalidRequest, &["`sql` is missing"]);
    assert_refused(r#"{"sql":"a","query":"a"}"#, Code::InvalidRequest, &["`sql`", "`query`"]);
    assert_refused(r#"{"sql":"a","sql":"b"}"#, Code::InvalidRequest, &["duplicate field `sql`", "line 1 column"]);
}

#[test]
fn unknown_fields_are_refused_by_name_and_with_what_was_meant() {
    assert_refused(r#"{"sql":"a","nulAs":""}"#, Code::InvalidRequest, &["`nulAs`", "did you mean `nullAs`?"]);
    assert_refused(r#"{"sql":"a","request_id":""}"#, Code::InvalidRequest, &["`request_id`", "did you mean `requestId`?"]);
    assert_refused(r#"{"sql":"a","iamRole":"x"}"#, Code::InvalidRequest, &["`iamRole` is unknown", "`retentionDays`"]);
    assert_refused(r#"{"sql":"a","maxFileSizeMB":5}"#, Code::InvalidRequest, &["did you mean `maxFileSizeMb`?"]);
    assert_refused(r#"{"sql":"a","format":"xlsx"}"#, Code::IllegalOption, &["`xlsx`", "`csv`, `json`, `text`, `parquet`"]);
    assert_refused(r#"{"sql":"a","compression":"lz4"}"#, Code::IllegalOption, &["`lz4`", "`none`, `gzip`, `zstd`, `bzip2`"]);
    assert_refused(r#"{"sql":"a","notify":[{"type":"email"}]}"#, Code::IllegalOption, &["`notify`", "not offered yet"]);
}

#[test]
fn what_is_no_request_is_refused_with_field_and_place() {
    assert_refused("", Code::InvalidRequest, &["not a whole JSON document", "line 1 column 0"]);
    assert_refused(r#"{"sql":"a""#, Code::InvalidRequest, &["not a whole JSON document"]);
    assert_refused("sql=SELECT", Code::InvalidRequest, &["not JSON", "line 1 column 1"]);
    assert_refused(r#" ["a","SELECT 1"]"#, Code::InvalidRequest, &["send an object"]);
    assert_refused(r#"{"sql":"a"} x"#, Code::InvalidRequest, &["trailing characters"]);
    assert_refused(r#"{"sql":7}"#, Code::InvalidRequest, &["the field `sql`", "expected a string", "line 1 column 8"]);
    assert_refused(r#"{"sql":"a","header":"yes"}"#, Code::InvalidRequest, &["the field `header`", "expected a boolean"]);
    assert_refused(r#"{"sql":"a","labels":{"k":1}}"#, Code::InvalidRequest, &["the field `labels.k`", "expected a string"]);
    let whole = "expected a whole number";
    assert_refused(r#"{"sql":"a","retentionDays":-1}"#, Code::InvalidRequest, &["the field `retentionDays`", whole]);
    assert_refused(r#"{"sql":"a","timeoutSeconds":"1"}"#, Code::InvalidRequest, &["the field `timeoutSeconds`", whole]);
    assert_refused(r#"{"sql":"a","maxFileSizeMb":5.5}"#, Code::InvalidRequest, &["the field `maxFileSizeMb`", "`5.5`", whole]);
    for (field, bounds) in
        [("maxFileSizeMb", "from 5 to 6200"), ("rowGroupSizeMb", "from 32 to 128"), ("retentionDays", "from 1 to 365")]
    {
        let body = format!(r#"{{"sql":"a","{field}":5000000000}}"#);
        assert_refused(&body, Code::InvalidRequest, &[&format!("the field `{field}`"), "`5000000000`", bounds]);
    }
    assert_refused(r#"{"sql":"a","partitionBy":"a"}"#, Code::InvalidRequest, &["the field `partitionBy`", "expected a sequence"]);
    assert_refused(r#"{"sql":"a","partitionBy":["a",1]}"#, Code::InvalidRequest, &["the field `partitionBy[1]`"]);
    assert_refused(r#"{"sql":"a","parameters":{"d":{"type":"date"}}}"#, Code::ParameterInvalid, &["`d`"]);
    assert_refused(r#"{"sql":"a","requestId":"a/b"}"#, Code::InvalidRequestId, &["`/`"]);
    let error = UnloadRequest::from_json(b"{\"sql\":\"\xff\"}").unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("offset 8")), (Code::InvalidRequest, true), "{error}");
}

#[test]
fn a_retry_may_say_nothing() {
    assert_eq!(RetryRequest::from_json(b"").unwrap(), RetryRequest::default());
    assert_eq!(RetryRequest::from_json(b" {} ").unwrap(), RetryRequest::default());
    assert_eq!(RetryRequest::from_json(br#"{"requestId":"b"}"#).unwrap().request_id.as_deref(), Some("b"));
    assert_eq!(RetryRequest::from_json(br#"{"sql":"b"}"#).unwrap_err().code(), Code::InvalidRequest);
}

#[test]
fn a_name_that_stands_twice_in_a_field_is_refused() {
    for (fields, path) in [
        (r#""parameters":{"a":1,"b":2,"a":3}"#, "`parameters.a` is sent twice"),
        (r#""parameters":{"a":1,"\u0061":null}"#, "`parameters.a`"),
        (r#""parameters":{"from":{"type":"date","value":"2026-01-01","value":"2026-01-02"}}"#, "`parameters.from.value`"),
        (r#""labels":{"team":"a","team":"a"}"#, "`labels.team`"),
        (r#""parameters":{"a":1,"a":2},"labels":{"b":"","b":""}"#, "`parameters.a`"),
    ] {
        assert_refused(&format!(r#"{{"sql":"SELECT 1",{fields}}}"#), Code::InvalidRequest, &[path]);
    }
    // The same name in two places is none twice.
    let body = r#"{"sql":"SELECT :a","parameters":{"a":{"type":"text","value":"x"},"b":{"type":"text","value":"x"},"type":1.5},"labels":{"a":"x","b":"x"}}"#;
    UnloadRequest::from_json(body.as_bytes()).unwrap();
    // What is no object is told by what reads the values.
    assert_refused(r#"{"sql":"SELECT 1","parameters":[1,{"a":1,"a":1}]}"#, Code::InvalidRequest, &["`parameters`"]);
    assert_refused(r#"{"sql":"SELECT 1","labels":true}"#, Code::InvalidRequest, &["`labels`"]);
}
