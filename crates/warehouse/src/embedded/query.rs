//! Reads the query inside an UNLOAD as Redshift reads it: its dialect, its escapes, one query and nothing else.
//!
//! The tree goes to the engine; it is never printed back. Places in errors are places in the caller's own text.

mod recursion;

use outflow_core::guard::{NESTING, RedshiftReading, at_found};
use outflow_core::{Code, Error, Position, Result};
use sqlparser::ast::{Ident, Query, SetExpr, Statement};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer};

use self::recursion::refuse_left_out;
use super::literal::unescape;

/// What `UnloadStatement` puts around a query with an outer `LIMIT`.
const WRAPPER: (&str, &str) = ("SELECT * FROM (\n", "\n) AS outflow_limited");

/// Reads a query.
///
/// # Errors
/// `sql_syntax` with the place, `sql_too_complex`, or `query_invalid` for what is not one query, and for what the engine would leave out of it.
pub(super) fn parse(text: &str) -> Result<Query> {
    let dialect = RedshiftReading::of_checked();
    let mut tokens = Tokenizer::new(&dialect, text).with_unescape(false).tokenize_with_location().map_err(|error| {
        syntax(&error.message, Some(Position { line: error.location.line, column: error.location.column }), text)
    })?;
    for token in &mut tokens {
        match &mut token.token {
            Token::SingleQuotedString(value) => *value = unescape(value)?,
            Token::Word(word) if word.quote_style == Some('"') => word.value = word.value.replace("\"\"", "\""),
            _ => {}
        }
    }
    let mut parser = Parser::new(&dialect).with_recursion_limit(NESTING).with_tokens_with_locations(tokens);
    let parsed = parser.parse_statements();
    let tokens = parser.into_tokens();
    let mut statements = parsed.map_err(|error| match error {
        ParserError::RecursionLimitExceeded => Error::new(Code::SqlTooComplex, "the query nests too deep"),
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => {
            let (message, position) = split_place(&message);
            syntax(message, position.map(|position| at_found(message, position, &tokens)), text)
        }
    })?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => refuse_left_out(&query).map(|()| *query),
        _ => Err(Error::new(Code::QueryInvalid, "UNLOAD takes one SELECT query and nothing else")),
    }
}

/// Refuses an outer `LIMIT` or `TOP`, as UNLOAD does.
///
/// # Errors
/// `query_invalid`, saying what to do.
pub(super) fn refuse_outer_limit(query: &Query) -> Result<()> {
    let mut body = query;
    let is_limited = loop {
        if body.limit_clause.is_some() || body.fetch.is_some() {
            break true;
        }
        match body.body.as_ref() {
            SetExpr::Query(inner) => body = inner,
            SetExpr::Select(select) => break select.top.is_some(),
            _ => break false,
        }
    };
    if is_limited {
        let message =
            "LIMIT and TOP are not supported in the outer query of an UNLOAD; put the query into `SELECT * FROM (…) AS q`";
        return Err(Error::new(Code::QueryInvalid, message));
    }
    Ok(())
}

/// The place of a name in the query; `None` for a name that was not in the text.
pub(super) fn place(name: &Ident) -> Option<Position> {
    let start = name.span.start;
    (start.line > 0).then_some(Position { line: start.line, column: start.column })
}

/// The same error, its place counted in what the caller sent: a wrapped query begins a line later.
pub(super) fn in_callers_text(error: Error, text: &str) -> Error {
    let is_wrapped = text.starts_with(WRAPPER.0) && text.ends_with(WRAPPER.1);
    match error.position() {
        Some(Position { line, column }) if is_wrapped && line > 1 => error.at(Position { line: line - 1, column }),
        _ => error,
    }
}

fn syntax(message: &str, position: Option<Position>, text: &str) -> Error {
    let message = message.trim_end_matches('.').replace("Expected: ", "expected ").replace(", found: ", ", found ");
    let mut characters = message.chars();
    let lowered: String = characters.next().into_iter().flat_map(char::to_lowercase).chain(characters).collect();
    Error::new(Code::SqlSyntax, format!("syntax error: {lowered}")).at(position.unwrap_or_else(|| end_of(text)))
}

/// `… at Line: 1, Column: 8` without its end, and what the end says.
fn split_place(message: &str) -> (&str, Option<Position>) {
    let split = message.rsplit_once(" at Line: ").and_then(|(rest, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((rest, Position { line: line.parse().ok()?, column: column.parse().ok()? }))
    });
    match split {
        Some((rest, position)) => (rest, Some(position)),
        None => (message, None),
    }
}

fn end_of(text: &str) -> Position {
    let text = text.trim_end();
    let last = text.lines().last().unwrap_or_default();
    Position { line: text.lines().count().max(1) as u64, column: last.chars().count() as u64 + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Error {
        parse(text).map(|_| ()).and_then(|()| refuse_outer_limit(&parse(text)?)).unwrap_err()
    }

    #[test]
    fn a_syntax_error_tells_line_and_column_in_characters() {
        let error = refused("SELECT '한글😀',\n  FROM t");
        assert_eq!((error.code(), error.position()), (Code::SqlSyntax, Some(Position { line: 2, column: 3 })), "{error}");
        let error = refused("SELECT 1 +\n  ");
        assert_eq!(error.position(), Some(Position { line: 1, column: 11 }), "{error}");
        assert!(!error.message().contains("Line:"), "{error}");
        assert_eq!(refused("SELECT 'open").code(), Code::SqlSyntax);
    }

    #[test]
    fn only_one_query_is_taken() {
        for text in ["SELECT 1; SELECT 2", "DROP TABLE t", "INSERT INTO t VALUES (1)", "COPY t FROM 's3://b/k'", "SET a = 1", ""]
        {
            assert_eq!(refused(text).code(), Code::QueryInvalid, "{text}");
        }
    }

    #[test]
    fn an_outer_limit_is_refused_and_an_inner_one_is_not() {
        for text in [
            "SELECT 1 LIMIT 1",
            "SELECT TOP 5 a FROM t",
            "(SELECT 1 LIMIT 1)",
            "SELECT 1 UNION SELECT 2 LIMIT 1",
            "SELECT 1 OFFSET 2",
        ] {
            assert_eq!(refused(text).code(), Code::QueryInvalid, "{text}");
        }
        for text in ["SELECT * FROM (SELECT 1 LIMIT 1) AS q", "SELECT a FROM t WHERE a IN (SELECT TOP 5 b FROM u)"] {
            refuse_outer_limit(&parse(text).unwrap()).unwrap();
        }
    }

    #[test]
    fn too_deep_is_said_so_and_a_long_chain_is_no_trouble() {
        assert_eq!(refused(&format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500))).code(), Code::SqlTooComplex);
        parse(&format!("SELECT {}1", "1+".repeat(5_000))).unwrap();
    }

    #[test]
    fn the_line_of_a_wrapped_query_is_the_callers() {
        let text = "SELECT * FROM (\nSELECT x\nFROM t LIMIT 1\n) AS outflow_limited";
        let told = |line| Error::new(Code::UnknownTable, "no").at(Position { line, column: 6 });
        assert_eq!(in_callers_text(told(3), text).position(), Some(Position { line: 2, column: 6 }));
        assert_eq!(in_callers_text(told(3), "SELECT 1").position(), Some(Position { line: 3, column: 6 }));
    }
}
