//! Where a refused thing is, when the tree does not say: the parser notes the places of names and values, and of few keywords.

use std::cell::Cell;

use sqlparser::tokenizer::Location;

use super::super::scan::{Kind, Token};
use super::super::source::Source;
use crate::{Error, Position};

/// The tokens of the text, and how far the walk has come in them.
pub(super) struct Places<'a> {
    source: &'a Source,
    tokens: &'a [Token],
    seen: Cell<(u64, u64)>,
}

impl<'a> Places<'a> {
    pub(super) fn new(source: &'a Source, tokens: &'a [Token]) -> Self {
        Self { source, tokens, seen: Cell::new((1, 1)) }
    }

    /// Notes that what is at that place has been walked. Places that the parser left empty say nothing.
    pub(super) fn saw(&self, at: Location) {
        self.seen.set(self.seen.get().max((at.line, at.column)));
    }

    /// The error with a place, if it has none: of the first token that the message begins with and that is not behind the walk, else
    /// where the walk is.
    pub(super) fn complete(&self, error: Error) -> Error {
        if error.position().is_some() {
            return error;
        }
        let (line, column) = self.seen.get();
        let byte = self.source.byte(Position { line, column });
        let found = self.tokens.iter().find(|token| token.start >= byte && self.is(token, error.message()));
        error.at(found.map_or(Position { line, column }, |token| self.source.position(token.start)))
    }

    /// Whether a message begins with that token: `PIVOT is …`, `` `[…]` alone is … ``, `` `x.csv` is … ``.
    fn is(&self, token: &Token, message: &str) -> bool {
        let text = &self.source.text()[token.start..token.end];
        let is_quoted = message.starts_with('`');
        let named = message.trim_start_matches('`');
        let ends: &[char] = if is_quoted { &['`', ' ', '…'] } else { &[' ', ',', '('] };
        let first = named.split(ends).next().unwrap_or_default();
        match token.kind {
            Kind::Word => text.eq_ignore_ascii_case(first) && (is_quoted || !first.contains(char::is_lowercase)),
            Kind::Text | Kind::Quoted => text[1..text.len() - 1] == *first,
            Kind::Symbol => named.starts_with(text),
            Kind::Number | Kind::Comment | Kind::Parameter | Kind::Cast => false,
        }
    }
}
