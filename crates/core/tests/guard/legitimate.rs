//! What people write and what must pass, unchanged but for comments and parameters.

use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;

use crate::check;

/// The 22 queries of TPC-H.
pub(crate) const TPCH: [&str; 22] = [
    include_str!("../tpch/01.sql"),
    include_str!("../tpch/02.sql"),
    include_str!("../tpch/03.sql"),
    include_str!("../tpch/04.sql"),
    include_str!("../tpch/05.sql"),
    include_str!("../tpch/06.sql"),
    include_str!("../tpch/07.sql"),
    include_str!("../tpch/08.sql"),
    include_str!("../tpch/09.sql"),
    include_str!("../tpch/10.sql"),
    include_str!("../tpch/11.sql"),
    include_str!("../tpch/12.sql"),
    include_str!("../tpch/13.sql"),
    include_str!("../tpch/14.sql"),
    include_str!("../tpch/15.sql"),
    include_str!("../tpch/16.sql"),
    include_str!("../tpch/17.sql"),
    include_str!("../tpch/18.sql"),
    include_str!("../tpch/19.sql"),
    include_str!("../tpch/20.sql"),
    include_str!("../tpch/21.sql"),
    include_str!("../tpch/22.sql"),
];

/// Queries that both guards let through.
#[rustfmt::skip]
pub(crate) const LEGITIMATE: &[&str] = &[
    "SELECT 1",
    "SELECT 1;",
    "SELECT 1;;",
    "select 1 ; -- done",
    "(SELECT 1)",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT * FROM orders",
    "SELECT o.* FROM orders AS o",
    "SELECT * FROM public.orders",
    "SELECT * FROM dev.public.orders",
    "SELECT \"Order Id\", \"a\"\"b\" FROM \"My Table\"",
    // Comments and strings that look like something else.
    "/* a report */ SELECT a -- the column\nFROM t /* the table */ WHERE a > 1",
    "SELECT 1 /* ; DROP TABLE t; */",
    "SELECT '; DROP TABLE t; --', '/* not a comment */', '$$', '?', ':name', '`', 'E', 'it''s'",
    "SELECT \"; --\", \"a:b\", \"$1\" FROM t",
    r"SELECT a FROM t WHERE b ~ '\d+'",
    r"SELECT regexp_replace(a, '\s+', ' ') FROM t",
    r"SELECT 'C:\\temp', '\n', '\\'",
    "SELECT a /* 코멘트 🎉 */ FROM t -- 끝",
    "SELECT '👩‍👩‍👧', '\u{202e}abc', 'a\u{200b}b' FROM t -- \u{202e}",
    "SELECT 'a\n b', 'tab\there'",
    // Names in any script, composed and decomposed.
    "SELECT 이름, \"전화 번호\" FROM 고객 WHERE 도시 = '서울'",
    "SELECT \u{110b}\u{1175}\u{1105}\u{1173}\u{11b7} FROM \u{1100}\u{1169}\u{1100}\u{1162}\u{11a8}",
    "SELECT \"\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}\" FROM \"고객\"",
    "SELECT größe, été, имя, 名前, \"a\u{a0}b\", \"🎉\" FROM ñandú",
    "SELECT a AS 합계 FROM t AS 표",
    "SELECT a$b, _c FROM t",
    // WITH.
    "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b",
    "WITH roles AS (SELECT 1 AS r) SELECT r FROM roles",
    "WITH pg_class AS (SELECT 1 AS r) SELECT r FROM pg_class",
    "WITH a (x, y) AS (SELECT 1, 2) SELECT x + y FROM a",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n",
    "SELECT * FROM (WITH a AS (SELECT 1 AS x) SELECT x FROM a) b",
    // Reports that read one query of WITH many times, and subqueries in subqueries, as TPC-DS has them.
    "WITH year_total AS (SELECT c.id, d.year, sum(s.paid) AS total, 's' AS kind FROM customer c JOIN sales s ON s.customer = c.id JOIN dates d ON d.id = s.day GROUP BY c.id, d.year UNION ALL SELECT c.id, d.year, sum(w.paid), 'w' FROM customer c JOIN web w ON w.customer = c.id JOIN dates d ON d.id = w.day GROUP BY c.id, d.year) SELECT s2.id FROM year_total s1, year_total s2, year_total c1, year_total c2, year_total w1, year_total w2 WHERE s2.id = s1.id AND s1.id = c1.id AND c2.id = s1.id AND w1.id = s1.id AND w2.id = s1.id AND s1.kind = 's' AND w2.total / w1.total > CASE WHEN s1.total > 0 THEN s2.total / s1.total END ORDER BY s2.id LIMIT 100",
    "WITH items AS (SELECT id FROM item WHERE brand IN (SELECT brand FROM sales INTERSECT SELECT brand FROM web)), average AS (SELECT avg(q * p) AS a FROM (SELECT q, p FROM sales UNION ALL SELECT q, p FROM web) x) SELECT * FROM (SELECT 's' AS channel, sum(q * p) AS total FROM sales WHERE item IN (SELECT id FROM items) HAVING sum(q * p) > (SELECT a FROM average) UNION ALL SELECT 'w', sum(q * p) FROM web WHERE item IN (SELECT id FROM items) HAVING sum(q * p) > (SELECT a FROM average)) y",
    "SELECT name FROM supplier WHERE id IN (SELECT s FROM ps WHERE p IN (SELECT id FROM part WHERE size > (SELECT avg(size) FROM part WHERE brand IN (SELECT brand FROM brands WHERE NOT EXISTS (SELECT 1 FROM banned b WHERE b.brand = brands.brand)))))",
    // Joins and subqueries.
    "SELECT * FROM a JOIN b ON a.id = b.id LEFT JOIN c USING (id) RIGHT OUTER JOIN d ON true FULL JOIN e ON true CROSS JOIN f NATURAL JOIN g",
    "SELECT * FROM a INNER JOIN (b JOIN c ON b.x = c.x) ON a.x = b.x",
    "SELECT * FROM a, LATERAL (SELECT * FROM b WHERE b.x = a.x) c",
    "SELECT * FROM \"only\" JOIN \"User\" AS \"user\" ON true JOIN public.only ON true",
    "SELECT * FROM a LEFT SEMI JOIN b ON a.x = b.x",
    "SELECT * FROM a WHERE x IN (SELECT x FROM b) AND NOT EXISTS (SELECT 1 FROM c WHERE c.x = a.x)",
    "SELECT * FROM a WHERE x > ALL (SELECT x FROM b) OR x = ANY (SELECT x FROM c)",
    "SELECT (SELECT max(x) FROM b) AS m, EXISTS (SELECT 1 FROM c) FROM a",
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (id, name)",
    // Sets, order, limits.
    "SELECT 1 UNION SELECT 2 UNION ALL SELECT 3 INTERSECT SELECT 4 EXCEPT SELECT 5",
    "(SELECT 1 ORDER BY 1) UNION ALL (SELECT 2 LIMIT 1) ORDER BY 1 LIMIT 5 OFFSET 2",
    "SELECT DISTINCT a FROM t ORDER BY a DESC NULLS LAST, b ASC NULLS FIRST",
    "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b",
    "SELECT TOP 5 a FROM t",
    "SELECT TOP 5 DISTINCT a FROM t",
    "SELECT * FROM (SELECT TOP 5 a FROM t) x",
    "SELECT a FROM t ORDER BY a OFFSET 10 ROWS FETCH FIRST 5 ROWS ONLY",
    "SELECT a FROM t LIMIT ALL",
    "SELECT * EXCLUDE (a, b) FROM t",
    // Grouping.
    "SELECT a, count(*), count(DISTINCT b), sum(c) FROM t GROUP BY a HAVING count(*) > 1",
    "SELECT a, b, sum(c), grouping(a) FROM t GROUP BY ROLLUP (a, b)",
    "SELECT a, b, sum(c) FROM t GROUP BY CUBE (a, b)",
    "SELECT a, b, sum(c) FROM t GROUP BY GROUPING SETS ((a, b), (a), ())",
    "SELECT sum(a) FILTER (WHERE b > 0) FROM t",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
    // Windows.
    "SELECT row_number() OVER (PARTITION BY a ORDER BY b DESC) FROM t",
    "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT avg(a) OVER (ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM t",
    "SELECT rank() OVER w, lag(a, 1) OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY c)",
    "SELECT first_value(a) IGNORE NULLS OVER (ORDER BY b) FROM t",
    "SELECT lag(a IGNORE NULLS) OVER (ORDER BY b) FROM t",
    "SELECT a, row_number() OVER (PARTITION BY b ORDER BY c) AS n FROM t QUALIFY n = 1",
    // Types, dates, arithmetic.
    "SELECT a::date, b::decimal(18, 2), c::varchar(10), CAST(d AS bigint), TRY_CAST(e AS double precision), f::timestamptz FROM t",
    "SELECT a::timestamp without time zone, b::timestamp with time zone, c::int8, d::float4, e::text, f::boolean, g::smallint FROM t",
    "SELECT DATE '2026-01-01', TIMESTAMP '2026-01-01 12:00:00', TIME '12:00:00', INTERVAL '1 day', INTERVAL '3' MONTH, date'2026-01-01'",
    "SELECT current_date, current_timestamp, now() - INTERVAL '7 days'",
    "SELECT extract(epoch FROM a), date_trunc('month', a), date_part('year', a), a AT TIME ZONE 'Asia/Seoul' FROM t",
    "SELECT a+b, a-1, -a, a*-1, a/2, a%2, a>-1, a>=-1, a<-1, a<=-1, a=-1, a<>-1, a!= -1, 1--1\n+2, 1.5e-3, .5, 5., a|| -1 FROM t",
    "SELECT a & 1, a | 2, ~a, a << 2, a >> 1 FROM t",
    "SELECT NOT a, a AND b OR c, a IS NULL, a IS NOT NULL, a IS TRUE, a IS NOT FALSE, a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b FROM t",
    "SELECT a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, a IN (1, 2), a NOT IN (1, 2), (a, b) IN ((1, 2)) FROM t",
    "SELECT a LIKE 'x%', a NOT LIKE '_', a ILIKE 'x', a LIKE '10!%' ESCAPE '!', a SIMILAR TO 'x', a ~ 'x', a ~* 'x', a !~ 'x', a !~* 'x' FROM t",
    "SELECT CASE WHEN a > 1 THEN 'x' WHEN a < 0 THEN 'y' ELSE 'z' END, CASE a WHEN 1 THEN 2 END FROM t",
    "SELECT TRUE, FALSE, NULL, 1, 1.5, 'a', -5, +5",
    "SELECT a[1], b[1][2] FROM t",
    // Functions.
    "SELECT coalesce(a, b), nullif(a, b), greatest(a, b), least(a, b), nvl(a, b), nvl2(a, b, c) FROM t",
    "SELECT lower(a), UPPER(a), \"lower\"(a), length(a), trim(a), trim(BOTH 'x' FROM a), ltrim(a), substring(a, 1, 2), substring(a FROM 1 FOR 2), left(a, 1), right(a, 1) FROM t",
    "SELECT replace(a, 'x', 'y'), split_part(a, ',', 1), position('x' IN a), strpos(a, 'x'), lpad(a, 10, '0'), rpad(a, 10), repeat('x', 65535), concat(a, b), a || b FROM t",
    "SELECT replace(lpad(a, 10), ' ', rpad('0', 20)), repeat(lpad(a, 1000), 60), repeat('x', -1), concat(repeat(a, 65535), rpad(b, 65535)) FROM t",
    "SELECT regexp_replace(a, 'x', 'y'), regexp_count(a, 'x'), md5(a), initcap(a), reverse(a), translate(a, 'x', 'y'), ascii(a), chr(92) FROM t",
    "SELECT abs(a), ceil(a), floor(a), round(a, 2), trunc(a), sqrt(a), power(a, 2), mod(a, 2), exp(a), ln(a), log(a), sign(a), pi(), random() FROM t",
    "SELECT stddev(a), var_pop(a), median(a), bool_and(b), bit_or(a) FROM t",
    "SELECT \"user\", t.user, date, year, value, name, type, status, count, \"order\" FROM t",
    "SELECT '한글 값', a FROM t WHERE b = '값'",
];

/// Queries that only the embedded engine's guard lets through, for their functions.
const EMBEDDED: &[&str] = &[
    "SELECT string_agg(a, ',' ORDER BY b), array_agg(DISTINCT a), approx_distinct(a), corr(a, b) FROM t",
    "SELECT ARRAY[1, 2, 3], date_format(a, '%Y-%m') FROM t",
    "SELECT date_bin(INTERVAL '15 minutes', a), to_timestamp_millis(a), make_date(2026, 1, 31) FROM t",
    "SELECT regexp_like(a, 'x'), starts_with(a, 'x'), concat_ws(',', a, b), encode(sha256(a), 'hex'), uuid() FROM t",
];

/// Queries that only Redshift's guard lets through, for their functions.
const REDSHIFT: &[&str] = &[
    "SELECT listagg(a, ',') WITHIN GROUP (ORDER BY b) FROM t",
    "SELECT listagg(DISTINCT a, ',') WITHIN GROUP (ORDER BY a) OVER (PARTITION BY b) FROM t",
    "SELECT dateadd(day, 1, a), datediff(month, a, b), getdate(), sysdate, last_day(a), add_months(a, 1), convert_timezone('Asia/Seoul', a) FROM t",
    "SELECT json_extract_path_text(a, 'b', 'c'), is_valid_json(a), json_parse(a) FROM t",
    "SELECT decode(a, 1, 'x', 'y'), charindex('x', a), len(a), to_char(a, 'YYYY-MM'), to_date(b, 'YYYYMMDD'), regexp_substr(a, 'x'), to_number(a, '999'), ratio_to_report(a) OVER () FROM t",
    "SELECT current_user, session_user",
    "SELECT c.items[0].price FROM customers c",
    "SELECT a::super, b::varbyte FROM t",
    "SELECT 1 MINUS SELECT 2",
];

fn refusals(guard: &Guard, queries: &[&str]) -> Vec<String> {
    let refused =
        |sql: &&str| guard.check(sql, &Parameters::default()).err().map(|error| format!("{sql}\n    {}: {error}", error.code()));
    queries.iter().filter_map(refused).collect()
}

#[test]
fn what_people_write_passes() {
    for guard in [Guard::embedded(), Guard::redshift()] {
        let refused = [refusals(&guard, LEGITIMATE), refusals(&guard, &TPCH)].concat();
        assert!(refused.is_empty(), "{}", refused.join("\n"));
    }
}

#[test]
fn each_warehouse_has_functions_of_its_own() {
    assert_eq!(refusals(&Guard::embedded(), EMBEDDED), Vec::<String>::new());
    assert_eq!(refusals(&Guard::redshift(), REDSHIFT), Vec::<String>::new());
}

#[test]
fn the_text_stays_as_it_is() {
    for sql in LEGITIMATE.iter().chain(&TPCH).filter(|sql| !sql.contains("--") && !sql.contains("/*") && !sql.contains(';')) {
        assert_eq!(check(sql).expect("it passes").text(), sql.trim_end());
    }
}

#[test]
fn comments_become_blanks_and_the_end_is_trimmed() {
    for (sql, text) in [
        ("SELECT 1 ;\n", "SELECT 1"),
        ("SELECT 1 -- 끝", "SELECT 1"),
        ("SELECT 1;; /* a */ -- b", "SELECT 1"),
        ("SELECT/*한*/1", "SELECT     1"),
        ("-- 첫 줄\nSELECT 1", "      \nSELECT 1"),
        ("SELECT /* a\n b */ 1", "SELECT     \n      1"),
        ("SELECT 1\r\n  + 2\r\n", "SELECT 1\n  + 2"),
        ("SELECT '--', '/**/' -- c", "SELECT '--', '/**/'"),
    ] {
        assert_eq!(check(sql).expect("it passes").text(), text, "{sql:?}");
    }
}

#[test]
fn what_is_read_is_told() {
    for (sql, relations) in [
        ("SELECT 1", &[] as &[&str]),
        ("SELECT * FROM Orders, \"Orders\", orders o2", &["orders", "Orders"]),
        ("SELECT * FROM Dev.Public.Orders JOIN public.nation ON true", &["dev.public.orders", "public.nation"]),
        ("WITH a AS (SELECT * FROM t) SELECT * FROM a JOIN b ON true", &["t", "b"]),
        ("WITH t AS (SELECT * FROM t) SELECT * FROM t", &["t"]),
        ("WITH T AS (SELECT 1) SELECT * FROM t", &[]),
        ("WITH t AS (SELECT 1) SELECT * FROM \"T\"", &["T"]),
        ("WITH t AS (SELECT 1) SELECT * FROM s.t", &["s.t"]),
        ("SELECT * FROM a, (WITH b AS (SELECT 1) SELECT * FROM b) x, b", &["a", "b"]),
        ("WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT 2 FROM n) SELECT * FROM n", &[]),
        ("SELECT (SELECT max(a) FROM x) FROM y WHERE EXISTS (SELECT 1 FROM z) ORDER BY (SELECT 1 FROM w)", &["y", "x", "z", "w"]),
        ("SELECT * FROM 고객", &["고객"]),
        ("SELECT * FROM \"a.b\", a.b, \"c\"\"d\"", &["\"a.b\"", "a.b", "\"c\"\"d\""]),
    ] {
        let mut found = check(sql).expect("it passes").relations().to_vec();
        let mut expected: Vec<String> = relations.iter().map(|name| (*name).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{sql}");
    }
}

#[test]
fn the_outer_order_and_limit_are_told() {
    for (sql, is_ordered, is_limited) in [
        ("SELECT a FROM t", false, false),
        ("SELECT a FROM t ORDER BY a", true, false),
        ("SELECT a FROM t LIMIT 1", false, true),
        ("SELECT a FROM t OFFSET 1", false, true),
        ("SELECT TOP 5 a FROM t ORDER BY a", true, true),
        ("SELECT a FROM t FETCH FIRST ROW ONLY", false, true),
        ("(SELECT a FROM t ORDER BY a LIMIT 1)", true, true),
        ("SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 1) x", false, false),
        ("(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL SELECT 1", false, false),
        ("SELECT a FROM t UNION ALL SELECT 1 ORDER BY 1", true, false),
        ("WITH x AS (SELECT TOP 1 a FROM t ORDER BY a) SELECT * FROM x", false, false),
        ("SELECT sum(a) OVER (ORDER BY b) FROM t", false, false),
    ] {
        let checked = check(sql).expect("it passes");
        assert_eq!((checked.is_ordered(), checked.is_limited()), (is_ordered, is_limited), "{sql}");
    }
}
