//! Which results a format cannot hold, whatever is in their rows.

use arrow::datatypes::DataType;
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};

use super::column::Columns;

/// Refuses a result that cannot be written as the statement says.
///
/// # Errors
/// `query_invalid`, naming the column or the numbers that do not match.
pub(super) fn accept(statement: &UnloadStatement, columns: &Columns) -> Result<()> {
    let fields = columns.schema().fields();
    if let Some(widths) = &statement.fixed_width {
        let (widths, columns) = (widths.columns().len(), fields.len());
        if widths != columns {
            let message = format!("FIXEDWIDTH has {widths} columns, and the files have {columns}; give each column its width");
            return Err(invalid(message));
        }
    }
    let is_fixed = statement.fixed_width.is_some();
    for field in fields {
        let name = field.name();
        match field.data_type() {
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView
                if is_fixed || matches!(statement.format, Format::Json | Format::Parquet) =>
            {
                let into = if is_fixed { "FIXEDWIDTH" } else { statement.format.as_str() };
                let message = format!(
                    "the column `{name}` is varbyte, which UNLOAD writes into CSV and delimited text only, not {into}; make it a text with `encode(…, 'hex')`"
                );
                return Err(invalid(message));
            }
            data_type if is_fixed && data_type.is_nested() => {
                return Err(invalid(format!("the column `{name}` is super, which has no width; FIXEDWIDTH does not take it")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(Code::QueryInvalid, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn accepted(statement: &UnloadStatement, types: &[DataType]) -> Result<()> {
        let names = ["a", "b", "c"];
        let fields: Vec<Field> =
            types.iter().zip(names).map(|(data_type, name)| Field::new(name, data_type.clone(), true)).collect();
        accept(statement, &Columns::new(&Schema::new(fields)).unwrap())
    }

    fn statement(format: Format, widths: Option<&str>) -> UnloadStatement {
        let fixed_width = widths.map(|widths| widths.parse().unwrap());
        UnloadStatement { format, fixed_width, ..UnloadStatement::plain("", "") }
    }

    #[test]
    fn varbyte_goes_into_csv_and_delimited_text_only() {
        let types = [DataType::Int32, DataType::Binary];
        for format in [Format::Csv, Format::Text] {
            accepted(&statement(format, None), &types).unwrap();
        }
        for statement in
            [statement(Format::Json, None), statement(Format::Parquet, None), statement(Format::Text, Some("a:3,b:4"))]
        {
            let error = accepted(&statement, &types).unwrap_err();
            assert!(error.code() == Code::QueryInvalid && error.message().contains("`b` is varbyte"), "{error}");
        }
    }

    #[test]
    fn every_column_of_a_fixed_width_has_one() {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
        let types = [DataType::Int32, DataType::Utf8];
        accepted(&statement(Format::Text, Some("x:3,y:4")), &types).unwrap();
        for widths in ["x:3", "x:3,y:4,z:5"] {
            let error = accepted(&statement(Format::Text, Some(widths)), &types).unwrap_err();
            assert!(error.message().contains("the files have 2"), "{error}");
        }
        let error = accepted(&statement(Format::Text, Some("x:3")), &[list]).unwrap_err();
        assert!(error.message().contains("`a` is super"), "{error}");
    }
}
