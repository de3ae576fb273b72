//! The engine's errors in our codes and in words for whoever wrote the query. The engine's own text stays behind as the source.

use std::error::Error as StdError;
use std::ops::ControlFlow;

use arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use outflow_core::{Code, Error, Position};
use outflow_storage::code_of;
use sqlparser::ast::{Expr, Ident, Query, visit_expressions};

use super::identifier::advice;
use super::query::place;

/// An error while the query was planned: mostly the query's own fault, with the place where it can be told.
pub(super) fn from_planning(error: DataFusionError, query: &Query) -> Error {
    let found = classify(&error, Code::QueryInvalid);
    let position = found.column.as_deref().and_then(|column| place_of(query, column));
    let ours = Error::new(found.code, found.message).with_source(error);
    match position {
        Some(position) => ours.at(position),
        None => ours,
    }
}

/// An error while the query ran. `files` are the text files that it reads, for an error that does not name the one it is about.
pub(super) fn from_running(error: DataFusionError, files: &[String]) -> Error {
    let mut found = classify(&error, Code::QueryFailed);
    if found.code == Code::TableUnreadable && !files.is_empty() && !files.iter().any(|file| found.message.contains(file.as_str()))
    {
        found.message = format!("{} (in {})", found.message, files.join(" or "));
    }
    Error::new(found.code, found.message).with_source(error)
}

/// An error while a table's file was looked at, whatever it is.
pub(super) fn from_reading(error: DataFusionError, file: &str) -> Error {
    let found = classify(&error, Code::TableUnreadable);
    // That too many files are open says nothing about this one.
    let code = if found.code == Code::Overloaded { found.code } else { Code::TableUnreadable };
    Error::new(code, format!("`{file}` cannot be read: {}", found.message)).with_source(error)
}

/// The place where a column is named in the query.
fn place_of(query: &Query, column: &str) -> Option<Position> {
    let is_it = |name: &Ident| match name.quote_style {
        Some(_) => name.value == column,
        None => name.value.eq_ignore_ascii_case(column),
    };
    let found = visit_expressions(query, |expr| {
        let name = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(names) => names.last(),
            _ => None,
        };
        match name.filter(|name| is_it(name)).and_then(place) {
            Some(position) => ControlFlow::Break(position),
            None => ControlFlow::Continue(()),
        }
    });
    match found {
        ControlFlow::Break(position) => Some(position),
        ControlFlow::Continue(()) => None,
    }
}

struct Found {
    code: Code,
    message: String,
    column: Option<String>,
}

impl Found {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), column: None }
    }
}

/// What an error comes down to; `usual` is the code of what is nothing special at this stage.
fn classify(error: &DataFusionError, usual: Code) -> Found {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => classify(inner, usual),
        DataFusionError::Shared(inner) => classify(inner, usual),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => classify(first, usual),
            None => Found::new(Code::Internal, "the query engine failed without saying why"),
        },
        DataFusionError::ArrowError(inner, _) => from_arrow(inner, usual),
        DataFusionError::External(inner) => from_outside(inner.as_ref(), usual),
        DataFusionError::ParquetError(inner) => from_outside(inner.as_ref(), Code::TableUnreadable),
        DataFusionError::ObjectStore(inner) => from_outside(inner.as_ref(), Code::TableUnreadable),
        DataFusionError::IoError(inner) => from_outside(inner, usual),
        DataFusionError::SQL(inner, _) => Found::new(Code::SqlSyntax, clean(&inner.to_string())),
        DataFusionError::NotImplemented(message) if message.contains("OuterReferenceColumn") => Found::new(
            Code::QueryInvalid,
            "the embedded warehouse cannot run this subquery, which reads columns of the query around it; write it as a join",
        ),
        DataFusionError::NotImplemented(message) => {
            Found::new(Code::QueryInvalid, format!("the embedded warehouse cannot do this: {}", clean(message)))
        }
        DataFusionError::Plan(message) if message.contains("unique expression names") => {
            Found::new(Code::DuplicateColumn, "two columns have one name; give one another with AS")
        }
        DataFusionError::Plan(message) => Found::new(Code::QueryInvalid, clean(of_types(message))),
        DataFusionError::SchemaError(inner, _) => from_schema(inner),
        DataFusionError::Execution(message) => {
            Found::new(if usual == Code::QueryInvalid { Code::QueryFailed } else { usual }, clean(message))
        }
        DataFusionError::ResourcesExhausted(message) if message.contains("disk") => Found::new(
            Code::StorageFull,
            format!("the query needs more room for temporary files than it may take: {}", clean(message)),
        ),
        DataFusionError::ResourcesExhausted(_) => Found::new(
            Code::QueryFailed,
            "the query needs more memory than the warehouse may use; read fewer rows or columns, or give the warehouse more memory",
        ),
        DataFusionError::ExecutionJoin(_) => Found::new(Code::Internal, "the query engine stopped in the middle of the query"),
        DataFusionError::Internal(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::Substrait(_)
        | DataFusionError::Ffi(_) => {
            Found::new(Code::Internal, "the query engine met a defect of its own; write the query another way")
        }
    }
}

fn from_schema(error: &SchemaError) -> Found {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<&str> = valid_fields.iter().map(Column::name).collect();
            let message = format!("there is no column `{}`{}", field.name(), advice(field.name(), "columns", names));
            Found { code: Code::UnknownColumn, message, column: Some(field.name().to_owned()) }
        }
        SchemaError::AmbiguousReference { field } => Found {
            code: Code::QueryInvalid,
            message: format!("the column `{}` is in more than one table; put the table's name before it", field.name()),
            column: Some(field.name().to_owned()),
        },
        // No column that a query can name: how the engine writes an expression, without its casts.
        SchemaError::DuplicateUnqualifiedField { name } if name.contains('(') => Found::new(
            Code::QueryInvalid,
            format!("the embedded warehouse cannot tell `{name}` from the same with a cast; cast in a subquery"),
        ),
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Found::new(Code::DuplicateColumn, format!("two columns have the name `{name}`; give one another with AS"))
        }
    }
}

fn from_arrow(error: &ArrowError, usual: Code) -> Found {
    let failed = if usual == Code::QueryInvalid { Code::QueryFailed } else { usual };
    match error {
        ArrowError::DivideByZero => Found::new(failed, "division by zero"),
        ArrowError::ArithmeticOverflow(message) => Found::new(failed, format!("a number is out of range: {}", clean(message))),
        ArrowError::ParseError(message) if message.starts_with("Error while parsing value") => {
            let message = message.split(". Row data").next().unwrap_or(message);
            let message = format!("a file of the table has a value that its column does not take: {}", clean(message));
            Found::new(Code::TableUnreadable, message)
        }
        ArrowError::CsvError(message) | ArrowError::JsonError(message) => {
            Found::new(Code::TableUnreadable, format!("a file of the table cannot be read: {}", clean(message)))
        }
        ArrowError::ParquetError(message) => {
            Found::new(Code::TableUnreadable, format!("a file of the table cannot be read: {}", clean(message)))
        }
        ArrowError::ExternalError(inner) => from_outside(inner.as_ref(), usual),
        ArrowError::IoError(message, inner) => match code_of(inner) {
            Code::StorageFull | Code::Overloaded => from_outside(inner, usual),
            _ => Found::new(failed, clean(message)),
        },
        ArrowError::CastError(message)
        | ArrowError::ParseError(message)
        | ArrowError::ComputeError(message)
        | ArrowError::InvalidArgumentError(message)
        | ArrowError::SchemaError(message) => Found::new(failed, clean(message)),
        other => Found::new(failed, clean(&other.to_string())),
    }
}

/// An error from below the engine: a full disk is told from everything else, however deep it lies.
fn from_outside(error: &(dyn StdError + Send + Sync + 'static), usual: Code) -> Found {
    if let Some(inner) = error.downcast_ref::<DataFusionError>() {
        return classify(inner, usual);
    }
    if let Some(inner) = error.downcast_ref::<ArrowError>() {
        return from_arrow(inner, usual);
    }
    if let Some(inner) = error.downcast_ref::<Error>() {
        return Found::new(inner.code(), inner.message());
    }
    match code_of(error) {
        Code::StorageFull => Found::new(Code::StorageFull, "there is no room left on the disk for temporary files"),
        Code::Overloaded => Found::new(Code::Overloaded, "too many files are open; raise the limit of open files"),
        Code::NotFound => Found::new(Code::TableUnreadable, "a file of the table is gone"),
        _ => Found::new(usual, clean(&error.to_string())),
    }
}

/// What a function says about the types of its arguments, without the engine's sentences around it.
fn of_types(message: &str) -> &str {
    let said =
        message.split_once("user-defined coercion failed with: ").and_then(|(_, said)| said.split_once(" No function matches"));
    said.map_or(message, |(said, _)| said)
}

/// The engine's sentence as one of ours: one line, lowercase, no full stop, Redshift's names for types.
fn clean(message: &str) -> String {
    const PREFIXES: [&str; 6] =
        ["Error during planning: ", "Execution error: ", "Arrow error: ", "Parquet error: ", "External: ", "sql parser error: "];
    let mut text = message.trim();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest.trim_start();
    }
    let text: String = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let mut cleaned = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        cleaned.push_str(type_in_words(&word).unwrap_or(&word));
        word.clear();
        cleaned.push(character);
    }
    let cleaned = cleaned.trim().trim_end_matches('.');
    let mut characters = cleaned.chars();
    let is_name = cleaned.chars().nth(1).is_some_and(char::is_uppercase);
    match characters.next() {
        Some(first) if !is_name => first.to_lowercase().chain(characters).take(400).collect(),
        _ => cleaned.chars().take(400).collect(),
    }
}

fn type_in_words(word: &str) -> Option<&'static str> {
    Some(match word {
        "Boolean" => "boolean",
        "Int8" | "Int16" | "UInt8" => "smallint",
        "Int32" | "UInt16" => "integer",
        "Int64" | "UInt32" => "bigint",
        "UInt64" | "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => "numeric",
        "Float16" | "Float32" => "real",
        "Float64" => "double precision",
        "Utf8" | "Utf8View" | "LargeUtf8" => "character varying",
        "Date32" | "Date64" => "date",
        "Timestamp" => "timestamp",
        "DataFusion" => "the engine",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::query::parse;
    use super::*;

    #[test]
    fn a_full_disk_is_found_however_deep_it_lies() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let deep = DataFusionError::Context(
            "spilling".into(),
            Box::new(DataFusionError::ArrowError(
                Box::new(ArrowError::ExternalError(Box::new(DataFusionError::IoError(full())))),
                None,
            )),
        );
        assert_eq!(from_running(deep, &[]).code(), Code::StorageFull);
        let written = DataFusionError::ArrowError(Box::new(ArrowError::IoError("write".into(), full())), None);
        assert_eq!(from_running(written, &[]).code(), Code::StorageFull);
    }

    #[test]
    fn an_unknown_column_tells_the_nearest_and_where_it_stands() {
        let query = parse("SELECT id,\n  nmae FROM t").unwrap();
        let valid_fields = ["id", "name"].map(|name| Column::new(Some("t"), name)).to_vec();
        let field = Box::new(Column::new_unqualified("nmae"));
        let error = SchemaError::FieldNotFound { field, valid_fields };
        let error = from_planning(DataFusionError::SchemaError(Box::new(error), Box::new(None)), &query);
        assert_eq!((error.code(), error.position()), (Code::UnknownColumn, Some(Position { line: 2, column: 3 })));
        assert_eq!(error.message(), "there is no column `nmae`; did you mean `name`?");
    }

    #[test]
    #[cfg(unix)]
    fn too_many_open_files_are_no_fault_of_the_table() {
        let error = || std::io::Error::from_raw_os_error(24);
        let store = object_store::Error::Generic { store: "test", source: Box::new(error()) };
        let opened =
            || DataFusionError::ObjectStore(Box::new(object_store::Error::Generic { store: "t", source: error().into() }));
        for found in [
            from_running(opened(), &["`orders.csv`".into()]),
            from_running(DataFusionError::External(Box::new(store)), &[]),
            from_running(DataFusionError::ArrowError(Box::new(ArrowError::IoError("open".into(), error())), None), &[]),
            from_reading(opened(), "orders.csv"),
            from_reading(DataFusionError::IoError(error()), "orders.csv"),
        ] {
            assert_eq!((found.code(), found.kind().is_retryable()), (Code::Overloaded, true), "{found}");
        }
    }

    #[test]
    fn messages_are_in_redshifts_words() {
        let said = clean("Error during planning: Cannot coerce Int64 and Utf8View.\n Use a cast.");
        assert_eq!(said, "cannot coerce bigint and character varying. Use a cast");
        let error = DataFusionError::ArrowError(
            Box::new(ArrowError::ParseError(
                "Error while parsing value 'x' as type 'Int64' for column 3 at line 5. Row data: '[1,x]'".into(),
            )),
            None,
        );
        let error = from_running(error, &["`orders.csv`".into()]);
        assert_eq!(error.code(), Code::TableUnreadable);
        assert_eq!(
            error.message(),
            "a file of the table has a value that its column does not take: error while parsing value 'x' as type 'bigint' for column 3 at line 5 (in `orders.csv`)"
        );
    }
}
