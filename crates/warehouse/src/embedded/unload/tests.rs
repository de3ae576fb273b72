use outflow_core::Position;
use outflow_core::options::{Compression, Format};
use outflow_core::statement::{Encryption, IamRole, StatementSettings};
use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["(?s)[^\\x00]{0,60}", r"['\\\n)(;/*a \-]{0,40}", "[가-힣ㄱ-ㅎ😀\"`$]{0,20}"]
}

fn settings() -> impl Strategy<Value = StatementSettings> {
    let role = prop_oneof![Just(IamRole::Default), prop::collection::vec("[a-z0-9:/'\\\\]{1,20}", 1..4).prop_map(IamRole::Chain)];
    let encryption = prop_oneof![Just(Encryption::Unsaid), Just(Encryption::BucketKey), text().prop_map(Encryption::KmsKey)];
    (role, prop::option::of(text()), encryption).prop_map(|(iam_role, region, encryption)| StatementSettings {
        iam_role,
        region,
        encryption,
    })
}

/// How a statement writes, without what its format does not take.
fn form() -> impl Strategy<Value = UnloadStatement> {
    let format = prop_oneof![Just(Format::Csv), Just(Format::Json), Just(Format::Parquet), Just(Format::Text)];
    let compression = prop::sample::select(Compression::ALL.to_vec());
    let widths = prop::option::of(prop::collection::vec(("[a-z가-힣 ]{0,4}[a-z]", 1_u32..=65_535), 1..4));
    let fields = (any::<bool>(), prop::option::of("[ !#-~\t]"), widths, prop::option::of(text()), any::<bool>(), any::<bool>());
    let group = prop::option::of(32_u32..=128);
    (format, compression, fields, group).prop_map(|(format, compression, fields, group)| {
        let (header, delimiter, widths, null_as, quote_all, escape) = fields;
        let is_text = matches!(format, Format::Csv | Format::Text);
        let fixed_width = widths.filter(|_| format == Format::Text).map(|widths| {
            let widths: Vec<_> = widths.iter().map(|(label, width)| format!("{}:{width}", label.trim())).collect();
            widths.join(",").parse().unwrap()
        });
        let is_delimited = is_text && fixed_width.is_none();
        let is_plain = format == Format::Text && is_delimited;
        let delimiter = delimiter.filter(|_| is_delimited).and_then(|text| text.chars().next());
        UnloadStatement {
            format,
            header: is_delimited && header,
            escape: is_plain && escape && delimiter != Some('\\'),
            delimiter,
            fixed_width,
            null_as: null_as.filter(|_| is_text),
            quote_all: is_plain && quote_all,
            compression: if format == Format::Parquet { Compression::None } else { compression },
            row_group_size_mb: group.filter(|_| format == Format::Parquet),
            ..UnloadStatement::plain("", "")
        }
    })
}

/// Any statement that is legal.
fn statement() -> impl Strategy<Value = UnloadStatement> {
    let partition_by = prop::collection::btree_set("(?s)[^\\x00]{1,8}", 0..4);
    let place = (text(), text(), settings(), partition_by, any::<bool>());
    let size = prop::option::of(5_000_000_u64..=6_200_000_000);
    (form(), place, any::<bool>(), size, prop::option::of(text())).prop_map(
        |(form, (query, destination, settings, partition_by, include), parallel, max_file_size, extension)| UnloadStatement {
            query,
            destination,
            settings,
            partition_include: include && !partition_by.is_empty(),
            partition_by: partition_by.into_iter().collect(),
            parallel,
            max_file_size,
            extension,
            ..form
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn what_is_written_is_read_back(statement in statement()) {
        let written = statement.to_sql();
        let expected = Unload { statement, manifest: ManifestKind::Verbose, existing: Existing::Refused };
        prop_assert_eq!(parse(&written).unwrap(), expected, "{}", written);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s)(UNLOAD|unload)? ?[(]?.{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_option_makes_it_panic(text in r"(?s)(CSV|NULL|DELIMITER|MAXFILESIZE|PARTITION BY|FIXEDWIDTH|WITH)? ?[A-Z0-9'$(),.\\ ]{0,30}") {
        let _ = parse(&format!("{HEAD}{text}"));
    }
}

fn read(sql: &str) -> Unload {
    parse(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn options(text: &str) -> Unload {
    read(&format!("{HEAD}{text}"))
}

fn error(sql: &str) -> Error {
    parse(sql).unwrap_err()
}

const HEAD: &str = "UNLOAD ('SELECT 1') TO 's3://b/k' IAM_ROLE default ";

#[test]
fn words_may_be_written_in_any_case_and_order_and_with_comments() {
    let sql =
        "/* x */ unload ('SELECT 1\n') to 's3://b/k' csv parallel false -- why\n iam_role Default manifest /* y */ verbose\n;";
    let Unload { statement, manifest, existing } = read(sql);
    assert_eq!((statement.query.as_str(), statement.format, statement.parallel), ("SELECT 1", Format::Csv, false));
    assert_eq!((manifest, existing), (ManifestKind::Verbose, Existing::Refused));
}

#[test]
fn nothing_said_is_delimited_text_in_parallel() {
    let statement = UnloadStatement::plain("SELECT 1", "s3://b/k");
    assert_eq!(options(""), Unload { statement, manifest: ManifestKind::None, existing: Existing::Refused });
}

#[test]
fn a_query_is_quoted_in_either_way() {
    let cases = [
        (r"'select ''NV'' from t'", "select 'NV' from t"),
        (r"'select \'NV\' from t'", "select 'NV' from t"),
        (r"'select ''a\\\\d+'' from t'", r"select 'a\\d+' from t"),
        (r"$$select 'NV', '\d', ''''  from t$$", r"select 'NV', '\d', ''''  from t"),
        ("$$select '$1' as a, '$' as b -- $\n$$", "select '$1' as a, '$' as b -- $"),
    ];
    for (quoted, query) in cases {
        assert_eq!(read(&format!("UNLOAD ({quoted}) TO 's3://b/k' IAM_ROLE default")).statement.query, query);
    }
    assert_eq!(error("UNLOAD ($x$select 1$x$) TO 's3://b/k' IAM_ROLE default").code(), Code::SqlSyntax);
}

#[test]
fn options_with_values_take_as_or_leave_it() {
    for (with, without) in [
        ("FORMAT AS CSV", "CSV"),
        ("FORMAT AS PARQUET", "FORMAT PARQUET"),
        ("DELIMITER AS ';'", "DELIMITER ';'"),
        ("FIXEDWIDTH AS 'a:3,b:4'", "FIXEDWIDTH 'a:3, b:4'"),
        ("NULL AS 'x'", "NULL 'x'"),
        ("MAXFILESIZE AS 64 MB", "MAXFILESIZE 64"),
        ("FORMAT PARQUET ROWGROUPSIZE AS 64 MB", "PARQUET ROWGROUPSIZE 64"),
        ("REGION AS 'eu-west-1'", "REGION 'eu-west-1'"),
        ("PARALLEL", "PARALLEL ON"),
        ("PARALLEL TRUE", ""),
        ("PARALLEL OFF", "PARALLEL FALSE"),
        ("ENCRYPTED KMS_KEY_ID 'k'", "KMS_KEY_ID 'k' ENCRYPTED"),
        ("FORMAT PARQUET ENCRYPTED", "PARQUET"),
        ("PARTITION BY (A, b)", "PARTITION BY (\"a\",\"b\")"),
    ] {
        assert_eq!(options(with), options(without), "{with}");
    }
    assert_ne!(options("PARTITION BY (a)"), options("PARTITION BY (\"A\")"));
    assert_eq!(options("PARTITION BY (\"a \"\"b\"\"\") INCLUDE").statement.partition_by, ["a \"b\""]);
}

#[test]
fn a_delimiter_may_be_written_as_an_escape() {
    for (written, delimiter) in
        [(r"'\t'", '\t'), (r"'\\t'", '\t'), (r"'\011'", '\t'), (r"'\\001'", '\u{1}'), (r"'\\'", '\\'), ("'t'", 't')]
    {
        assert_eq!(options(&format!("DELIMITER {written}")).statement.delimiter, Some(delimiter), "{written}");
    }
    for written in ["''", "'ab'", "'é'", r"'\n'", r"'\\012'", r"'\\+11'", r"'\\777'", r"'\\n'"] {
        assert!(error(&format!("{HEAD}DELIMITER {written}")).message().contains("single ASCII character"), "{written}");
    }
}

#[test]
fn sizes_are_decimal_and_have_bounds() {
    for (written, bytes) in
        [("5", 5_000_000), ("5.5 MB", 5_500_000), ("6.2gb", 6_200_000_000), ("1 GB", 1_000_000_000), ("5.0000019", 5_000_001)]
    {
        assert_eq!(options(&format!("MAXFILESIZE {written}")).statement.max_file_size, Some(bytes), "{written}");
    }
    for written in ["4.999999", "6.2000001 GB", "6201", "0", "1e3", "99999999999999999999 GB"] {
        assert!(parse(&format!("{HEAD}MAXFILESIZE {written}")).is_err(), "{written}");
    }
    assert_eq!(options("PARQUET ROWGROUPSIZE 128 MB").statement.row_group_size_mb, Some(128));
    for written in ["31", "129", "64.5", "1 GB"] {
        let error = error(&format!("{HEAD}PARQUET ROWGROUPSIZE {written}"));
        assert!(error.message().contains("ROWGROUPSIZE"), "{written}: {error}");
    }
}

#[test]
fn what_unload_does_not_have_is_refused_by_name() {
    let cases = [
        ("FORMAT AS TEXT", "`TEXT`"),
        ("QUOTE '\"'", "`QUOTE`"),
        ("CSV VERBOSE", "`VERBOSE` may only follow `MANIFEST`"),
        ("INCLUDE", "`INCLUDE` may only follow"),
        ("AUTO", "`AUTO` may only follow `ENCRYPTED`"),
        ("MASTER_SYMMETRIC_KEY 'secret' ENCRYPTED", "MASTER_SYMMETRIC_KEY"),
        ("PARTITION BY ('a')", "not strings"),
        ("PARTITION BY (a, A)", "`a` twice"),
        ("FIXEDWIDTH 'a'", "FIXEDWIDTH has `a`"),
        ("DELIMITER '\\\\' ESCAPE", "ESCAPE"),
        ("CSV DELIMITER '\"'", "double quote"),
    ];
    for (options, said) in cases {
        let error = error(&format!("{HEAD}{options}"));
        assert_eq!(error.code(), Code::QueryInvalid, "{options}");
        assert!(error.message().contains(said), "{options}: {error}");
    }
}

#[test]
fn every_authorization_is_taken_and_no_key_is_kept_or_shown() {
    let body = "UNLOAD ('SELECT 1') TO 's3://b/k' CSV ";
    for authorization in [
        "CREDENTIALS 'aws_access_key_id=AKIAHUSH;aws_secret_access_key=hush'",
        "WITH CREDENTIALS AS 'aws_iam_role=arn:aws:iam::1:role/hush'",
        "ACCESS_KEY_ID 'AKIAHUSH' SECRET_ACCESS_KEY 'hush' SESSION_TOKEN 'hush'",
        "ENCRYPTED SECRET_ACCESS_KEY AS 'hush' KMS_KEY_ID 'k' ACCESS_KEY_ID AS 'AKIAHUSH'",
    ] {
        let unload = read(&format!("{body}{authorization}"));
        assert_eq!(unload.statement.settings.iam_role, IamRole::Default);
        assert!(!format!("{unload:?}").to_lowercase().contains("hush"));
    }
    let chain = read(&format!("{body}IAM_ROLE 'arn:aws:iam::1:role/a,arn:aws:iam::2:role/b'"));
    let roles = ["arn:aws:iam::1:role/a", "arn:aws:iam::2:role/b"].map(str::to_owned).to_vec();
    assert_eq!(chain.statement.settings.iam_role, IamRole::Chain(roles));
    for wrong in [
        "CREDENTIALS 'master_symmetric_key=hush'",
        "CREDENTIALS \"hush\"",
        "ACCESS_KEY_ID hush SECRET_ACCESS_KEY 'hush'",
        "ACCESS_KEY_ID 'hush' SECRET_ACCESS_KEY 'ab'hush",
        "ACCESS_KEY_ID 'hush' SECRET_ACCESS_KEY 'hush",
        "ACCESS_KEY_ID 'hush' 'hush'",
        "IAM_ROLE default CREDENTIALS 'hush'",
        "CREDENTIALS 'a' PARTITION BY (hush =",
        "'hush'",
    ] {
        let error = error(&format!("{body}{wrong}"));
        assert!(!error.chain().to_lowercase().contains("hush"), "{wrong}: {error}");
    }
}

#[test]
fn a_syntax_error_says_where() {
    let error = error("UNLOAD (SELECT 1) TO 's3://b/k'");
    assert_eq!(error.code(), Code::SqlSyntax);
    assert_eq!(error.position(), Some(Position { line: 1, column: 9 }));
    for sql in ["SELECT 1", "UNLOAD ('SELECT 1", "", "UNLOAD ($$SELECT 1) TO 's3://b/k' IAM_ROLE default"] {
        assert_eq!(super::parse(sql).unwrap_err().code(), Code::SqlSyntax, "{sql}");
    }
}
