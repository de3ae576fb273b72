use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["(?s)[^\\x00]{0,60}", r"['\\\n)(;/*a \-]{0,40}", "[가-힣ㄱ-ㅎ😀\"`$]{0,20}"]
}

/// Any statement that is legal.
fn statement() -> impl Strategy<Value = UnloadStatement> {
    let role = prop_oneof![Just(IamRole::Default), prop::collection::vec("[a-z0-9:/'\\\\]{1,20}", 1..4).prop_map(IamRole::Chain)];
    let format = prop_oneof![Just(Format::Csv), Just(Format::Json), Just(Format::Parquet)];
    let compression = prop_oneof![Just(Compression::None), Just(Compression::Gzip), Just(Compression::Zstd)];
    let csv = (any::<bool>(), prop::option::of("[ -~\t]"), prop::option::of(text()));
    (text(), text(), role, format, compression, csv, any::<bool>(), prop::option::of(text())).prop_map(
        |(query, destination, iam_role, format, compression, (header, delimiter, null_as), parallel, extension)| {
            let is_csv = format == Format::Csv;
            UnloadStatement {
                settings: StatementSettings { iam_role, ..StatementSettings::default() },
                format,
                header: is_csv && header,
                delimiter: delimiter.filter(|_| is_csv).and_then(|text| text.chars().next()),
                null_as: null_as.filter(|_| is_csv),
                compression: if format == Format::Parquet { Compression::None } else { compression },
                parallel,
                extension,
                ..UnloadStatement::plain(query, destination)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_written_is_read_back(statement in statement()) {
        prop_assert_eq!(parse(&statement.to_sql()).unwrap(), statement);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s)(UNLOAD|unload)? ?[(]?.{0,80}") {
        let _ = parse(&text);
    }
}

fn error(sql: &str) -> Error {
    parse(sql).unwrap_err()
}

const HEAD: &str = "UNLOAD ('SELECT 1') TO 's3://b/k' IAM_ROLE default ";

#[test]
fn words_may_be_written_in_any_case_and_with_comments() {
    let sql = "/* x */ unload ('SELECT 1\n') to 's3://b/k' iam_role Default csv manifest verbose parallel false -- end\n;";
    let statement = parse(sql).unwrap();
    assert_eq!((statement.query.as_str(), statement.format, statement.parallel), ("SELECT 1", Format::Csv, false));
}

#[test]
fn what_is_not_offered_is_refused_by_name() {
    let cases = [
        ("CSV MANIFEST VERBOSE ALLOWOVERWRITE", "`ALLOWOVERWRITE`"),
        ("CSV MANIFEST VERBOSE ENCRYPTED", "`ENCRYPTED`"),
        ("CSV MANIFEST VERBOSE BZIP2", "`BZIP2`"),
        ("FORMAT AS TEXT MANIFEST VERBOSE", "`TEXT`"),
        ("MANIFEST VERBOSE", "FORMAT AS CSV"),
        ("CSV MANIFEST", "MANIFEST VERBOSE"),
        ("CSV", "MANIFEST VERBOSE"),
        ("JSON HEADER MANIFEST VERBOSE", "HEADER is not supported for UNLOAD to JSON"),
        ("PARQUET GZIP MANIFEST VERBOSE", "GZIP is not supported for UNLOAD to PARQUET"),
        ("CSV GZIP ZSTD MANIFEST VERBOSE", "`ZSTD` conflicts"),
        ("CSV CSV MANIFEST VERBOSE", "`FORMAT` conflicts"),
        ("CSV DELIMITER 'ab' MANIFEST VERBOSE", "single ASCII character"),
    ];
    for (options, said) in cases {
        let error = error(&format!("{HEAD}{options}"));
        assert_eq!(error.code(), Code::QueryInvalid, "{options}");
        assert!(error.message().contains(said), "{options}: {error}");
    }
}

#[test]
fn a_syntax_error_says_where() {
    let error = error("UNLOAD (SELECT 1) TO 's3://b/k'");
    assert_eq!(error.code(), Code::SqlSyntax);
    assert_eq!(error.position(), Some(Position { line: 1, column: 9 }));
    assert_eq!(super::parse("SELECT 1").unwrap_err().code(), Code::SqlSyntax);
    assert_eq!(super::parse("UNLOAD ('SELECT 1").unwrap_err().code(), Code::SqlSyntax);
    assert_eq!(super::parse("").unwrap_err().code(), Code::SqlSyntax);
}
