//! Parameters where they stand in a query.

use outflow_core::guard::Guard;
use outflow_core::{Code, Position};
use rstest::rstest;
use serde_json::{Value, json};

use crate::parameters;

fn bound(sql: &str, sent: &Value) -> String {
    Guard::redshift().check(sql, &parameters(sent)).expect("it passes").text().to_owned()
}

#[rstest]
#[case("SELECT :x", json!({"x": 1}), "SELECT 1")]
#[case("SELECT :x", json!({"x": "a'b"}), "SELECT 'a''b'")]
#[case("SELECT :x, :y, :x", json!({"x": 1, "y": 2}), "SELECT 1, 2, 1")]
#[case("SELECT :x, :xx", json!({"x": 1, "xx": 2}), "SELECT 1, 2")]
#[case("SELECT a FROM t WHERE b>=:x AND c=:y", json!({"x": 1, "y": "z"}), "SELECT a FROM t WHERE b>= 1 AND c= 'z'")]
#[case("SELECT 1-:x", json!({"x": -5}), "SELECT 1- (-5)")]
#[case("SELECT -:x", json!({"x": -5}), "SELECT - (-5)")]
#[case("SELECT 1 -:x", json!({"x": {"type": "double", "value": -5}}), "SELECT 1 - CAST('-5e0' AS DOUBLE PRECISION)")]
#[case("SELECT :x::date", json!({"x": "2026-01-01"}), "SELECT '2026-01-01' ::date")]
#[case("SELECT a::int, :x FROM t", json!({"x": 1}), "SELECT a::int, 1 FROM t")]
#[case("SELECT ':x', \":x\", :x -- :x\n, 1 /* :x */", json!({"x": 1}), "SELECT ':x', \":x\", 1      \n, 1")]
#[case("SELECT :이름", json!({"이름": "값"}), "SELECT '값'")]
#[case("SELECT a FROM t LIMIT:n", json!({"n": 5}), "SELECT a FROM t LIMIT 5")]
#[case("SELECT a FROM t LIMIT :n;", json!({"n": 5}), "SELECT a FROM t LIMIT 5")]
#[case("SELECT a FROM t WHERE b IN (:x,:y)", json!({"x": 1, "y": null}), "SELECT a FROM t WHERE b IN (1,NULL)")]
#[case("SELECT a FROM t WHERE d < :d", json!({"d": {"type": "date", "value": "2026-01-01"}}), "SELECT a FROM t WHERE d < DATE '2026-01-01'")]
#[case("SELECT repeat('x', :n) FROM t LIMIT :n", json!({"n": {"type": "integer", "value": 5}}), "SELECT repeat('x', CAST('5' AS INTEGER)) FROM t LIMIT CAST('5' AS INTEGER)")]
#[case("SELECT :a||:b", json!({"a": "x", "b": "y"}), "SELECT 'x' || 'y'")]
#[case("SELECT u&:x FROM t", json!({"x": "\\0061"}), r"SELECT u& '\\0061' FROM t")]
#[case("SELECT :x", json!({"x": ":y"}), "SELECT ':y'")]
#[case("SELECT :x", json!({"x": "\u{202e}\u{200b}"}), "SELECT '\u{202e}\u{200b}'")]
#[case("SELECT regexp_replace(a, :x, '') FROM t", json!({"x": "\\d+'"}), r"SELECT regexp_replace(a, '\\d+''', '') FROM t")]
fn a_parameter_is_bound_where_it_stands(#[case] sql: &str, #[case] sent: Value, #[case] text: &str) {
    assert_eq!(bound(sql, &sent), text);
}

/// What stands around a parameter cannot make anything else of it.
#[rstest]
#[case("SELECT E:x", json!({"x": "\\'; DROP TABLE t; --"}))]
#[case("SELECT 'a':x", json!({"x": "b"}))]
#[case("SELECT 1:x", json!({"x": 2}))]
#[case("SELECT a.:x FROM t", json!({"x": "b"}))]
#[case("SELECT * FROM :x", json!({"x": "pg_shadow"}))]
#[case("SELECT * FROM t:x", json!({"x": "b"}))]
#[case("SELECT :x(1)", json!({"x": "pg_sleep"}))]
#[case("SELECT a AS :x FROM t", json!({"x": "b"}))]
#[case(":x", json!({"x": "SELECT 1"}))]
#[case("SELECT 1 :x", json!({"x": "UNION SELECT 2"}))]
#[case("SELECT 1::x", json!({"x": "int"}))]
fn a_parameter_is_a_value_and_nothing_else(#[case] sql: &str, #[case] sent: Value) {
    for guard in [Guard::redshift(), Guard::embedded()] {
        if let Ok(checked) = guard.check(sql, &parameters(&sent)) {
            panic!("{sql} passed as {}", checked.text());
        }
    }
}

#[rstest]
#[case("SELECT\n  :y", json!({}), Code::ParameterMissing, "`:y`", Some((2, 3)))]
#[case("SELECT '한글', :fromDat", json!({"fromDate": 1}), Code::ParameterMissing, "`:fromDate`", Some((1, 14)))]
#[case("SELECT 1", json!({"y": 1}), Code::ParameterSurplus, "`y`", None)]
#[case("SELECT ':y'", json!({"y": 1}), Code::ParameterSurplus, "`y`", None)]
#[case("SELECT 1 -- :y", json!({"y": 1, "z": 2}), Code::ParameterSurplus, "1 more", None)]
fn parameters_and_query_must_fit(
    #[case] sql: &str,
    #[case] sent: Value,
    #[case] code: Code,
    #[case] told: &str,
    #[case] place: Option<(u64, u64)>,
) {
    let error = Guard::embedded().check(sql, &parameters(&sent)).expect_err("they do not fit");
    assert_eq!(error.code(), code);
    assert!(error.message().contains(told), "{error}");
    assert_eq!(error.position(), place.map(|(line, column)| Position { line, column }));
}
