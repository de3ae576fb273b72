//! Places are in characters of the caller's own text, whatever was done to it since.

use outflow_core::guard::Guard;
use outflow_core::{Code, Position};
use rstest::rstest;
use serde_json::{Value, json};

use crate::corpus::hostile;
use crate::{check, parameters};

#[rstest]
#[case("SELECT 1 +", json!({}), Code::SqlSyntax, (1, 11))]
#[case("SELECT 1\nFROM t\nWHERE a = AND b", json!({}), Code::SqlSyntax, (3, 15))]
#[case("SELECT a,\n  FROM t", json!({}), Code::SqlSyntax, (2, 3))]
#[case("SELECT a, FROM t", json!({}), Code::SqlSyntax, (1, 11))]
#[case("SELECT a AS 'x' FROM t", json!({}), Code::SqlNotAllowed, (1, 13))]
#[case("SELECT b, extract('year' FROM d) FROM t", json!({}), Code::SqlNotAllowed, (1, 19))]
#[case("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", json!({}), Code::SqlNotReadOnly, (1, 12))]
#[case("WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x", json!({}), Code::SqlNotReadOnly, (1, 12))]
#[case("WITH x AS (SELECT 1)\nDELETE FROM t", json!({}), Code::SqlNotReadOnly, (2, 1))]
#[case("WITH x AS (SELECT t.delete FROM t) DELETE FROM t", json!({}), Code::SqlNotReadOnly, (1, 36))]
#[case("(DELETE FROM t)", json!({}), Code::SqlNotReadOnly, (1, 2))]
#[case("SELECT a FROM t WHERE substring(a FROM 1 FOR 2) = :x\nFOR UPDATE", json!({"x": "long and\nwith lines"}), Code::SqlNotReadOnly, (2, 1))]
#[case("SELECT * FROM (SELECT a FROM t\n FOR UPDATE) x", json!({}), Code::SqlNotReadOnly, (2, 2))]
#[case("TABLE t", json!({}), Code::SqlNotAllowed, (1, 1))]
#[case("SELECT * FROM t AS tablesample_1 TABLESAMPLE SYSTEM (1)", json!({}), Code::SqlNotAllowed, (1, 34))]
#[case("SELECT * FROM t PIVOT (sum(a) FOR b IN (1, 2))", json!({}), Code::SqlNotAllowed, (1, 17))]
#[case("SELECT a IN (SELECT TOP 5 PERCENT a FROM t) FROM t", json!({}), Code::SqlNotAllowed, (1, 21))]
#[case("SELECT a, [1, 2] FROM t", json!({}), Code::SqlNotAllowed, (1, 11))]
#[case("SELECT a FROM u, 'x.parquet'", json!({}), Code::SqlRelationNotAllowed, (1, 18))]
#[case("SELECT a FROM t ORDER BY a FETCH FIRST 5 PERCENT ROWS ONLY", json!({}), Code::SqlNotAllowed, (1, 28))]
#[case("SELECT '한글' 이름 이름", json!({}), Code::SqlSyntax, (1, 16))]
#[case("SELECT 1\r\n  + 'a", json!({}), Code::SqlSyntax, (2, 5))]
#[case("SELECT 1 /* 한글 */ )", json!({}), Code::SqlSyntax, (1, 19))]
#[case("SELECT 1 /* a\nb */ )", json!({}), Code::SqlSyntax, (2, 6))]
#[case("SELECT :x, pg_sleep(1)", json!({"x": "long and\nwith lines"}), Code::SqlFunctionNotAllowed, (1, 12))]
#[case("SELECT :x,\n :x, pg_sleep(1)", json!({"x": "a\n\nb"}), Code::SqlFunctionNotAllowed, (2, 6))]
#[case("SELECT '🎉' FROM pg_catalog.pg_class", json!({}), Code::SqlRelationNotAllowed, (1, 17))]
#[case("SELECT 1;\nSELECT 2", json!({}), Code::SqlNotSingle, (2, 1))]
#[case("SELECT '\u{1}'", json!({}), Code::SqlForbiddenCharacter, (1, 9))]
#[case("SELECT 1\n\u{200b}", json!({}), Code::SqlForbiddenCharacter, (2, 1))]
#[case(r"SELECT 'a', '\'", json!({}), Code::SqlAmbiguous, (1, 13))]
#[case("  DROP TABLE t", json!({}), Code::SqlNotReadOnly, (1, 3))]
#[case("SELECT a + b::regclass FROM t", json!({}), Code::SqlNotAllowed, (1, 12))]
#[case("", json!({}), Code::SqlSyntax, (1, 1))]
fn a_refusal_tells_where(#[case] sql: &str, #[case] sent: Value, #[case] code: Code, #[case] (line, column): (u64, u64)) {
    let error = Guard::embedded().check(sql, &parameters(&sent)).expect_err("it is refused");
    assert_eq!((error.code(), error.position()), (code, Some(Position { line, column })), "{error}");
}

#[rstest]
#[case((1, 1), (1, 1))]
#[case((1, 8), (1, 8))]
#[case((1, 10), (1, 8))]
#[case((2, 3), (1, 8))]
#[case((2, 4), (1, 10))]
#[case((2, 6), (1, 12))]
#[case((3, 3), (2, 3))]
#[case((3, 6), (2, 4))]
#[case((3, 8), (2, 8))]
#[case((9, 9), (2, 14))]
fn a_place_in_the_bound_text_is_found_again(#[case] place: (u64, u64), #[case] original: (u64, u64)) {
    let sent = json!({"x": "a\nbc", "yy": 12});
    let checked = Guard::embedded().check("SELECT :x, 한\n  +:yy FROM t", &parameters(&sent)).expect("it passes");
    assert_eq!(checked.text(), "SELECT 'a\nbc', 한\n  + 12 FROM t");
    let found = checked.original_position(Position { line: place.0, column: place.1 });
    assert_eq!((found.line, found.column), original);
}

#[test]
fn every_refusal_of_a_text_has_a_place() {
    let without: Vec<&str> = hostile()
        .iter()
        .filter(|statement| {
            check(&statement.sql).is_err_and(|error| error.position().is_none() && error.code() != Code::SqlTooLarge)
        })
        .map(|statement| statement.name.as_str())
        .collect();
    assert_eq!(without, Vec::<&str>::new());
}
