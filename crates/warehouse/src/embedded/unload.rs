//! Reads the text of an UNLOAD statement back into its typed description.
//!
//! It takes what [`UnloadStatement::to_sql`] writes and refuses everything else by name. The options are a table: one that is to be
//! understood is a row more. The query inside is text here; [`super::query`] reads it.

use outflow_core::options::{Compression, Format};
use outflow_core::statement::{IamRole, StatementSettings, UnloadStatement};
use outflow_core::{Code, Error, Position, Result};
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::literal::unescape;

/// Reads what follows the word that begins an option.
type ReadOption = fn(&mut Cursor, &mut Options) -> Result<()>;

/// The options, in the order of the documentation: the word that begins one, and how it goes on.
const OPTIONS: &[(&str, ReadOption)] = &[
    ("FORMAT", |cursor, options| {
        cursor.skip_word("AS");
        let word = cursor.word()?;
        options.set_format(&word)
    }),
    ("CSV", |_, options| options.set_format("CSV")),
    ("PARQUET", |_, options| options.set_format("PARQUET")),
    ("JSON", |_, options| options.set_format("JSON")),
    ("MANIFEST", |cursor, options| {
        options.is_verbose = cursor.skip_word("VERBOSE");
        once("MANIFEST", &mut options.manifest, true)
    }),
    ("HEADER", |_, options| once("HEADER", &mut options.header, true)),
    ("DELIMITER", |cursor, options| {
        cursor.skip_word("AS");
        let text = cursor.literal()?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(delimiter), None) if delimiter.is_ascii() => once("DELIMITER", &mut options.delimiter, delimiter),
            _ => Err(refused(format!("the delimiter must be a single ASCII character, not `{}`", text.escape_debug()))),
        }
    }),
    ("GZIP", |_, options| once("GZIP", &mut options.compression, Compression::Gzip)),
    ("ZSTD", |_, options| once("ZSTD", &mut options.compression, Compression::Zstd)),
    ("NULL", |cursor, options| {
        cursor.skip_word("AS");
        let text = cursor.literal()?;
        once("NULL AS", &mut options.null_as, text)
    }),
    ("PARALLEL", |cursor, options| {
        let is_on = match cursor.peek_word().as_deref() {
            Some("ON" | "TRUE") => cursor.skip(),
            Some("OFF" | "FALSE") => !cursor.skip(),
            _ => true,
        };
        once("PARALLEL", &mut options.parallel, is_on)
    }),
    ("EXTENSION", |cursor, options| {
        let text = cursor.literal()?;
        once("EXTENSION", &mut options.extension, text)
    }),
];

/// Reads the statement that is the whole of `sql`.
///
/// # Errors
/// `sql_syntax` when it is not an UNLOAD statement; `query_invalid`, naming it, for an option or a combination that is not offered.
pub(crate) fn parse(sql: &str) -> Result<UnloadStatement> {
    let mut cursor = Cursor::new(sql)?;
    cursor.expect_word("UNLOAD")?;
    cursor.expect(&Token::LParen)?;
    let mut query = cursor.literal()?;
    if query.ends_with('\n') {
        query.pop();
    }
    cursor.expect(&Token::RParen)?;
    cursor.expect_word("TO")?;
    let destination = cursor.literal()?;
    cursor.expect_word("IAM_ROLE")?;
    let iam_role = if cursor.skip_word("DEFAULT") {
        IamRole::Default
    } else {
        IamRole::Chain(cursor.literal()?.split(',').map(str::to_owned).collect())
    };
    let mut options = Options::default();
    while !cursor.is_at_end() {
        let word = cursor.word()?;
        match OPTIONS.iter().find(|(name, _)| *name == word) {
            Some((_, read)) => read(&mut cursor, &mut options)?,
            None => return Err(refused(format!("the embedded warehouse does not take the UNLOAD option `{word}`"))),
        }
    }
    options.check()?;
    Ok(UnloadStatement {
        settings: StatementSettings { iam_role, ..StatementSettings::default() },
        format: options.format.unwrap_or(Format::Csv),
        header: options.header.is_some(),
        delimiter: options.delimiter,
        null_as: options.null_as,
        compression: options.compression.unwrap_or(Compression::None),
        parallel: options.parallel.unwrap_or(true),
        extension: options.extension,
        ..UnloadStatement::plain(query, destination)
    })
}

#[derive(Default)]
struct Options {
    format: Option<Format>,
    manifest: Option<bool>,
    is_verbose: bool,
    header: Option<bool>,
    delimiter: Option<char>,
    compression: Option<Compression>,
    null_as: Option<String>,
    parallel: Option<bool>,
    extension: Option<String>,
}

impl Options {
    fn set_format(&mut self, word: &str) -> Result<()> {
        let format = match word {
            "CSV" => Format::Csv,
            "JSON" => Format::Json,
            "PARQUET" => Format::Parquet,
            _ => return Err(refused(format!("the embedded warehouse does not write the format `{word}`"))),
        };
        once("FORMAT", &mut self.format, format)
    }

    /// Refuses what Redshift refuses, and what has no meaning here.
    fn check(&self) -> Result<()> {
        let Some(format) = self.format else {
            return Err(refused("the embedded warehouse does not write delimited text; say FORMAT AS CSV, JSON or PARQUET"));
        };
        if self.manifest.is_none() || !self.is_verbose {
            return Err(refused("the embedded warehouse always writes a verbose manifest; say MANIFEST VERBOSE"));
        }
        let given = [
            ("HEADER", self.header.is_some(), format != Format::Csv),
            ("DELIMITER", self.delimiter.is_some(), format != Format::Csv),
            ("NULL AS", self.null_as.is_some(), format != Format::Csv),
            ("GZIP", self.compression == Some(Compression::Gzip), format == Format::Parquet),
            ("ZSTD", self.compression == Some(Compression::Zstd), format == Format::Parquet),
        ];
        match given.iter().find(|(_, is_given, is_foreign)| *is_given && *is_foreign) {
            Some((name, ..)) => Err(refused(format!("{name} is not supported for UNLOAD to {}", format.as_str().to_uppercase()))),
            None => Ok(()),
        }
    }
}

/// Keeps the value of an option that may be given once.
fn once<T>(name: &str, slot: &mut Option<T>, value: T) -> Result<()> {
    if slot.replace(value).is_some() {
        return Err(refused(format!("the UNLOAD option `{name}` conflicts with one given before it")));
    }
    Ok(())
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::QueryInvalid, message)
}

/// The tokens of a statement, without white space and comments, read from the front.
struct Cursor {
    tokens: Vec<TokenWithSpan>,
    next: usize,
}

impl Cursor {
    fn new(sql: &str) -> Result<Self> {
        let tokens = Tokenizer::new(&RedshiftSqlDialect {}, sql).with_unescape(false).tokenize_with_location();
        let mut tokens = tokens.map_err(|error| {
            Error::new(Code::SqlSyntax, format!("the UNLOAD statement cannot be read: {}", error.message))
                .at(Position { line: error.location.line, column: error.location.column })
        })?;
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        while tokens.last().is_some_and(|token| token.token == Token::SemiColon) {
            tokens.pop();
        }
        Ok(Self { tokens, next: 0 })
    }

    fn is_at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|token| &token.token)
    }

    /// The unquoted word that comes next, in capitals.
    fn peek_word(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        }
    }

    /// Passes over one token; always true.
    fn skip(&mut self) -> bool {
        self.next += 1;
        true
    }

    fn skip_word(&mut self, expected: &str) -> bool {
        self.peek_word().as_deref() == Some(expected) && self.skip()
    }

    fn word(&mut self) -> Result<String> {
        match self.peek_word() {
            Some(word) => {
                self.skip();
                Ok(word)
            }
            None => Err(self.unexpected("an option")),
        }
    }

    fn expect_word(&mut self, expected: &str) -> Result<()> {
        if self.skip_word(expected) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn expect(&mut self, expected: &Token) -> Result<()> {
        if self.peek() == Some(expected) && self.skip() { Ok(()) } else { Err(self.unexpected(&expected.to_string())) }
    }

    fn literal(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::SingleQuotedString(raw)) => {
                let value = unescape(raw)?;
                self.skip();
                Ok(value)
            }
            _ => Err(self.unexpected("a string")),
        }
    }

    fn unexpected(&self, expected: &str) -> Error {
        match self.tokens.get(self.next) {
            Some(found) => {
                let shown: String = found.token.to_string().chars().take(40).collect();
                let at = Position { line: found.span.start.line, column: found.span.start.column };
                Error::new(Code::SqlSyntax, format!("the UNLOAD statement has `{shown}` where {expected} is expected")).at(at)
            }
            None => Error::new(Code::SqlSyntax, format!("the UNLOAD statement ends where {expected} is expected")),
        }
    }
}

#[cfg(test)]
mod tests;
