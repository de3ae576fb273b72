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

use super::fixture::Fixture;

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
    let mut writer = ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
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
    write(&folder.path().join("good.csv"), "a\n1\n");
    write(&folder.path().join("ragged.csv"), "a,b\n1,2\n3\n");
    fs::write(folder.path().join("broken.parquet"), b"PAR1 this is no Parquet file").unwrap();
    fs::write(folder.path().join("empty.parquet"), b"").unwrap();
    fs::write(folder.path().join("euckr.csv"), b"\xc0\xcc\xb8\xa7\n\xb1\xe8\n").unwrap();
    write_parquet(&folder.path().join("mixed/1.parquet"), &[1]);
    write(&folder.path().join("mixed/2.csv"), "a\n1\n");
    write(&folder.path().join("twice.csv"), "a\n1\n");
    write(&folder.path().join("twice.json"), "{\"a\":1}\n");
    let fixture = Fixture::tables(folder.path());
    assert_eq!(fixture.csv("SELECT a FROM good").await, "a\n1\n");
    for (table, file) in [
        ("broken", "broken.parquet"),
        ("empty", "empty.parquet"),
        ("ragged", "ragged.csv"),
        ("euckr", "euckr.csv"),
        ("mixed", "2.csv"),
        ("twice", "twice.json"),
    ] {
        let error = fixture.error(&format!("SELECT * FROM {table}")).await;
        assert_eq!(error.code(), Code::TableUnreadable, "{error}");
        assert!(error.message().contains(&format!("`{file}`")), "{error}");
        assert!(!error.message().contains("DataFusion"), "{error}");
    }
    for table in fixture.warehouse.tables().await.unwrap() {
        assert_eq!(table.error.is_none(), table.name == "good", "{table:?}");
        assert_eq!(table.columns.is_empty(), table.name != "good");
    }
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
async fn a_later_row_that_does_not_fit_its_column_fails_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..100_001).map(|row| format!("{row}\n")).collect();
    write(&folder.path().join("late.csv"), &format!("n\n{rows}oops\n"));
    let error = Fixture::tables(folder.path()).error("SELECT sum(n) FROM late").await;
    assert_eq!(error.code(), Code::TableUnreadable, "{error}");
    assert!(error.message().contains("`late.csv`") && error.message().contains("oops"), "{error}");
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
