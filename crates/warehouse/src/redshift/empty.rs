//! The file that stands for a result of no rows, and the question whether there are none.

use std::sync::Arc;

use outflow_core::field::FieldStyle;
use outflow_core::options::Format;
use outflow_core::schema::{Column, place_of_column};
use outflow_core::statement::{UnloadStatement, literal};
use outflow_core::warehouse::EmptyResult;
use outflow_core::{Code, Error, Result};
use outflow_storage::compress;
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::Row;

/// The query that gives the columns of another, and no rows. The condition lets the warehouse plan it away; the limit bounds it anyway.
pub(crate) fn columns_of(query: &str) -> String {
    format!("SELECT * FROM (\n{query}\n) AS outflow_columns WHERE 1 = 0 LIMIT 0")
}

/// The query that says how many rows were written to a destination, which is one attempt's alone.
pub(crate) fn rows_at(destination: &str) -> String {
    let size = destination.chars().count();
    let place = literal(destination);
    format!("SELECT SUM(unloaded_rows) AS unloaded FROM sys_unload_history WHERE LEFT(unloaded_location, {size}) = {place}")
}

/// What the answer to [`rows_at`] must not say: that there are rows. It may be out of reach, or late: then the empty folder, which was
/// listed, stands alone.
///
/// # Errors
/// `verification_failed` when it says so.
pub(crate) fn refuse_rows(answer: Result<Vec<Row>>) -> Result<()> {
    let rows = match answer {
        Ok(rows) => rows,
        Err(error) => {
            tracing::debug!(error = error.chain(), "the record of unloads cannot be read");
            return Ok(());
        }
    };
    let rows = rows.first().and_then(|row| row.first()).cloned().flatten().and_then(|text| text.parse::<f64>().ok());
    match rows {
        Some(rows) if rows > 0.0 => Err(Error::new(
            Code::VerificationFailed,
            format!("the warehouse's record says that {rows} rows were unloaded, and no file of them is in storage"),
        )),
        _ => Ok(()),
    }
}

/// The file without rows: its header or its schema. Columns that are in the names of folders are not in it; they are found as the
/// warehouse finds those of `PARTITION BY`: exactly, or but for case.
///
/// # Errors
/// `internal`, when it cannot be written.
pub(crate) fn file(statement: &UnloadStatement, columns: &[Column]) -> Result<EmptyResult> {
    let names = columns.iter().map(|column| column.name.as_str());
    let place = |name: &String| place_of_column(names.clone(), name, str::to_lowercase);
    let in_folders: Vec<usize> =
        if statement.partition_include { Vec::new() } else { statement.partition_by.iter().filter_map(place).collect() };
    let in_file = columns.iter().enumerate().filter(|(place, _)| !in_folders.contains(place));
    let schema: Vec<Column> = in_file.map(|(_, column)| column.clone()).collect();
    let bytes = if statement.format == Format::Parquet {
        parquet(&schema)
            .map_err(|error| Error::new(Code::Internal, "a Parquet file without rows cannot be written").with_source(error))?
    } else {
        let mut head = Vec::new();
        if statement.header {
            FieldStyle::of_statement(statement).push_header(schema.iter().map(|column| column.name.as_str()), &mut head);
        }
        compress(&head, statement.compression)?
    };
    Ok(EmptyResult { bytes, schema })
}

/// A Parquet file that has a schema and nothing else.
fn parquet(columns: &[Column]) -> std::result::Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(field).collect::<std::result::Result<Vec<TypePtr>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    let properties = WriterProperties::builder().set_created_by("outflow".to_owned()).build();
    SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?.into_inner()
}

fn field(column: &Column) -> std::result::Result<TypePtr, ParquetError> {
    let (base, sizes) = column.data_type.split_once('(').unwrap_or((&column.data_type, ""));
    let mut sizes = sizes.trim_end_matches(')').split(',').filter_map(|size| size.trim().parse::<i32>().ok());
    let (precision, scale) = (sizes.next().unwrap_or(18), sizes.next().unwrap_or(0));
    let (physical, logical, length) = match base.trim() {
        "smallint" => (Physical::INT32, Some(LogicalType::integer(16, true)), -1),
        "integer" | "oid" => (Physical::INT32, None, -1),
        "bigint" => (Physical::INT64, None, -1),
        "real" => (Physical::FLOAT, None, -1),
        "double precision" => (Physical::DOUBLE, None, -1),
        "boolean" => (Physical::BOOLEAN, None, -1),
        "date" => (Physical::INT32, Some(LogicalType::Date), -1),
        "timestamp without time zone" => (Physical::INT64, Some(LogicalType::timestamp(false, TimeUnit::MICROS)), -1),
        "timestamp with time zone" => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS)), -1),
        "time without time zone" => (Physical::INT64, Some(LogicalType::time(false, TimeUnit::MICROS)), -1),
        "numeric" => {
            let logical = Some(LogicalType::decimal(scale, precision));
            match precision {
                ..=9 => (Physical::INT32, logical, -1),
                10..=18 => (Physical::INT64, logical, -1),
                _ => (Physical::FIXED_LEN_BYTE_ARRAY, logical, 16),
            }
        }
        _ => (Physical::BYTE_ARRAY, Some(LogicalType::String), -1),
    };
    let field = Type::primitive_type_builder(&column.name, physical).with_repetition(Repetition::OPTIONAL).with_length(length);
    let is_decimal = matches!(logical, Some(LogicalType::Decimal(_)));
    let field = field.with_logical_type(logical);
    let field = if is_decimal { field.with_precision(precision).with_scale(scale) } else { field };
    field.build().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use outflow_core::options::Compression;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    fn columns(of: &[(&str, &str)]) -> Vec<Column> {
        of.iter().map(|(name, data_type)| Column { name: (*name).to_owned(), data_type: (*data_type).to_owned() }).collect()
    }

    fn statement(format: Format) -> UnloadStatement {
        UnloadStatement { format, ..UnloadStatement::plain("SELECT 1", "s3://b/k/output") }
    }

    #[test]
    fn text_without_rows_is_its_header() {
        let csv = UnloadStatement { header: true, delimiter: Some(','), ..statement(Format::Csv) };
        let of = columns(&[("id", "integer"), ("a,b", "boolean"), ("day", "date")]);
        assert_eq!(file(&csv, &of).unwrap().bytes, b"id,\"a,b\",day\n");
        let partitioned = UnloadStatement { partition_by: vec!["day".to_owned()], ..csv.clone() };
        let empty = file(&partitioned, &of).unwrap();
        assert_eq!((empty.bytes.as_slice(), empty.schema.len()), (&b"id,\"a,b\"\n"[..], 2));
        assert_eq!(file(&UnloadStatement { partition_include: true, ..partitioned }, &of).unwrap().schema.len(), 3);
        assert_eq!(file(&statement(Format::Json), &of).unwrap().bytes, b"");
        let gzip = file(&UnloadStatement { compression: Compression::Gzip, ..csv }, &of).unwrap().bytes;
        assert_eq!(gzip[..2], [0x1f, 0x8b]);
    }

    #[test]
    fn columns_in_folders_are_found_but_for_case_unless_several_would_be() {
        let partitioned =
            |by: &str| UnloadStatement { header: true, partition_by: vec![by.to_owned()], ..statement(Format::Csv) };
        let names = |by: &str, of: &[(&str, &str)]| {
            let empty = file(&partitioned(by), &columns(of)).unwrap();
            empty.schema.into_iter().map(|column| column.name).collect::<Vec<_>>()
        };
        assert_eq!(names("day", &[("id", "integer"), ("Day", "date")]), ["id"]);
        assert_eq!(names("DAY", &[("id", "integer"), ("day", "date")]), ["id"]);
        assert_eq!(names("day", &[("day", "date"), ("Day", "date")]), ["Day"]);
    }

    #[test]
    fn parquet_without_rows_has_its_schema() {
        let of = [
            ("a", "smallint"),
            ("b", "integer"),
            ("c", "bigint"),
            ("d", "numeric(5,2)"),
            ("e", "numeric(15,2)"),
            ("f", "numeric(38,10)"),
            ("g", "real"),
            ("h", "double precision"),
            ("i", "boolean"),
            ("j", "date"),
            ("k", "timestamp without time zone"),
            ("l", "timestamp with time zone"),
            ("m", "character varying(25)"),
            ("odd name; \"", "super"),
        ];
        let bytes = file(&statement(Format::Parquet), &columns(&of)).unwrap().bytes;
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let metadata = reader.metadata().file_metadata();
        assert_eq!((metadata.num_rows(), reader.num_row_groups()), (0, 0));
        let names: Vec<_> = metadata.schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
        assert_eq!(names, of.map(|(name, _)| name));
        assert_eq!(metadata.schema_descr().column(5).type_precision(), 38);
    }

    #[test]
    fn the_queries_of_ours_keep_the_callers_text_apart() {
        assert_eq!(columns_of("SELECT 1 -- end"), "SELECT * FROM (\nSELECT 1 -- end\n) AS outflow_columns WHERE 1 = 0 LIMIT 0");
        assert!(rows_at("s3://b/it's/output").contains("= 's3://b/it''s/output'"), "{}", rows_at("s3://b/it's/output"));
    }
}
