use arrow::array::{ArrayRef, Int64Array, ListArray, StringArray, StructArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int32Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::embedded::measure::Measure;

fn rows(count: usize, seed: usize) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter((0..count).map(|row| (row % 7 > 0).then_some((row * seed) as i64))));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(|row| format!("{row} {seed}"))));
    let list =
        |row: usize| (!row.is_multiple_of(3)).then(|| (0..row % 4).map(|item| Some((item * seed) as i32)).collect::<Vec<_>>());
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>((0..count).map(list)));
    let fields = vec![
        (Arc::new(Field::new("n", DataType::Int64, true)), Arc::clone(&numbers)),
        (Arc::new(Field::new("t", DataType::Utf8, true)), Arc::clone(&texts)),
    ];
    let structure: ArrayRef = Arc::new(StructArray::from(fields));
    RecordBatch::try_from_iter_with_nullable([
        ("n", numbers, true),
        ("s", structure, true),
        ("l", lists, true),
        ("t", texts, true),
    ])
    .unwrap()
}

#[tokio::test]
async fn every_column_is_read_back_from_every_row_group() {
    for (batches, count) in [(0, 0), (1, 1), (3, 1_000), (40, 5_000)] {
        let statement = UnloadStatement {
            format: outflow_core::options::Format::Parquet,
            row_group_size_mb: Some(32),
            ..UnloadStatement::plain("", "")
        };
        let schema = rows(1, 1).schema();
        let mut body = RowGroups::new(&statement, &schema).unwrap();
        body.size = 200 << 10;
        let measure = Measure::new(&statement, &schema);
        let (mut written, mut expected) = (Vec::new(), Vec::new());
        for seed in 0..batches {
            expected.push(rows(count, seed));
            for piece in body.push(&expected[seed], measure.of(&expected[seed])).await.unwrap() {
                written.extend_from_slice(&piece);
            }
        }
        for piece in body.finish().await.unwrap() {
            written.extend_from_slice(&piece);
        }
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(written)).unwrap();
        assert!(batches < 40 || reader.metadata().num_row_groups() > 2);
        let read: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let (read, expected) = (concat_batches(&schema, &read).unwrap(), concat_batches(&schema, &expected).unwrap());
        assert!(read == expected, "{batches} batches of {count} rows");
    }
}
