//! The catalogue: enough of it for drivers to connect and for people to look round.

use std::sync::Arc;

use outflow_core::schema::{Column, Table};
use outflow_warehouse::embedded::Given;

use super::listing::Size;
use super::sheet::Sheet;
use crate::belief;
use crate::engine::Engine;
use crate::engine::session::Session;
use crate::error::SqlError;

/// The tables' names, without a schema.
pub(super) const TABLES: [&str; 18] = [
    "pg_attribute",
    "pg_class",
    "pg_database",
    "pg_description",
    "pg_namespace",
    "pg_range",
    "pg_settings",
    "pg_table_def",
    "pg_tables",
    "pg_type",
    "pg_user",
    "pg_views",
    "svv_all_columns",
    "svv_all_tables",
    "svv_columns",
    "svv_external_schemas",
    "svv_tables",
    "information_schema",
];

/// The schemas, each by its number.
pub(super) const SCHEMAS: [(i64, &str); 3] = [(11, "pg_catalog"), (2_200, "public"), (11_000, "information_schema")];
const PUBLIC: i64 = 2_200;
/// The number of the first table.
const FIRST_TABLE: i64 = 100_000;

/// The types: number, name, length.
const TYPES: [(i64, &str, i16); 18] = [
    (16, "bool", 1),
    (17, "bytea", -1),
    (19, "name", 64),
    (20, "int8", 8),
    (21, "int2", 2),
    (23, "int4", 4),
    (25, "text", -1),
    (26, "oid", 4),
    (700, "float4", 4),
    (701, "float8", 8),
    (1_042, "bpchar", -1),
    (1_043, "varchar", -1),
    (1_082, "date", 4),
    (1_083, "time", 8),
    (1_114, "timestamp", 8),
    (1_184, "timestamptz", 8),
    (1_700, "numeric", -1),
    (belief::SUPER_OID as i64, "super", -1),
];

/// Gives those of the tables that are named.
///
/// # Errors
/// When the warehouse's tables cannot be told.
pub(super) async fn add(given: &mut Given, engine: &Arc<Engine>, session: &Session, names: &[String]) -> Result<(), SqlError> {
    let is_named = |table: &str| names.iter().any(|name| name == table);
    if !TABLES.iter().any(|table| is_named(table)) {
        return Ok(());
    }
    let tables = engine.tables().await.map_err(|error| SqlError::from_engine(&error, 0))?;
    for table in TABLES.into_iter().filter(|table| is_named(table)) {
        let (name, sheet) = match table {
            "pg_attribute" => (table, attributes(&tables)),
            "pg_class" => (table, classes(&tables)),
            "pg_database" => (table, databases(session)),
            "pg_description" => (table, described()),
            "pg_namespace" => (table, schemas()),
            "pg_range" => (table, Sheet::default().long("rngtypid", []).long("rngsubtype", [])),
            "pg_settings" => (table, settings(session)),
            "pg_table_def" => (table, definitions(&tables)),
            "pg_tables" => (table, table_list(session, &tables)),
            "pg_type" => (table, types()),
            "pg_user" => (table, users(session)),
            "pg_views" => {
                (table, Sheet::default().text("schemaname", Vec::<String>::new()).text("viewname", Vec::<String>::new()))
            }
            "svv_all_columns" => (table, all_columns(session, &tables)),
            "svv_all_tables" => (table, all_tables(session, &tables)),
            "svv_columns" => (table, columns(session, &tables)),
            "svv_external_schemas" => {
                (table, Sheet::default().text("schemaname", Vec::<String>::new()).text("databasename", Vec::<String>::new()))
            }
            "svv_tables" => (table, standard_tables(session, &tables)),
            _ => {
                columns(session, &tables).give(given, "information_schema.columns");
                let schemata = Sheet::default()
                    .text("catalog_name", SCHEMAS.map(|_| session.database.clone()))
                    .text("schema_name", SCHEMAS.map(|(_, name)| name));
                schemata.give(given, "information_schema.schemata");
                ("information_schema.tables", standard_tables(session, &tables))
            }
        };
        sheet.give(given, name);
    }
    Ok(())
}

fn numbered(tables: &[Table]) -> impl Iterator<Item = (i64, &Table)> + Clone {
    (FIRST_TABLE..).zip(tables)
}

fn classes(tables: &[Table]) -> Sheet {
    let each = || numbered(tables);
    Sheet::default()
        .long("oid", each().map(|(oid, _)| oid))
        .text("relname", each().map(|(_, table)| table.name.clone()))
        .long("relnamespace", each().map(|_| PUBLIC))
        .int("relowner", each().map(|_| 100))
        .text("relkind", each().map(|_| "r"))
        .short("relnatts", each().map(|(_, table)| i16::try_from(table.columns.len()).unwrap_or(i16::MAX)))
        .flag("relhasindex", each().map(|_| false))
}

fn attributes(tables: &[Table]) -> Sheet {
    let each = || numbered(tables).flat_map(|(oid, table)| (1_i16..).zip(&table.columns).map(move |column| (oid, column)));
    Sheet::default()
        .long("attrelid", each().map(|(oid, _)| oid))
        .text("attname", each().map(|(_, (_, column))| column.name.clone()))
        .long("atttypid", each().map(|(_, (_, column))| oid_of(&column.data_type)))
        .short("attnum", each().map(|(_, (number, _))| number))
        .int("atttypmod", each().map(|_| -1))
        .flag("attnotnull", each().map(|_| false))
        .flag("attisdropped", each().map(|_| false))
        .flag("atthasdef", each().map(|_| false))
}

fn databases(session: &Session) -> Sheet {
    Sheet::default()
        .long("oid", [100_000])
        .text("datname", [session.database.as_str()])
        .int("datdba", [100])
        .flag("datallowconn", [true])
}

fn schemas() -> Sheet {
    Sheet::default()
        .long("oid", SCHEMAS.map(|(oid, _)| oid))
        .text("nspname", SCHEMAS.map(|(_, name)| name))
        .int("nspowner", SCHEMAS.map(|_| 1))
}

fn settings(session: &Session) -> Sheet {
    let settings = session.settings();
    Sheet::default()
        .text("name", settings.iter().map(|(name, _)| name.clone()))
        .text("setting", settings.iter().map(|(_, value)| value.clone()))
}

fn types() -> Sheet {
    Sheet::default()
        .long("oid", TYPES.map(|(oid, ..)| oid))
        .text("typname", TYPES.map(|(_, name, _)| name))
        .long("typnamespace", TYPES.map(|_| 11))
        .short("typlen", TYPES.map(|(.., length)| length))
        .text("typtype", TYPES.map(|_| "b"))
        .long("typelem", TYPES.map(|_| 0))
        .long("typrelid", TYPES.map(|_| 0))
        .long("typbasetype", TYPES.map(|_| 0))
        .text("typdelim", TYPES.map(|_| ","))
}

fn users(session: &Session) -> Sheet {
    Sheet::default().text("usename", [session.user.as_str()]).int("usesysid", [100]).flag("usesuper", [true])
}

fn table_list(session: &Session, tables: &[Table]) -> Sheet {
    Sheet::default()
        .text("schemaname", tables.iter().map(|_| "public"))
        .text("tablename", tables.iter().map(|table| table.name.clone()))
        .text("tableowner", tables.iter().map(|_| session.user.clone()))
}

fn standard_tables(session: &Session, tables: &[Table]) -> Sheet {
    Sheet::default()
        .text("table_catalog", tables.iter().map(|_| session.database.clone()))
        .text("table_schema", tables.iter().map(|_| "public"))
        .text("table_name", tables.iter().map(|table| table.name.clone()))
        .text("table_type", tables.iter().map(|_| "BASE TABLE"))
        .maybe_text("remarks", tables.iter().map(|_| None::<String>))
}

/// Those of all databases, of which there is one; in words of their own.
fn all_tables(session: &Session, tables: &[Table]) -> Sheet {
    Sheet::default()
        .text("database_name", tables.iter().map(|_| session.database.clone()))
        .text("schema_name", tables.iter().map(|_| "public"))
        .text("table_name", tables.iter().map(|table| table.name.clone()))
        .maybe_text("table_acl", tables.iter().map(|_| None::<String>))
        .text("table_type", tables.iter().map(|_| "TABLE"))
        .maybe_text("remarks", tables.iter().map(|_| None::<String>))
}

/// Comments: nothing has one.
fn described() -> Sheet {
    Sheet::default().long("objoid", []).long("classoid", []).int("objsubid", []).text("description", Vec::<String>::new())
}

fn columns(session: &Session, tables: &[Table]) -> Sheet {
    let each = || each_column(tables);
    let sheet = Sheet::default()
        .text("table_catalog", each().map(|_| session.database.clone()))
        .text("table_schema", each().map(|_| "public"));
    of_columns(sheet, tables)
}

/// Those of all databases, of which there is one; in words of their own.
fn all_columns(session: &Session, tables: &[Table]) -> Sheet {
    let each = || each_column(tables);
    let sheet = Sheet::default()
        .text("database_name", each().map(|_| session.database.clone()))
        .text("schema_name", each().map(|_| "public"));
    of_columns(sheet, tables)
}

fn of_columns(sheet: Sheet, tables: &[Table]) -> Sheet {
    let each = || each_column(tables);
    let size = || each().map(|(.., column)| Size::of(&column.data_type));
    sheet
        .text("table_name", each().map(|(table, ..)| table.name.clone()))
        .text("column_name", each().map(|(.., column)| column.name.clone()))
        .int("ordinal_position", each().map(|(_, number, _)| number))
        .maybe_text("column_default", each().map(|_| None::<String>))
        .text("is_nullable", each().map(|_| "YES"))
        .text("data_type", size().map(|size| size.base))
        .maybe_int("character_maximum_length", size().map(|size| size.length))
        .maybe_int("numeric_precision", size().map(|size| size.precision))
        .maybe_int("numeric_scale", size().map(|size| size.scale))
        .maybe_text("remarks", each().map(|_| None::<String>))
}

fn each_column(tables: &[Table]) -> impl Iterator<Item = (&Table, i32, &Column)> {
    tables.iter().flat_map(|table| (1..).zip(&table.columns).map(move |(number, column)| (table, number, column)))
}

fn definitions(tables: &[Table]) -> Sheet {
    let each = || tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    Sheet::default()
        .text("schemaname", each().map(|_| "public"))
        .text("tablename", each().map(|(table, _)| table.name.clone()))
        .text("column", each().map(|(_, column)| column.name.clone()))
        .text("type", each().map(|(_, column)| column.data_type.clone()))
        .text("encoding", each().map(|_| "none"))
        .flag("distkey", each().map(|_| false))
        .int("sortkey", each().map(|_| 0))
        .flag("notnull", each().map(|_| false))
}

/// A type without its dimensions.
fn base(data_type: &str) -> &str {
    data_type.split('(').next().unwrap_or(data_type)
}

fn oid_of(data_type: &str) -> i64 {
    match base(data_type) {
        "boolean" => 16,
        "smallint" => 21,
        "integer" => 23,
        "bigint" => 20,
        "real" => 700,
        "double precision" => 701,
        "numeric" => 1_700,
        "date" => 1_082,
        "time without time zone" => 1_083,
        "timestamp without time zone" => 1_114,
        "timestamp with time zone" => 1_184,
        "varbyte" => belief::VARBYTE_OID.into(),
        "super" => belief::SUPER_OID.into(),
        _ => 1_043,
    }
}
