//! Our own lexer: cuts SQL into words, numbers, quoted texts, comments, parameters and single symbols.
//!
//! It reads as Redshift does or as PostgreSQL does, which differ in backslashes and in nested comments. It judges nothing; it is small
//! enough to be checked by eye, and what it finds is compared with two more lexers before anything runs.

use crate::parameter::{is_name_part, is_name_start};

/// Whose rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lexer {
    /// A backslash escapes the next character of a string; comments do not nest.
    Redshift,
    /// A backslash is a character like any other; comments nest.
    Postgres,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare name or a keyword.
    Word,
    /// A number, sign apart.
    Number,
    /// `'…'`
    Text,
    /// `"…"`
    Quoted,
    /// `-- …` without its newline, or `/* … */`.
    Comment,
    /// `:name`
    Parameter,
    /// `::`
    Cast,
    /// Any other character.
    Symbol,
}

/// A token, by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What is never closed, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
}

/// Cuts a text into tokens, as far as it goes; what lies between two of them is blank.
pub(crate) fn scan(text: &str, lexer: Lexer) -> (Vec<Token>, Option<Unclosed>) {
    let mut tokens = Vec::with_capacity(text.len() / 4);
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        if matches!(first, ' ' | '\t' | '\n') {
            start += 1;
            continue;
        }
        match token(&text[start..], first, lexer) {
            Ok((kind, length)) => {
                tokens.push(Token { kind, start, end: start + length });
                start += length;
            }
            Err(kind) => return (tokens, Some(Unclosed { kind, start })),
        }
    }
    (tokens, None)
}

/// The token that `rest` begins with, and its length in bytes.
fn token(rest: &str, first: char, lexer: Lexer) -> Result<(Kind, usize), Kind> {
    let second = rest[first.len_utf8()..].chars().next();
    match (first, second) {
        ('-', Some('-')) => Ok((Kind::Comment, rest.find('\n').unwrap_or(rest.len()))),
        ('/', Some('*')) => block_comment(rest, lexer).map(|length| (Kind::Comment, length)).ok_or(Kind::Comment),
        ('\'', _) => quoted(rest, b'\'', lexer == Lexer::Redshift).map(|length| (Kind::Text, length)).ok_or(Kind::Text),
        ('"', _) => quoted(rest, b'"', false).map(|length| (Kind::Quoted, length)).ok_or(Kind::Quoted),
        (':', Some(':')) => Ok((Kind::Cast, 2)),
        (':', Some(next)) if is_name_start(next) => Ok((Kind::Parameter, 1 + run(&rest[1..], is_name_part))),
        ('0'..='9', _) | ('.', Some('0'..='9')) => Ok((Kind::Number, number(rest))),
        _ if is_name_start(first) => Ok((Kind::Word, run(rest, |c| is_name_part(c) || c == '$'))),
        _ => Ok((Kind::Symbol, first.len_utf8())),
    }
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character)).unwrap_or(text.len())
}

fn quoted(rest: &str, quote: u8, escapes: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'\\' if escapes => at += 2,
            byte if *byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn block_comment(rest: &str, lexer: Lexer) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 {
        match (bytes.get(at)?, bytes.get(at + 1)?) {
            (b'*', b'/') => (at, depth) = (at + 2, depth - 1),
            (b'/', b'*') if lexer == Lexer::Postgres => (at, depth) = (at + 2, depth + 1),
            _ => at += 1,
        }
    }
    Some(at)
}

/// Digits, a fraction, an exponent.
fn number(rest: &str) -> usize {
    let digits = |from: usize| from + rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    if rest[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}
