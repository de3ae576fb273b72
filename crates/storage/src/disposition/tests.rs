use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;

/// What a browser makes of the header: the parameters of RFC 6266's grammar, read strictly.
fn parsed(header: &str) -> Vec<(String, String)> {
    assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "`{header}` is no header");
    let mut rest = header.strip_prefix("attachment").unwrap();
    let mut parameters = Vec::new();
    while let Some(next) = rest.strip_prefix("; ") {
        let (name, value) = next.split_once('=').unwrap();
        if let Some(quoted) = value.strip_prefix('"') {
            let mut text = String::new();
            let mut characters = quoted.char_indices();
            loop {
                match characters.next().expect("a quoted string ends") {
                    (at, '"') => {
                        rest = &quoted[at + 1..];
                        break;
                    }
                    (_, '\\') => text.push(characters.next().unwrap().1),
                    (_, other) => text.push(other),
                }
            }
            parameters.push((name.to_owned(), text));
        } else {
            let end = value.find(';').unwrap_or(value.len());
            let encoded = value[..end].strip_prefix("UTF-8''").unwrap();
            parameters.push((name.to_owned(), percent_decode_str(encoded).decode_utf8().unwrap().into_owned()));
            rest = &value[end..];
        }
    }
    assert_eq!(rest, "");
    parameters
}

/// The name that a browser takes: the extended one where there is one.
fn name_of(header: &str) -> String {
    let parameters = parsed(header);
    let find = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    find("filename*").or_else(|| find("filename")).unwrap()
}

#[test]
fn names_in_any_script_come_through() {
    let long = format!("{}.csv.gz", "가".repeat(40));
    for name in
        ["abc123.csv.gz", "월별 보고서.csv", "월별.csv", "📊 Q3 – 50%.csv", "say \"hi\"; x=1.csv", "a'b*c.csv", long.as_str()]
    {
        assert_eq!(name_of(&content_disposition(name)), name);
    }
}

#[test]
fn an_old_client_gets_a_name_too() {
    assert_eq!(content_disposition("abc123.csv.gz"), "attachment; filename=\"abc123.csv.gz\"");
    assert_eq!(parsed(&content_disposition("보고 \"1\" 50%.csv"))[0], ("filename".to_owned(), "__ _1_ 50_.csv".to_owned()));
}

#[test]
fn what_could_do_harm_is_taken_out() {
    for (name, expected) in [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("a\r\nSet-Cookie: x=1.csv", "aSet-Cookie: x=1.csv"),
        ("a\0b.csv", "ab.csv"),
        ("report\u{202e}vsc.exe", "reportvsc.exe"),
        (".htaccess", "htaccess"),
        ("  ", "download"),
        ("", "download"),
        ("..", "download"),
    ] {
        assert_eq!(name_of(&content_disposition(name)), expected, "{name:?}");
    }
}

#[test]
fn a_long_name_keeps_its_extension() {
    let name = name_of(&content_disposition(&format!("{}.csv.gz", "글".repeat(200))));
    assert!(name.len() <= LONGEST && name.len() > LONGEST - 4 && name.ends_with("글.csv.gz"), "{name}");
    assert_eq!(name_of(&content_disposition(&"x".repeat(1_000))).len(), LONGEST);
}

#[test]
fn downloads_are_called_by_their_unload() {
    let id = RequestId::parse("abc123").unwrap();
    let options = UnloadOptions::default();
    let parquet = UnloadOptions { format: outflow_core::options::Format::Parquet, compression: None, ..options.clone() };
    let named = |options, index, count| download_name(&id, options, "output000", index, count);
    assert_eq!(named(&options, 0, 1), "abc123.csv.gz");
    assert_eq!(named(&parquet, 0, 1), "abc123.parquet");
    assert_eq!(named(&options, 7, 12), "abc123-007.csv.gz");
    assert_eq!(named(&options, 1_234, 2_000), "abc123-1234.csv.gz");
}

#[test]
fn the_values_of_a_partition_are_in_the_name_of_its_file() {
    let id = RequestId::parse("abc123").unwrap();
    let partition_by = Some(vec!["year".to_owned(), "size".to_owned()]);
    let options = UnloadOptions { partition_by, ..UnloadOptions::default() };
    let file = "output/year=2024/size=1%2F2/0000_part_00.csv.gz";
    assert_eq!(download_name(&id, &options, file, 3, 9), "abc123-003-year=2024-size=1%2F2.csv.gz");
    assert_eq!(download_name(&id, &options, file, 0, 1), "abc123-year=2024-size=1%2F2.csv.gz");
    assert_eq!(download_name(&id, &options, "empty.csv.gz", 0, 1), "abc123.csv.gz");
    // A long value is cut, and what kind of file it is stays, whatever dots there are.
    let long = format!("output/year={}/size=1/0000_part_00.csv.gz", "1.5".repeat(120));
    let name = name_of(&content_disposition(&download_name(&id, &options, &long, 3, 9)));
    assert!(name.len() <= LONGEST && name.starts_with("abc123-003-year=1.5") && name.ends_with(".csv.gz"), "{name}");
}

proptest! {
    #[test]
    fn every_name_makes_a_header_that_is_read_back(name in any::<String>()) {
        let header = content_disposition(&name);
        prop_assert_eq!(name_of(&header), harmless(&name));
        prop_assert!(!name_of(&header).contains(['/', '\\', '\0', '\n', '\r']));
    }
}
