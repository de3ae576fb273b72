//! The tokens of an UNLOAD statement, without white space and comments, read from the front.

use outflow_core::{Code, Error, Position, Result};
use sqlparser::ast::DollarQuotedString;
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::super::literal::unescape;

/// Where the statement is read.
pub(super) struct Cursor {
    tokens: Vec<TokenWithSpan>,
    next: usize,
    /// Whether keys were read: from there on nothing of the text is shown, since a stray quote could make a piece of a key a word.
    is_discreet: bool,
}

impl Cursor {
    /// At the beginning of the statement that is the whole of `sql`.
    ///
    /// # Errors
    /// `sql_syntax` where a string or a comment does not end.
    pub(super) fn new(sql: &str) -> Result<Self> {
        let tokens = Tokenizer::new(&RedshiftSqlDialect {}, sql).with_unescape(false).tokenize_with_location();
        let mut tokens = tokens.map_err(|error| {
            Error::new(Code::SqlSyntax, format!("the UNLOAD statement cannot be read: {}", error.message))
                .at(Position { line: error.location.line, column: error.location.column })
        })?;
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        while tokens.last().is_some_and(|token| token.token == Token::SemiColon) {
            tokens.pop();
        }
        Ok(Self { tokens, next: 0, is_discreet: false })
    }

    /// Whether nothing comes any more.
    pub(super) fn is_at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|token| &token.token)
    }

    /// The unquoted word that comes next, in capitals.
    pub(super) fn peek_word(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        }
    }

    /// Passes over one token; always true.
    pub(super) fn skip(&mut self) -> bool {
        self.next += 1;
        true
    }

    /// Passes over the token that is expected, if it comes; tells whether it did.
    pub(super) fn skip_token(&mut self, expected: &Token) -> bool {
        self.peek() == Some(expected) && self.skip()
    }

    /// Passes over the word that is expected, if it comes; tells whether it did.
    pub(super) fn skip_word(&mut self, expected: &str) -> bool {
        self.peek_word().as_deref() == Some(expected) && self.skip()
    }

    /// An unquoted word, in capitals.
    ///
    /// # Errors
    /// `sql_syntax`, as of all that follow.
    pub(super) fn word(&mut self, expected: &str) -> Result<String> {
        match self.peek_word() {
            Some(word) => {
                self.skip();
                Ok(word)
            }
            None => Err(self.unexpected(expected)),
        }
    }

    /// That word.
    pub(super) fn expect_word(&mut self, expected: &str) -> Result<()> {
        if self.skip_word(expected) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// That token.
    pub(super) fn expect(&mut self, expected: &Token) -> Result<()> {
        if self.skip_token(expected) { Ok(()) } else { Err(self.unexpected(&expected.to_string())) }
    }

    /// The value of a string.
    pub(super) fn literal(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::SingleQuotedString(raw)) => {
                let value = unescape(raw)?;
                self.skip();
                Ok(value)
            }
            _ => Err(self.unexpected("a string")),
        }
    }

    /// The query: a string, or as it stands between `$$` and `$$`.
    pub(super) fn query(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::DollarQuotedString(DollarQuotedString { value, tag: None })) => {
                let value = value.clone();
                self.skip();
                Ok(value)
            }
            Some(Token::DollarQuotedString(_)) => Err(self.unexpected("`'…'` or `$$…$$`")),
            _ => self.literal(),
        }
    }

    /// Passes over a string that nobody may see, handing it to `look`.
    ///
    /// # Errors
    /// `sql_syntax`, showing nothing of it; those of `look`.
    pub(super) fn secret(&mut self, look: impl FnOnce(&str) -> Result<()>) -> Result<()> {
        self.is_discreet = true;
        match self.peek() {
            Some(Token::SingleQuotedString(raw)) => {
                look(raw)?;
                self.skip();
                Ok(())
            }
            _ => Err(self.unexpected("a string")),
        }
    }

    /// A number without a sign, as it is written.
    pub(super) fn number(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::Number(text, false)) => {
                let text = text.clone();
                self.skip();
                Ok(text)
            }
            _ => Err(self.unexpected("a number")),
        }
    }

    /// The name of a column: as it is in double quotes, in small letters without.
    pub(super) fn identifier(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::Word(word)) if word.quote_style.is_none() => {
                let name = word.value.to_lowercase();
                self.skip();
                Ok(name)
            }
            Some(Token::Word(word)) if word.quote_style == Some('"') => {
                let name = word.value.replace("\"\"", "\"");
                self.skip();
                Ok(name)
            }
            _ => Err(self.unexpected("the name of a column")),
        }
    }

    /// Whether a string comes next.
    pub(super) fn is_at_string(&self) -> bool {
        matches!(self.peek(), Some(Token::SingleQuotedString(_) | Token::DollarQuotedString(_)))
    }

    /// What stands before the cursor, as far as it may be shown.
    pub(super) fn shown<'a>(&self, text: &'a str) -> &'a str {
        if self.is_discreet { "…" } else { text }
    }

    fn unexpected(&self, expected: &str) -> Error {
        let Some(found) = self.tokens.get(self.next) else {
            return Error::new(Code::SqlSyntax, format!("the UNLOAD statement ends where {expected} is expected"));
        };
        let shown = match &found.token {
            Token::SingleQuotedString(_) | Token::DollarQuotedString(_) => "a string".to_owned(),
            _ if self.is_discreet => "something else".to_owned(),
            token => format!("`{}`", token.to_string().chars().take(40).collect::<String>()),
        };
        let at = Position { line: found.span.start.line, column: found.span.start.column };
        Error::new(Code::SqlSyntax, format!("the UNLOAD statement has {shown} where {expected} is expected")).at(at)
    }
}
