//! What the guard lets through runs: every construct that `docs/sql.md` lists, and the columns' names that come of it.

use std::fs;

use outflow_core::Code;
use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;

use super::fixture::Fixture;

/// Runs a query as it comes from the guard.
async fn csv(fixture: &Fixture, query: &str) -> String {
    let checked = Guard::embedded().check(query, &Parameters::default()).unwrap_or_else(|error| panic!("{query}: {error}"));
    fixture.csv(checked.text()).await
}

#[tokio::test]
async fn what_the_page_lists_runs() {
    let fixture = Fixture::sample();
    let cases = [
        ("WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b", "x\n1\n"),
        ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT max(i) AS m FROM n", "m\n3\n"),
        (
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL (SELECT i + 1 FROM n WHERE i < 5 LIMIT 1)), m AS (SELECT i FROM n ORDER BY i DESC LIMIT 1) SELECT * FROM m",
            "i\n5\n",
        ),
        ("(SELECT 1 AS x)", "x\n1\n"),
        ("SELECT 1 AS x UNION SELECT 1", "x\n1\n"),
        ("SELECT 1 AS x INTERSECT SELECT 1", "x\n1\n"),
        ("SELECT 1 AS x EXCEPT SELECT 1 UNION ALL SELECT 2", "x\n2\n"),
        ("SELECT * FROM (VALUES (1, 'a')) AS v (id, name)", "id,name\n1,a\n"),
        (
            "SELECT count(*) AS n FROM nation JOIN region ON n_regionkey = r_regionkey CROSS JOIN (SELECT 1 AS one) AS o",
            "n\n25\n",
        ),
        ("SELECT count(*) AS n FROM nation NATURAL JOIN (SELECT n_nationkey FROM nation WHERE n_nationkey < 3) AS q", "n\n3\n"),
        (
            "SELECT r_name, m FROM region, LATERAL (SELECT max(n_name) AS m FROM nation WHERE n_regionkey = r_regionkey) AS q WHERE r_regionkey = 0",
            "r_name,m\nAFRICA,MOZAMBIQUE\n",
        ),
        ("SELECT n_regionkey AS r, count(*) AS n FROM nation GROUP BY ROLLUP (n_regionkey) HAVING count(*) > 5", "r,n\n,25\n"),
        (
            "SELECT count(*) AS n FROM (SELECT n_regionkey AS a, n_name AS b FROM nation GROUP BY CUBE (n_regionkey, n_name)) AS q",
            "n\n56\n",
        ),
        (
            "SELECT count(*) AS n FROM (SELECT n_regionkey, n_name, grouping(n_name) AS g FROM nation GROUP BY GROUPING SETS ((n_regionkey), (n_name), ())) AS q",
            "n\n31\n",
        ),
        ("SELECT count(*) FILTER (WHERE n_regionkey = 0) AS n FROM nation", "n\n5\n"),
        ("SELECT n_name, row_number() OVER (ORDER BY n_name) AS r FROM nation QUALIFY r = 1", "n_name,r\nALGERIA,1\n"),
        (
            "SELECT DISTINCT ON (n_regionkey) n_regionkey, n_name FROM nation WHERE n_regionkey < 1 ORDER BY n_regionkey, n_name",
            "n_regionkey,n_name\n0,ALGERIA\n",
        ),
        ("SELECT * FROM (SELECT n_name FROM nation ORDER BY n_name LIMIT 1 OFFSET 1) AS q", "n_name\nARGENTINA\n"),
        (
            "SELECT * FROM (SELECT n_name FROM nation ORDER BY n_name OFFSET 1 ROWS FETCH FIRST 1 ROWS ONLY) AS q",
            "n_name\nARGENTINA\n",
        ),
        ("SELECT * FROM (SELECT n_name FROM nation ORDER BY n_name FETCH NEXT ROW ONLY) AS q", "n_name\nALGERIA\n"),
        ("SELECT * FROM (SELECT TOP 1 n_name FROM nation ORDER BY n_name) AS q", "n_name\nALGERIA\n"),
        ("SELECT * EXCLUDE (r_comment, r_name) FROM region WHERE r_regionkey = 1", "r_regionkey\n1\n"),
        (
            "SELECT CASE WHEN r_name > 'B' THEN 'y' ELSE 'n' END AS c FROM region WHERE EXISTS (SELECT 1 FROM nation WHERE n_regionkey = r_regionkey AND n_name = 'PERU')",
            "c\nn\n",
        ),
        (
            "SELECT count(*) AS n FROM nation WHERE n_name IN ('CHINA', 'PERU') OR n_regionkey IN (SELECT r_regionkey FROM region WHERE r_name = 'ASIA')",
            "n\n6\n",
        ),
        ("SELECT count(*) AS n FROM nation WHERE n_name LIKE 'C%' AND n_name SIMILAR TO '(CH|CA)%' AND n_name ~ '^C'", "n\n2\n"),
        (
            "SELECT 'abc' SIMILAR TO 'b' AS a, 'abc' SIMILAR TO '_b%' AS b, 'a.c' SIMILAR TO 'a.c' AS c, 'abc' NOT SIMILAR TO 'a.c' AS d",
            "a,b,c,d\nf,t,t,t\n",
        ),
        (
            "SELECT CAST('1' AS int) AS a, TRY_CAST('x' AS int) AS b, '2'::decimal(5,2) AS c, DATE '2026-01-31' AS d, TIME '12:00:00' AS e",
            "a,b,c,d,e\n1,,2.00,2026-01-31,12:00:00\n",
        ),
        ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n_nationkey) AS m FROM nation", "m\n12\n"),
        ("SELECT n_name AS \"이름\" FROM nation -- 끝\n WHERE n_nationkey = 0;", "이름\nALGERIA\n"),
    ];
    for (query, expected) in cases {
        assert_eq!(csv(&fixture, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_the_engine_has_not_is_refused_in_plain_words() {
    let fixture = Fixture::sample();
    for (query, said) in [
        ("SELECT ARRAY[1] AS a", "no arrays"),
        ("SELECT '1'::super AS a", "no type `super`"),
        ("SELECT CAST('1' AS super) AS a", "no type `super`"),
        (
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9 LIMIT 3) SELECT i FROM n",
            "a UNION with LIMIT",
        ),
        ("WITH RECURSIVE n (i) AS (SELECT 1 UNION SELECT 2 ORDER BY 1) SELECT i FROM n", "a UNION with ORDER BY"),
    ] {
        let error = fixture.error(query).await;
        assert_eq!(error.code(), Code::QueryInvalid, "{query}: {error}");
        assert!(error.message().contains(said), "{query}: {error}");
    }
    let checked = Guard::embedded().check("SELECT make_array(1) AS a", &Parameters::default());
    assert_eq!(checked.unwrap_err().code(), Code::SqlFunctionNotAllowed);
}

#[tokio::test]
async fn columns_of_tables_that_the_query_makes_have_redshifts_names() {
    let fixture = Fixture::sample();
    for (query, header) in [
        ("WITH q AS (SELECT count(*), sum(n_nationkey) FROM nation) SELECT * FROM q", "count,sum"),
        ("SELECT q.* FROM (SELECT upper(n_name), 1 FROM nation) AS q", "upper,?column?"),
        ("SELECT * FROM (SELECT max(n_name) FROM nation) AS a CROSS JOIN (SELECT min(r_name) FROM region) AS b", "max,min"),
        ("WITH q AS (SELECT max(n_name) FROM nation), r AS (SELECT * FROM q) SELECT r.* FROM r", "max"),
        ("SELECT n_name FROM nation WHERE n_nationkey = (SELECT max(n_nationkey) FROM nation)", "n_name"),
    ] {
        assert_eq!(csv(&fixture, query).await.lines().next(), Some(header), "{query}");
    }
}

#[tokio::test]
async fn names_mean_the_columns_of_the_tables_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a1.csv", "Id,Name\n1,a\n2,b\n"), ("b1.csv", "Id,V\n1,x\n3,y\n"), ("c1.csv", "id,v\n1,p\n2,q\n")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let fixture = Fixture::tables(folder.path());
    for (query, expected) in [
        ("SELECT id, name, v FROM a1 JOIN b1 USING (id)", "Id,Name,V\n1,a,x\n"),
        ("SELECT a1.id, c1.v FROM a1 JOIN c1 ON a1.id = c1.id ORDER BY c1.v", "Id,v\n1,p\n2,q\n"),
        ("SELECT upper(Name) AS name FROM a1 WHERE name = 'a'", "name\nA\n"),
        ("SELECT x.name FROM a1 AS x WHERE x.id IN (SELECT id FROM c1 WHERE v = 'q')", "Name\nb\n"),
    ] {
        assert_eq!(csv(&fixture, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn joins_by_name_do_not_miss_names_in_another_case() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "id,name\n1,x\n2,y\n").unwrap();
    fs::write(folder.path().join("b.csv"), "ID,Name\n1,z\n3,w\n").unwrap();
    let fixture = Fixture::tables(folder.path());
    for query in [
        "SELECT count(*) AS n FROM a NATURAL JOIN b",
        "SELECT count(*) AS n FROM a NATURAL JOIN (SELECT 1 AS \"Id\") AS q",
        "SELECT count(*) AS n FROM (a NATURAL JOIN b)",
        "SELECT count(*) AS n FROM a JOIN b USING (id)",
    ] {
        let error = fixture.error(query).await;
        assert!(error.code() == Code::QueryInvalid && error.message().ends_with("with ON"), "{query}: {error}");
    }
    for (query, expected) in [
        ("SELECT a.name FROM a JOIN b ON a.id = b.id", "name\nx\n"),
        ("SELECT count(*) AS n FROM a NATURAL JOIN (SELECT 1 AS id) AS q", "n\n1\n"),
        ("SELECT count(*) AS n FROM b JOIN b AS c USING (id)", "n\n2\n"),
        ("SELECT name FROM b UNION SELECT name FROM a ORDER BY name", "Name\nw\nx\ny\nz\n"),
        ("SELECT name FROM a UNION SELECT name FROM b ORDER BY name DESC", "name\nz\ny\nx\nw\n"),
    ] {
        assert_eq!(fixture.csv(query).await, expected, "{query}");
    }
}
