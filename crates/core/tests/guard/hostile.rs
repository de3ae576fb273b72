//! What must not pass, each for the reason that the corpus names: published bypasses of other guards, and variants.

use outflow_core::Code::SqlRelationNotAllowed;
use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;

use crate::check;
use crate::corpus::{hostile, redshift_hostile};

#[test]
fn everything_hostile_is_refused_for_its_own_reason() {
    let wrong: Vec<String> = hostile()
        .iter()
        .filter_map(|statement| match check(&statement.sql) {
            Err(error) if Some(error.code()) == statement.code => None,
            Err(error) => Some(format!("{}\n    is {}: {error}", statement.name, error.code())),
            Ok(passed) => Some(format!("{}\n    PASSED as {:?}", statement.name, passed.text())),
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), hostile().len(), wrong.join("\n"));
}

#[test]
fn redshift_s_guard_lets_none_of_it_through() {
    let guard = Guard::redshift();
    let passed = |sql: &str| guard.check(sql, &Parameters::default()).is_ok();
    let passed: Vec<&str> =
        hostile().iter().filter(|statement| passed(&statement.sql)).map(|statement| statement.name.as_str()).collect();
    assert_eq!(passed, Vec::<&str>::new());
}

#[test]
fn what_is_hostile_in_redshift_only_is_refused_there_and_passes_elsewhere() {
    for statement in redshift_hostile() {
        match Guard::redshift().check(&statement.sql, &Parameters::default()) {
            Ok(_) => panic!("{} passed", statement.name),
            Err(error) => {
                let expected = statement.code.unwrap_or(SqlRelationNotAllowed);
                assert_eq!(error.code(), expected, "{}: {error}", statement.name);
            }
        }
        let elsewhere = check(&statement.sql);
        assert!(elsewhere.is_ok(), "{}: {elsewhere:?}", statement.name);
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
        ("SELECT a!=-1 FROM t", "`!=-`"),
        ("WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x", "DELETE"),
    ] {
        let error = check(sql).expect_err("it is refused");
        assert!(error.message().contains(name), "{sql}: {error}");
        assert!(error.message().contains(';') || error.message().contains("found"), "{sql} says what to do: {error}");
    }
}
