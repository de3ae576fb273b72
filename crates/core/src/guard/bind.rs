//! The text that runs: comments blanked, parameters in place, the end trimmed, and every other character where it was.

use std::collections::BTreeSet;

use super::scan::{Kind, Token};
use super::source::{MAX_BYTES, Source, position};
use crate::parameter::{Parameters, shown};
use crate::{Code, Error, Position, Result};

/// A text with parameters bound, which knows where its parts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    text: String,
    original: String,
    splices: Vec<Splice>,
}

/// Where characters were replaced by others; outside of splices, one character stands for one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Splice {
    original: (usize, usize),
    bound: (usize, usize),
}

impl Bound {
    /// Blanks comments, binds `:name`, and drops the `;` and blanks at the end.
    ///
    /// Literals are set off by spaces, so that nothing around them can become part of them; that the whole still reads as meant is for
    /// the caller to check on the result.
    pub(crate) fn new(source: &Source, tokens: &[Token], parameters: &Parameters) -> Result<Self> {
        let mut binder = Binder {
            original: source.text(),
            taken: 0,
            taken_characters: 0,
            text: String::new(),
            characters: 0,
            splices: Vec::new(),
        };
        let mut used = BTreeSet::new();
        let mut end = 0;
        for token in tokens {
            let text = &binder.original[token.start..token.end];
            match token.kind {
                Kind::Comment => {
                    binder.blank(token);
                    continue;
                }
                Kind::Parameter => {
                    let name = &text[1..];
                    let value = parameters.get(name).ok_or_else(|| missing(name, parameters).at(source.position(token.start)))?;
                    binder.splice(token, &value.to_sql());
                    used.insert(name);
                }
                Kind::Symbol if text == ";" => continue,
                _ => binder.keep_until(token.end),
            }
            end = binder.text.len();
            if end > MAX_BYTES {
                let why =
                    format!("with its parameters bound the query has more than {MAX_BYTES} bytes; keep long values in a table");
                return Err(Error::new(Code::SqlTooLarge, why));
            }
        }
        binder.text.truncate(end);
        surplus(parameters, &used)?;
        Ok(Self { text: binder.text, original: binder.original.to_owned(), splices: binder.splices })
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where a place of this text was in the caller's; within a literal, where its parameter was.
    pub(crate) fn original_position(&self, place: Position) -> Position {
        let at = characters_before(&self.text, place);
        let mut original = at;
        for splice in &self.splices {
            if at < splice.bound.0 {
                break;
            }
            original = if at < splice.bound.1 { splice.original.0 } else { at - splice.bound.1 + splice.original.1 };
        }
        let byte = self.original.char_indices().nth(original).map_or(self.original.len(), |(byte, _)| byte);
        position(&self.original, byte)
    }
}

/// How many characters of the text come before a place.
fn characters_before(text: &str, place: Position) -> usize {
    let mut count = 0;
    for (line, content) in (1..).zip(text.split('\n')) {
        let length = content.chars().count();
        if line == place.line {
            let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
            return count + column.min(length);
        }
        count += length + 1;
    }
    count
}

/// The text as it grows, with how many characters there are on either side.
struct Binder<'a> {
    original: &'a str,
    taken: usize,
    taken_characters: usize,
    text: String,
    characters: usize,
    splices: Vec<Splice>,
}

impl<'a> Binder<'a> {
    /// The original from where it was left to `end`, which is then taken.
    fn take(&mut self, end: usize) -> &'a str {
        let part = &self.original[self.taken..end];
        self.taken = end;
        self.taken_characters += part.chars().count();
        part
    }

    fn push(&mut self, part: &str) {
        self.text.push_str(part);
        self.characters += part.chars().count();
    }

    fn keep_until(&mut self, end: usize) {
        let part = self.take(end);
        self.push(part);
    }

    fn blank(&mut self, comment: &Token) {
        self.keep_until(comment.start);
        let blanks: String = self.take(comment.end).chars().map(|character| if character == '\n' { '\n' } else { ' ' }).collect();
        self.push(&blanks);
    }

    fn splice(&mut self, parameter: &Token, literal: &str) {
        self.keep_until(parameter.start);
        let (original, bound) = (self.taken_characters, self.characters);
        if !self.text.is_empty() && !self.text.ends_with([' ', '\t', '\n', '(', ',']) {
            self.push(" ");
        }
        self.push(literal);
        self.take(parameter.end);
        let rest = &self.original[parameter.end..];
        if !rest.is_empty() && !rest.starts_with([' ', '\t', '\n', ')', ',', ';']) {
            self.push(" ");
        }
        self.splices.push(Splice { original: (original, self.taken_characters), bound: (bound, self.characters) });
    }
}

fn missing(name: &str, parameters: &Parameters) -> Error {
    let sent = match super::nearest(name, parameters.names()) {
        Some(near) => format!("; did you mean `:{}`", shown(near)),
        None => "; send its value in `parameters`".to_owned(),
    };
    Error::new(Code::ParameterMissing, format!("the query names `:{}` and no such parameter was sent{sent}", shown(name)))
}

fn surplus(parameters: &Parameters, used: &BTreeSet<&str>) -> Result<()> {
    let unused: Vec<String> =
        parameters.names().filter(|name| !used.contains(*name)).map(|name| format!("`{}`", shown(name))).collect();
    match unused.as_slice() {
        [] => Ok(()),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            Err(Error::new(
                Code::ParameterSurplus,
                format!(
                    "the parameter {first}{more} was sent and the query does not name it; leave it out, or write it as `:name`"
                ),
            ))
        }
    }
}
