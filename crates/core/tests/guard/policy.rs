//! Policies: asked about every table that a query reads, wherever it stands and however it is written, and about nothing else.

use std::cell::RefCell;
use std::slice;

use outflow_core::Code::SqlRelationNotAllowed;
use outflow_core::guard::{Guard, ReadAll, ReadPolicy, Relation};
use outflow_core::parameter::Parameters;
use rstest::rstest;
use serde_json::json;

use crate::corpus::{Statement, analytics};
use crate::disguise::{Disguise, KEEPING, Random};
use crate::parameters;

/// What an owner may read: schemas and tables, `*` for all of them; a bare name is one of the schema `public`, and a path is not trusted.
struct AllowList(&'static [(&'static str, &'static str)]);

impl ReadPolicy for AllowList {
    fn check(&self, relation: &Relation) -> Result<(), String> {
        let schema = relation.schema().unwrap_or("public");
        let is_allowed = |(allowed, tables): &(&str, &str)| *allowed == schema && (*tables == "*" || *tables == relation.table());
        if relation.database().is_none() && self.0.iter().any(is_allowed) {
            return Ok(());
        }
        Err("is not among the tables that you may read; `outflow tables` lists them".to_owned())
    }
}

const SHOP: AllowList = AllowList(&[("public", "*"), ("shop", "orders")]);

/// The names that the policy is asked about, in alphabetical order.
fn asked(guard: &Guard, sql: &str) -> Vec<String> {
    let names = RefCell::new(Vec::new());
    let policy = |relation: &Relation| {
        names.borrow_mut().push(relation.name());
        Ok(())
    };
    guard.check_for(&policy, sql, &Parameters::default()).expect("it passes");
    let mut names = names.into_inner();
    names.sort();
    names
}

/// Every place where `hr.salaries` can stand.
const HIDDEN: &[&str] = &[
    "SELECT * FROM hr.salaries",
    "SELECT * FROM HR.Salaries",
    "SELECT * FROM \"hr\".\"salaries\"",
    "SELECT * FROM \"hr\".salaries AS orders",
    "SELECT * FROM hr /* shop */ . -- orders\n salaries",
    "SELECT * FROM\thr\n.\nsalaries orders",
    "SELECT * FROM orders, hr.salaries",
    "SELECT * FROM orders JOIN hr.salaries ON true",
    "SELECT * FROM orders NATURAL LEFT JOIN hr.salaries",
    "SELECT * FROM (orders CROSS JOIN (lines CROSS JOIN hr.salaries))",
    "SELECT * FROM (SELECT * FROM (SELECT * FROM hr.salaries) a) b",
    "SELECT * FROM orders o, LATERAL (SELECT * FROM hr.salaries s WHERE s.id = o.id) x",
    "SELECT * FROM orders JOIN LATERAL (SELECT 1 FROM hr.salaries) x ON true",
    "SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT id FROM hr.salaries",
    "(SELECT 1) INTERSECT (SELECT id FROM hr.salaries ORDER BY 1 LIMIT 1)",
    "VALUES ((SELECT max(pay) FROM hr.salaries))",
    "SELECT (SELECT max(pay) FROM hr.salaries)",
    "SELECT * FROM orders WHERE id IN (SELECT id FROM hr.salaries)",
    "SELECT * FROM orders o WHERE EXISTS (SELECT 1 FROM hr.salaries s WHERE s.id = o.id)",
    "SELECT * FROM orders WHERE total > ALL (SELECT pay FROM hr.salaries)",
    "SELECT * FROM orders WHERE total = ANY (SELECT pay FROM hr.salaries)",
    "SELECT * FROM orders WHERE total BETWEEN 1 AND (SELECT max(pay) FROM hr.salaries)",
    "SELECT * FROM orders a JOIN orders b ON a.id = (SELECT max(id) FROM hr.salaries)",
    "SELECT count(*) FROM orders GROUP BY (SELECT max(id) FROM hr.salaries)",
    "SELECT count(*) FROM orders GROUP BY ROLLUP (abs((SELECT max(id) FROM hr.salaries)))",
    "SELECT count(*) FROM orders HAVING count(*) > (SELECT count(*) FROM hr.salaries)",
    "SELECT * FROM orders ORDER BY (SELECT max(pay) FROM hr.salaries)",
    "SELECT * FROM orders LIMIT (SELECT max(pay) FROM hr.salaries)",
    "SELECT * FROM orders OFFSET (SELECT max(pay) FROM hr.salaries)",
    "SELECT DISTINCT ON ((SELECT max(pay) FROM hr.salaries)) id FROM orders",
    "SELECT sum(total) OVER (PARTITION BY (SELECT max(pay) FROM hr.salaries)) FROM orders",
    "SELECT sum(total) OVER w FROM orders WINDOW w AS (ORDER BY (SELECT max(pay) FROM hr.salaries))",
    "SELECT id FROM orders QUALIFY row_number() OVER (ORDER BY id) < (SELECT max(pay) FROM hr.salaries)",
    "SELECT CASE WHEN true THEN (SELECT max(pay) FROM hr.salaries) ELSE 0 END",
    "SELECT CASE (SELECT max(pay) FROM hr.salaries) WHEN 1 THEN 2 END",
    "SELECT coalesce(lower((SELECT max(name) FROM hr.salaries)), '')",
    "SELECT CAST((SELECT max(pay) FROM hr.salaries) AS integer)",
    "SELECT (SELECT max(pay) FROM hr.salaries)::integer",
    "SELECT 'a' LIKE (SELECT max(name) FROM hr.salaries)",
    "SELECT extract(year FROM (SELECT max(day) FROM hr.salaries))",
    "SELECT substring((SELECT max(name) FROM hr.salaries) FROM 1)",
    "SELECT count(*) FILTER (WHERE (SELECT true FROM hr.salaries)) FROM orders",
    "SELECT listagg(id, ',') WITHIN GROUP (ORDER BY (SELECT max(pay) FROM hr.salaries)) FROM orders",
    "WITH x AS (SELECT * FROM hr.salaries) SELECT 1",
    "WITH hr AS (SELECT 1), salaries AS (SELECT 2) SELECT * FROM hr.salaries",
    "WITH a AS (WITH b AS (WITH c AS (SELECT * FROM hr.salaries) SELECT * FROM c) SELECT * FROM b) SELECT * FROM a",
    "WITH a AS (SELECT 1), b AS (SELECT * FROM a, hr.salaries) SELECT * FROM b",
    "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a, hr.salaries) SELECT * FROM a",
    "WITH RECURSIVE a(n) AS (SELECT id FROM hr.salaries UNION ALL SELECT n FROM a) SELECT * FROM a",
    "SELECT * FROM orders WHERE id IN (WITH x AS (SELECT id FROM hr.salaries) SELECT id FROM x)",
    "SELECT * FROM (orders o CROSS JOIN lines) CROSS JOIN hr.salaries",
    "SELECT * FROM orders o JOIN lines l USING (id) WHERE (o.a, l.b) IN (SELECT 1, pay FROM hr.salaries)",
];

/// Names that WITH defines, read where it does not hold: the table `salaries` is meant.
const SHADOWED: &[&str] = &[
    "WITH salaries AS (SELECT * FROM salaries) SELECT * FROM salaries",
    "WITH a AS (SELECT * FROM salaries), salaries AS (SELECT 1) SELECT * FROM a, salaries",
    "SELECT * FROM (WITH salaries AS (SELECT 1) SELECT * FROM salaries) x, salaries",
    "SELECT * FROM (WITH salaries AS (SELECT 1) SELECT * FROM salaries) x UNION ALL SELECT * FROM salaries",
    "WITH a AS (WITH salaries AS (SELECT * FROM salaries) SELECT * FROM salaries) SELECT * FROM a",
    "WITH a AS (WITH salaries AS (SELECT 1) SELECT * FROM salaries) SELECT * FROM a, salaries",
    "WITH salaries AS (WITH salaries AS (SELECT * FROM salaries) SELECT * FROM salaries) SELECT * FROM salaries",
    "WITH RECURSIVE salaries AS (SELECT * FROM salaries) SELECT * FROM salaries",
    "WITH RECURSIVE salaries AS (SELECT id FROM salaries UNION ALL SELECT 1) SELECT * FROM salaries",
    "WITH RECURSIVE salaries AS ((SELECT 1 UNION ALL SELECT id FROM salaries)) SELECT * FROM salaries",
    "WITH RECURSIVE salaries AS (SELECT 1 EXCEPT SELECT id FROM salaries) SELECT * FROM salaries",
    "WITH RECURSIVE salaries AS (SELECT 1 UNION ALL SELECT id FROM salaries UNION ALL SELECT 2) SELECT * FROM salaries",
    "WITH RECURSIVE salaries AS (WITH x AS (SELECT * FROM salaries) SELECT 1 UNION ALL SELECT * FROM x) SELECT * FROM salaries",
    "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM salaries), salaries AS (SELECT 1) SELECT * FROM a",
    "SELECT (WITH salaries AS (SELECT 1 AS id) SELECT max(id) FROM salaries), (SELECT max(id) FROM salaries)",
];

#[test]
fn no_table_hides_from_the_policy() {
    for guard in [Guard::embedded(), Guard::redshift()] {
        for sql in HIDDEN {
            let error = guard.check_for(&SHOP, sql, &Parameters::default()).map(drop).expect_err(sql);
            assert_eq!(error.code(), SqlRelationNotAllowed, "{sql}: {error}");
            assert!(error.message().to_lowercase().contains("salaries"), "{sql}: {error}");
            let place = error.position().expect("it has a place");
            let line = sql.split('\n').nth(place.line as usize - 1).expect("the line is there");
            let there: String = line.chars().skip(place.column as usize - 1).take(3).collect();
            assert!(["hr", "\"hr"].iter().any(|name| there.to_lowercase().starts_with(name)), "{sql}: {place:?}");
            assert!(guard.check_for(&ReadAll, sql, &Parameters::default()).is_ok(), "{sql}");
        }
    }
}

#[test]
fn a_name_of_with_hides_a_table_just_where_it_holds() {
    for guard in [Guard::embedded(), Guard::redshift()] {
        for sql in SHADOWED {
            assert_eq!(asked(&guard, sql), ["salaries"], "{sql}");
        }
    }
}

#[rstest]
#[case("SELECT 1", &[])]
#[case("WITH salaries AS (SELECT 1) SELECT * FROM salaries, Salaries s, \"salaries\" t", &[])]
#[case("WITH salaries AS (SELECT 1) SELECT (SELECT max(x) FROM (SELECT * FROM salaries) y) FROM orders", &["orders"])]
#[case("WITH RECURSIVE salaries AS (SELECT 1 UNION ALL SELECT n + 1 FROM salaries) SELECT * FROM salaries", &[])]
#[case("WITH RECURSIVE salaries AS (SELECT 1 UNION SELECT n FROM (SELECT * FROM salaries) x) SELECT * FROM salaries", &[])]
#[case("WITH salaries AS (SELECT 1) SELECT * FROM public.salaries, dev.public.salaries", &["dev.public.salaries", "public.salaries"])]
#[case("SELECT * FROM a UNION SELECT * FROM A UNION SELECT * FROM \"a\"", &["a"])]
#[case("SELECT * FROM \"hr.salaries\"", &["\"hr.salaries\""])]
fn it_is_asked_once_about_each_table_and_about_nothing_else(#[case] sql: &str, #[case] names: &[&str]) {
    assert_eq!(asked(&Guard::embedded(), sql), names);
    assert_eq!(asked(&Guard::redshift(), sql), names);
}

#[test]
fn a_name_in_quotes_is_not_the_one_that_with_defines_in_another_case() {
    let sql = "WITH salaries AS (SELECT 1) SELECT * FROM \"SALARIES\"";
    assert_eq!(asked(&Guard::embedded(), sql), ["SALARIES"]);
    assert_eq!(asked(&Guard::redshift(), sql), ["salaries"]);
}

#[test]
fn it_hears_what_a_name_says_and_how_it_is_written() {
    let heard = |relation: &Relation| {
        assert_eq!((relation.database(), relation.schema(), relation.table()), (Some("dev"), Some("HR"), "salaries"));
        assert_eq!((relation.written(), relation.name().as_str()), ("Dev.\"HR\".Salaries", "dev.HR.salaries"));
        Err("is secret".to_owned())
    };
    let sent = parameters(&json!({ "x": "한🎉" }));
    let sql = "SELECT :x /* 한 */,\n1 FROM Dev.\"HR\" . Salaries";
    let error = Guard::embedded().check_for(&heard, sql, &sent).expect_err("it is refused");
    assert_eq!(error.message(), "`dev.HR.salaries` is secret");
    assert_eq!(error.position().map(|place| (place.line, place.column)), Some((2, 8)));
}

/// Redshift reads `"HR"."SALARIES"` as `hr.salaries`, and a policy that refuses by equality must hear that name.
#[test]
fn quotes_hide_no_table_where_the_warehouse_takes_their_case_for_nothing() {
    let denied = |relation: &Relation| if relation.name() == "hr.salaries" { Err("is secret".to_owned()) } else { Ok(()) };
    for sql in ["SELECT * FROM \"HR\".\"SALARIES\"", "SELECT * FROM hr.\"Salaries\"", "SELECT * FROM \"Hr\".SALARIES"] {
        let error = Guard::redshift().check_for(&denied, sql, &Parameters::default()).expect_err(sql);
        assert_eq!(error.code(), SqlRelationNotAllowed, "{sql}: {error}");
    }
    let written = RefCell::new(Vec::new());
    let heard = |relation: &Relation| {
        written.borrow_mut().push((relation.written().to_owned(), relation.schema() == Some("hr"), relation.table().to_owned()));
        Ok(())
    };
    let sql = "SELECT * FROM \"HR\".\"A\" JOIN hr.a ON true";
    Guard::redshift().check_for(&heard, sql, &Parameters::default()).expect("it passes");
    assert_eq!(written.into_inner(), [("\"HR\".\"A\"".to_owned(), true, "a".to_owned())], "it is one table");
}

#[test]
fn what_is_wrong_with_a_query_is_said_before_the_policy_is_asked() {
    let never = |relation: &Relation| -> Result<(), String> { panic!("asked about {}", relation.name()) };
    for sql in
        ["SELECT pg_sleep(1) FROM t", "SELECT * FROM t; DROP TABLE t", "SELECT * FROM t, pg_catalog.pg_class", "SELECT FROM"]
    {
        assert!(Guard::redshift().check_for(&never, sql, &Parameters::default()).is_err(), "{sql}");
    }
}

/// A path into a row looks like a table of a schema, and an alias can be chosen so that it does: the policy hears of both, and that it
/// may be either.
#[rstest]
#[case("SELECT * FROM orders o, o.items", "o.items", true)]
#[case("SELECT * FROM orders, orders.items i", "orders.items", true)]
#[case("SELECT * FROM shop.orders hr, hr.salaries", "hr.salaries", true)]
#[case("SELECT * FROM shop.orders HR, \"hr\".salaries", "hr.salaries", true)]
#[case("SELECT o.id, (SELECT count(*) FROM o.items) FROM orders o", "o.items", true)]
#[case("SELECT * FROM orders o WHERE EXISTS (SELECT 1 FROM o.items i WHERE i.n > 1)", "o.items", true)]
#[case("SELECT * FROM orders o, LATERAL (SELECT * FROM o.items) x", "o.items", true)]
#[case("SELECT * FROM (orders o CROSS JOIN lines), o.items", "o.items", true)]
#[case("WITH o AS (SELECT * FROM orders) SELECT * FROM o, o.items", "o.items", true)]
#[case("SELECT * FROM orders o, (SELECT * FROM o.items) x", "o.items", false)]
#[case("WITH x AS (SELECT * FROM o.items) SELECT * FROM orders o, x", "o.items", false)]
#[case("SELECT * FROM orders o UNION ALL SELECT * FROM o.items", "o.items", false)]
#[case("SELECT * FROM orders o, o.items UNION ALL SELECT * FROM o.items", "o.items", false)]
#[case("SELECT * FROM orders AS \"O\", o.items", "o.items", false)]
fn a_path_is_told_from_a_table_as_far_as_a_name_can_tell(#[case] sql: &str, #[case] name: &str, #[case] may_be_path: bool) {
    let heard = RefCell::new(Vec::new());
    let policy = |relation: &Relation| {
        heard.borrow_mut().push((relation.name(), relation.may_be_path()));
        Ok(())
    };
    Guard::redshift().check_for(&policy, sql, &Parameters::default()).expect("it passes");
    assert!(heard.borrow().contains(&(name.to_owned(), may_be_path)), "{sql}: {heard:?}");
    heard.borrow_mut().clear();
    Guard::embedded().check_for(&policy, sql, &Parameters::default()).expect("it passes");
    assert!(heard.borrow().iter().all(|(_, may_be_path)| !may_be_path), "{sql}: the embedded engine has no paths in FROM");
}

#[test]
fn no_disguise_hides_a_table_from_the_policy() {
    let disguises: &[Disguise] = &KEEPING;
    for (number, sql) in HIDDEN.iter().enumerate() {
        for time in 0..20 {
            let mut random = Random::new((number * 1_009 + time) as u64);
            let mut disguised = (*sql).to_owned();
            for _ in 0..=random.below(3) {
                let (_, disguise) = random.pick(disguises);
                disguised = disguise(&disguised, &mut random).unwrap_or(disguised);
            }
            for guard in [Guard::embedded(), Guard::redshift()] {
                let answer = guard.check_for(&SHOP, &disguised, &Parameters::default());
                assert!(answer.is_err(), "{sql}\n{disguised}");
            }
        }
    }
}

/// What a query says that it reads is what the policy is asked, in all that people write.
#[test]
fn the_policy_is_asked_about_what_is_told() {
    let written = |statement: &&Statement| statement.code.is_none();
    for statement in analytics().iter().filter(written) {
        let guard = Guard::redshift();
        let mut told = guard.check(&statement.sql, &Parameters::default()).expect("it passes").relations().to_vec();
        told.sort();
        assert_eq!(asked(&guard, &statement.sql), told, "{}", statement.name);
        if let Some(first) = told.first() {
            let refuses = |relation: &Relation| {
                if slice::from_ref(first) == [relation.name()] { Err("is not yours".to_owned()) } else { Ok(()) }
            };
            assert!(guard.check_for(&refuses, &statement.sql, &Parameters::default()).is_err(), "{}", statement.name);
        }
    }
}
