//! Errors and notices on the wire.

use outflow_core::Position;
use pgwire::error::{ErrorInfo, PgWireError};

use crate::error::SqlError;

/// An error as the client is told of it; `text` is what its position is in, where it is in what the client sent.
pub(super) fn told(error: &SqlError, text: Option<&str>) -> ErrorInfo {
    let mut info = ErrorInfo::new("ERROR".to_owned(), error.state.to_owned(), error.message.clone());
    info.hint.clone_from(&error.hint);
    info.position = error.position.zip(text).map(|(position, text)| offset(text, position).to_string());
    info
}

/// The same where a call ends with it.
pub(super) fn refused(error: &SqlError) -> PgWireError {
    PgWireError::UserError(Box::new(told(error, None)))
}

/// What Redshift says after an UNLOAD.
pub(super) fn unloaded(rows: u64) -> ErrorInfo {
    let message = format!("UNLOAD completed, {rows} record(s) unloaded successfully.");
    ErrorInfo::new("INFO".to_owned(), "00000".to_owned(), message)
}

/// The number of the character at a place, counted from 1.
fn offset(text: &str, position: Position) -> u64 {
    let lines = text.split_inclusive('\n').take(usize::try_from(position.line.saturating_sub(1)).unwrap_or(usize::MAX));
    lines.map(|line| line.chars().count() as u64).sum::<u64>() + position.column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_number_of_characters() {
        assert_eq!(offset("가나\nselect x", Position { line: 2, column: 8 }), 11);
        assert_eq!(offset("select x", Position { line: 1, column: 8 }), 8);
    }
}
