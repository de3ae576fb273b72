//! Awkward values: written and read back as they were, in every format.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use outflow_core::options::{Compression, Format};
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::Warehouse;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;
use unicode_normalization::UnicodeNormalization;

use super::fixture::Fixture;
use super::reading::{self, Cell};

/// A table of everything that has broken an export before, in a Parquet file.
fn awkward() -> (TempDir, RecordBatch) {
    let decomposed: String = "한글 조합".nfd().collect();
    let long = "긴 글 \"q\", \n".repeat(16_000);
    let texts = vec![
        Some("plain"),
        Some(""),
        None,
        Some("NULL"),
        Some("\\N"),
        Some("a,b|c\td"),
        Some("\"quoted\" \"\""),
        Some("\""),
        Some("line\nfeed"),
        Some("carriage\rreturn\r\n"),
        Some("  spaces  "),
        Some("한글"),
        Some(&decomposed),
        Some("👩‍👩‍👧‍👦 emoji 😀"),
        Some("back\\slash \\n"),
        Some(&long),
        Some("\u{feff}bom \u{2028} \u{7f} \u{1}"),
        Some("'; DROP TABLE t; --"),
        Some("=1+1"),
        Some("null"),
    ];
    let rows = texts.len();
    let numbers = (0..rows).map(|row| match row {
        0 => Some(i64::MAX),
        1 => Some(i64::MIN),
        2 => None,
        row => Some(row as i64),
    });
    let decimals = (0..rows).map(|row| match row {
        0 => Some(99_999_999_999_999_999_999_999_999_999_999_999_999_i128),
        1 => Some(-1),
        2 => None,
        row => Some(row as i128 * 1_000_001),
    });
    let floats = (0..rows).map(|row| match row {
        0 => Some(0.1 + 0.2),
        1 => Some(1.797_693_134_862_315_7e308),
        2 => None,
        3 => Some(5e-324),
        row => Some(row as f64 / 3.0),
    });
    let moments = (0..rows).map(|row| match row {
        0 => Some(1_767_225_599_999_999),
        1 => Some(-1),
        2 => None,
        row => Some(row as i64 * 86_400_000_000 * 365),
    });
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("텍스트", Arc::new(StringArray::from(texts))),
        (
            "Mixed Case \"q\", x",
            Arc::new(StringArray::from((0..rows).map(|row| (row % 3 == 0).then_some("")).collect::<Vec<_>>())),
        ),
        ("number", Arc::new(Int64Array::from_iter(numbers))),
        ("exact", Arc::new(Decimal128Array::from_iter(decimals).with_precision_and_scale(38, 4).unwrap())),
        ("float", Arc::new(Float64Array::from_iter(floats))),
        ("moment", Arc::new(TimestampMicrosecondArray::from_iter(moments))),
        ("day", Arc::new(Date32Array::from_iter((0..rows).map(|row| (row != 2).then_some(row as i32 * 9_999 - 50_000))))),
        ("flag", Arc::new(BooleanArray::from_iter((0..rows).map(|row| (row != 2).then_some(row % 2 == 0))))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let name: String = "고객 표".nfd().collect();
    let mut writer =
        ArrowWriter::try_new(File::create(folder.path().join(format!("{name}.parquet"))).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    (folder, batch)
}

#[tokio::test]
async fn awkward_values_read_back_equal() {
    let (folder, batch) = awkward();
    let fixture = Fixture::tables(folder.path());
    let schema = reading::readable(&batch.schema());
    let expected = reading::told(&reading::joined(&[batch], &schema));
    let header: Vec<Cell> = schema.fields().iter().map(|field| Some(field.name().clone())).collect();
    let query = "SELECT * FROM \"고객 표\"";
    for (delimiter, null_as) in
        [(None, None), (Some('|'), Some("NULL")), (Some('\t'), Some("\\N")), (Some(' '), Some("한글")), (None, Some("a,b|c\td"))]
    {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let statement = UnloadStatement {
                delimiter,
                null_as: null_as.map(str::to_owned),
                ..fixture.statement_as(query, Format::Csv, compression, false)
            };
            let unloaded = fixture.unload(&statement).await;
            let text = String::from_utf8(reading::expanded(&unloaded.files[0].1, compression)).unwrap();
            // The last NULL AS needs quotes itself, and so cannot be told from a text; that much is documented.
            let is_distinct = null_as != Some("a,b|c\td");
            let mut rows =
                reading::csv(&text, delimiter.unwrap_or(','), if is_distinct { null_as.unwrap_or_default() } else { "\0" });
            assert_eq!(rows.remove(0), header);
            if is_distinct {
                assert_eq!(reading::typed(&rows, &schema), expected, "{delimiter:?} {null_as:?} {compression:?}");
            } else {
                assert_eq!(rows.len(), expected.len());
                assert_eq!(rows[2][2].as_deref(), null_as);
            }
        }
    }
    for parallel in [false, true] {
        let unloaded = fixture.unload(&fixture.statement_as(query, Format::Json, Compression::Gzip, parallel)).await;
        // Even few rows lie on all slices.
        assert_eq!(unloaded.files.len(), if parallel { 2 } else { 1 });
        let rows = unloaded.files.iter().map(|(_, file)| reading::json(&reading::expanded(file, Compression::Gzip), &schema));
        assert_eq!(rows.collect::<Vec<_>>().concat(), expected);
        let unloaded = fixture.unload(&fixture.statement_as(query, Format::Parquet, Compression::None, parallel)).await;
        let rows = unloaded.files.iter().map(|(_, file)| reading::parquet(file.clone(), &schema));
        assert_eq!(rows.collect::<Vec<_>>().concat(), expected);
    }
}

#[tokio::test]
async fn literals_are_read_as_redshift_reads_them() {
    let fixture = Fixture::sample();
    let decomposed: String = "한".nfd().collect();
    let query = format!(
        r"SELECT 'it''s' AS a, '\\d+' AS b, 'tab\there' AS c, '한글 {decomposed} 😀' AS d, 'a\'b' AS e, 1.10 AS f, '5'::int AS g,
          regexp_replace('a1b22', '\\d+', '#', 'g') AS h, '100%' LIKE '100\\%' AS i, date '2026-01-31' AS j, NULL AS k -- 끝"
    );
    let text = fixture.csv(&query).await;
    assert_eq!(text, format!("a,b,c,d,e,f,g,h,i,j,k\nit's,\\d+,tab\there,한글 {decomposed} 😀,a'b,1.10,5,a#b#,t,2026-01-31,\n"));
}

#[tokio::test]
async fn columns_without_a_name_have_redshifts_and_types_are_told_in_its_words() {
    let fixture = Fixture::sample();
    let statement = fixture.statement("SELECT 1, count(*), max(n_name), sum(n_nationkey) / 2.5, now() FROM nation");
    let unloaded = fixture.unload(&statement).await;
    let columns: Vec<(String, String)> =
        unloaded.manifest.unwrap().columns().into_iter().map(|column| (column.name, column.data_type)).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["?column?", "count", "max", "?column?_2", "now"]);
    let types: Vec<&str> = columns.iter().map(|(_, data_type)| data_type.as_str()).collect();
    assert_eq!(
        (types[0], types[1], types[2], types[4]),
        ("bigint", "bigint", "character varying(65535)", "timestamp with time zone")
    );
    assert!(types[3].starts_with("numeric("), "{types:?}");
}

#[tokio::test]
async fn zero_rows_write_nothing_and_the_empty_result_tells_the_columns() {
    let fixture = Fixture::sample();
    for (format, compression, parallel) in [
        (Format::Csv, Compression::Gzip, false),
        (Format::Csv, Compression::None, true),
        (Format::Json, Compression::Zstd, true),
        (Format::Parquet, Compression::None, false),
    ] {
        let statement = fixture.statement_as(
            "SELECT r_regionkey, r_name FROM region WHERE r_name = 'ATLANTIS'",
            format,
            compression,
            parallel,
        );
        let unloaded = fixture.unload(&statement).await;
        assert_eq!((unloaded.rows, unloaded.keys.len()), (0, 0), "{:?}", unloaded.keys);
        let empty = fixture.warehouse.empty_result(&statement).await.unwrap();
        let words: Vec<&str> = empty.schema.iter().map(|column| column.data_type.as_str()).collect();
        assert_eq!(words, ["bigint", "character varying(65535)"]);
        match format {
            Format::Csv => assert_eq!(reading::expanded(&empty.bytes, compression), b"r_regionkey,r_name\n"),
            Format::Json => assert!(reading::expanded(&empty.bytes, compression).is_empty() && !empty.bytes.is_empty()),
            Format::Text => panic!("text is not read here"),
            Format::Parquet => {
                let reader =
                    parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(empty.bytes))
                        .unwrap();
                assert_eq!(reader.schema().fields().len(), 2);
                assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
            }
        }
    }
    let statement = UnloadStatement { header: false, ..fixture.statement("SELECT r_name FROM region WHERE false") };
    assert!(fixture.warehouse.empty_result(&statement).await.unwrap().bytes.is_empty());
}
