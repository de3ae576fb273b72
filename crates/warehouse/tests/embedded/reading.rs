//! Reads files back, by other means than those that wrote them.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{cast_with_options, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use outflow_core::options::Compression;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A value; `None` is NULL.
pub(crate) type Cell = Option<String>;

/// The bytes as they were before compression.
pub(crate) fn expanded(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut out = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap();
            out
        }
        Compression::Zstd => zstd::decode_all(bytes).unwrap(),
        Compression::Bzip2 => {
            let mut out = Vec::new();
            bzip2::read::BzDecoder::new(bytes).read_to_end(&mut out).unwrap();
            out
        }
    }
}

/// CSV by the book (RFC 4180); an unquoted field that is `null_as` is NULL.
pub(crate) fn csv(text: &str, delimiter: char, null_as: &str) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        let mut row = Vec::new();
        loop {
            let mut field = String::new();
            let quoted = characters.next_if_eq(&'"').is_some();
            if quoted {
                loop {
                    match characters.next().expect("a quoted field ends") {
                        '"' if characters.next_if_eq(&'"').is_some() => field.push('"'),
                        '"' => break,
                        other => field.push(other),
                    }
                }
            } else {
                while let Some(character) = characters.next_if(|c| *c != delimiter && *c != '\n') {
                    assert!(character != '"' && character != '\r', "a field that should be quoted: {field}{character}");
                    field.push(character);
                }
            }
            row.push(if !quoted && field == null_as { None } else { Some(field) });
            match characters.next() {
                Some('\n') => break,
                Some(other) => assert_eq!(other, delimiter),
                None => panic!("the last line has no end"),
            }
        }
        rows.push(row);
    }
    rows
}

/// Text fields as the schema's types, told in one canonical way.
pub(crate) fn typed(rows: &[Vec<Cell>], schema: &SchemaRef) -> Vec<Vec<Cell>> {
    let columns = schema.fields().iter().enumerate().map(|(index, field)| {
        let texts: ArrayRef = Arc::new(rows.iter().map(|row| row[index].clone()).collect::<StringArray>());
        strict_cast(&texts, field.data_type())
    });
    told(&RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap())
}

/// JSON lines, read as the schema's types.
pub(crate) fn json(text: &[u8], schema: &SchemaRef) -> Vec<Vec<Cell>> {
    let reader = arrow::json::ReaderBuilder::new(Arc::clone(schema)).with_strict_mode(true).build(text).unwrap();
    reader.flat_map(|batch| told(&batch.unwrap())).collect()
}

/// Parquet, brought to the schema's types.
pub(crate) fn parquet(bytes: Vec<u8>, schema: &SchemaRef) -> Vec<Vec<Cell>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>());
        let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| strict_cast(column, field.data_type()));
        rows.extend(told(&RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()));
    }
    rows
}

/// The rows in one canonical way of telling.
pub(crate) fn told(batch: &RecordBatch) -> Vec<Vec<Cell>> {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(|column| strict_cast(column, &DataType::Utf8)).collect();
    let cell = |column: &ArrayRef, row: usize| column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned());
    (0..batch.num_rows()).map(|row| columns.iter().map(|column| cell(column, row)).collect()).collect()
}

/// The schema with nullable columns, and strings that the readers make.
pub(crate) fn readable(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View | DataType::LargeUtf8 => Field::new(field.name(), DataType::Utf8, true),
        other => Field::new(field.name(), other.clone(), true),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// All batches as one, with that schema.
pub(crate) fn joined(batches: &[RecordBatch], schema: &SchemaRef) -> RecordBatch {
    let batches: Vec<RecordBatch> = batches
        .iter()
        .map(|batch| {
            let columns =
                batch.columns().iter().zip(schema.fields()).map(|(column, field)| strict_cast(column, field.data_type()));
            RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()
        })
        .collect();
    concat_batches(schema, &batches).unwrap()
}

fn strict_cast(array: &ArrayRef, to: &DataType) -> ArrayRef {
    let options = arrow::compute::CastOptions { safe: false, ..Default::default() };
    cast_with_options(array, to, &options).unwrap()
}

/// The names of the columns of a Parquet file.
pub(crate) fn parquet_columns(bytes: Vec<u8>) -> Vec<String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    reader.schema().fields().iter().map(|field| field.name().clone()).collect()
}
