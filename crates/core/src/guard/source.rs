//! The caller's text: how long it may be, what characters it may hold, and where in it something is.

use crate::{Code, Error, Position, Result};

/// How many bytes of SQL there may be, as sent and again with parameters bound.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

/// SQL whose lines end in `\n` and which holds no control character but that and tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source(String);

impl Source {
    /// Takes the text as sent; `\r\n` becomes `\n`, which moves nothing but itself. Nothing else is changed, normalised least of all.
    pub(crate) fn read(sql: &str) -> Result<Self> {
        if sql.len() > MAX_BYTES {
            return Err(Error::new(
                Code::SqlTooLarge,
                format!("the query has {} bytes and {MAX_BYTES} are allowed; keep long lists of values in a table", sql.len()),
            ));
        }
        let source = Self(sql.replace("\r\n", "\n"));
        match source.0.char_indices().find(|(_, character)| character.is_control() && !matches!(character, '\t' | '\n')) {
            None => Ok(source),
            Some((at, character)) => {
                let advice = if character == '\r' { "end lines with a line feed" } else { "remove it" };
                Err(source.forbidden(at, character, &format!("is a control character; {advice}")))
            }
        }
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The place of a byte, in characters.
    pub(crate) fn position(&self, byte: usize) -> Position {
        position(&self.0, byte)
    }

    /// The byte at a place.
    pub(crate) fn byte(&self, at: Position) -> usize {
        let line = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let start = line
            .checked_sub(1)
            .map_or(0, |before| self.0.match_indices('\n').nth(before).map_or(self.0.len(), |(end, _)| end + 1));
        let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
        self.0[start..].char_indices().nth(column).map_or(self.0.len(), |(byte, _)| start + byte)
    }

    /// Refuses what cannot be seen, or turns the direction of what can: outside quotes it only ever misleads. `quoted` tells whether
    /// the range is the inside of a quoted name, where spaces of every kind belong to the name.
    pub(crate) fn check_visible(&self, start: usize, end: usize, quoted: bool) -> Result<()> {
        let found = self.0[start..end]
            .char_indices()
            .find(|(_, character)| is_invisible(*character) || (!quoted && !character.is_ascii() && character.is_whitespace()));
        match found {
            None => Ok(()),
            Some((at, character)) if character.is_whitespace() => Err(self.forbidden(
                start + at,
                character,
                "looks like a space and is none to the warehouse; type an ordinary one",
            )),
            Some((at, character)) => Err(self.forbidden(
                start + at,
                character,
                "cannot be seen, or changes the direction of the text; outside strings and comments, remove it",
            )),
        }
    }

    fn forbidden(&self, at: usize, character: char, why: &str) -> Error {
        Error::new(Code::SqlForbiddenCharacter, format!("the character U+{:04X} {why}", u32::from(character)))
            .at(self.position(at))
    }
}

/// Punctuation and pictures beyond ASCII: warehouses take them for letters of a bare name, and people for quotes, signs and parentheses.
pub(crate) fn is_sign(character: char) -> bool {
    matches!(character,
        '\u{A1}'..='\u{A9}' | '\u{AB}' | '\u{AC}' | '\u{AE}'..='\u{B1}' | '\u{B4}' | '\u{B6}'..='\u{B8}' | '\u{BB}' | '\u{BF}'
        | '\u{D7}' | '\u{F7}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205E}' | '\u{20A0}'..='\u{20CF}' | '\u{2190}'..='\u{245F}'
        | '\u{2500}'..='\u{2BFF}' | '\u{2E00}'..='\u{2E7F}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3020}' | '\u{3030}'
        | '\u{FE10}'..='\u{FE1F}' | '\u{FE30}'..='\u{FE6F}' | '\u{FF01}'..='\u{FF0F}' | '\u{FF1A}'..='\u{FF20}' | '\u{FF3B}'..='\u{FF40}'
        | '\u{FF5B}'..='\u{FF65}' | '\u{FFE0}'..='\u{FFEE}' | '\u{FFFC}' | '\u{FFFD}' | '\u{1F000}'..='\u{1FAFF}')
}

/// The place of a byte of a text, in characters, both counted from 1.
pub(crate) fn position(text: &str, byte: usize) -> Position {
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1;
    Position { line, column: before[line_start..].chars().count() as u64 + 1 }
}

/// Zero-width and bidirectional controls, fillers, soft hyphen, tags: what a reader of the text does not see.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}
