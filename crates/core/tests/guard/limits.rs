//! Too much of anything is refused in good time, on a small stack and in any profile, and takes nothing down.

use std::time::{Duration, Instant};

use outflow_core::Code::{self, *};
use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;

use crate::legitimate::{LEGITIMATE, TPCH};
use crate::{check, parameters, refusal};

/// Runs on a stack as small as an asynchronous runtime gives its workers.
fn on_a_small_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn_scoped(scope, run).expect("a thread can be started");
        thread.join().expect("the thread ends well")
    })
}

/// Generous for a build without optimisation on a busy machine; what is exponential takes longer than anybody waits.
const BOUND: Duration = Duration::from_secs(20);

fn nested(open: &str, times: usize, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(times), close.repeat(times))
}

/// A name, and a query so many deep or long.
type Shape = (&'static str, fn(usize) -> String);

/// Every way in which a query can be deep or long.
fn shapes() -> Vec<Shape> {
    vec![
        ("+", |n| format!("SELECT 1{}", "+1".repeat(n))),
        ("||", |n| format!("SELECT a{}", "||a".repeat(n))),
        ("AND", |n| format!("SELECT a{}", " AND a".repeat(n))),
        ("OR in WHERE", |n| format!("SELECT 1 FROM t WHERE a=1{}", " OR a=1".repeat(n))),
        ("=", |n| format!("SELECT a{}", "=a".repeat(n))),
        ("~", |n| format!("SELECT {}1", "~ ".repeat(n))),
        ("NOT", |n| format!("SELECT {}a", "NOT ".repeat(n))),
        ("minus signs", |n| format!("SELECT {}1", "- ".repeat(n))),
        ("casts", |n| format!("SELECT 1{}", "::int".repeat(n))),
        ("IS NULL", |n| format!("SELECT a{}", " IS NULL".repeat(n))),
        ("NOTNULL", |n| format!("SELECT a WHERE a{}", " NOTNULL".repeat(n))),
        ("BETWEEN", |n| format!("SELECT a{}", " BETWEEN 1 AND 2".repeat(n))),
        ("LIKE", |n| format!("SELECT a{}", " LIKE 'b'".repeat(n))),
        ("IN", |n| format!("SELECT a{}", " IN (1)".repeat(n))),
        ("INTERVAL", |n| format!("SELECT {}'1'", "INTERVAL ".repeat(n))),
        ("EXISTS in a row", |n| format!("SELECT {}1", "EXISTS ".repeat(n))),
        ("PRIOR", |n| format!("SELECT {}1", "PRIOR ".repeat(n))),
        ("DISTINCT", |n| format!("SELECT {}1", "DISTINCT ".repeat(n))),
        ("LATERAL", |n| format!("SELECT 1 FROM {}t", "LATERAL ".repeat(n))),
        ("typed strings", |n| format!("SELECT {}'1'", "date ".repeat(n))),
        ("aliases", |n| format!("SELECT 1 {}", "AS a ".repeat(n))),
        ("AT TIME ZONE", |n| format!("SELECT a{}", " AT TIME ZONE 'UTC'".repeat(n))),
        ("subscripts", |n| format!("SELECT a{}", "[1]".repeat(n))),
        ("array types", |n| format!("SELECT a::int{}", "[]".repeat(n))),
        ("dots", |n| format!("SELECT a{}", ".a".repeat(n))),
        ("dots in FROM", |n| format!("SELECT 1 FROM a{}", ".a".repeat(n))),
        ("COLLATE", |n| format!("SELECT a{}", " COLLATE b".repeat(n))),
        ("UNION", |n| format!("SELECT 1{}", " UNION SELECT 1".repeat(n))),
        ("INTERSECT", |n| format!("SELECT 1{}", " INTERSECT SELECT 1".repeat(n))),
        ("JOIN", |n| format!("SELECT 1 FROM t{}", " JOIN t ON a=b".repeat(n))),
        ("JOIN without ON", |n| format!("SELECT 1 FROM t {}{}", "JOIN t ".repeat(n), "ON a=b ".repeat(n))),
        ("CROSS JOIN", |n| format!("SELECT 1 FROM t{}", " CROSS JOIN t".repeat(n))),
        ("columns", |n| format!("SELECT a{} FROM t", ",a".repeat(n))),
        ("tables", |n| format!("SELECT a FROM t{}", ",t".repeat(n))),
        ("WITH in a row", |n| {
            let tables: Vec<String> = (0..n).map(|i| format!("a{i} AS (SELECT 1)")).collect();
            format!("WITH {} SELECT 1", tables.join(","))
        }),
        ("WHEN", |n| format!("SELECT CASE{} END", " WHEN a THEN b".repeat(n))),
        ("IN list", |n| format!("SELECT a IN (1{})", ",1".repeat(n))),
        ("VALUES", |n| format!("VALUES (1){}", ",(1)".repeat(n))),
        ("parameters of nobody", |n| format!("SELECT 1{}", ",:x".repeat(n))),
        ("arguments", |n| format!("SELECT coalesce(1{})", ",1".repeat(n))),
        ("strings", |n| format!("SELECT 'a'{}", ",'a'".repeat(n))),
        ("semicolons", |n| format!("SELECT 1{}", ";".repeat(n))),
        ("comments", |n| format!("SELECT 1{}", "/**/".repeat(n))),
        ("nested comments", |n| format!("SELECT 1 {}", nested("/*", n, "", "*/"))),
        ("quotes", |n| format!("SELECT {}", "'".repeat(n))),
        ("opening parentheses", |n| format!("SELECT {}", "(".repeat(n))),
        ("closing parentheses", |n| format!("SELECT {}", ")".repeat(n))),
        ("parentheses", |n| format!("SELECT {}", nested("(", n, "1", ")"))),
        ("parentheses in FROM", |n| format!("SELECT 1 FROM {}", nested("(", n, "t", ")"))),
        ("joins in parentheses", |n| format!("SELECT 1 FROM {}", nested("(t JOIN ", n, "t", " ON true)"))),
        ("queries in parentheses", |n| nested("(", n, "SELECT 1", ")")),
        ("CASE", |n| format!("SELECT {}", nested("CASE WHEN a THEN ", n, "1", " END"))),
        ("CASE in WHEN", |n| format!("SELECT {}", nested("CASE WHEN ", n, "a", " THEN 1 END"))),
        ("CASE in ELSE", |n| format!("SELECT {}", nested("CASE WHEN a THEN 1 ELSE ", n, "1", " END"))),
        ("CASE without END", |n| format!("SELECT {}", nested("CASE WHEN a THEN ", n, "1", ""))),
        ("calls", |n| format!("SELECT {}", nested("lower(", n, "a", ")"))),
        ("calls without an end", |n| format!("SELECT {}", nested("lower(", n, "a", ""))),
        ("calls with an error inside", |n| format!("SELECT {}", nested("lower(", n, "a as as", ")"))),
        ("calls that are dotted", |n| format!("SELECT {}", nested("a.lower(", n, "a", ")"))),
        ("CAST", |n| format!("SELECT {}", nested("CAST(", n, "1", " AS int)"))),
        ("CAST with an error inside", |n| format!("SELECT {}", nested("CAST(", n, "1", " IS int)"))),
        ("CASE as a function", |n| format!("SELECT {}", nested("case(", n, "1", ")"))),
        ("NOT with an error inside", |n| format!("SELECT {}", nested("NOT(", n, "1 1", ")"))),
        ("POSITION without IN", |n| format!("SELECT {}", nested("position(", n, "1", ")"))),
        ("OVERLAY without PLACING", |n| format!("SELECT {}", nested("overlay(", n, "1", ")"))),
        ("CEIL with an error inside", |n| format!("SELECT {}", nested("ceil(", n, "a a a", ")"))),
        ("EXTRACT", |n| format!("SELECT {}", nested("extract(year from ", n, "a", ")"))),
        ("EXTRACT without a field", |n| format!("SELECT {}", nested("extract(", n, "a", ")"))),
        ("SUBSTRING", |n| format!("SELECT {}", nested("substring(", n, "a", " from 1)"))),
        ("TRIM", |n| format!("SELECT {}", nested("trim(", n, "a", ")"))),
        ("INTERVAL with an error inside", |n| format!("SELECT {}", nested("interval (", n, "'1' 2", ")"))),
        ("CONVERT", |n| format!("SELECT {}", nested("convert(int, ", n, "1", ")"))),
        ("many keywords, no end", |n| format!("SELECT {}", nested("cast(trim(substring(ceil(extract(", n, "1", ""))),
        ("EXISTS", |n| format!("SELECT {}", nested("EXISTS(SELECT ", n, "1", ")"))),
        ("ARRAY", |n| format!("SELECT {}", nested("ARRAY[", n, "1", "]"))),
        ("ARRAY of a query", |n| format!("SELECT {}", nested("array(", n, "1", ")"))),
        ("STRUCT", |n| format!("SELECT {}", nested("struct(", n, "1", ")"))),
        ("lambdas", |n| format!("SELECT {}", nested("f((x) -> ", n, "1", ")"))),
        ("rows", |n| format!("SELECT {}", nested("(1,", n, "1", ")"))),
        ("subqueries", |n| format!("SELECT {}", nested("(SELECT ", n, "1", ")"))),
        ("subqueries in FROM", |n| format!("SELECT 1 FROM {}", nested("(SELECT * FROM ", n, "t", ") x"))),
        ("subqueries with an error inside", |n| format!("SELECT 1 FROM {}", nested("(SELECT * FROM ", n, "t t t", ") x"))),
        ("subqueries in IN", |n| format!("SELECT {}", nested("a IN (SELECT ", n, "a", ")"))),
        ("WITH in WITH", |n| nested("WITH a AS (", n, "SELECT 1", ") SELECT * FROM a")),
        ("windows", |n| format!("SELECT {}", nested("sum(a) OVER (ORDER BY ", n, "a", ")"))),
        ("types", |n| format!("SELECT a::{}", nested("array<", n, "int", ">"))),
        ("ROLLUP", |n| format!("SELECT 1 GROUP BY {}", nested("rollup((", n, "1", "))"))),
        ("table functions", |n| format!("SELECT 1 FROM {}", nested("f(", n, "1", ")"))),
        ("words", |n| format!("SELECT {}", "a ".repeat(n))),
        ("SELECT", |n| "SELECT ".repeat(n)),
        ("WITH", |n| "WITH ".repeat(n)),
    ]
}

#[test]
fn fifty_thousand_of_anything_take_nothing_down() {
    for (name, shape) in shapes() {
        let sql = shape(50_000);
        let code = on_a_small_stack(|| refusal(&sql));
        // An even number of quotes is one string, and a long one may be.
        assert!(matches!(code, Some(SqlTooLarge | SqlTooComplex)) || name == "quotes", "{name}: {code:?}");
    }
}

/// As many as fit into the text and the token limit, which is where the tree gets as deep as it can be.
#[test]
fn the_deepest_trees_that_fit_are_answered_in_time() {
    for (name, shape) in shapes() {
        let fits = |n: &usize| shape(*n).len() <= 64 * 1024;
        let (mut low, mut high) = (1_usize, 50_000);
        while low < high {
            let middle = (low + high).div_ceil(2);
            if fits(&middle) { low = middle } else { high = middle - 1 }
        }
        for n in [low, 9_990, 6_600] {
            if n > low {
                continue;
            }
            let sql = shape(n);
            let started = Instant::now();
            on_a_small_stack(|| check(&sql).err());
            assert!(started.elapsed() < BOUND, "{name}, {n} of them: {:?}", started.elapsed());
        }
    }
}

/// Backtracking parsers take exponential time on these.
#[test]
fn what_is_nested_as_deep_as_allowed_is_answered_in_time() {
    for (name, shape) in shapes() {
        for n in [10, 20, 30, 40, 49, 200] {
            let sql = shape(n);
            let started = Instant::now();
            on_a_small_stack(|| check(&sql).err());
            assert!(started.elapsed() < BOUND, "{name}, {n} of them: {:?}", started.elapsed());
        }
    }
}

#[test]
fn reasonable_depth_passes() {
    let passes = [
        format!("SELECT 1{}", "+1".repeat(400)),
        format!("SELECT 1 FROM t WHERE a=1{}", " OR a=1".repeat(400)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(400)),
        format!("SELECT 1 FROM t{}", " JOIN t ON a=b".repeat(1_000)),
        format!("SELECT 1 FROM t WHERE a IN (1{})", ",1".repeat(9_900)),
        format!("SELECT CASE{} END FROM t", " WHEN a=1 THEN 2".repeat(2_000)),
        format!("SELECT a{} FROM t", ",a".repeat(9_900)),
        format!("SELECT {}", nested("(", 49, "1", ")")),
        format!("SELECT {}", nested("lower(", 49, "a", ")")),
        format!("SELECT {}", nested("CASE WHEN a THEN ", 49, "1", " END")),
        format!("SELECT 1 FROM {}", nested("(SELECT * FROM ", 49, "t", ") x")),
        nested("WITH a AS (", 49, "SELECT 1", ") SELECT * FROM a"),
        format!("SELECT {}", nested("coalesce((SELECT max(a) FROM t WHERE b IN (SELECT c FROM u WHERE d = ", 5, "1", ")), 1)")),
        format!("SELECT {}", nested("EXISTS(SELECT 1 WHERE ", 10, "true", ")")),
        format!("{} SELECT * FROM c200", chain(200, "SELECT a FROM {}")),
        format!("{} SELECT * FROM c7", chain(7, "SELECT x.a FROM {} x JOIN {} y ON true")),
    ];
    for sql in passes {
        let refused = on_a_small_stack(|| check(&sql).err());
        assert!(refused.is_none(), "{}…: {refused:?}", &sql[..40]);
    }
}

#[test]
fn rows_of_what_the_parser_descends_into_end_at_fifty() {
    let rows: [(&str, Shape); 3] = [
        ("NOT", ("NOT stand in a row", |n| format!("SELECT {}a FROM t", "NOT ".repeat(n)))),
        ("subscripts", ("subscripts stand in a row", |n| format!("SELECT a{}, b[1] FROM t", "[1]".repeat(n)))),
        ("subscripts in subscripts", ("subscripts stand in a row", |n| format!("SELECT a{} FROM t", "[(b[1])]".repeat(n)))),
    ];
    for (name, (told, row)) in rows {
        assert!(check(&row(50)).is_ok(), "{name}");
        let refused = check(&row(51)).unwrap_err();
        assert_eq!(refused.code(), SqlTooComplex, "{name}");
        assert!(refused.to_string().contains(told), "{name}: {refused}");
    }
    assert_eq!(refusal(&format!("SELECT a{} FROM t", "[1].a".repeat(51))), Some(SqlTooComplex));
    assert!(check(&format!("SELECT 1{} FROM t", ", a[1], a[1].b[2]".repeat(60))).is_ok());
}

/// Queries of WITH, each of which reads the one before.
fn chain(length: usize, each: &str) -> String {
    let links = (1..=length).map(|i| format!(", c{i} AS ({})", each.replace("{}", &format!("c{}", i - 1))));
    format!("WITH c0 AS (SELECT 1 AS a){}", links.collect::<String>())
}

/// Planning takes a time that grows with every level of these, and a memory.
#[test]
fn what_explodes_only_when_it_is_planned_is_refused_where_it_becomes_too_much() {
    let columns = ",a".repeat(2_000);
    for (sql, told) in [
        (format!("SELECT {}", nested("EXISTS(SELECT 1 WHERE ", 11, "true", ")")), "more than 10 subqueries"),
        (format!("SELECT {}", nested("(SELECT ", 11, "1", ")")), "more than 10 subqueries"),
        (format!("SELECT {}", nested("a IN (SELECT ", 11, "a", " FROM t)")), "more than 10 subqueries"),
        (format!("SELECT 1 FROM {}", nested("t, LATERAL (SELECT * FROM ", 11, "t", ") x")), "more than 10 subqueries"),
        (format!("{} SELECT * FROM c11", chain(11, "SELECT (SELECT max(a) FROM {}) AS a")), "more than 10 subqueries"),
        (format!("{} SELECT * FROM c12", chain(12, "SELECT x.a FROM {} x JOIN {} y ON true")), "more than 300"),
        (format!("{} SELECT * FROM c24", chain(24, "SELECT a FROM {} UNION ALL SELECT a FROM {}")), "more than 300"),
        (
            format!("{} SELECT {}", chain(20, "SELECT a FROM {}"), nested("(SELECT a FROM c20 WHERE a = ", 6, "1", ")")),
            "more than 300",
        ),
        (format!("WITH w AS (SELECT a{columns} FROM t) SELECT 1 FROM w{}", ", w".repeat(60)), "100000"),
        (
            format!("WITH RECURSIVE {} SELECT * FROM c12", &chain(12, "SELECT x.a FROM {} x JOIN {} y ON true")[5..]),
            "more than 300",
        ),
    ] {
        for guard in [Guard::embedded(), Guard::redshift()] {
            let error = guard.check(&sql, &Parameters::default()).expect_err("it is too much");
            assert_eq!(error.code(), SqlTooComplex, "{}…: {error}", &sql[..40]);
            assert!(error.message().contains(told) && error.position().is_some(), "{}…: {error}", &sql[..40]);
        }
    }
}

#[test]
fn a_chain_that_is_too_deep_is_no_syntax_error() {
    for (name, shape) in shapes() {
        if !matches!(name, "NOT" | "minus signs" | "CASE" | "CASE in WHEN" | "CASE in ELSE") {
            continue;
        }
        for n in [400, 2_000] {
            let error = check(&shape(n)).expect_err("it is too deep");
            assert!(error.code() == SqlTooComplex && error.position().is_some(), "{name}, {n} of them: {error}");
        }
    }
    let many = format!("SELECT {}a", "NOT ".repeat(15_000));
    assert_eq!(refusal(&many), Some(SqlTooComplex));
}

#[test]
fn each_limit_has_its_code() {
    let cases: [(Code, String); 6] = [
        (SqlTooLarge, format!("SELECT '{}'", "a".repeat(64 * 1024))),
        (SqlTooLarge, "a".repeat(1024 * 1024)),
        (SqlTooComplex, format!("SELECT {}", nested("(", 51, "1", ")"))),
        (SqlTooComplex, format!("SELECT a{}", ",a".repeat(10_001))),
        (SqlTooComplex, format!("SELECT 1{}", "+1".repeat(600))),
        (SqlTooComplex, format!("SELECT 1{}", " UNION SELECT 1".repeat(600))),
    ];
    for (code, sql) in cases {
        assert_eq!(refusal(&sql), Some(code), "{}…", &sql[..40]);
    }
    let just_fits = format!("SELECT '{}'", "a".repeat(64 * 1024 - 9));
    assert_eq!((just_fits.len(), refusal(&just_fits)), (64 * 1024, None));
}

#[test]
fn the_bound_text_is_limited_too() {
    let long = parameters(&serde_json::json!({"x": "a".repeat(1_000)}));
    let error = Guard::embedded().check(&format!("SELECT :x{}", ",:x".repeat(9_000)), &long).expect_err("it is too long");
    assert_eq!(error.code(), SqlTooLarge);
    let backslashes = parameters(&serde_json::json!({"x": "\\".repeat(30_000)}));
    assert!(Guard::redshift().check("SELECT :x", &backslashes).is_ok());
    assert!(Guard::embedded().check("SELECT :x", &backslashes).is_ok());
}

/// `cargo test --release -p outflow-core --test guard -- --ignored --nocapture how_long`
#[test]
#[ignore = "a measurement, of use in an optimised build only"]
#[allow(clippy::print_stderr)]
fn how_long_it_takes() {
    let ordinary = LEGITIMATE.iter().chain(&TPCH).map(|sql| (*sql).to_owned()).collect();
    let conditions = |bytes: usize| {
        let condition = |i| format!("\n  and (l_quantity * {i} <> p_size or l_shipmode in ('MAIL', '{i}'))");
        let many: String = (0..).map(condition).take(bytes / 64).collect();
        format!("{}{many}", TPCH[18].trim_end())
    };
    let list: Vec<String> = (0..9_000).map(|i| format!("'{i}'")).collect();
    let sums: Vec<String> = (0..1_100).map(|i| format!("sum(CASE WHEN a = {i} THEN b ELSE 0 END) AS c{i}")).collect();
    let hostile = shapes().iter().map(|(_, shape)| shape(48)).collect();
    let deepest = shapes().iter().map(|(_, shape)| shape(4_990)).collect();
    let measured: [(&str, Vec<String>, u64); 6] = [
        ("ordinary", ordinary, 2),
        ("4 KB", vec![conditions(2_500)], 2),
        ("a list of 64 KB", vec![format!("SELECT * FROM t WHERE a IN ({})", list.join(","))], 50),
        ("columns of 56 KB", vec![format!("SELECT {} FROM t", sums.join(",\n"))], 50),
        ("48 deep", hostile, 100),
        ("as long or deep as it goes", deepest, 200),
    ];
    for (name, queries, bound) in measured {
        let rounds = 1 + 400 / queries.len();
        let mut times: Vec<Duration> = (0..rounds)
            .flat_map(|_| &queries)
            .map(|sql| {
                let started = Instant::now();
                let _ = check(sql);
                started.elapsed()
            })
            .collect();
        times.sort();
        let (p50, p99, longest) = (times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1]);
        let bytes = queries.iter().map(String::len).max().unwrap_or(0);
        eprintln!("{name} (up to {bytes} bytes): p50 {p50:?}, p99 {p99:?}, longest {longest:?}");
        assert!(p99 < Duration::from_millis(bound), "{name}: {p99:?}");
    }
}

#[test]
fn a_name_has_fifty_parts_at_most_and_as_many_not_stand_in_a_row() {
    let refused = |sql: &str| refusal(sql) == Some(SqlTooComplex);
    assert!(refusal(&format!("SELECT a{} FROM t", ".a".repeat(50))).is_none());
    assert!(
        refused(&format!("SELECT a{} FROM t", ".a".repeat(51)))
            && refused(&format!("SELECT a{} FROM t", "./**/\"a\"".repeat(51)))
    );
    assert!(refusal(&format!("SELECT {}true", "NOT ".repeat(50))).is_none());
    assert!(refused(&format!("SELECT {}true", "NOT ".repeat(51))) && refused(&format!("SELECT {}true", "not/**/".repeat(51))));
    assert!(refusal(&format!("SELECT * FROM a.b{}", " NATURAL JOIN c.d".repeat(60))).is_none());
    assert!(refusal(&format!("SELECT 1 WHERE NOT a{}", " AND NOT b".repeat(60))).is_none());
}

#[test]
fn replicate_is_repeat_by_another_name() {
    let refusal = |sql: &str| Guard::redshift().check(sql, &Parameters::default()).err().map(|error| error.code());
    assert_eq!(refusal("SELECT replicate('-', 20)"), None);
    for sql in ["SELECT replicate('-', 65536)", "SELECT replicate('-', n) FROM t", "SELECT replicate(repeat('-', 300), 300)"] {
        assert_eq!(refusal(sql), Some(outflow_core::Code::SqlNotAllowed), "{sql}");
    }
}
