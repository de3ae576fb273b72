//! What holds for any text and any value.

use outflow_core::guard::{CheckedQuery, Guard};
use outflow_core::parameter::{Parameters, Value};
use outflow_core::statement::literal;
use proptest::prelude::*;
use serde_json::json;
use sqlparser::dialect::{Dialect, GenericDialect, PostgreSqlDialect, RedshiftSqlDialect};
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::corpus::hostile;
use crate::legitimate::{LEGITIMATE, TPCH};
use crate::{check, parameters};

/// Pieces of SQL that are dangerous, or that take a lexer off its way.
const PIECES: [&str; 64] = [
    "SELECT",
    "1",
    "a",
    "t",
    "FROM",
    "WHERE",
    " ",
    " ",
    " ",
    "\n",
    "\t",
    "\r\n",
    "'",
    "''",
    "'x'",
    "\"",
    "\"x\"",
    "\\",
    "\\'",
    "--",
    "/*",
    "*/",
    "-- c\n",
    "/* c */",
    ";",
    ":x",
    "::",
    ":",
    "$",
    "$$",
    "$1",
    "?",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "+",
    "-",
    "*",
    "/",
    "=",
    "<",
    ">",
    "|",
    "E",
    "U&",
    "N",
    "한",
    "\u{1100}\u{1161}",
    "🎉",
    "\u{200b}",
    "\u{a0}",
    "\0",
    "UNION",
    "WITH x AS (SELECT 1)",
    "INTO",
    "DELETE FROM t",
    "pg_sleep(1)",
    "CASE",
    "END",
    "0x1",
    "1e5",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

/// A query that passes or not, with something done to it somewhere.
fn mutated() -> impl Strategy<Value = String> {
    let known: Vec<&str> =
        LEGITIMATE.iter().chain(&TPCH).copied().chain(hostile().iter().map(|statement| statement.sql.as_str())).collect();
    (
        prop::sample::select(known),
        prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(PIECES.to_vec()), 0..3_usize), 0..4),
    )
        .prop_map(|(sql, changes)| {
            let mut characters: Vec<char> = sql.chars().collect();
            for (place, piece, removed) in changes {
                let at = if characters.is_empty() { 0 } else { place.index(characters.len()) };
                let end = (at + removed).min(characters.len());
                characters.splice(at..end, piece.chars());
            }
            characters.into_iter().collect()
        })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![soup(), mutated(), ".{0,80}"]
}

fn tokens(text: &str, dialect: &dyn Dialect, unescape: bool) -> Vec<Token> {
    Tokenizer::new(dialect, text).with_unescape(unescape).tokenize().expect("it can be cut into tokens")
}

/// A literal as Redshift reads it: `''` is a quote, `\` takes the next character as it is.
pub(crate) fn unescaped(literal: &str) -> Option<String> {
    let mut inside = literal.strip_prefix('\'')?.chars();
    let mut text = String::new();
    loop {
        match inside.next()? {
            '\\' => text.push(inside.next()?),
            '\'' => match inside.next() {
                None => return Some(text),
                Some('\'') => text.push('\''),
                Some(_) => return None,
            },
            character => text.push(character),
        }
    }
}

fn holds_of_everything_accepted(sql: &str, checked: &CheckedQuery) {
    let text = checked.text();
    assert_eq!(unescaped(&literal(text)).as_deref(), Some(text));
    assert_eq!(tokens(&literal(text), &RedshiftSqlDialect {}, false).len(), 1);
    assert!(!text.contains('\r') && !text.contains('\0') && !text.ends_with([' ', '\n', '\t', ';']));
    for dialect in [&RedshiftSqlDialect {} as &dyn Dialect, &PostgreSqlDialect {}, &GenericDialect {}] {
        let all = tokens(text, dialect, false);
        assert!(!all.iter().any(|token| matches!(token, Token::SemiColon)), "{sql:?}");
        // The generic reading parts a name at signs that are letters to both of the others.
        let has_placeholder = all.iter().any(|token| matches!(token, Token::Placeholder(_)));
        assert!(!has_placeholder || dialect.is::<GenericDialect>(), "{sql:?}");
        assert!(!all.iter().any(|token| token.to_string().starts_with("--") || token.to_string().starts_with("/*")), "{sql:?}");
    }
    let again = check(text).expect("what passed passes again");
    assert_eq!((again.text(), again.relations()), (text, checked.relations()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_does_harm(sql in texts()) {
        for guard in [Guard::embedded(), Guard::redshift()] {
            match guard.check(&sql, &Parameters::default()) {
                Ok(checked) => {
                    let is_quoted = checked.text().contains(['\'', '"']);
                    let is_called = checked.text().split("pg_sleep").skip(1).any(|rest| rest.trim_start().starts_with('('));
                    prop_assert!(is_quoted || !is_called, "{:?}", sql);
                }
                Err(error) => {
                    prop_assert!(error.code() != outflow_core::Code::Internal);
                    if let Some(place) = error.position() {
                        let lines: Vec<&str> = sql.split('\n').collect();
                        let line = lines.get(place.line as usize - 1).copied();
                        prop_assert!(line.is_some_and(|line| place.column as usize <= line.chars().count() + 1), "{:?} {:?}", sql, place);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_accepted_is_one_literal_and_reads_the_same_again(sql in texts()) {
        if let Ok(checked) = check(&sql) {
            holds_of_everything_accepted(&sql, &checked);
        }
    }

    /// Comments anywhere between tokens change nothing but blanks, and everything stays in its line and column.
    #[test]
    fn comments_leave_everything_in_its_place(which in 0..22_usize, comments in prop::collection::vec((any::<prop::sample::Index>(), "/\\*[a-z한🎉 \n';:\"-]{0,9}\\*/"), 1..6)) {
        let blanks: Vec<usize> = TPCH[which].char_indices().filter(|(at, c)| *c == ' ' && TPCH[which][..*at].matches('\'').count().is_multiple_of(2)).map(|(at, _)| at).collect();
        let mut sql = TPCH[which].trim_end().to_owned();
        let mut places: Vec<(usize, &String)> = comments.iter().map(|(place, comment)| (blanks[place.index(blanks.len())], comment)).collect();
        places.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, comment) in places {
            sql.insert_str(at, comment);
        }
        let checked = check(&sql).expect("comments change nothing");
        prop_assert_eq!(checked.text().chars().count(), sql.chars().count());
        for (kept, sent) in checked.text().chars().zip(sql.chars()) {
            prop_assert!(kept == sent || kept == ' ');
            prop_assert_eq!(kept == '\n', sent == '\n');
        }
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(checked.text()), words(check(TPCH[which]).expect("it passes").text()));
    }

    /// The literal of any text is one string to either lexer, and Redshift reads the value out of it.
    #[test]
    fn a_bound_text_is_one_string_and_comes_back(value in "([^\\p{Cc}]|[\\\\'\n\t]){0,40}") {
        let sql = Value::Text(value.clone()).to_sql();
        for dialect in [&RedshiftSqlDialect {} as &dyn Dialect, &PostgreSqlDialect {}] {
            let found = tokens(&sql, dialect, false);
            prop_assert!(matches!(found.as_slice(), [Token::SingleQuotedString(_)]), "{:?}", found);
        }
        let read = unescaped(&sql);
        prop_assert_eq!(read.as_deref(), Some(value.as_str()));
    }

    /// Bound into a query, the value is still one string there, and the query around it is what it was.
    #[test]
    fn a_value_cannot_leave_its_place(value in "([^\\p{Cc}]|[\\\\'\n\t;-]){0,40}", around in prop::sample::select(vec![
        ("SELECT a FROM t WHERE b = ", ""), ("SELECT a FROM t WHERE b IN (1,", ") ORDER BY a"), ("SELECT lower(", ") FROM t"), ("SELECT a||", "||b FROM t"),
    ])) {
        let (before, after) = around;
        let sent = parameters(&json!({ "x": value }));
        let checked = Guard::redshift().check(&format!("{before}:x{after}"), &sent).expect("a value is a value");
        let reference = Guard::redshift().check(&format!("{before}:x{after}"), &parameters(&json!({"x": "v"}))).expect("a value is a value");
        for dialect in [&RedshiftSqlDialect {} as &dyn Dialect, &PostgreSqlDialect {}] {
            let shape = |text: &str| tokens(text, dialect, false).iter().map(|token| match token {
                Token::SingleQuotedString(_) => "text".to_owned(),
                other => other.to_string(),
            }).collect::<Vec<_>>();
            prop_assert_eq!(shape(checked.text()), shape(reference.text()));
        }
    }
}
