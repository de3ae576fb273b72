//! Numbers that are out of range, moments far away and texts that are too long: an error, never something else.

use std::fs;

use outflow_core::Code;
use outflow_core::options::{Compression, Format};
use outflow_core::warehouse::Progress;
use tempfile::TempDir;

use super::fixture::Fixture;

const NINES: &str = "99999999999999999999999999999999999999";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[tokio::test]
async fn a_number_out_of_range_is_an_error() {
    let folder = folder(&[("big.csv", "b\n9223372036854775807\n9223372036854775807\n1\n"), ("small.csv", "i\n2147483647\n2\n")]);
    let fixture = Fixture::tables(folder.path());
    let queries = [
        "SELECT 9223372036854775807 + 1 AS a".to_owned(),
        "SELECT -9223372036854775807 - 2 AS a".to_owned(),
        "SELECT 9223372036854775807 * 2 AS a".to_owned(),
        "SELECT b + 1 AS a FROM big".to_owned(),
        "SELECT -b - 2 AS a FROM big".to_owned(),
        "SELECT b * b AS a FROM big".to_owned(),
        "SELECT i::int + i::int AS a FROM small".to_owned(),
        "SELECT i::int * i::int AS a FROM small".to_owned(),
        "SELECT i::smallint + 1 AS a FROM small".to_owned(),
        "SELECT count(*) AS a FROM big WHERE b + 1 > 0".to_owned(),
        "SELECT max(b + 1) AS a FROM big".to_owned(),
        "SELECT b FROM big ORDER BY b + 1".to_owned(),
        "SELECT x.b FROM big x JOIN big y ON x.b + 1 = y.b".to_owned(),
        "SELECT b FROM big WHERE b IN (SELECT b + 1 FROM big)".to_owned(),
        "SELECT (SELECT max(b + 1) FROM big) AS a".to_owned(),
        "SELECT sum(b + 1) OVER () AS a FROM big".to_owned(),
        "SELECT CASE WHEN b > 1 THEN b + b ELSE 0 END AS a FROM big".to_owned(),
        "SELECT abs(-9223372036854775807 - 1) AS a".to_owned(),
        "SELECT -(-9223372036854775807 - 1) AS a".to_owned(),
        "SELECT -v AS a FROM (SELECT -b - 1 AS v FROM big) AS t".to_owned(),
        "SELECT power(10, 19)::bigint AS a".to_owned(),
        "SELECT 2147483647.5::int AS a".to_owned(),
        "SELECT b * power(10::double precision, 300) * power(10::double precision, 300) AS a FROM big".to_owned(),
        "SELECT 3e38::real + 3e38::real AS a".to_owned(),
        "SELECT -f - f AS a FROM (SELECT '1e308'::double precision AS f) AS t".to_owned(),
        "SELECT b::double precision / (b - b) AS a FROM big".to_owned(),
        "SELECT 0::double precision / 0 AS a".to_owned(),
        "SELECT factorial(30) AS a".to_owned(),
        "SELECT lcm(9223372036854775807, 9223372036854775806) AS a".to_owned(),
        format!("SELECT {NINES} + 1 AS a"),
        format!("SELECT -{NINES} - 1 AS a"),
        format!("SELECT x + 1 AS a FROM (VALUES ({NINES}), (1.0)) AS t(x)"),
        format!("SELECT x * 2 AS a FROM (VALUES ({NINES}), (1)) AS t(x)"),
        format!("SELECT x / 0.1 AS a FROM (VALUES ({NINES}), (1)) AS t(x)"),
        format!("SELECT sum(x) AS a FROM (VALUES ({NINES}), ({NINES}), ({NINES})) AS t(x)"),
        format!("SELECT sum(x) AS a FROM (VALUES ({NINES}), ({NINES})) AS t(x)"),
        format!("SELECT sum(x) OVER () AS a FROM (VALUES ({NINES}), ({NINES}), ({NINES})) AS t(x)"),
        format!("SELECT y, sum(x) AS a FROM (VALUES ({NINES}, 1), ({NINES}, 1), (1, 2)) AS t(x, y) GROUP BY y"),
    ];
    let mut wrong = Vec::new();
    for query in &queries {
        let statement = fixture.statement(query);
        let statement_id = fixture.start(&statement).await;
        match fixture.ended(&statement_id).await {
            Progress::Failed(error) if error.code() == Code::QueryFailed => {}
            other => wrong.push(format!("{query}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn sums_are_exact_and_of_redshifts_types() {
    let folder = folder(&[
        ("big.csv", "b,k\n9223372036854775807,1\n9223372036854775807,1\n9223372036854775807,2\n"),
        ("small.csv", "i,d,f\n2147483647,1.25,0.5\n2147483647,2.50,0.25\n,,\n"),
    ]);
    let fixture = Fixture::tables(folder.path());
    for (query, expected) in [
        ("SELECT sum(b) AS s FROM big", "s\n27670116110564327421\n"),
        ("SELECT k, sum(b) AS s FROM big GROUP BY k ORDER BY k", "k,s\n1,18446744073709551614\n2,9223372036854775807\n"),
        ("SELECT sum(DISTINCT b) AS s, sum(k) AS t FROM big", "s,t\n9223372036854775807,4\n"),
        ("SELECT sum(DISTINCT k) AS s FROM big", "s\n3\n"),
        (
            "SELECT sum(b) OVER (ORDER BY k, b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM big",
            "s\n9223372036854775807\n18446744073709551614\n18446744073709551614\n",
        ),
        (
            "SELECT sum(i) AS s, sum(i::int + 1 - 1) AS t, sum(d) AS u, sum(f) AS v FROM small",
            "s,t,u,v\n4294967294,4294967294,3.75,0.75\n",
        ),
        ("SELECT sum(i) FILTER (WHERE d > 2) AS s, sum(NULL) AS n FROM small", "s,n\n2147483647,\n"),
        ("SELECT sum(i) AS s FROM small WHERE false", "s\n\n"),
        ("SELECT avg(i) AS s FROM small", "s\n2147483647\n"),
        ("SELECT sum(DISTINCT i::int) AS s, sum(d::decimal(5,2)) AS t FROM small", "s,t\n2147483647,3.75\n"),
    ] {
        assert_eq!(fixture.csv(query).await, expected, "{query}");
    }
    let statement = fixture.statement_as(
        "SELECT sum(b) AS a, sum(i) AS b, sum(c) AS c, sum(d) AS d, sum(e) AS e
         FROM (SELECT b, k::int AS i, k::decimal(5,2) AS c, k::decimal(38,4) AS d, k::real AS e FROM big) AS t",
        Format::Parquet,
        Compression::None,
        false,
    );
    let columns = fixture.unload(&statement).await.manifest.unwrap().columns();
    let types: Vec<&str> = columns.iter().map(|column| column.data_type.as_str()).collect();
    assert_eq!(types, ["numeric(38,0)", "bigint", "numeric(38,2)", "numeric(38,4)", "double precision"]);
}

#[tokio::test]
async fn arithmetic_within_range_is_what_it_was() {
    let fixture = Fixture::sample();
    for (query, expected) in [
        (
            "SELECT 1 + 2 AS a, 7 / 2 AS b, 7 % 2 AS c, 2.50 * 2 AS d, 1.5 + 1 AS e, -3 - 4 AS f",
            "a,b,c,d,e,f\n3,3,1,5.00,2.5,-7\n",
        ),
        ("SELECT n_nationkey + 1 AS a FROM nation WHERE n_nationkey * 2 = 4 GROUP BY n_nationkey + 1", "a\n3\n"),
        ("SELECT date '2026-01-31' - interval '30' day AS a, NULL + 1 AS b", "a,b\n2026-01-01,\n"),
        ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) AS s FROM n", "s\n15\n"),
        ("SELECT mod(17, 5) AS a, sign(-3) AS b, ceiling(1.5) AS c", "a,b,c\n2,-1,2.0\n"),
    ] {
        assert_eq!(fixture.csv(query).await, expected, "{query}");
    }
}

/// Each of these would make gigabytes of a few thousand rows, or of one.
#[tokio::test]
async fn a_text_that_becomes_too_long_is_an_error_before_it_takes_room() {
    let fixture = Fixture::sample();
    let long = "x".repeat(30_000);
    let doubled = (1..=12)
        .fold("SELECT l_comment AS c FROM lineitem".to_owned(), |inner, _| format!("SELECT c || c AS c FROM ({inner}) AS t"));
    for query in [
        "SELECT max(lpad(l_comment, 1000000)) AS a FROM lineitem".to_owned(),
        "SELECT max(rpad(l_comment, 1000000, '한')) AS a FROM lineitem".to_owned(),
        "SELECT max(repeat(l_comment, 1000000)) AS a FROM lineitem".to_owned(),
        "SELECT repeat('x', 65536) AS a".to_owned(),
        "SELECT lpad('x', 65535, '한') AS a".to_owned(),
        format!("SELECT max(replace(l_comment, 'e', '{long}')) AS a FROM lineitem"),
        format!("SELECT max(regexp_replace(l_comment, '[a-z]', '{long}', 'g')) AS a FROM lineitem"),
        "SELECT max(replace(repeat('a', 65535), 'a', repeat(l_comment, 500))) AS a FROM lineitem".to_owned(),
        format!("SELECT max(c) AS a FROM ({doubled}) AS t"),
        "SELECT max(concat(a, a, a)) AS a FROM (SELECT repeat(l_comment, 900) AS a FROM lineitem) AS t".to_owned(),
    ] {
        let error = fixture.error(&query).await;
        assert_eq!(error.code(), Code::QueryFailed, "{query}: {error}");
        assert!(error.message().contains("65535 bytes"), "{query}: {error}");
    }
}

#[tokio::test]
async fn texts_grow_as_long_as_varchar_is() {
    let fixture = Fixture::sample();
    for (query, expected) in [
        ("SELECT length(repeat('x', 65535)) AS a, length(lpad('x', 21845, '한')) AS b", "a,b\n65535,21845\n"),
        (
            "SELECT count(*) AS n, min(length(a)) AS a FROM (SELECT rpad(l_comment, 20000) AS a FROM lineitem WHERE l_linenumber = 7) AS t",
            "n,a\n2173,20000\n",
        ),
        ("SELECT count(DISTINCT a) AS n FROM (SELECT repeat(n_name, 300) || '!' AS a FROM nation) AS t", "n\n25\n"),
        (
            "SELECT concat('a', 'b') AS a, concat_ws('-', 'a', NULL, 'b') AS b, 'x' || NULL AS c, replace('aXa', 'X', '') AS d",
            "a,b,c,d\nab,a-b,,aa\n",
        ),
        (
            "SELECT sum(length(replace(n_name, 'A', 'bbb'))) AS a, max(n_name || n_name) AS b FROM nation WHERE n_nationkey < 3",
            "a,b\n32,BRAZILBRAZIL\n",
        ),
    ] {
        assert_eq!(fixture.csv(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn concat_is_null_where_a_part_is() {
    let folder = folder(&[("t.csv", "a,b\nx,y\n,y\nx,\n")]);
    let fixture = Fixture::tables(folder.path());
    let text = fixture
        .csv("SELECT concat(a, b) AS c, concat(a, '!') AS d, concat('a', NULL) AS e, concat_ws('-', a, b) AS f FROM t")
        .await;
    assert_eq!(text, "c,d,e,f\nxy,x!,,x-y\n,,,y\n,x!,,x\n");
}

#[tokio::test]
async fn moments_reach_as_far_as_redshifts() {
    let folder = folder(&[("t.csv", "ts\n2026-01-01 00:00:00\n9999-12-31 00:00:00\n")]);
    let fixture = Fixture::tables(folder.path());
    for (query, expected) in [
        (
            "SELECT TIMESTAMP '9999-12-31 00:00:00' AS a, CAST('9999-12-31' AS timestamp) AS b, '0001-01-01'::timestamp AS c",
            "a,b,c\n9999-12-31 00:00:00,9999-12-31 00:00:00,0001-01-01 00:00:00\n",
        ),
        ("SELECT TIMESTAMPTZ '9999-12-31 00:00:00+00' AS a", "a\n9999-12-31 00:00:00+00\n"),
        ("SELECT count(*) AS n FROM t WHERE ts = '9999-12-31'", "n\n1\n"),
        ("SELECT count(*) AS n FROM t WHERE ts BETWEEN '2027-01-01' AND '9999-12-31 23:59:59'", "n\n1\n"),
        ("SELECT count(*) AS n FROM t WHERE ts IN ('9999-12-31', '1999-12-31')", "n\n1\n"),
        ("SELECT count(*) AS n FROM t WHERE '9998-12-31' < ts", "n\n1\n"),
        ("SELECT count(*) AS n FROM t WHERE ts > DATE '9998-12-31'", "n\n1\n"),
        ("SELECT count(*) AS n FROM t WHERE ts > current_timestamp::timestamp AND ts > '2030-01-01'", "n\n1\n"),
        ("SELECT ts::date AS d, extract(year FROM ts) AS y FROM t WHERE ts > '2030-01-01'", "d,y\n9999-12-31,9999\n"),
        ("SELECT CASE WHEN ts = '9999-12-31' THEN 1 ELSE 0 END AS c FROM t ORDER BY 1", "c\n0\n1\n"),
    ] {
        assert_eq!(fixture.csv(query).await, expected, "{query}");
    }
}

/// A cast says what a value is to be: the engine would leave a text as long as it is, and drop what is behind the point.
#[tokio::test]
async fn casts_cut_texts_and_round_numbers() {
    let folder = folder(&[("t.csv", "d,f,s\n1.5,1.5,abcdef\n-1.5,2.5,한글\n0.49,-2.51,\n99.9,,x\n")]);
    let fixture = Fixture::tables(folder.path());
    for (query, expected) in [
        (
            "SELECT d::decimal(5,2)::int AS a, CAST(f::double precision AS bigint) AS b, TRY_CAST(d::decimal(3,1) AS smallint) AS c FROM t",
            "a,b,c\n2,2,2\n-2,2,-2\n0,-3,1\n100,,100\n",
        ),
        (
            "SELECT s::varchar(4) AS a, CAST(s AS char(2)) AS b, s::char AS c, s::varchar AS d FROM t",
            "a,b,c,d\nabcd,ab,a,abcdef\n한,\"\",\"\",한글\n,,,\nx,x,x,x\n",
        ),
        (
            "SELECT 'abcdef'::varchar(3) AS a, CONVERT(varchar(2), 'abc') AS b, 12345::varchar(3) AS c, NULL::varchar(3) AS d",
            "a,b,c,d\nabc,ab,123,\n",
        ),
        (
            "SELECT 1.5::int AS a, -0.5::int AS b, CAST(2.49 AS bigint) AS c, TRY_CAST(1e30 AS int) AS d, 9.99::decimal(3,2)::smallint AS e",
            "a,b,c,d,e\n2,-1,2,,10\n",
        ),
        ("SELECT count(*) AS n FROM t WHERE CAST(d::decimal(5,2) AS int) = 2", "n\n1\n"),
        (
            "SELECT s::varchar(1) AS k, count(*) AS n FROM t WHERE s IN ('abcdef', 'x') GROUP BY s::varchar(1) ORDER BY s::varchar(1)",
            "k,n\na,1\nx,1\n",
        ),
    ] {
        assert_eq!(fixture.csv(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn floats_within_range_are_what_they_were() {
    let fixture = Fixture::sample();
    let query = "SELECT f + 1 AS a, f - 1 AS b, f * 2 AS c, f / 2 AS d, f / NULL AS e, 'infinity'::double precision + f AS g
                 FROM (SELECT 1.5::double precision AS f) AS t";
    assert_eq!(fixture.csv(query).await, "a,b,c,d,e,g\n2.5,0.5,3,0.75,,Infinity\n");
}

#[tokio::test]
async fn encoding_is_bounded_and_replacing_nothing_is_not() {
    let fixture = Fixture::sample();
    let encoded = (1..=20).fold("n_name".to_owned(), |inner, _| format!("encode({inner}, 'hex')"));
    let error = fixture.error(&format!("SELECT length({encoded}) AS a FROM nation")).await;
    assert!(error.code() == Code::QueryFailed && error.message().contains("65535 bytes"), "{error}");
    let (long, pattern) = ("x".repeat(20_000), "y".repeat(10_000));
    for (query, expected) in [
        ("SELECT encode(encode('ab', 'hex'), 'hex') AS a".to_owned(), "a\n36313632\n"),
        (format!("SELECT length(replace('{long}', '{pattern}', '{long}')) AS a"), "a\n20000\n"),
    ] {
        assert_eq!(fixture.csv(&query).await, expected);
    }
}
