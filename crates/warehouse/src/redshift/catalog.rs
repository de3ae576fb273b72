//! The tables that a query may name, from the warehouse's own catalogue, in one query.

use outflow_core::schema::{Column, Table, is_keyword};
use outflow_core::statement::identifier;

use super::Row;

/// Local tables and views, late-binding ones and external tables, as far as the database user may see them.
pub(crate) const TABLES: &str = "SELECT table_schema, table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale \
     FROM svv_columns \
     WHERE table_catalog = current_database() AND table_schema NOT IN ('information_schema', 'pg_catalog', 'pg_internal', 'pg_automv') \
     ORDER BY table_schema, table_name, ordinal_position";

/// The tables, from the rows of [`TABLES`].
pub(crate) fn tables(rows: Vec<Row>) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten().map(|text| text.trim_end().to_owned()).unwrap_or_default();
        let (schema, table, name, base) = (next(), next(), next(), next());
        let (size, precision, scale) = (next(), next(), next());
        let data_type = match base.as_str() {
            "character varying" | "character" if !size.is_empty() => format!("{base}({size})"),
            "numeric" if !precision.is_empty() => {
                format!("{base}({precision},{})", if scale.is_empty() { "0" } else { &scale })
            }
            _ => base,
        };
        let table = if schema == "public" { written(&table) } else { format!("{}.{}", written(&schema), written(&table)) };
        let column = Column { name, data_type };
        match tables.last_mut() {
            Some(last) if last.name == table => last.columns.push(column),
            _ => tables.push(Table { name: table, columns: vec![column], error: None }),
        }
    }
    tables
}

/// A name as a query writes it.
fn written(name: &str) -> String {
    let mut characters = name.chars();
    let is_plain = characters.next().is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && characters.all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_');
    if is_plain && !is_keyword(name) { name.to_owned() } else { identifier(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_tables_as_a_query_names_them() {
        let row = |values: [&str; 7]| {
            let value = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
            values.iter().map(value).collect::<Vec<_>>()
        };
        let rows = vec![
            row(["public", "orders", "id", "integer", "", "32", "0"]),
            row(["public", "orders", "price", "numeric", "", "15", "2"]),
            row(["public", "order", "id", "integer", "", "32", "0"]),
            row(["sales", "Q 1", "name", "character varying", "25", "", ""]),
        ];
        let found = tables(rows);
        let shown: Vec<_> = found.iter().map(|table| (table.name.as_str(), table.columns.len())).collect();
        assert_eq!(shown, [("orders", 2), ("\"order\"", 1), ("sales.\"Q 1\"", 1)]);
        assert_eq!(found[0].columns[1].data_type, "numeric(15,2)");
        assert_eq!(found[2].columns[0].data_type, "character varying(25)");
    }
}
