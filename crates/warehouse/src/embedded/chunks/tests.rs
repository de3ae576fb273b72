use std::io::Read;

use arrow::array::{ArrayRef, StringArray};
use outflow_core::options::{Compression, Format};

use super::*;

fn rows(count: usize, length: usize, seed: usize) -> RecordBatch {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    let value =
        |row: usize| (0..length).map(|at| letters.as_bytes()[(row * 31 + at * at + seed) % 36] as char).collect::<String>();
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(value)));
    RecordBatch::try_from_iter([("t", texts)]).unwrap()
}

fn expanded(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match compression {
        Compression::None => out.extend_from_slice(bytes),
        Compression::Gzip => {
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        }
        // One frame, one stream: a reader that stops at the first has all.
        Compression::Zstd => {
            zstd::Decoder::new(bytes).unwrap().single_frame().read_to_end(&mut out).unwrap();
        }
        Compression::Bzip2 => {
            bzip2::read::BzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        }
    }
    out
}

#[tokio::test]
async fn rows_come_out_in_order_whatever_their_size_and_number() {
    for compression in Compression::ALL {
        for (batches, count, length) in [(0, 0, 0), (1, 3, 5), (1, 2_000, 100), (5, 20, 9_000), (20, 2_000, 30), (1, 2, 300_000)]
        {
            let statement = UnloadStatement { format: Format::Csv, header: true, compression, ..UnloadStatement::plain("", "") };
            let schema = rows(1, 1, 0).schema();
            let layout = Arc::new(Layout::new(&statement).unwrap());
            let mut chunks = Chunks::new(Arc::clone(&layout), &statement, &schema);
            chunks.chunk = 70_000;
            let measure = Measure::new(&statement, &schema);
            let (mut written, mut expected) = (Vec::new(), b"t\n".to_vec());
            for seed in 0..batches {
                let batch = rows(count, length, seed);
                expected.extend(encode(&layout, b"", std::slice::from_ref(&batch), 0, Buffer::default()).unwrap().into_bytes());
                let size = measure.of(&batch);
                for piece in chunks.push(&batch, size).await.unwrap() {
                    written.extend_from_slice(&piece);
                }
                assert!(chunks.in_work.len() < SIDE_BY_SIDE);
                assert!(compression != Compression::None || expected.len() as u64 <= written.len() as u64 + chunks.held_back());
                if seed == 2 {
                    for piece in chunks.flush().await.unwrap() {
                        written.extend_from_slice(&piece);
                    }
                    assert_eq!(chunks.held_back(), 0);
                }
            }
            for piece in chunks.finish().await.unwrap() {
                written.extend_from_slice(&piece);
            }
            assert!(
                expanded(compression, &written) == expected,
                "{compression:?}: {batches} batches of {count} rows of {length}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_held_back_is_never_underrated() {
    let controls: ArrayRef = Arc::new(StringArray::from(vec![Some("\u{1}\"".repeat(500)); 300]));
    let nulls: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; 300]));
    let quotes: ArrayRef = Arc::new(StringArray::from(vec!["\",".repeat(500); 300]));
    let plain = || UnloadStatement::plain("", "");
    let cases = [
        (UnloadStatement { format: Format::Json, ..plain() }, controls),
        (UnloadStatement { null_as: Some("n".repeat(99)), ..plain() }, nulls),
        (UnloadStatement { format: Format::Csv, ..plain() }, Arc::clone(&quotes)),
        (UnloadStatement { quote_all: true, escape: true, ..plain() }, Arc::clone(&quotes)),
        (UnloadStatement { fixed_width: Some("a:5000".parse().unwrap()), ..plain() }, quotes),
    ];
    for (statement, column) in cases {
        let batch = RecordBatch::try_from_iter([("a\u{2}\"", column)]).unwrap();
        let layout = Arc::new(Layout::new(&statement).unwrap());
        let mut chunks = Chunks::new(Arc::clone(&layout), &statement, &batch.schema());
        chunks.push(&batch, Measure::new(&statement, &batch.schema()).of(&batch)).await.unwrap();
        let held_back = chunks.held_back();
        let written: usize = chunks.finish().await.unwrap().iter().map(Bytes::len).sum();
        assert!(written as u64 <= held_back, "{statement:?}: {written} bytes of {held_back}");
    }
}
