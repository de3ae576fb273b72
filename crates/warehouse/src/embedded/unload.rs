//! Reads the text of an UNLOAD statement into its typed description: the whole grammar of
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html>, options in any order.
//!
//! What [`UnloadStatement::to_sql`] writes is read back equal. Keys that come with the authorization are passed over: they are neither
//! kept nor shown. The query inside is text here; [`super::query`] reads it. Nothing is ever printed back.

mod authorization;
mod cursor;
mod legality;
mod option;

use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};
use sqlparser::tokenizer::Token;

use self::cursor::Cursor;
use self::option::Options;

/// An UNLOAD statement, with what our own statements never say or always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unload {
    /// What our own statements can say.
    pub(crate) statement: UnloadStatement,
    /// Which manifest is written.
    pub(crate) manifest: ManifestKind,
    /// What becomes of files that are at the destination.
    pub(crate) existing: Existing,
}

/// Which manifest is written beside the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ManifestKind {
    /// None.
    None,
    /// Their addresses (`MANIFEST`).
    Plain,
    /// Sizes, rows and columns too (`MANIFEST VERBOSE`).
    Verbose,
}

/// What becomes of files that are at the destination already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// The statement is refused for them.
    Refused,
    /// Those of the same name are overwritten, the others stay (`ALLOWOVERWRITE`).
    Overwritten,
    /// They are deleted before anything is written (`CLEANPATH`).
    Deleted,
}

/// Reads the statement that is the whole of `sql`.
///
/// # Errors
/// `sql_syntax` when it is not an UNLOAD statement; `query_invalid`, naming it, for an option or a combination that UNLOAD refuses.
pub(crate) fn parse(sql: &str) -> Result<Unload> {
    let mut cursor = Cursor::new(sql)?;
    cursor.expect_word("UNLOAD")?;
    cursor.expect(&Token::LParen)?;
    let mut query = cursor.query()?;
    // Our own statements end the query's last line, whatever is in it.
    if query.ends_with('\n') {
        query.pop();
    }
    cursor.expect(&Token::RParen)?;
    cursor.expect_word("TO")?;
    let destination = cursor.literal()?;
    let mut options = Options::default();
    while !cursor.is_at_end() {
        options.read(&mut cursor)?;
    }
    legality::check(&options.given)?;
    options.into_unload(query, destination)
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::QueryInvalid, message)
}

#[cfg(test)]
mod tests;
