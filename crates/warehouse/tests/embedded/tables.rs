//! Every kind of table, and folders in which not all is well.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use outflow_core::Code;
use outflow_core::warehouse::Warehouse;
use outflow_warehouse::embedded::{Embedded, EmbeddedConfig};
use parquet::arrow::ArrowWriter;

use super::fixture::{Fixture, LONG};

const CSV: &str =
    "Id,Name,zip,joined,Weight\n1,\"Kim, \"\"A\"\"\",007,2026-01-31,1.5\n2,\"두 줄\n이름\",12345,2024-02-29,\n3,,,,-2\n";
const JSON: &str = "{\"Id\":1,\"Name\":\"Kim, \\\"A\\\"\",\"tags\":[\"x\",null]}\n{\"Id\":2,\"Name\":\"두 줄\\n이름\"}\n";

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let bytes = match path.extension().unwrap().to_str().unwrap() {
        "gz" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }
        "zst" => zstd::encode_all(text.as_bytes(), 1).unwrap(),
        _ => text.as_bytes().to_vec(),
    };
    fs::write(path, bytes).unwrap();
}

fn write_parquet(path: &Path, ids: &[i64]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let names: Vec<String> = ids.iter().map(|id| format!("이름 {id}")).collect();
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(ids.to_vec())) as _),
        ("name", Arc::new(StringArray::from(names)) as _),
    ])
    .unwrap();
    write_batch(path, &batch);
}

pub(crate) fn write_batch(path: &Path, batch: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

#[tokio::test]
async fn csv_files_are_tables_compressed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["plain.csv", "zipped.csv.gz", "Squeezed.CSV.zst", "100% odd #name?*[1].csv"] {
        let path = folder.path().join(name);
        match name {
            "Squeezed.CSV.zst" => fs::write(path, zstd::encode_all(CSV.as_bytes(), 1).unwrap()).unwrap(),
            _ => write(&path, CSV),
        }
    }
    let fixture = Fixture::tables(folder.path());
    for table in ["plain", "PLAIN", "public.zipped", "squeezed", "\"Squeezed\"", "\"100% odd #name?*[1]\""] {
        let text = fixture.csv(&format!("SELECT id, NAME, zip, joined, weight FROM {table} ORDER BY id")).await;
        assert_eq!(
            text,
            "Id,Name,zip,joined,Weight\n1,\"Kim, \"\"A\"\"\",007,2026-01-31,1.5\n2,\"두 줄\n이름\",12345,2024-02-29,\n3,,,,-2\n",
            "{table}"
        );
    }
    assert_eq!(fixture.csv("SELECT sum(id), max(joined) FROM plain WHERE weight > 0").await, "sum,max\n1,2026-01-31\n");
}

#[tokio::test]
async fn files_in_bzip2_and_xz_are_tables() {
    // `a\n1\n2\n`, made with the programs bzip2 and xz.
    let bzip2 = b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xc6\xf7\x35\xbd\x00\x00\x02\xc9\x00\x00\x10\x30\x00\x20\x00\x20\x00\x21\x9a\x68\x33\
        \x4d\x1c\xb7\x8b\xb9\x22\x9c\x28\x48\x63\x7b\x9a\xde\x80";
    let xz = b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00\x05\x61\x0a\x31\x0a\x32\x0a\
        \x00\x00\x00\xab\xd3\x7c\x02\x3f\xbc\xc5\xb1\x00\x01\x1e\x06\xc1\x2f\xa4\x1d\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.csv.bz2"), bzip2).unwrap();
    fs::write(folder.path().join("x.csv.xz"), xz).unwrap();
    let fixture = Fixture::tables(folder.path());
    for table in ["b", "x"] {
        assert_eq!(fixture.csv(&format!("SELECT sum(a) AS s FROM {table}")).await, "s\n3\n");
    }
}

#[tokio::test]
async fn json_lines_and_parquet_and_folders_of_files_are_tables() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.json", "b.jsonl", "c.ndjson.gz"] {
        write(&folder.path().join(name), JSON);
    }
    write_parquet(&folder.path().join("고객.parquet"), &[1, 2]);
    for part in 0..3 {
        write_parquet(&folder.path().join(format!("sales/part-{part}.parquet")), &[part, part + 10]);
        write(
            &folder.path().join(format!("visits/{part}.csv.gz")),
            &format!("day,count\n2026-01-0{part},{part}.5\n").replace("2026-01-00", "2026-01-09"),
        );
    }
    write(&folder.path().join("sales/_SUCCESS.txt"), "");
    let fixture = Fixture::tables(folder.path());
    for table in ["a", "b", "c"] {
        let text = fixture.csv(&format!("SELECT id, name, tags FROM {table} ORDER BY id")).await;
        assert_eq!(text, "Id,Name,tags\n1,\"Kim, \"\"A\"\"\",\"[\"\"x\"\",null]\"\n2,\"두 줄\n이름\",null\n", "{table}");
    }
    assert_eq!(fixture.csv("SELECT * FROM 고객 ORDER BY id").await, "id,name\n1,이름 1\n2,이름 2\n");
    assert_eq!(fixture.csv("SELECT count(*), sum(id) FROM sales").await, "count,sum\n6,36\n");
    assert_eq!(fixture.csv("SELECT count(*), sum(\"count\") FROM visits").await, "count,sum\n3,4.5\n");
    let tables = fixture.warehouse.tables().await.unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "sales", "visits", "고객"]);
    let columns: Vec<(&str, &str)> =
        tables[4].columns.iter().map(|column| (column.name.as_str(), column.data_type.as_str())).collect();
    assert_eq!(columns, [("day", "date"), ("count", "double precision")]);
}

#[tokio::test]
async fn a_broken_file_does_not_harm_the_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    write(&file("good.csv"), "a\n1\n");
    write_parquet(&file("fine.parquet"), &[1, 2]);
    write_parquet(&file("parts/1.parquet"), &[1, 2]);
    write(&file("ragged.csv"), "a,b\n1,2\n3\n");
    write(&file("quoted.csv"), "a,b\n1,2\n3,\"4\n5,6\n");
    write(&file("mixed.json"), "{\"a\":[1]}\n{\"a\":1}\n");
    fs::write(file("broken.parquet"), b"PAR1 this is no Parquet file").unwrap();
    // The footer is longer than the file.
    fs::write(file("short.parquet"), b"PAR1garbagegarbagePAR1").unwrap();
    fs::write(file("empty.parquet"), b"").unwrap();
    fs::write(file("euckr.csv"), b"\xc0\xcc\xb8\xa7\n\xb1\xe8\n").unwrap();
    write_parquet(&file("partly/1.parquet"), &[1]);
    fs::write(file("partly/2.parquet"), b"PAR1 this is no Parquet file").unwrap();
    write_parquet(&file("kinds/1.parquet"), &[1]);
    write(&file("kinds/2.csv"), "a\n1\n");
    write(&file("twice.csv"), "a\n1\n");
    write(&file("twice.json"), "{\"a\":1}\n");
    let column = || Arc::new(Int64Array::from(vec![1])) as _;
    write_batch(&file("doubled.parquet"), &RecordBatch::try_from_iter([("a", column()), ("a", column())]).unwrap());
    let fixture = Fixture::tables(folder.path());
    assert_eq!(fixture.csv("SELECT a FROM good").await, "a\n1\n");
    for table in ["fine", "parts"] {
        assert_eq!(fixture.csv(&format!("SELECT sum(id) AS s FROM {table}")).await, "s\n3\n");
    }
    let broken = [
        ("broken", "`broken.parquet`"),
        ("doubled", "`doubled.parquet` cannot be read: it has two columns `a`"),
        ("empty", "`empty.parquet`"),
        ("euckr", "`euckr.csv` cannot be read: line 1 is not UTF-8; save the file as UTF-8"),
        ("kinds", "`2.csv`"),
        ("mixed", "`mixed.json` cannot be read: line 2: `a` is a single value here and a list in line 1"),
        ("partly", "`partly/2.parquet`"),
        ("quoted", "`quoted.csv` cannot be read: a `\"` in the row of line 3 is never closed"),
        ("ragged", "`ragged.csv` cannot be read: line 3"),
        ("short", "`short"),
        ("twice", "`twice.json`"),
    ];
    for (table, said) in broken {
        let error = fixture.error(&format!("SELECT * FROM {table}")).await;
        assert_eq!(error.code(), Code::TableUnreadable, "{error}");
        assert!(error.message().contains(said), "{error}");
        assert!(!error.message().contains("DataFusion"), "{error}");
    }
    let tables = fixture.warehouse.tables().await.unwrap();
    assert_eq!(tables.len(), broken.len() + 3);
    for table in tables {
        let is_good = !broken.iter().any(|(name, _)| *name == table.name.trim_matches('"'));
        assert_eq!(table.error.is_none(), is_good, "{table:?}");
        assert_eq!(table.columns.is_empty(), !is_good);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_no_table() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("good.csv"), "a\n1\n");
    let pipe = folder.path().join("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let fixture = Fixture::tables(folder.path());
    // Whoever opened the pipe would wait for somebody who writes to it.
    let listed = tokio::time::timeout(LONG, fixture.warehouse.tables()).await.unwrap().unwrap();
    assert_eq!(listed.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["good"]);
    assert_eq!(fixture.error("SELECT * FROM pipe").await.code(), Code::UnknownTable);
}

#[tokio::test]
async fn files_may_come_change_and_go() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.csv"), "x\n1\n");
    let fixture = Fixture::tables(folder.path());
    assert_eq!(fixture.csv("SELECT * FROM a").await, "x\n1\n");
    write(&folder.path().join("b.csv"), "y\n2\n");
    assert_eq!(fixture.csv("SELECT * FROM b").await, "y\n2\n");
    write(&folder.path().join("a.csv"), "x,z\n10,text\n");
    assert_eq!(fixture.csv("SELECT * FROM a").await, "x,z\n10,text\n");
    fs::remove_file(folder.path().join("a.csv")).unwrap();
    assert_eq!(fixture.error("SELECT * FROM a").await.code(), Code::UnknownTable);
}

#[tokio::test]
async fn a_row_far_down_decides_about_its_column_too() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..100_001).map(|row| format!("{row},{row},1,2026-01-01 00:00:00,{row}\n")).collect();
    let last = "09,+5,9007199254740993,2026-01-01 00:00:00+09,1.5\nx,1,1.5,2026-01-01 00:00:00.1234567,2\n";
    write(&folder.path().join("late.csv"), &format!("a,b,c,d,e\n{rows}{last}"));
    let rows = "{\"a\":1}\n".repeat(100_001);
    write(&folder.path().join("lines.json"), &format!("{rows}{{\"a\":2,\"late\":\"here\"}}\n"));
    let fixture = Fixture::tables(folder.path());
    let text = fixture.csv("SELECT a, b, c, d FROM late WHERE a IN ('09', 'x') ORDER BY a").await;
    assert_eq!(text, format!("a,b,c,d\n{}", last.replace(",1.5\n", "\n").replace(",2\n", "\n")));
    assert_eq!(fixture.csv("SELECT sum(e) - 5000050000 AS s FROM late").await, "s\n3.5\n");
    assert_eq!(fixture.csv("SELECT * FROM lines WHERE late IS NOT NULL").await, "a,late\n2,here\n");
}

#[tokio::test]
async fn values_of_json_lines_keep_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        "\u{feff}{\"id\":1,\"big\":12345678901234567890,\"long\":0.1234567890123456789,\"whole\":9007199254740993,\"mixed\":1.50}",
        "",
        "{\"id\":2,\"big\":1,\"long\":1.50,\"whole\":1.5,\"mixed\":\"x\"}",
        "{\"id\":3,\"big\":-1e2,\"long\":null,\"whole\":2,\"mixed\":true}",
    ];
    write(&folder.path().join("a.json"), &lines.join("\n"));
    write(&folder.path().join("b.json.gz"), &lines.join("\n"));
    let fixture = Fixture::tables(folder.path());
    for table in ["a", "b"] {
        assert_eq!(
            fixture.csv(&format!("SELECT * FROM {table} ORDER BY id")).await,
            "id,big,long,whole,mixed\n1,12345678901234567890,0.1234567890123456789,9007199254740993,1.50\n\
             2,1,1.50,1.5,x\n3,-1e2,,2,true\n"
        );
        assert_eq!(fixture.csv(&format!("SELECT count(*), sum(id) FROM {table} WHERE mixed <> 'x'")).await, "count,sum\n2,4\n");
    }
}

#[tokio::test]
async fn several_readers_of_one_json_file_find_each_line_once() {
    let folder = tempfile::tempdir().unwrap();
    // Larger than what the engine leaves to one reader.
    let rows: String = (0..120_000).map(|row| format!("{{\"id\":{row},\"text\":\"{}\"}}\n", "가나다".repeat(row % 20))).collect();
    assert!(rows.len() > 12 << 20);
    write(&folder.path().join("large.json"), &rows);
    let fixture = Fixture::tables(folder.path());
    let sum = 120_000_u64 * 119_999 / 2;
    assert_eq!(
        fixture.csv("SELECT count(*), count(DISTINCT id) AS ids, sum(id) FROM large").await,
        format!("count,ids,sum\n120000,120000,{sum}\n")
    );
}

#[tokio::test]
async fn an_empty_line_of_a_csv_file_is_no_row() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("one.csv"), "a\n1\n\n2\n");
    write(&folder.path().join("two.csv"), "a,b\n1,\n,\n2,\n");
    let fixture = Fixture::tables(folder.path());
    assert_eq!(fixture.csv("SELECT count(*) FROM one").await, "count\n2\n");
    assert_eq!(fixture.csv("SELECT count(*) FROM two").await, "count\n3\n");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error_of_the_configuration() {
    let missing = std::env::temp_dir().join("outflow-no-such-folder");
    let error = Embedded::new(EmbeddedConfig { tables: Some(missing), ..EmbeddedConfig::default() }).unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::tables(folder.path());
    fixture.warehouse.check().await.unwrap();
    drop(folder);
    assert_eq!(fixture.warehouse.check().await.unwrap_err().code(), Code::WarehouseUnavailable);
}

#[tokio::test]
async fn sample_tables_are_listed_without_being_made() {
    let unmade = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig { sample_dir: unmade.path().to_owned(), ..EmbeddedConfig::default() };
    let warehouse = Embedded::new(config).unwrap();
    let tables = warehouse.tables().await.unwrap();
    assert_eq!(tables.len(), 8);
    assert!(tables.iter().all(|table| !table.columns.is_empty()));
    assert_eq!(fs::read_dir(unmade.path()).unwrap().count(), 0);
}
