//! What the API tells of databases, schemas and tables.

use outflow_core::schema::Table;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::Browse;
use super::result::metadata;
use crate::engine::Engine;
use crate::sql;

/// `ListDatabases`.
pub(super) fn databases(asked: &Browse, database: &str) -> Result<Value, ApiError> {
    asked.target.check()?;
    Ok(json!({ "Databases": [asked.target.database.as_deref().unwrap_or(database)] }))
}

/// `ListSchemas`.
pub(super) fn schemas(asked: &Browse) -> Result<Value, ApiError> {
    asked.target.check()?;
    let schemas = ["information_schema", "pg_catalog", "public"];
    let meant: Vec<&str> = schemas.into_iter().filter(|schema| is_like(schema, asked.schema_pattern.as_deref())).collect();
    Ok(json!({ "Schemas": meant }))
}

/// `ListTables`.
pub(super) async fn tables(asked: &Browse, engine: &Engine) -> Result<Value, ApiError> {
    asked.target.check()?;
    let mut tables = all(engine).await?;
    tables.retain(|table| {
        is_like("public", asked.schema_pattern.as_deref()) && is_like(&table.name, asked.table_pattern.as_deref())
    });
    let (from, to, next) = page(asked, tables.len())?;
    let named: Vec<Value> =
        tables[from..to].iter().map(|table| json!({ "name": table.name, "schema": "public", "type": "TABLE" })).collect();
    Ok(with_next(json!({ "Tables": named }), next))
}

/// `DescribeTable`.
pub(super) async fn table(asked: &Browse, engine: &Engine) -> Result<Value, ApiError> {
    asked.target.check()?;
    let name = asked.table.as_deref().unwrap_or_default();
    let is_ours = asked.schema.as_deref().is_none_or(|schema| schema.eq_ignore_ascii_case("public"));
    let found = all(engine).await?.into_iter().find(|table| is_ours && table.name.eq_ignore_ascii_case(name));
    let Some(table) = found else { return Ok(json!({ "TableName": name, "ColumnList": [] })) };
    let (from, to, next) = page(asked, table.columns.len())?;
    let columns: Vec<Value> = table.columns[from..to].iter().map(|column| metadata(column, &table.name)).collect();
    Ok(with_next(json!({ "TableName": table.name, "ColumnList": columns }), next))
}

async fn all(engine: &Engine) -> Result<Vec<Table>, ApiError> {
    engine.tables().await.map_err(|error| ApiError::database(error.message().to_owned()))
}

/// The part of a list that is asked for, and where the next begins.
fn page(asked: &Browse, all: usize) -> Result<(usize, usize, Option<usize>), ApiError> {
    let wrong = || ApiError::validation("NextToken is not valid.");
    let from = asked.next_token.as_deref().map(|token| token.parse().map_err(|_| wrong())).transpose()?.unwrap_or(0);
    if from > all {
        return Err(wrong());
    }
    let to = all.min(from + asked.max_results.unwrap_or(1_000).clamp(1, 1_000));
    Ok((from, to, (to < all).then_some(to)))
}

fn with_next(mut answer: Value, next: Option<usize>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = json!(next.to_string());
    }
    answer
}

fn is_like(name: &str, pattern: Option<&str>) -> bool {
    pattern.is_none_or(|pattern| sql::is_like(&name.to_lowercase(), &pattern.to_lowercase()))
}
