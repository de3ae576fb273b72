use super::*;

fn inferred(texts: &[&[u8]], read: fn(&TextFiles) -> Result<Inferred>) -> Result<Inferred> {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..texts.len()).map(|index| format!("f{index}")).collect();
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
    for (path, text) in paths.iter().zip(texts) {
        std::fs::write(path, text).unwrap();
    }
    let compression = FileCompressionType::UNCOMPRESSED;
    read(&TextFiles { paths, names, compression, stop: CancellationToken::new() })
}

fn columns(texts: &[&str], read: fn(&TextFiles) -> Result<Inferred>) -> Vec<String> {
    let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    let inferred = inferred(&texts, read).unwrap();
    inferred.schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
}

fn refused(texts: &[&[u8]], read: fn(&TextFiles) -> Result<Inferred>) -> String {
    let error = inferred(texts, read).unwrap_err();
    assert_eq!(error.code(), Code::TableUnreadable);
    error.message().to_owned()
}

#[test]
fn the_columns_of_csv_files() {
    assert_eq!(
        columns(&["\u{feff}id,zip,,n\n1,007,x,\n2,123,,\n", "id,zip,,n\n1.5,1,,\n"], csv),
        ["id Float64", "zip Utf8", "column3 Utf8", "n Utf8"]
    );
    assert_eq!(columns(&["a,b\n9007199254740993,9007199254740993\n1.5,2\n"], csv), ["a Utf8", "b Int64"]);
    assert_eq!(columns(&["a\r\n\"1\"\r\n\r\n2"], csv), ["a Int64"]);
    let many: String = (0..100_001).map(|row| format!("{row},{row},{row}\n")).collect();
    assert_eq!(columns(&[&format!("a,b,c\n{many}09,1.5,+5\n")], csv), ["a Utf8", "b Float64", "c Utf8"]);
}

#[test]
fn csv_files_that_cannot_be_read_say_where() {
    let cases: [(&[&[u8]], &str); 12] = [
        (&[b"a,a\n1,2\n"], "column `a` twice"),
        (&[b""], "no header line"),
        (&[b"a,b\n1\n"], "line 2 has 1 field, but the header has 2"),
        (&[b"a,b\r\n1,2\r\n\r\n1,2,3\r\n"], "line 4 has 3 fields, but the header has 2"),
        (&[b"a,b\n", b"b,a\n"], "`f1` cannot be read: its header is not that of `f0`"),
        (&[b"a\n1\n\"2\n3\n"], "a `\"` in the row of line 3 is never closed"),
        (&[b"a\n1\n\"2\"\"\n"], "a `\"` in the row of line 3 is never closed"),
        (&[b"a\n\""], "a `\"` in the row of line 2 is never closed"),
        (&[b"\xc0\xcc\xb8\xa7\n1\n"], "line 1 is not UTF-8; save the file as UTF-8"),
        (&[b"name\n\"x\ny\"\n\xb1\xe8\n"], "line 4 is not UTF-8; save the file as UTF-8"),
        (&[b"\xff\xfea\0\n\0"], "it is in UTF-16; save it as UTF-8"),
        (&[b"a,b\n\xea,\xb0\x80\n"], "line 2 is not UTF-8"),
    ];
    for (texts, said) in cases {
        let message = refused(texts, csv);
        assert!(message.contains(said), "{message}");
    }
    // A quote that is closed by the last byte, or stands within a field, is none of these.
    assert_eq!(columns(&["a\n\"2\n3\""], csv), ["a Utf8"]);
    assert_eq!(columns(&["a\n5\"\n"], csv), ["a Utf8"]);
}

#[test]
fn a_long_row_ends_somewhere() {
    let text = [b"a\n\"".as_slice(), &vec![b'x'; 2 * MAX_ROW + 1]].concat();
    assert!(refused(&[&text], csv).contains("line 2 is longer than 64 MiB"));
    let text = [b"{\"a\":\"".as_slice(), &vec![b'x'; MAX_ROW]].concat();
    assert!(refused(&[&text], json_lines).contains("line 1 is longer than 64 MiB"));
}

#[test]
fn the_columns_of_json_files_come_in_their_order() {
    let texts = ["{\"z\":1,\"a\":null}\n\n {\"m\":\"x\", \"z\" : 2.5 }\n", "\u{feff}{\"a\":true}\n"];
    assert_eq!(columns(&texts, json_lines), ["z Float64", "a Boolean", "m Utf8"]);
    let many = "{\"a\":1}\n".repeat(100_001);
    assert_eq!(columns(&[&format!("{many}{{\"late\":1}}\n")], json_lines), ["a Int64", "late Int64"]);
    let names = "{\"k\\u0065y\":1}\n{\"key\":2,\"\\\"q\\\\\":\"a\\\\\"}";
    assert_eq!(columns(&[names], json_lines), ["key Int64", "\"q\\ Utf8"]);
}

#[test]
fn json_values_that_no_other_type_holds_are_text() {
    for (values, data_type) in [
        ("12345678901234567890", "Utf8"),
        ("0.1234567890123456789", "Utf8"),
        ("9007199254740993", "Int64"),
        ("9007199254740993 1.5", "Utf8"),
        ("1 \"x\"", "Utf8"),
        ("true 1", "Utf8"),
        ("-0 5", "Float64"),
        ("1e999", "Utf8"),
        ("null", "Utf8"),
        ("\"2026-01-01\"", "Utf8"),
    ] {
        let text: String = values.split(' ').map(|value| format!("{{\"a\":{value}}}\n")).collect();
        assert_eq!(columns(&[&text], json_lines), [format!("a {data_type}")], "{values}");
    }
    let nested = "{\"a\":[{\"b\":1}, {\"c\":[ ]}], \"d\":{\"e\":\"}\"}}\n{\"a\":[ null,{\"b\":1.5}],\"d\":null}";
    let inferred = inferred(&[nested.as_bytes()], json_lines).unwrap();
    let shown = format!("{:?}", inferred.schema.fields().iter().map(|field| field.data_type()).collect::<Vec<_>>());
    for part in ["\"b\", data_type: Float64", "\"c\", data_type: List(Field { data_type: Utf8", "\"e\", data_type: Utf8"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn json_files_that_cannot_be_read_say_where() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let wide: String = (0..10_001).map(|index| format!("{{\"k{index}\":1}}\n")).collect();
    let cases: [(&[&[u8]], &str); 11] = [
        (&[b"{\"a\":1}\n{\"a\":\n"], "line 2, column 5: EOF while parsing a value"),
        (&[b"[1]\n"], "line 1 is no object"),
        (&[b"{\"a\":1} 2\n"], "line 1, column 9: trailing characters"),
        (&[b"\n"], "no rows"),
        (
            &[b"{\"a\":1}\n", b"\n{\"a\":[1]}\n"],
            "`f1` cannot be read: line 2: `a` is a list here and a single value in line 1 of `f0`",
        ),
        (&[b"{\"a\":{\"b\":[{}]}}\n{\"a\":{\"b\":[7]}}\n"], "line 2: `a.b` is a single value here and an object in line 1"),
        (&[b"{\"a\":1,\"b\":2,\"a\":1}\n"], "line 1: `a` is twice in one object"),
        (&[b"{\"a\":\"\xb1\xe8\"}\n"], "line 1 is not UTF-8"),
        (&[b"\xff\xfe{\0\n\0"], "UTF-16"),
        (&[deep.as_bytes()], "nested deeper than 64 levels"),
        (&[wide.as_bytes()], "more than 10000 different names"),
    ];
    for (texts, said) in cases {
        let message = refused(texts, json_lines);
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn a_look_that_nobody_waits_for_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    for (read, text) in [(csv as fn(&TextFiles) -> Result<Inferred>, "1\n"), (json_lines, "{\"a\":1}\n")] {
        let path = folder.path().join("f");
        std::fs::write(&path, text.repeat(3_000)).unwrap();
        let stop = CancellationToken::new();
        stop.cancel();
        let compression = FileCompressionType::UNCOMPRESSED;
        let error = read(&TextFiles { paths: vec![path], names: vec!["f".to_owned()], compression, stop }).unwrap_err();
        assert_eq!(error.code(), Code::WarehouseUnavailable, "{error}");
    }
}
