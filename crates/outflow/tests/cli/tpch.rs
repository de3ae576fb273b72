//! All 22 queries of TPC-H through a service, in every format: what is downloaded is the query's own result, computed apart.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::prelude::{CsvReadOptions, JsonReadOptions, ParquetReadOptions, SessionConfig, SessionContext};

use crate::support::{Place, Running};

const TABLES: [&str; 8] = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"];

/// The rows, each value as text; `None` is NULL.
type Rows = Vec<Vec<Option<String>>>;

fn query(number: usize) -> String {
    let file = format!("../core/tests/tpch/{number:02}.sql");
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// An engine of its own, without anything that the warehouse adds; it reads in one piece, so that rows keep their order.
fn plain_engine() -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(1);
    config.options_mut().sql_parser.parse_float_as_decimal = true;
    SessionContext::new_with_config(config)
}

#[test]
fn what_is_downloaded_is_what_the_query_gives() {
    let place = Place::new();
    let mut serve = place.command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
    serve.env("OUTFLOW_WAREHOUSE_MAIN_SAMPLE_SCALE", "0.05");
    let service = Running::start(serve);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_stack_size(16 << 20).build().unwrap();
    let engine = plain_engine();
    let mut with_rows = 0;
    for number in 1..=22 {
        let sql = query(number);
        for extension in ["csv", "json", "parquet"] {
            let out = format!("q{number:02}.{extension}");
            let ended = place.run(&["unload", &sql, "--server", &service.url, "--out", &out]);
            assert_eq!(ended.code, 0, "{out}: {}", ended.stderr);
        }
        runtime.block_on(register_tables(&engine, &place.path("data/sample/tpch-0.05-v1")));
        let (schema, expected) = runtime.block_on(computed(&engine, &sql));
        with_rows += usize::from(!expected.is_empty());
        let keys = order(&sql, &schema);
        for extension in ["csv", "json", "parquet"] {
            let out = format!("q{number:02}.{extension}");
            let found = runtime.block_on(downloaded(&engine, &place.path(&out), extension, &schema));
            assert_eq!(of_columns(&found, &keys), of_columns(&expected, &keys), "{out}: its order");
            assert_eq!(sorted(found), sorted(expected.clone()), "{out}");
        }
    }
    assert_eq!(with_rows, 22, "a query without rows compares nothing");
}

/// The service makes a table when it is first read; those that it has by now are registered.
async fn register_tables(engine: &SessionContext, folder: &Path) {
    for table in TABLES {
        let file = folder.join(format!("{table}.parquet"));
        if !file.exists() || engine.table_exist(table).unwrap() {
            continue;
        }
        engine.register_parquet(table, file.to_str().unwrap(), ParquetReadOptions::default()).await.unwrap();
    }
}

/// The result, and the schema under which files are read back.
async fn computed(engine: &SessionContext, sql: &str) -> (SchemaRef, Rows) {
    let frame = engine.sql(sql).await.unwrap();
    let fields = frame.schema().fields().iter().map(|field| {
        let data_type = if field.data_type().is_string() { DataType::Utf8 } else { field.data_type().clone() };
        Field::new(field.name(), data_type, true)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let rows = told(&frame.collect().await.unwrap(), &schema);
    (schema, rows)
}

/// A file's rows, in its order; its columns must be those of the schema.
async fn downloaded(engine: &SessionContext, file: &Path, extension: &str, schema: &SchemaRef) -> Rows {
    let file = file.to_str().unwrap();
    let frame = match extension {
        "csv" => {
            let first = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
            assert_eq!(first.split(',').collect::<Vec<_>>(), names(schema), "{file}");
            let options = CsvReadOptions::new().schema(schema).file_compression_type(FileCompressionType::UNCOMPRESSED);
            engine.read_csv(file, options).await.unwrap()
        }
        "json" => engine.read_json(file, JsonReadOptions::default().schema(schema)).await.unwrap(),
        _ => engine.read_parquet(file, ParquetReadOptions::default()).await.unwrap(),
    };
    assert_eq!(frame.schema().field_names().len(), names(schema).len());
    assert_eq!(frame.schema().fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), names(schema), "{file}");
    told(&frame.collect().await.unwrap(), schema)
}

fn names(schema: &SchemaRef) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

/// The rows in one canonical way of telling: in the schema's types, as texts.
fn told(batches: &[RecordBatch], schema: &SchemaRef) -> Rows {
    let options = CastOptions { safe: false, ..Default::default() };
    let mut rows = Vec::new();
    for batch in batches {
        let texts = |(column, field): (&ArrayRef, &Arc<Field>)| {
            let typed = cast_with_options(column, field.data_type(), &options).unwrap();
            cast_with_options(&typed, &DataType::Utf8, &options).unwrap()
        };
        let columns: Vec<ArrayRef> = batch.columns().iter().zip(schema.fields()).map(texts).collect();
        let cell = |column: &ArrayRef, row| column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned());
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| cell(column, row)).collect::<Vec<_>>()));
    }
    rows
}

/// The columns of the outer `ORDER BY`, which begins a line of its own.
fn order(sql: &str, schema: &SchemaRef) -> Vec<usize> {
    let Some((_, clause)) = sql.rsplit_once("\norder by ") else { return Vec::new() };
    let clause = clause.lines().next().unwrap();
    clause.split(',').map(|key| schema.index_of(key.trim().trim_end_matches(" desc")).unwrap()).collect()
}

fn of_columns(rows: &Rows, columns: &[usize]) -> Rows {
    rows.iter().map(|row| columns.iter().map(|column| row[*column].clone()).collect()).collect()
}

fn sorted(mut rows: Rows) -> Rows {
    rows.sort();
    rows
}
