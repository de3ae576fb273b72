//! What a query finds beside the tables: the system views, the catalogue, and the functions that tell of the session.

mod catalog;
mod function;
mod history;
pub(crate) mod listing;
mod sheet;

use std::sync::Arc;

use outflow_warehouse::embedded::Given;

pub(crate) use self::sheet::Sheet;
use crate::engine::Engine;
use crate::engine::session::Session;
use crate::error::SqlError;
use crate::sql::{self, Kind};

/// What a statement is given: every function, and those of the tables that it names.
///
/// # Errors
/// When the tables of the warehouse cannot be told.
pub(crate) async fn given(engine: &Arc<Engine>, session: &Arc<Session>, statement: &str) -> Result<Given, SqlError> {
    let mut given = Given::default();
    function::add(&mut given, engine, session);
    let words = names(statement);
    history::add(&mut given, &engine.history, &engine.beliefs, &words);
    catalog::add(&mut given, engine, session, &words).await?;
    Ok(given)
}

/// Whether a query asks the leader alone, as one does that reads no table, or only what tells of the system: it takes nobody's place,
/// and does not become the session's last query.
pub(crate) fn is_for_leader(statement: &str) -> bool {
    let words = names(statement);
    let reads_system =
        words.iter().any(|word| history::VIEWS.contains(&word.as_str()) || catalog::TABLES.contains(&word.as_str()));
    reads_system || !words.iter().any(|word| word == "from")
}

/// The names in a statement, in lower case.
fn names(statement: &str) -> Vec<String> {
    let pieces = sql::pieces(statement).unwrap_or_default();
    let named = pieces.into_iter().filter(|piece| matches!(piece.kind, Kind::Word | Kind::Quoted));
    named.map(|piece| statement[piece.range].trim_matches('"').to_lowercase()).collect()
}

/// A query in the engine's words: functions without their schema, keywords that are functions as such, casts to types of the catalogue
/// as casts to what they are.
///
/// # Errors
/// `42601` where a string, a name or a comment does not end.
pub(crate) fn adapted(statement: &str) -> Result<String, SqlError> {
    let pieces = sql::pieces(statement)?;
    let at = |index: usize| pieces.get(index).map(|piece| (piece.kind, &statement[piece.range.clone()]));
    let is_sign = |index: Option<usize>, sign: &str| index.and_then(at) == Some((Kind::Other, sign));
    let is_from = |before: Option<usize>| {
        let mut words =
            (0..before.unwrap_or(0)).rev().filter_map(at).filter(|(kind, _)| !matches!(kind, Kind::Space | Kind::Comment));
        words.next().is_some_and(|(_, said)| said.eq_ignore_ascii_case("from"))
    };
    let is_call = |index: usize| is_sign(Some(index + 1), "(") && is_sign(Some(index + 2), ")");
    let mut text = String::with_capacity(statement.len());
    let mut index = 0;
    while let Some((kind, said)) = at(index) {
        let word = if kind == Kind::Word { said.to_lowercase() } else { String::new() };
        let before = index.checked_sub(1);
        let is_cast = is_sign(before, ":") && is_sign(index.checked_sub(2), ":");
        match word.as_str() {
            "pg_catalog" if is_sign(Some(index + 1), ".") && is_sign(Some(index + 3), "(") => index += 1,
            // `OPERATOR(pg_catalog.~)` is the operator.
            "operator" if is_sign(Some(index + 1), "(") => {
                let inner = (index + 2..).map_while(at).take_while(|piece| *piece != (Kind::Other, ")"));
                let inner: Vec<&str> = inner.map(|(_, said)| said).collect();
                text.push_str(&inner.rsplit(|said| *said == ".").next().unwrap_or_default().concat());
                index += inner.len() + 2;
            }
            // A function in the place of a table has one row and one column, which are named after it.
            "current_database" | "current_schema" | "version" if is_from(before) && is_call(index) => {
                text.push_str(&format!("(SELECT {word}() AS {word}) AS {word}"));
                index += 2;
            }
            "current_user" | "session_user" | "current_schema" | "current_database"
                if !is_sign(Some(index + 1), "(") && !is_sign(before, ".") =>
            {
                text.push_str(&word);
                text.push_str("()");
            }
            "oid" | "regproc" | "regtype" | "xid" if is_cast => text.push_str("bigint"),
            "name" | "regclass" if is_cast => text.push_str("varchar"),
            _ => text.push_str(said),
        }
        index += 1;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_catalogue_calls_otherwise_is_adapted() {
        let text = "select pg_catalog.version(), current_user, t.current_user, 'current_user', oid::oid from pg_catalog.pg_class";
        let adapted = adapted(text).unwrap();
        assert_eq!(
            adapted,
            "select version(), current_user(), t.current_user, 'current_user', oid::bigint from pg_catalog.pg_class"
        );
    }

    #[test]
    fn operators_with_their_schema_are_operators() {
        let text = "select relname OPERATOR(pg_catalog.!~~) 'a', operator(=) from t";
        assert_eq!(adapted(text).unwrap(), "select relname !~~ 'a', = from t");
    }

    #[test]
    fn a_function_in_the_place_of_a_table_is_one_row() {
        let text = "select current_database as a from current_database()";
        let row = "(SELECT current_database() AS current_database) AS current_database";
        assert_eq!(adapted(text).unwrap(), format!("select current_database() as a from {row}"));
    }

    #[test]
    fn queries_for_the_leader_are_told_apart() {
        for text in
            ["select 1", "select pg_last_query_id()", "select * from SYS_UNLOAD_HISTORY", "select * from pg_catalog.pg_class"]
        {
            assert!(is_for_leader(text), "{text}");
        }
        assert!(!is_for_leader("select 'pg_class' from orders"));
    }
}
