//! Cuts the text of statements where a database would: at the semicolons that are none of a string, a name or a comment.
//!
//! It reads words, not grammar: what a statement means the engine finds out, and what an UNLOAD says the warehouse.

use std::ops::Range;

use crate::error::SqlError;

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Space,
    Comment,
    /// `'…'` or `$$…$$`.
    Text,
    /// `"…"`.
    Quoted,
    /// A name or a keyword.
    Word,
    /// `$1`.
    Placeholder,
    /// `:name`.
    Named,
    Semicolon,
    Other,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

/// All pieces of a text, without a gap.
///
/// # Errors
/// `42601` where a string, a name or a comment does not end.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece>, SqlError> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let before = pieces.last().map(|piece| &text[piece.range.clone()]);
        let (kind, length) = piece(rest, before)?;
        pieces.push(Piece { kind, range: at..at + length });
        at += length;
    }
    Ok(pieces)
}

fn piece(rest: &str, before: Option<&str>) -> Result<(Kind, usize), SqlError> {
    let first = rest.chars().next().unwrap_or(' ');
    let after = |prefix: &str| rest.strip_prefix(prefix).and_then(|rest| rest.chars().next());
    let run = |is_in: fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
    Ok(match first {
        c if c.is_whitespace() => (Kind::Space, run(char::is_whitespace)),
        '-' if rest.starts_with("--") => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (Kind::Comment, comment(rest)?),
        '\'' => (Kind::Text, quoted(rest, '\'', true)?),
        '"' => (Kind::Quoted, quoted(rest, '"', false)?),
        '$' if rest.starts_with("$$") => {
            let end = rest[2..].find("$$").ok_or_else(|| unterminated("quoted string"))?;
            (Kind::Text, end + 4)
        }
        '$' if after("$").is_some_and(|c| c.is_ascii_digit()) => {
            (Kind::Placeholder, 1 + rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1))
        }
        ':' if before != Some(":") && after(":").is_some_and(|c| c.is_alphabetic() || c == '_') => {
            (Kind::Named, 1 + rest[1..].find(|c| !is_word(c)).unwrap_or(rest.len() - 1))
        }
        ';' => (Kind::Semicolon, 1),
        c if c.is_alphanumeric() || c == '_' => (Kind::Word, run(is_word)),
        c => (Kind::Other, c.len_utf8()),
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The length of a comment; comments nest.
fn comment(rest: &str) -> Result<usize, SqlError> {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = rest.as_bytes();
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => at += 1,
        }
    }
    Err(unterminated("/* comment"))
}

/// The length of what stands between two quotes, the quotes counted; a doubled quote is none.
fn quoted(rest: &str, quote: char, escapes: bool) -> Result<usize, SqlError> {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if escapes && c == '\\' {
            characters.next();
        } else if c == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return Ok(at + 1);
            }
        }
    }
    Err(unterminated(if quote == '"' { "quoted identifier" } else { "quoted string" }))
}

fn unterminated(what: &str) -> SqlError {
    SqlError::new("42601", format!("unterminated {what}"))
}

/// The statements of a text, without their semicolons; what is nothing but space and comments is none. Comments stay.
///
/// # Errors
/// As [`pieces`].
pub(crate) fn statements(text: &str) -> Result<Vec<String>, SqlError> {
    let mut statements = Vec::new();
    let (mut begin, mut is_empty) = (0, true);
    let mut cut = |begin: usize, end: usize, is_empty: bool| {
        if !is_empty {
            statements.push(text[begin..end].trim().to_owned());
        }
    };
    for piece in pieces(text)? {
        match piece.kind {
            Kind::Semicolon => {
                cut(begin, piece.range.start, is_empty);
                (begin, is_empty) = (piece.range.end, true);
            }
            Kind::Space | Kind::Comment => {}
            _ => is_empty = false,
        }
    }
    cut(begin, text.len(), is_empty);
    Ok(statements)
}

/// The words and signs of a statement, without space and comments: words in lower case, the rest as it stands.
pub(crate) fn words(statement: &str) -> Vec<String> {
    let pieces = pieces(statement).unwrap_or_default();
    let said = pieces.into_iter().filter(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment));
    said.map(|piece| {
        let text = &statement[piece.range];
        if piece.kind == Kind::Word { text.to_lowercase() } else { text.to_owned() }
    })
    .collect()
}

/// That a statement is none, and where.
pub(crate) fn syntax(near: &str) -> SqlError {
    SqlError::new("42601", format!("syntax error at or near \"{near}\""))
}

/// Whether a name is like a pattern with `%` and `_`.
pub(crate) fn is_like(name: &str, pattern: &str) -> bool {
    fn is(name: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['%', rest @ ..] => (0..=name.len()).any(|skipped| is(&name[skipped..], rest)),
            ['\\', one, rest @ ..] => name.first() == Some(one) && is(&name[1..], rest),
            [one, rest @ ..] => name.first().is_some_and(|first| *one == '_' || first == one) && is(&name[1..], rest),
        }
    }
    let characters = |text: &str| text.chars().collect::<Vec<_>>();
    is(&characters(name), &characters(pattern))
}

/// The same statement with other text where `replace` gives one.
///
/// # Errors
/// As [`pieces`]; what `replace` says.
pub(crate) fn replaced(
    statement: &str,
    mut replace: impl FnMut(Kind, &str) -> Result<Option<String>, SqlError>,
) -> Result<String, SqlError> {
    let mut text = String::with_capacity(statement.len());
    for piece in pieces(statement)? {
        let said = &statement[piece.range];
        match replace(piece.kind, said)? {
            Some(other) => text.push_str(&other),
            None => text.push_str(said),
        }
    }
    Ok(text)
}

/// A value as a literal.
pub(crate) fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_strings_names_and_comments_do_not_end_a_statement() {
        let text = "/* outflow a;b */ UNLOAD ('select '';'' \\'; ') TO 's3://b/k'; select \";\", $$;$$ -- ;\n ; ; -- nothing";
        let cut = statements(text).unwrap();
        assert_eq!(cut.len(), 2, "{cut:?}");
        assert!(cut[0].starts_with("/* outflow a;b */ UNLOAD") && cut[0].ends_with("'s3://b/k'"));
        assert_eq!(statements(" -- only a comment").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_end_is_refused() {
        for text in ["select 'a", "select \"a", "/* a", "select $$a", "/* /* */"] {
            assert_eq!(statements(text).unwrap_err().state, "42601", "{text}");
        }
    }

    #[test]
    fn parameters_are_found_and_casts_are_none() {
        let found = |text: &str, kind| {
            let pieces = pieces(text).unwrap().into_iter().filter(|piece| piece.kind == kind);
            pieces.map(|piece| text[piece.range].to_owned()).collect::<Vec<_>>()
        };
        let text = "select :day::date, ':no', a$1, $12 from t where x = :x -- :no";
        assert_eq!(found(text, Kind::Named), [":day", ":x"]);
        assert_eq!(found(text, Kind::Placeholder), ["$12"]);
    }

    #[test]
    fn patterns_are_those_of_like() {
        for (name, pattern, expected) in [
            ("orders", "ord%", true),
            ("orders", "ord_rs", true),
            ("orders", "ord", false),
            ("orders", "%", true),
            ("order_lines", "order\\_%", true),
            ("orders", "order\\_%", false),
            ("a", "_%_", false),
        ] {
            assert_eq!(is_like(name, pattern), expected, "{name} {pattern}");
        }
    }

    #[test]
    fn words_are_those_of_the_statement() {
        assert_eq!(words("/* a */ Show \"X\" ;-- b"), ["show", "\"X\"", ";"]);
    }
}
