//! From tokens to a syntax tree, under either reading, and from the parser's complaints to ours.

use sqlparser::ast::Query;
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::reading::Bounded;
use super::scan::{self, Kind};
use super::source::Source;
use crate::parameter::shown;
use crate::{Code, Error, Position, Result};

/// How deep the parser of a query may go into itself, here and in a warehouse that parses it again. Fifty parentheses stay below it,
/// whatever they hold.
pub const NESTING: usize = 300;

/// The tokens that both readings cut from the text, the same as our own lexer's.
pub(crate) fn tokens(text: &Source, ours: &[scan::Token], one: &dyn Dialect, other: &dyn Dialect) -> Result<Vec<TokenWithSpan>> {
    let tokens = tokenize(text, one)?;
    let others = tokenize(text, other)?;
    if let Some(at) = first_difference(&tokens, &others) {
        return Err(ambiguous(at));
    }
    let mut places = Places { text: text.text(), byte: 0, line: 1, column: 1 };
    let mut theirs = tokens.iter().filter(|token| is_name_or_text(&token.token));
    for token in ours.iter().filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Text)) {
        let (start, end) = (places.at(token.start), places.at(token.end));
        match theirs.next() {
            Some(same) if location(same.span.start) == start && location(same.span.end) == end => {}
            _ => return Err(ambiguous(start)),
        }
    }
    match theirs.next() {
        None => Ok(tokens),
        Some(surplus) => Err(ambiguous(location(surplus.span.start))),
    }
}

/// Parses the tokens as one query; anything else, and anything behind it, is a syntax error.
///
/// Where the parser may go no deeper it sometimes takes a keyword for a name instead of saying so. So a syntax error is one only if it is
/// the same where the parser may go twice as deep.
pub(crate) fn query(tokens: &[TokenWithSpan], reading: &dyn Bounded, end: Position) -> Result<Query> {
    let error = match attempt(tokens, reading, NESTING, end) {
        Err(error) if error.code() == Code::SqlSyntax => error,
        answer => return answer,
    };
    reading.renew(tokens.len());
    match attempt(tokens, reading, 2 * NESTING, end) {
        Err(again) if again.message() == error.message() && again.position() == error.position() => Err(error),
        _ => Err(too_deep(error.position().unwrap_or(end))),
    }
}

fn attempt(tokens: &[TokenWithSpan], reading: &dyn Bounded, nesting: usize, end: Position) -> Result<Query> {
    let mut parser = Parser::new(reading).with_recursion_limit(nesting).with_tokens_with_locations(tokens.to_vec());
    let parsed = parser.parse_query();
    let next = parser.peek_token();
    let place = if next.token == Token::EOF { end } else { location(next.span.start) };
    match parsed {
        Ok(query) if next.token == Token::EOF => Ok(*query),
        Ok(_) => {
            let why = format!("syntax error: the query ends before `{}`, which does not belong to it", shown(&next.to_string()));
            Err(Error::new(Code::SqlSyntax, why).at(place))
        }
        Err(ParserError::RecursionLimitExceeded) => Err(too_deep(place)),
        Err(ParserError::ParserError(message) | ParserError::TokenizerError(message)) => Err(syntax(&message, tokens, place)),
    }
}

fn too_deep(place: Position) -> Error {
    let why = "the query is nested or chained too deep about here, or its syntax is so broken that nobody can tell where; name the inner queries with WITH, and write `IN (…)` for a chain of OR";
    Error::new(Code::SqlTooComplex, why).at(place)
}

fn tokenize(text: &Source, reading: &dyn Dialect) -> Result<Vec<TokenWithSpan>> {
    Tokenizer::new(reading, text.text()).with_unescape(false).tokenize_with_location().map_err(|error| {
        Error::new(Code::SqlSyntax, format!("syntax error: {}", lowercase(&error.message))).at(location(error.location))
    })
}

fn first_difference(one: &[TokenWithSpan], other: &[TokenWithSpan]) -> Option<Position> {
    let agreed = one.iter().zip(other).take_while(|(one, other)| one.token == other.token && one.span == other.span).count();
    let differing = one.get(agreed).or(other.get(agreed))?;
    Some(location(differing.span.start))
}

fn ambiguous(at: Position) -> Error {
    Error::new(
        Code::SqlAmbiguous,
        "what begins here is read differently by different warehouses; put spaces between its parts, or quote names with `\"`",
    )
    .at(at)
}

fn is_name_or_text(token: &Token) -> bool {
    matches!(token, Token::Word(_) | Token::SingleQuotedString(_))
}

/// `Expected: x, found: y at Line: 1, Column: 2`, which is what the parser says, as a sentence of ours and a place.
fn syntax(message: &str, tokens: &[TokenWithSpan], fallback: Position) -> Error {
    let (message, place) = match message.rsplit_once(" at Line: ") {
        Some((message, place)) => (message, parse_place(place).map(|told| at_found(message, told, tokens))),
        None => (message, None),
    };
    if message.starts_with("No infix parser") {
        return Error::new(Code::SqlSyntax, "syntax error: expected an operator, or the end of the expression, before this")
            .at(place.unwrap_or(fallback));
    }
    let message =
        lowercase(message).replacen("expected: ", "expected ", 1).replacen(", found: EOF", " and found the end of the query", 1);
    let message = match message.rsplit_once(", found: ") {
        Some((expected, found)) => format!("{expected} and found `{}`", shown(found)),
        None => message,
    };
    Error::new(Code::SqlSyntax, format!("syntax error: {message}")).at(place.unwrap_or(fallback))
}

fn parse_place(text: &str) -> Option<Position> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Position { line: line.parse().ok()?, column: column.parse().ok()? })
}

/// The place of the token that a complaint of the parser says it found, `… , found: x`: sometimes it tells the place of the one behind.
pub fn at_found(message: &str, told: Position, tokens: &[TokenWithSpan]) -> Position {
    let Some((_, found)) = message.rsplit_once(", found: ") else { return told };
    let mut before = None;
    for token in tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))) {
        let is_found = token.token.to_string() == found;
        let place = location(token.span.start);
        if place == told {
            return if is_found { told } else { before.unwrap_or(told) };
        }
        before = is_found.then_some(place);
    }
    told
}

fn lowercase(message: &str) -> String {
    let mut characters = message.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

pub(crate) fn location(at: Location) -> Position {
    Position { line: at.line, column: at.column }
}

/// Turns ascending bytes into places without starting over.
struct Places<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
    column: u64,
}

impl Places<'_> {
    fn at(&mut self, byte: usize) -> Position {
        for character in self.text[self.byte..byte].chars() {
            if character == '\n' {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        self.byte = byte;
        Position { line: self.line, column: self.column }
    }
}
