//! Values that have broken an export before, all the way: posted, unloaded, downloaded by the link, read back equal.

mod reading;

use serde_json::{Value, json};

use self::reading::{Row, csv, json_lines, parquet};
use crate::support::{Setup, TestApp};

/// `텍스트`, decomposed: as a file from a Mac has it.
const TEXT: &str = "\u{1110}\u{1166}\u{11a8}\u{1109}\u{1173}\u{1110}\u{1173}";
/// `고객 표`, decomposed, and the file that the table is.
const TABLE: &str = "\u{1100}\u{1169}\u{1100}\u{1162}\u{11a8} \u{1111}\u{116d}";
const FILE: &str = "\u{1100}\u{1169}\u{1100}\u{1162}\u{11a8} \u{1111}\u{116d}.jsonl";
/// `한글`, decomposed.
const HANGUL: &str = "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}";

/// The texts of the table, in the order of their ids; the last has more than 200 KB.
fn texts() -> Vec<Option<String>> {
    let mut texts: Vec<Option<String>> = [
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
        Some(HANGUL),
        Some("👩\u{200d}👩\u{200d}👧 emoji 😀"),
        Some("back\\slash \\n"),
        Some("\u{feff}bom \u{2028} \u{7f} \u{1}"),
        Some("'; DROP TABLE t; --"),
        Some("=1+1"),
    ]
    .map(|text| text.map(str::to_owned))
    .into();
    texts.push(Some("긴 글 \"q\", \n".repeat(16_000)));
    texts
}

/// The rows of the table as a query of all its columns gives them.
fn rows() -> Vec<Row> {
    let texts = texts().into_iter().enumerate();
    let rows = texts.map(|(id, text)| match id {
        0 => Row { id, text, number: Some(i64::MAX), exact: Some(123_456_789_012_345), moment: Some(1_767_225_599_999_999) },
        1 => Row { id, text, number: Some(i64::MIN), exact: Some(-1), moment: Some(-1) },
        2 => Row { id, text, number: None, exact: None, moment: None },
        _ => Row { id, text, number: Some(id as i64), exact: Some(id as i128 * 10_001), moment: Some(id as i64 * 1_000_000) },
    });
    rows.collect()
}

/// The file of the table: a line of JSON for each row; exact numbers and moments are texts that the query casts.
fn file() -> Vec<u8> {
    let line = |row: &Row| {
        let exact = row
            .exact
            .map(|exact| format!("{}{}.{:04}", if exact < 0 { "-" } else { "" }, exact.abs() / 10_000, exact.abs() % 10_000));
        let moment = row.moment.map(|micros| chrono::DateTime::from_timestamp_micros(micros).unwrap().naive_utc().to_string());
        format!("{}\n", json!({"id": row.id, TEXT: row.text, "Mixed \"q\", x": row.number, "exact": exact, "moment": moment}))
    };
    rows().iter().map(line).collect::<String>().into_bytes()
}

fn query() -> String {
    format!(
        "/* 주석 {HANGUL} 👋 */ SELECT id, \"{TEXT}\", \"Mixed \"\"q\"\", x\", CAST(exact AS DECIMAL(38, 4)) AS exact, -- 줄 {HANGUL}\n \
         CAST(moment AS TIMESTAMP) AS moment, '글 {HANGUL} 😀 it''s \\\\d' AS \"글자 그대로\" FROM \"{TABLE}\""
    )
}

/// The names of the columns, and the literal, as they must come back.
fn columns() -> [String; 6] {
    ["id", TEXT, "Mixed \"q\", x", "exact", "moment", "글자 그대로"].map(str::to_owned)
}

fn literal() -> String {
    format!("글 {HANGUL} 😀 it's \\d")
}

async fn service() -> TestApp {
    let tables = vec![(FILE, file())];
    TestApp::with(Setup { tables, ..Setup::default() }).await.expect("the default store is there")
}

/// Unloads the table with those options, follows the links, and gives the bytes of every file.
async fn downloaded(app: &TestApp, id: &str, options: Value) -> Vec<Vec<u8>> {
    let mut body = json!({"requestId": id, "sql": query()});
    body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    app.submit(body).await;
    let unload = app.ended(id).await;
    assert_eq!(
        (unload["status"].as_str(), unload["rowCount"].as_u64()),
        (Some("DONE"), Some(rows().len() as u64)),
        "{}",
        unload["error"]
    );
    assert_eq!(unload["sql"], query());
    let list = app.get(&format!("/api/unload/file/{id}")).await.json();
    let mut files = Vec::new();
    for file in list["files"].as_array().unwrap() {
        let bytes = app.bytes_of(file["url"].as_str().unwrap()).await;
        assert_eq!(crate::support::sha256(&bytes), file["checksum"]["value"].as_str().unwrap());
        files.push(bytes);
    }
    files
}

#[tokio::test]
async fn csv_reads_back_equal() {
    let app = service().await;
    for (number, (delimiter, null_as, bom)) in
        [(',', "", false), ('|', "NULL", true), ('\t', "\\N", false)].into_iter().enumerate()
    {
        for (parallel, compression) in [(false, "gzip"), (true, "gzip"), (true, "none")] {
            let options =
                json!({"delimiter": delimiter, "nullAs": null_as, "bom": bom, "parallel": parallel, "compression": compression});
            let files = downloaded(&app, &format!("csv-{number}-{parallel}-{compression}"), options).await;
            assert_eq!(files.len(), 1);
            let bytes = if compression == "gzip" { reading::unzipped(&files[0]) } else { files[0].clone() };
            let text = String::from_utf8(bytes).unwrap();
            let text = if bom { text.strip_prefix('\u{feff}').expect("it begins with the mark") } else { &text };
            assert_eq!(csv(text, delimiter, null_as, &columns(), &literal()), rows(), "{delimiter:?} {null_as:?} {parallel}");
        }
    }
}

#[tokio::test]
async fn json_reads_back_equal() {
    let app = service().await;
    for parallel in [false, true] {
        let files = downloaded(&app, &format!("json-{parallel}"), json!({"format": "json", "parallel": parallel})).await;
        let text = String::from_utf8(reading::unzipped(&files[0])).unwrap();
        assert_eq!((files.len(), json_lines(&text, &columns(), &literal())), (1, rows()));
    }
}

#[tokio::test]
async fn parquet_reads_back_equal() {
    let app = service().await;
    for parallel in [false, true] {
        let options = json!({"format": "parquet", "parallel": parallel, "singleFile": !parallel});
        let files = downloaded(&app, &format!("parquet-{parallel}"), options).await;
        let mut found: Vec<_> = files.into_iter().flat_map(|file| parquet(file, &columns(), &literal())).collect();
        found.sort_by_key(|row| row.id);
        assert_eq!(found, rows());
    }
}
