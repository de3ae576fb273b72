//! One connection of either kind, with just enough of a common face: bound parameters, rows, counts.
//!
//! sqlx's own `Any` driver was not taken: it has no typed NULL on both sides, hides the drivers' error codes behind its own, and
//! copies each row into values of its own. This is shorter than working around that.

use outflow_core::Result;
use sqlx::postgres::{PgConnection, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteConnection, SqliteRow};
use sqlx::{Database, Decode, Encode, Row as _, SqlStr, Type};

use crate::dialect::Dialect;
use crate::error::from_sqlx;

/// What is bound to a placeholder. NULL keeps its type, which PostgreSQL wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'v> {
    /// A whole number.
    Int(Option<i64>),
    /// A text.
    Text(Option<&'v str>),
}

macro_rules! value_from {
    ($($source:ty => |$value:ident| $made:expr;)*) => {$(
        impl<'v> From<$source> for Value<'v> {
            fn from($value: $source) -> Self { $made }
        }
    )*};
}
value_from! {
    i64 => |value| Self::Int(Some(value));
    u32 => |value| Self::Int(Some(i64::from(value)));
    bool => |value| Self::Int(Some(i64::from(value)));
    Option<i64> => |value| Self::Int(value);
    &'v str => |value| Self::Text(Some(value));
    &'v String => |value| Self::Text(Some(value));
    Option<&'v str> => |value| Self::Text(value);
}

/// Values in the order of their placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::connection::Value::from($value)),*] };
}
pub(crate) use values;

/// A row of either kind; columns are read by name.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column: `i64`, `String` or `&str`, or an `Option` of one.
    pub(crate) fn get<'r, T>(&'r self, column: &str) -> Result<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(from_sqlx)
    }
}

/// A borrowed connection of either kind.
#[derive(Debug)]
pub(crate) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Connection<'_> {
    /// Whose SQL it speaks.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a query and gives all its rows. A text that was put together must hold placeholders only, no value.
    pub(crate) async fn rows(&mut self, text: SqlStr, values: &[Value<'_>]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(connection) => {
                let rows = bound(sqlx::query(text), values).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connection) => {
                let rows = bound(sqlx::query(text), values).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        }
        .map_err(from_sqlx)
    }

    /// Runs a command and gives how many rows it touched.
    pub(crate) async fn execute(&mut self, text: SqlStr, values: &[Value<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(connection) => {
                bound(sqlx::query(text), values).execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            Self::Postgres(connection) => {
                bound(sqlx::query(text), values).execute(&mut **connection).await.map(|done| done.rows_affected())
            }
        }
        .map_err(from_sqlx)
    }
}

fn bound<'q, DB>(query: Query<'q, DB, DB::Arguments>, values: &[Value<'_>]) -> Query<'q, DB, DB::Arguments>
where
    DB: Database,
    for<'t> Option<i64>: Encode<'t, DB> + Type<DB>,
    for<'t> Option<&'t str>: Encode<'t, DB> + Type<DB>,
{
    values.iter().fold(query, |query, value| match *value {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
    })
}
