//! What must not pass, each with the code that says why: facts 3a to 3c of the design, published bypasses of other guards, and variants.

use outflow_core::Code::{self, *};
use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;

use crate::{check, refusal};

/// Statements that are refused by either guard, each with its code.
#[rustfmt::skip]
pub(crate) const HOSTILE: &[(Code, &str)] = &[
    // More than one statement.
    (SqlNotSingle, "SELECT 1; DROP TABLE t"),
    (SqlNotSingle, "SELECT 1;SELECT 2"),
    (SqlNotSingle, "SELECT 1;; SELECT 2"),
    (SqlNotSingle, "SELECT 1; /* ; */ COMMIT"),
    (SqlNotSingle, "SELECT ';'; DROP TABLE t -- ;"),
    (SqlNotSingle, "; SELECT 1"),
    (SqlNotSingle, "SELECT 1; BEGIN READ WRITE"),
    (SqlNotSingle, "SELECT \";\" FROM t; DELETE FROM t"),
    // Not a query, with and without comments, in any case.
    (SqlNotReadOnly, "DROP TABLE t"),
    (SqlNotReadOnly, "COMMIT; DROP SCHEMA public CASCADE"),
    (SqlNotReadOnly, "/*;*/COMMIT"),
    (SqlNotReadOnly, "-- SELECT\nDELETE FROM t"),
    (SqlNotReadOnly, "/* SELECT 1 */ DELETE FROM t"),
    (SqlNotReadOnly, "dElEtE FROM t"),
    (SqlNotReadOnly, "INSERT INTO t SELECT * FROM u"),
    (SqlNotReadOnly, "UPDATE t SET a = 1"),
    (SqlNotReadOnly, "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE"),
    (SqlNotReadOnly, "TRUNCATE t"),
    (SqlNotReadOnly, "CREATE TABLE x AS SELECT 1"),
    (SqlNotReadOnly, "ALTER TABLE t ADD COLUMN a int"),
    (SqlNotReadOnly, "GRANT ALL ON t TO PUBLIC"),
    (SqlNotReadOnly, "REVOKE ALL ON t FROM PUBLIC"),
    (SqlNotReadOnly, "EXPLAIN ANALYZE DELETE FROM t"),
    (SqlNotReadOnly, "EXPLAIN SELECT 1"),
    (SqlNotReadOnly, "PREPARE p AS DELETE FROM t"),
    (SqlNotReadOnly, "EXECUTE p"),
    (SqlNotReadOnly, "DEALLOCATE ALL"),
    (SqlNotReadOnly, "DECLARE c CURSOR FOR SELECT 1"),
    (SqlNotReadOnly, "CALL f()"),
    (SqlNotReadOnly, "COPY t FROM 's3://bucket/x' IAM_ROLE default"),
    (SqlNotReadOnly, "COPY (SELECT 1) TO PROGRAM 'sh'"),
    (SqlNotReadOnly, "UNLOAD ('SELECT 1') TO 's3://elsewhere/x' IAM_ROLE default"),
    (SqlNotReadOnly, "SET search_path TO evil"),
    (SqlNotReadOnly, "SET transaction_read_only = off"),
    (SqlNotReadOnly, "RESET ALL"),
    (SqlNotReadOnly, "SHOW ALL"),
    (SqlNotReadOnly, "LOCK TABLE t"),
    (SqlNotReadOnly, "ANALYZE t"),
    (SqlNotReadOnly, "VACUUM"),
    (SqlNotReadOnly, "DO $$ BEGIN END $$"),
    (SqlNotReadOnly, "BEGIN"),
    (SqlNotReadOnly, "START TRANSACTION READ WRITE"),
    (SqlNotReadOnly, "REFRESH MATERIALIZED VIEW v"),
    (SqlNotReadOnly, "ATTACH DATABASE 'x' AS y"),
    (SqlNotReadOnly, "LISTEN x"),
    (SqlNotReadOnly, "NOTIFY x"),
    (SqlNotReadOnly, "CANCEL 1234"),
    (SqlNotReadOnly, "COMMENT ON TABLE t IS 'x'"),
    (SqlSyntax, "TABLE t WHERE a = 1"),
    (SqlSyntax, "SELCT 1"),
    (SqlSyntax, "frobnicate t"),
    (SqlSyntax, ""),
    (SqlSyntax, " \n\t "),
    (SqlSyntax, "-- only a comment"),
    (SqlSyntax, ";"),
    // Data is changed within what parses as a query.
    (SqlNotReadOnly, "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x"),
    (SqlNotReadOnly, "WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x"),
    (SqlNotReadOnly, "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x"),
    (SqlNotReadOnly, "WITH x AS (SELECT 1) DELETE FROM t"),
    (SqlNotReadOnly, "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x"),
    (SqlNotReadOnly, "WITH x AS (SELECT 1) UPDATE t SET a = 1"),
    (SqlNotReadOnly, "WITH a AS (WITH b AS (DELETE FROM t RETURNING 1) SELECT * FROM b) SELECT * FROM a"),
    (SqlNotReadOnly, "SELECT * FROM (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x) y"),
    (SqlNotReadOnly, "SELECT coalesce((WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x), 1)"),
    (SqlNotReadOnly, "SELECT 1 WHERE EXISTS (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)"),
    (SqlNotReadOnly, "SELECT 1 ORDER BY (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)"),
    (SqlNotReadOnly, "SELECT 1 LIMIT (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)"),
    (SqlNotReadOnly, "SELECT 1 UNION SELECT 2 FROM (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x) y"),
    (SqlNotReadOnly, "SELECT sum(a) OVER (ORDER BY (WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x)) FROM t"),
    (SqlNotReadOnly, "(DELETE FROM t)"),
    // SELECT INTO makes a table; FOR UPDATE takes locks; at any depth.
    (SqlNotReadOnly, "SELECT * INTO x FROM t"),
    (SqlNotReadOnly, "SELECT * INTO TEMP TABLE x FROM t"),
    (SqlNotReadOnly, "SELECT 1 UNION SELECT * INTO x FROM t"),
    (SqlNotReadOnly, "SELECT * FROM (SELECT * INTO x FROM t) y"),
    (SqlNotReadOnly, "SELECT * FROM t, LATERAL (SELECT * INTO x FROM u) y"),
    (SqlNotReadOnly, "WITH a AS (SELECT * INTO x FROM t) SELECT * FROM a"),
    (SqlNotReadOnly, "SELECT * FROM t FOR UPDATE"),
    (SqlNotReadOnly, "SELECT * FROM t FOR SHARE"),
    (SqlNotReadOnly, "SELECT * FROM (SELECT * FROM t FOR UPDATE) x"),
    (SqlNotReadOnly, "SELECT (SELECT a FROM t FOR UPDATE SKIP LOCKED)"),
    // Functions: what sleeps, reads, connects, sets, or runs text; wherever an expression may stand, and however it is spelled.
    (SqlFunctionNotAllowed, "SELECT pg_sleep(10)"),
    (SqlFunctionNotAllowed, "SELECT PG_SLEEP(10)"),
    (SqlFunctionNotAllowed, "SELECT \"pg_sleep\"(10)"),
    (SqlFunctionNotAllowed, "SELECT pg_catalog.pg_sleep(10)"),
    (SqlFunctionNotAllowed, "SELECT PG_CATALOG.\"pg_read_file\"('/etc/passwd')"),
    (SqlFunctionNotAllowed, "SELECT pg_read_file('/etc/passwd')"),
    (SqlFunctionNotAllowed, "SELECT pg_read_binary_file('/etc/passwd')"),
    (SqlFunctionNotAllowed, "SELECT pg_ls_dir('/')"),
    (SqlFunctionNotAllowed, "SELECT pg_stat_file('/')"),
    (SqlFunctionNotAllowed, "SELECT lo_import('/etc/passwd')"),
    (SqlFunctionNotAllowed, "SELECT lo_from_bytea(0, 'x')"),
    (SqlFunctionNotAllowed, "SELECT dblink('host=evil', 'select 1')"),
    (SqlFunctionNotAllowed, "SELECT dblink_exec('host=evil', 'drop table t')"),
    (SqlFunctionNotAllowed, "SELECT query_to_xml('delete from t', true, true, '')"),
    (SqlFunctionNotAllowed, "SELECT database_to_xml(true, true, '')"),
    (SqlFunctionNotAllowed, "SELECT set_config('transaction_read_only', 'off', false)"),
    (SqlFunctionNotAllowed, "SELECT current_setting('data_directory')"),
    (SqlFunctionNotAllowed, "SELECT nextval('s')"),
    (SqlFunctionNotAllowed, "SELECT setval('s', 1)"),
    (SqlFunctionNotAllowed, "SELECT pg_notify('c', 'x')"),
    (SqlFunctionNotAllowed, "SELECT pg_advisory_lock(1)"),
    (SqlFunctionNotAllowed, "SELECT pg_terminate_backend(1)"),
    (SqlFunctionNotAllowed, "SELECT pg_cancel_backend(1)"),
    (SqlFunctionNotAllowed, "SELECT pg_reload_conf()"),
    (SqlFunctionNotAllowed, "SELECT pg_rotate_logfile()"),
    (SqlFunctionNotAllowed, "SELECT pg_import_system_collations('x')"),
    (SqlFunctionNotAllowed, "SELECT txid_current()"),
    (SqlFunctionNotAllowed, "SELECT inet_server_addr()"),
    (SqlFunctionNotAllowed, "SELECT version()"),
    (SqlFunctionNotAllowed, "SELECT pg_last_copy_id()"),
    (SqlFunctionNotAllowed, "SELECT exfiltrate(a) FROM t"),
    (SqlFunctionNotAllowed, "SELECT public.lower('x')"),
    (SqlFunctionNotAllowed, "SELECT \"LOWER\"('x')"),
    (SqlFunctionNotAllowed, "SELECT ｌower('x')"),
    (SqlFunctionNotAllowed, "SELECT lоwer('x')"),
    (SqlFunctionNotAllowed, "SELECT input_file_name()"),
    (SqlFunctionNotAllowed, "SELECT lower(pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT 1 WHERE pg_sleep(1) IS NULL"),
    (SqlFunctionNotAllowed, "SELECT 1 GROUP BY pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT count(*) FROM t HAVING pg_sleep(1) IS NULL"),
    (SqlFunctionNotAllowed, "SELECT 1 ORDER BY pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT 1 LIMIT pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT 1 OFFSET pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT DISTINCT ON (pg_sleep(1)) a FROM t"),
    (SqlFunctionNotAllowed, "SELECT CASE WHEN pg_sleep(1) IS NULL THEN 1 END"),
    (SqlFunctionNotAllowed, "SELECT CAST(pg_sleep(1) AS varchar)"),
    (SqlFunctionNotAllowed, "SELECT pg_sleep(1)::text"),
    (SqlFunctionNotAllowed, "SELECT sum(a) OVER (PARTITION BY pg_sleep(1)) FROM t"),
    (SqlFunctionNotAllowed, "SELECT sum(a) OVER (ORDER BY pg_sleep(1)) FROM t"),
    (SqlFunctionNotAllowed, "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT sum(a) FILTER (WHERE pg_sleep(1) IS NULL) FROM t"),
    (SqlFunctionNotAllowed, "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY pg_sleep(1)) FROM t"),
    (SqlFunctionNotAllowed, "SELECT a FROM t QUALIFY pg_sleep(1) IS NULL"),
    (SqlFunctionNotAllowed, "SELECT a FROM t JOIN u ON pg_sleep(1) IS NULL"),
    (SqlFunctionNotAllowed, "SELECT a FROM t WHERE a IN (1, pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT a FROM t WHERE a BETWEEN 1 AND pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT a LIKE pg_sleep(1) FROM t"),
    (SqlFunctionNotAllowed, "SELECT extract(year FROM pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT substring('a' FROM pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT trim(BOTH pg_sleep(1) FROM 'x')"),
    (SqlFunctionNotAllowed, "SELECT position('a' IN pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT overlay('a' PLACING pg_sleep(1) FROM 1)"),
    (SqlFunctionNotAllowed, "SELECT ceil(pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT now() AT TIME ZONE pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT ARRAY[1, pg_sleep(1)]"),
    (SqlAmbiguous, "SELECT ARRAY[pg_sleep(1)]"),
    (SqlFunctionNotAllowed, "SELECT (pg_sleep(1), 2)"),
    (SqlFunctionNotAllowed, "SELECT -pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT NOT pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT a = ANY (SELECT pg_sleep(1)) FROM t"),
    (SqlFunctionNotAllowed, "VALUES (pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT count(*) FROM t GROUP BY ROLLUP (pg_sleep(1))"),
    (SqlFunctionNotAllowed, "SELECT count(*) FROM t GROUP BY GROUPING SETS ((pg_sleep(1)))"),
    (SqlFunctionNotAllowed, "WITH x AS (SELECT pg_sleep(1)) SELECT * FROM x"),
    (SqlFunctionNotAllowed, "SELECT pg_sleep(1) UNION SELECT 1"),
    (SqlFunctionNotAllowed, "SELECT 1 UNION SELECT pg_sleep(1)"),
    (SqlFunctionNotAllowed, "SELECT system_user"),
    (SqlFunctionNotAllowed, "SELECT current_schema"),
    // Functions as tables.
    (SqlFunctionNotAllowed, "SELECT * FROM pg_read_file('/etc/passwd')"),
    (SqlFunctionNotAllowed, "SELECT * FROM generate_series(1, 1000000000)"),
    (SqlFunctionNotAllowed, "SELECT * FROM range(1, 1000000000)"),
    (SqlFunctionNotAllowed, "SELECT * FROM t, LATERAL pg_sleep(10)"),
    (SqlFunctionNotAllowed, "SELECT * FROM t CROSS JOIN LATERAL pg_sleep(10) x"),
    (SqlFunctionNotAllowed, "SELECT * FROM dblink('host=evil', 'select 1') AS x"),
    (SqlFunctionNotAllowed, "SELECT * FROM lower('x')"),
    (SqlFunctionNotAllowed, "SELECT * FROM read_csv('/etc/passwd')"),
    (SqlFunctionNotAllowed, "SELECT * FROM parquet_metadata('x.parquet')"),
    (SqlNotAllowed, "SELECT * FROM TABLE(f())"),
    (SqlFunctionNotAllowed, "SELECT * FROM UNNEST(pg_ls_dir('/'))"),
    (SqlSyntax, "SELECT * FROM ROWS FROM (f())"),
    (SqlFunctionNotAllowed, "SELECT generate_series(1, 1000000000)"),
    (SqlFunctionNotAllowed, "SELECT range(1, 1000000000)"),
    (SqlFunctionNotAllowed, "SELECT array_repeat(1, 1000000000)"),
    (SqlFunctionNotAllowed, "SELECT unnest(ARRAY[1])"),
    (SqlNotAllowed, "SELECT repeat('x', 1000000001)"),
    (SqlNotAllowed, "SELECT repeat('x', 1000 * 1000000)"),
    (SqlNotAllowed, "SELECT rpad(a, 65536) FROM t"),
    (SqlNotAllowed, "SELECT repeat(repeat('x', 65535), 65535)"),
    (SqlNotAllowed, "SELECT lower(repeat(upper(lpad('x', 300) || 'y'), 300))"),
    (SqlNotAllowed, "SELECT replace(repeat('a', 60000), 'a', repeat('b', 60000))"),
    (SqlNotAllowed, "SELECT regexp_replace(repeat('a', 60000), 'a', (SELECT repeat('b', 60000)))"),
    (SqlNotAllowed, "SELECT repeat(replace(replace(a, 'a', repeat('b', 300)), 'c', 'd'), 300) FROM t"),
    (SqlNotAllowed, "SELECT repeat('x', CAST('1000000' AS int))"),
    (SqlNotAllowed, "SELECT lpad('x', (SELECT max(a) FROM t))"),
    // Catalogs, by their schemas.
    (SqlRelationNotAllowed, "SELECT * FROM pg_catalog.pg_user"),
    (SqlRelationNotAllowed, "SELECT * FROM information_schema.tables"),
    (SqlRelationNotAllowed, "SELECT * FROM dev.information_schema.tables"),
    (SqlRelationNotAllowed, "SELECT * FROM Information_Schema.TABLES"),
    (SqlRelationNotAllowed, "SELECT * FROM pg_catalog.sys_query_history"),
    (SqlRelationNotAllowed, "WITH pg_class AS (SELECT 1) SELECT * FROM pg_catalog.pg_class"),
    (SqlRelationNotAllowed, "SELECT * FROM a.b.c.d"),
    (SqlRelationNotAllowed, "SELECT * FROM \"\""),
    // Words that one reading takes for the table, and the table for its alias.
    (SqlAmbiguous, "SELECT * FROM ONLY pg_user"),
    (SqlAmbiguous, "SELECT * FROM only stl_querytext"),
    (SqlAmbiguous, "SELECT * FROM t JOIN ONLY pg_user ON true"),
    (SqlAmbiguous, "SELECT * FROM t, ONLY t2"),
    (SqlAmbiguous, "SELECT 1 WHERE EXISTS (SELECT 1 FROM ONLY pg_user)"),
    (SqlFunctionNotAllowed, "SELECT * FROM ONLY (pg_user)"),
    (SqlAmbiguous, "SELECT * FROM ONLY"),
    (SqlAmbiguous, "SELECT * FROM user"),
    (SqlAmbiguous, "SELECT * FROM t AS ONLY"),
    (SqlAmbiguous, "SELECT * FROM t only"),
    (SqlAmbiguous, "WITH only AS (SELECT 1) SELECT * FROM only pg_user"),
    // Files as tables.
    (SqlRelationNotAllowed, "SELECT * FROM 'x.parquet'"),
    (SqlRelationNotAllowed, "SELECT * FROM '/etc/passwd'"),
    (SqlRelationNotAllowed, "SELECT * FROM \"/etc/passwd\""),
    (SqlRelationNotAllowed, "SELECT * FROM \"x.parquet\""),
    (SqlRelationNotAllowed, "SELECT * FROM \"s3://bucket/x\""),
    (SqlRelationNotAllowed, "SELECT * FROM \"..\\x\""),
    // What two lexers read differently.
    (SqlAmbiguous, r"SELECT '\'; DROP TABLE t; --'"),
    (SqlAmbiguous, r"SELECT '\' || pg_sleep(1) || '"),
    (SqlAmbiguous, r"SELECT 'a\', b FROM t WHERE c = ' OR 1=1 --'"),
    (SqlAmbiguous, r"SELECT 'C:\'"),
    (SqlAmbiguous, r"SELECT '\\\'"),
    (SqlAmbiguous, "SELECT 1 /* a /* b */ , pg_sleep(1) /* */ */"),
    (SqlAmbiguous, "SELECT 1 /* /* */"),
    (SqlAmbiguous, r"SELECT E'\'; DROP TABLE t; --'"),
    (SqlAmbiguous, "SELECT E'a'"),
    (SqlAmbiguous, "SELECT e'a'"),
    (SqlAmbiguous, "SELECT U&'\\0061'"),
    (SqlAmbiguous, "SELECT u&'a'"),
    (SqlAmbiguous, "SELECT U&\"\\0070g_sleep\"(10)"),
    (SqlAmbiguous, "SELECT N'a'"),
    (SqlAmbiguous, "SELECT B'1'"),
    (SqlAmbiguous, "SELECT X'1F'"),
    (SqlAmbiguous, "SELECT R'a'"),
    (SqlAmbiguous, "SELECT q'[a]'"),
    (SqlAmbiguous, "SELECT _utf8'a'"),
    (SqlAmbiguous, "SELECT b\"a\""),
    (SqlAmbiguous, "SELECT 'a' 'b'"),
    (SqlAmbiguous, "SELECT 'a'\n'b'"),
    (SqlAmbiguous, "SELECT 'a' /* \n */ 'b'"),
    (SqlAmbiguous, "SELECT a FROM `t`"),
    (SqlAmbiguous, "SELECT [a] FROM t"),
    (SqlAmbiguous, "SELECT [\"a\"] FROM t"),
    (SqlAmbiguous, "SELECT a[b] FROM t"),
    (SqlAmbiguous, "SELECT a#b FROM t"),
    (SqlAmbiguous, "SELECT * FROM #t"),
    (SqlAmbiguous, "SELECT 2 ^ 3"),
    (SqlAmbiguous, "SELECT 1_000"),
    (SqlAmbiguous, "SELECT 0x1F"),
    (SqlAmbiguous, "SELECT 1a FROM t"),
    (SqlAmbiguous, "SELECT 1.5.5"),
    (SqlAmbiguous, "SELECT 10L"),
    // What only some warehouses know, or what binds from outside.
    (SqlNotAllowed, "SELECT $$ a $$"),
    (SqlNotAllowed, "SELECT $tag$ a $tag$"),
    (SqlNotAllowed, "SELECT a$$b FROM t"),
    (SqlNotAllowed, "SELECT $1"),
    (SqlNotAllowed, "SELECT ?"),
    (SqlNotAllowed, "SELECT a ? 'b' FROM t"),
    (SqlNotAllowed, "SELECT @x"),
    (SqlNotAllowed, "SELECT @@version"),
    (SqlNotAllowed, "SELECT {d '2026-01-01'}"),
    (SqlNotAllowed, "SELECT {fn lower('x')}"),
    (SqlNotAllowed, "SELECT \\ 1"),
    (SqlNotAllowed, "SELECT a[1:2] FROM t"),
    (SqlNotAllowed, "SELECT json_object('a' : 1)"),
    (ParameterMissing, "SELECT :x"),
    (ParameterMissing, "SELECT a:b FROM t"),
    // Constructs that are not on the list.
    (SqlSyntax, "SELECT 1 OPERATOR(pg_catalog.+) 2"),
    (SqlNotAllowed, "SELECT a -> 'b' FROM t"),
    (SqlNotAllowed, "SELECT a ->> 'b' FROM t"),
    (SqlNotAllowed, "SELECT a && b FROM t"),
    (SqlNotAllowed, "SELECT a <=> b FROM t"),
    (SqlSyntax, "SELECT a <-> b FROM t"),
    (SqlNotAllowed, "SELECT 'pg_class'::regclass"),
    (SqlNotAllowed, "SELECT CAST('pg_class' AS regclass)"),
    (SqlNotAllowed, "SELECT 'x'::regproc"),
    (SqlNotAllowed, "SELECT 'x'::my_type"),
    (SqlNotAllowed, "SELECT 'x'::pg_catalog.text"),
    (SqlNotAllowed, "SELECT regclass 'pg_class'"),
    (SqlNotAllowed, "SELECT CAST(a AS xml) FROM t"),
    (SqlNotAllowed, "SELECT a COLLATE \"C\" FROM t"),
    (SqlNotAllowed, "SELECT * FROM t TABLESAMPLE SYSTEM (1)"),
    (SqlNotAllowed, "SELECT CONVERT(int, a) FROM t"),
    (SqlNotAllowed, "SELECT a FROM t START WITH a = 1 CONNECT BY PRIOR a = b"),
    (SqlNotAllowed, "SELECT a AS 'b' FROM t"),
    (SqlNotAllowed, "SELECT t.'a' FROM t"),
    (SqlNotAllowed, "SELECT lower(x => 'a')"),
    (SqlNotAllowed, "SELECT a FROM t CLUSTER BY a"),
    (SqlNotAllowed, "SELECT a FROM t SORT BY a"),
    (SqlNotAllowed, "SELECT a FROM t LATERAL VIEW explode(b) c"),
    (SqlSyntax, "WITH x AS (TABLE t) SELECT * FROM x"),
    (SqlNotAllowed, "SELECT * FROM t PIVOT (sum(a) FOR b IN (1, 2))"),
    (SqlNotAllowed, "SELECT TOP 5 PERCENT a FROM t"),
    (SqlNotAllowed, "SELECT a FROM t FETCH FIRST 5 PERCENT ROWS ONLY"),
    (SqlNotAllowed, "SELECT max(*) FROM t"),
    (SqlNotAllowed, "SELECT count(t.*) FROM t"),
    (SqlNotAllowed, "SELECT a RLIKE 'b' FROM t"),
    (SqlNotAllowed, "SELECT * FROM t, JSON_TABLE(a, '$' COLUMNS (b int PATH '$.b')) x"),
    // Characters.
    (SqlForbiddenCharacter, "SELECT 1\0"),
    (SqlForbiddenCharacter, "SELECT '\0'"),
    (SqlForbiddenCharacter, "SELECT 1 -- a\rDROP TABLE t"),
    (SqlForbiddenCharacter, "SELECT 1\r"),
    (SqlForbiddenCharacter, "SELECT\u{b}1"),
    (SqlForbiddenCharacter, "SELECT\u{c}1"),
    (SqlForbiddenCharacter, "SELECT '\u{1b}[2J'"),
    (SqlForbiddenCharacter, "SELECT '\u{7f}'"),
    (SqlForbiddenCharacter, "SELECT '\u{85}'"),
    (SqlForbiddenCharacter, "SELECT\u{a0}1"),
    (SqlForbiddenCharacter, "SELECT\u{3000}1"),
    (SqlForbiddenCharacter, "\u{feff}SELECT 1"),
    (SqlForbiddenCharacter, "SELECT a\u{200b}b FROM t"),
    (SqlForbiddenCharacter, "SELECT \"a\u{200b}b\" FROM t"),
    (SqlForbiddenCharacter, "SELECT a \u{202e} FROM t"),
    (SqlForbiddenCharacter, "SELECT a\u{2066}b FROM t"),
    (SqlForbiddenCharacter, "SELECT a\u{e0061} FROM t"),
    (SqlForbiddenCharacter, "SELECT \u{3164} FROM t"),
    (SqlForbiddenCharacter, "SELECT a\u{2028}FROM t"),
    // Broken.
    (SqlSyntax, "SELECT 'a"),
    (SqlSyntax, "SELECT \"a"),
    (SqlSyntax, "SELECT 1 /* a"),
    (SqlSyntax, "SELECT (1"),
    (SqlSyntax, "SELECT 1)"),
    (SqlSyntax, "SELECT 1 FROM"),
    (SqlSyntax, "SELECT a b c FROM t"),
    (SqlSyntax, "WITH x AS (SELECT 1)"),
];

/// Redshift's catalogs and logs by their bare names, which are somebody's data elsewhere; WITH hides them only where it is in scope.
#[rustfmt::skip]
const REDSHIFT_CATALOGS: &[&str] = &[
    "SELECT * FROM pg_shadow",
    "SELECT * FROM PG_SHADOW",
    "SELECT * FROM \"pg_shadow\"",
    "SELECT * FROM stl_querytext",
    "SELECT * FROM stv_recents",
    "SELECT * FROM svl_qlog",
    "SELECT * FROM svv_tables",
    "SELECT * FROM svcs_query_summary",
    "SELECT * FROM sys_query_history",
    "SELECT * FROM t JOIN pg_class ON true",
    "SELECT (SELECT count(*) FROM pg_class)",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM pg_class)",
    "SELECT 1 UNION SELECT 1 FROM pg_class",
    "WITH pg_class AS (SELECT * FROM pg_class) SELECT * FROM pg_class",
    "WITH a AS (SELECT * FROM pg_class), pg_class AS (SELECT 1) SELECT * FROM a",
    "WITH a AS (WITH pg_class AS (SELECT 1) SELECT * FROM pg_class) SELECT * FROM pg_class",
    "SELECT * FROM (WITH pg_class AS (SELECT 1) SELECT * FROM pg_class) x, pg_class",
    "WITH RECURSIVE a AS (SELECT * FROM pg_class), pg_class AS (SELECT 1) SELECT * FROM a",
];

#[test]
fn redshift_s_catalogs_are_refused_there_and_tables_elsewhere() {
    for sql in REDSHIFT_CATALOGS {
        let error = Guard::redshift().check(sql, &Parameters::default()).expect_err("it is refused");
        assert_eq!(error.code(), SqlRelationNotAllowed, "{sql}: {error}");
        assert!(check(sql).is_ok(), "{sql}");
    }
}

#[test]
fn everything_hostile_is_refused_for_its_own_reason() {
    let wrong: Vec<String> = HOSTILE
        .iter()
        .filter_map(|(expected, sql)| match check(sql) {
            Err(error) if error.code() == *expected => None,
            Err(error) => Some(format!("{sql:?}\n    is {} and not {expected}: {error}", error.code())),
            Ok(passed) => Some(format!("{sql:?}\n    PASSED as {:?}", passed.text())),
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), HOSTILE.len(), wrong.join("\n"));
}

#[test]
fn redshift_s_guard_lets_none_of_it_through() {
    let passed: Vec<&str> = HOSTILE
        .iter()
        .filter(|(_, sql)| Guard::redshift().check(sql, &Parameters::default()).is_ok())
        .map(|(_, sql)| *sql)
        .collect();
    assert_eq!(passed, Vec::<&str>::new());
}

/// A name, and what is done to a statement.
type Disguise = (&'static str, fn(&str) -> String);

/// The same statements in other clothes: none passes, whatever the code says then.
#[test]
fn no_disguise_helps() {
    let disguises: [Disguise; 9] = [
        ("upper case", |sql| sql.to_uppercase()),
        ("lower case", |sql| sql.to_lowercase()),
        ("a comment in front", |sql| format!("/* SELECT 1 */ {sql}")),
        ("a line comment in front", |sql| format!("-- SELECT 1\n{sql}")),
        ("comments for spaces", |sql| sql.replace(' ', "/**/ ")),
        ("line ends for spaces", |sql| sql.replace(' ', "\r\n")),
        ("in parentheses", |sql| format!("({sql})")),
        ("as a subquery", |sql| format!("SELECT * FROM ({sql}) AS disguised")),
        ("as a WITH query, six deep", |sql| {
            (0..6).fold(sql.to_owned(), |inner, depth| format!("WITH d{depth} AS ({inner}) SELECT * FROM d{depth}"))
        }),
    ];
    for (name, disguise) in disguises {
        for (_, sql) in HOSTILE {
            // Quoted names mean something else in another case; a CR before a line end belongs to it, and a comment ends there.
            let has = |part: &str| sql.contains(part);
            if (name.ends_with("case") && has("\"")) || (name == "line ends for spaces" && (has("\r") || has("--"))) {
                continue;
            }
            let disguised = disguise(sql);
            assert!(refusal(&disguised).is_some(), "{name}: {disguised:?} passed");
        }
    }
}

#[test]
fn a_refusal_names_the_thing() {
    for (sql, name) in [
        ("SELECT pg_sleep(1)", "`pg_sleep`"),
        ("SELECT lowr('A')", "`lower`"),
        ("DROP TABLE t", "`DROP`"),
        ("SELECT * INTO x FROM t", "SELECT INTO"),
        ("SELECT * FROM pg_catalog.pg_class", "`pg_catalog.pg_class`"),
        ("SELECT '\u{1}'", "U+0001"),
        ("SELECT 'x'::regclass", "`REGCLASS`"),
        ("WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x", "DELETE"),
    ] {
        let error = check(sql).expect_err("it is refused");
        assert!(error.message().contains(name), "{sql}: {error}");
        assert!(error.message().contains(';') || error.message().contains("found"), "{sql} says what to do: {error}");
    }
}
