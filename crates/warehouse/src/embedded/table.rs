//! The tables that queries name: a folder of files, or the sample tables where there is none.

mod file_kind;
mod folder;
mod infer;
mod json_lines;
mod parquet;
mod provider;
mod sample;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;
use outflow_core::schema::Table;
use outflow_core::{Error, Result};
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

pub(super) use self::folder::Folder;
pub(super) use self::sample::Sample;
use super::column::described_table;

/// Where the tables come from.
#[derive(Debug)]
pub(super) enum Tables {
    /// Files.
    Folder(Folder),
    /// TPC-H, made on first use.
    Sample(Box<Sample>),
}

/// A table that a query may read.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// What the engine reads.
    pub(super) provider: Arc<dyn TableProvider>,
    /// Its files, where they are text, as a message names them.
    pub(super) text_files: Vec<String>,
    /// How many of its rows are to be held at once, so that memory stays bounded.
    pub(super) batch_rows: usize,
}

impl Tables {
    /// The table of that name: exactly that, or but for case and composition.
    ///
    /// # Errors
    /// `table_unreadable` naming file and cause; `query_invalid` when the name could mean more than one.
    pub(super) async fn find(&self, name: &str, state: &SessionState) -> Result<Option<Found>> {
        match self {
            Self::Folder(folder) => folder.find(name, state).await,
            Self::Sample(sample) => sample.find(name, state).await,
        }
    }

    /// The names of all tables, sorted.
    ///
    /// # Errors
    /// `warehouse_unavailable` when they cannot be listed.
    pub(super) async fn names(&self) -> Result<Vec<String>> {
        match self {
            Self::Folder(folder) => folder.names().await,
            Self::Sample(_) => Ok(Sample::names()),
        }
    }

    /// All tables; one that cannot be read says why.
    ///
    /// # Errors
    /// As `names`.
    pub(super) async fn list(&self, state: &SessionState) -> Result<Vec<Table>> {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::Sample(_) => return Ok(Sample::list()),
        };
        let mut tables = Vec::new();
        for name in folder.names().await? {
            let (columns, error) = match folder.find(&name, state).await {
                Ok(Some(found)) => (described_table(&found.provider.schema()), None),
                Ok(None) => continue,
                Err(error) => (Vec::new(), Some(error.message().to_owned())),
            };
            tables.push(Table { name: written(&name), columns, error });
        }
        Ok(tables)
    }

    /// Whether the tables can be reached.
    ///
    /// # Errors
    /// `warehouse_unavailable`, saying what to do.
    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Folder(folder) => folder.check(),
            Self::Sample(sample) => sample.check(),
        }
    }
}

/// What the operating system says, in a few words.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there".to_owned(),
        std::io::ErrorKind::PermissionDenied => "access is denied".to_owned(),
        _ => error.to_string(),
    }
}

/// The name as a query writes it: in quotes when it is no plain word.
fn written(name: &str) -> String {
    let tokens = Tokenizer::new(&RedshiftSqlDialect {}, name).tokenize();
    match tokens.as_deref() {
        Ok([Token::Word(word)]) if word.quote_style.is_none() && word.keyword == Keyword::NoKeyword => name.to_owned(),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_a_query_must_quote_them() {
        for plain in ["orders", "고객", "Orders", "a1_b"] {
            assert_eq!(written(plain), plain);
        }
        for (name, quoted) in [
            ("order", "\"order\""),
            ("2024", "\"2024\""),
            ("my table", "\"my table\""),
            ("a.b", "\"a.b\""),
            ("q\"q", "\"q\"\"q\""),
        ] {
            assert_eq!(written(name), quoted);
        }
    }
}
