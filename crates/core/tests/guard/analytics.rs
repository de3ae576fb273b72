//! What analysts write for Redshift: hand-written reports, and queries in the shape of TPC-DS.

use outflow_core::guard::Guard;
use outflow_core::parameter::Parameters;
use outflow_core::statement::literal;

use crate::corpus::analytics;
use crate::legitimate::TPCH;
use crate::property::unescaped;

#[test]
fn analysts_are_understood_but_for_what_the_corpus_lists() {
    let guard = Guard::redshift();
    let mut wrong = Vec::new();
    for statement in analytics() {
        let answer = guard.check(&statement.sql, &Parameters::default());
        match (&answer, statement.code) {
            (Ok(_), None) => {}
            (Err(error), Some(code)) if error.code() == code => {}
            (Ok(_), Some(_)) => wrong.push(format!("{} passes now", statement.name)),
            (Err(error), _) => wrong.push(format!("{}\n    {}: {error}", statement.name, error.code())),
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), analytics().len(), wrong.join("\n"));
}

#[test]
fn at_least_98_of_100_pass_and_the_others_say_why_not() {
    let refused: Vec<&str> = analytics()
        .iter()
        .filter(|statement| statement.code.is_some())
        .inspect(|statement| assert!(statement.sql.starts_with("-- Refused: "), "{} has no reason", statement.name))
        .map(|statement| statement.name.as_str())
        .collect();
    let all = analytics().len() + TPCH.len();
    assert!(refused.len() * 100 <= all * 2, "{} of {all}: {refused:?}", refused.len());
}

#[test]
fn what_passes_comes_back_out_of_an_unload() {
    for statement in analytics().iter().filter(|statement| statement.code.is_none()) {
        let checked = Guard::redshift().check(&statement.sql, &Parameters::default()).expect("it passes");
        assert_eq!(unescaped(&literal(checked.text())).as_deref(), Some(checked.text()), "{}", statement.name);
    }
}
