//! Prepared statements: what is known of one before it runs.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use pgwire::api::portal::Format;
use pgwire::api::results::FieldInfo;
use pgwire::api::stmt::QueryParser;
use pgwire::api::{ClientInfo, Type};
use pgwire::error::PgWireResult;

use super::Connection;
use super::fault::refused;
use super::parameter::place;
use super::row;
use crate::engine::command::Command;
use crate::error::SqlError;
use crate::sql::{self, Kind};
use crate::system;

/// A prepared statement.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) text: String,
    /// The columns of its rows; none for a statement without rows.
    pub(super) columns: SchemaRef,
    /// The types of its parameters.
    pub(super) parameters: Vec<Type>,
}

/// Reads statements for a connection.
#[derive(Debug)]
pub(super) struct Parser(pub(super) Arc<Connection>);

#[async_trait]
impl QueryParser for Parser {
    type Statement = Prepared;

    async fn parse_sql<C>(&self, _: &C, text: &str, types: &[Option<Type>]) -> PgWireResult<Option<Prepared>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        self.0.prepare(text, types).await.map_err(|error| refused(&error))
    }

    fn get_parameter_types(&self, statement: &Prepared) -> PgWireResult<Vec<Type>> {
        Ok(statement.parameters.clone())
    }

    fn get_result_schema(&self, statement: &Prepared, format: Option<&Format>) -> PgWireResult<Vec<FieldInfo>> {
        Ok(row::fields(&statement.columns, format.unwrap_or(&Format::UnifiedText)))
    }
}

impl Connection {
    async fn prepare(&self, text: &str, types: &[Option<Type>]) -> Result<Option<Prepared>, SqlError> {
        let mut statements = sql::statements(text)?;
        let statement = match (statements.pop(), statements.is_empty()) {
            (None, _) => return Ok(None),
            (Some(statement), true) => statement,
            _ => return Err(SqlError::new("42601", "cannot insert multiple commands into a prepared statement")),
        };
        let count = placeholders(&statement)?;
        let text = match Command::of(&statement)? {
            Command::List(listing) => {
                let columns = self.server.engine.describe_list(self.session()?, &listing).await?;
                return Ok(Some(Prepared { text: statement, columns, parameters: vec![Type::VARCHAR; count] }));
            }
            Command::Fetch { name, .. } => {
                let columns = self.cursors.schema(&name).await?;
                return Ok(Some(Prepared { text: statement, columns, parameters: Vec::new() }));
            }
            // Its parameters are those of its query; it has no rows.
            Command::Declare { query, .. } => {
                let of_query = Box::pin(self.prepare(&query, types)).await?;
                let parameters = of_query.map_or_else(Vec::new, |prepared| prepared.parameters);
                return Ok(Some(Prepared { text: statement, columns: Arc::new(Schema::empty()), parameters }));
            }
            Command::Query => statement.clone(),
            Command::Show(name) => format!("SELECT '' AS \"{}\"", name.replace('"', "\"\"")),
            Command::ShowAll => "SELECT '' AS name, '' AS setting".to_owned(),
            _ => {
                return Ok(Some(Prepared { text: statement, columns: Arc::new(Schema::empty()), parameters: Vec::new() }));
            }
        };
        let (engine, session) = (&self.server.engine, self.session()?);
        let given = system::given(engine, session, &text).await?;
        let text = system::adapted(&text)?;
        let from_engine = |error| SqlError::from_engine(&error, 0);
        let mut parameters = vec![Type::VARCHAR; count];
        if count > 0 {
            let found = engine.warehouse.parameter_types(text.clone(), given.clone()).await.map_err(from_engine)?;
            for (name, data_type) in found {
                if let Some(parameter) = place(&name).and_then(|place| parameters.get_mut(place)) {
                    *parameter = row::type_of(&data_type).0;
                }
            }
        }
        for (parameter, told) in parameters.iter_mut().zip(types) {
            if let Some(told) = told.as_ref().filter(|told| **told != Type::UNKNOWN) {
                *parameter = told.clone();
            }
        }
        // The values do not matter for the columns; a NULL of its type does.
        let sample = sql::replaced(&text, |kind, said| {
            let data_type = place(said).filter(|_| kind == Kind::Placeholder).and_then(|place| parameters.get(place));
            Ok(data_type.map(|data_type| format!("CAST(NULL AS {})", name_of(data_type))))
        })?;
        let columns = engine.warehouse.describe(sample, given).await.map_err(from_engine)?;
        Ok(Some(Prepared { text: statement, columns, parameters }))
    }
}

/// How many parameters a statement has.
fn placeholders(statement: &str) -> Result<usize, SqlError> {
    let pieces = sql::pieces(statement)?.into_iter().filter(|piece| piece.kind == Kind::Placeholder);
    let count = pieces.filter_map(|piece| place(&statement[piece.range])).max().map_or(0, |last| last + 1);
    if count > usize::from(u16::MAX) {
        return Err(SqlError::new("54000", "a statement has at most 65535 parameters"));
    }
    Ok(count)
}

fn name_of(data_type: &Type) -> &'static str {
    match *data_type {
        Type::BOOL => "BOOLEAN",
        Type::INT2 => "SMALLINT",
        Type::INT4 => "INTEGER",
        Type::INT8 | Type::OID => "BIGINT",
        Type::FLOAT4 => "REAL",
        Type::FLOAT8 => "DOUBLE PRECISION",
        Type::NUMERIC => "NUMERIC(38, 10)",
        Type::DATE => "DATE",
        Type::TIMESTAMP | Type::TIMESTAMPTZ => "TIMESTAMP",
        _ => "VARCHAR",
    }
}
