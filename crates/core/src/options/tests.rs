use super::*;

fn resolved(requested: Requested) -> UnloadOptions {
    requested.resolve().unwrap()
}

fn refused(requested: Requested) -> String {
    let error = requested.resolve().unwrap_err();
    assert_eq!(error.code(), Code::IllegalOption);
    error.to_string()
}

#[test]
fn defaults_are_those_of_the_contract() {
    let options = UnloadOptions::default();
    assert_eq!((options.format, options.compression), (Format::Csv, Some(Compression::Gzip)));
    assert_eq!((options.header, options.delimiter, options.null_as.as_deref()), (Some(true), Some(','), Some("")));
    assert_eq!((options.bom, options.single_file, options.parallel), (Some(false), true, false));
    assert_eq!((options.retention_days, options.timeout_seconds), (7, 86_400));
    assert_eq!(options.file_extension(), "csv.gz");
}

#[test]
fn a_default_that_the_format_does_not_take_does_not_apply() {
    let json = resolved(Requested { format: Some(Format::Json), ..Requested::default() });
    assert_eq!((json.header, json.delimiter, json.null_as, json.bom), (None, None, None, None));
    assert_eq!(json.compression, Some(Compression::Gzip));
    let parquet = resolved(Requested { format: Some(Format::Parquet), ..Requested::default() });
    assert_eq!((parquet.compression, parquet.statement_extension()), (None, None));
}

#[test]
fn what_the_caller_sends_for_another_format_is_refused_by_name() {
    for format in [Format::Json, Format::Parquet] {
        let base = Requested { format: Some(format), ..Requested::default() };
        assert!(refused(Requested { header: Some(true), ..base.clone() }).contains("`header`"));
        assert!(refused(Requested { delimiter: Some("|".into()), ..base.clone() }).contains("`delimiter`"));
        assert!(refused(Requested { null_as: Some("NULL".into()), ..base.clone() }).contains("`nullAs`"));
        assert!(refused(Requested { bom: Some(true), ..base.clone() }).contains("`bom`"));
        resolved(Requested { header: Some(false), bom: Some(false), ..base });
    }
    let parquet = Requested { format: Some(Format::Parquet), compression: Some(Compression::Gzip), ..Requested::default() };
    assert!(refused(parquet).contains("`compression`"));
}

#[test]
fn delimiters_and_bounds_are_checked() {
    for bad in ["", "ab", "\"", "\n", "\r", "é", "\0"] {
        assert!(refused(Requested { delimiter: Some(bad.into()), ..Requested::default() }).contains("`delimiter`"));
    }
    for good in ["|", "\t", ";", "\u{1}", "\u{7f}", "'", "\\", " "] {
        resolved(Requested { delimiter: Some(good.into()), ..Requested::default() });
    }
    assert!(refused(Requested { retention_days: Some(0), ..Requested::default() }).contains("`retentionDays`"));
    assert!(refused(Requested { timeout_seconds: Some(86_401), ..Requested::default() }).contains("`timeoutSeconds`"));
}

#[test]
fn what_stands_for_null_in_text_is_one_field() {
    let text =
        |null_as: &str| Requested { format: Some(Format::Text), null_as: Some(null_as.to_owned()), ..Requested::default() };
    let semicolon = |null_as: &str| Requested { delimiter: Some(";".to_owned()), ..text(null_as) };
    let quoted = |null_as: &str| Requested { quote_all: Some(true), ..text(null_as) };
    for (requested, other) in [(text("a|b"), "`delimiter`"), (semicolon(";"), "`delimiter`"), (quoted("\"NULL\""), "`quoteAll`")]
    {
        let message = refused(requested);
        assert!(message.contains("`nullAs`") && message.contains(other), "{message}");
    }
    for legal in [text("a;b"), semicolon("|"), text("\""), quoted("\\N")] {
        resolved(legal);
    }
    resolved(Requested { format: Some(Format::Csv), ..semicolon("a;\"") });
    resolved(Requested { fixed_width: Some("a:3".into()), ..text("|") });
}

#[test]
fn options_of_unload_are_bounded_and_named() {
    let text = Requested { format: Some(Format::Text), ..Requested::default() };
    assert!(refused(Requested { escape: Some(true), delimiter: Some("\\".into()), ..text.clone() }).contains("`escape`"));
    assert!(refused(Requested { fixed_width: Some("a".into()), ..text.clone() }).contains("`fixedWidth`"));
    for size in [4, 6_201] {
        assert!(refused(Requested { max_file_size_mb: Some(size), ..Requested::default() }).contains("`maxFileSizeMb`"));
    }
    for size in [31, 129] {
        let parquet = Requested { format: Some(Format::Parquet), row_group_size_mb: Some(size), ..Requested::default() };
        assert!(refused(parquet).contains("`rowGroupSizeMb`"));
    }
    for bad in [vec![], vec![""], vec!["a", "b", "a"], vec!["a\n"], vec!["x"; 17]] {
        let partition_by = Some(bad.into_iter().map(str::to_owned).collect());
        assert!(refused(Requested { partition_by, ..Requested::default() }).contains("`partitionBy`"));
    }
    for bad in ["", ".gz", "gz.", "a..b", "a/b", "../x", "한글", "a b", "a\\b"] {
        assert!(refused(Requested { extension: Some(bad.into()), ..Requested::default() }).contains("`extension`"), "{bad}");
    }
    let named = resolved(Requested { extension: Some("txt.gz".into()), ..text });
    assert_eq!((named.file_extension().as_str(), named.delimiter, named.header), ("txt.gz", Some('|'), Some(true)));
    let fixed = Requested { format: Some(Format::Text), fixed_width: Some("a:3".into()), ..Requested::default() };
    let fixed = resolved(fixed);
    assert_eq!((fixed.delimiter, fixed.header, fixed.quote_all, fixed.escape), (None, None, None, None));
}

#[test]
fn partitions_and_bounded_files_are_several() {
    let partitioned = Requested { partition_by: Some(vec!["a".into()]), ..Requested::default() };
    let options = resolved(partitioned);
    assert_eq!((options.single_file, options.parallel, options.partition_include), (false, true, Some(false)));
    let bounded = resolved(Requested { max_file_size_mb: Some(5), ..Requested::default() });
    assert_eq!((bounded.single_file, bounded.parallel), (false, true));
}

#[test]
fn options_that_were_stored_before_there_were_more_are_still_read() {
    let mut stored = serde_json::to_value(UnloadOptions::default()).unwrap();
    let fields = stored.as_object_mut().unwrap();
    for newer in
        ["quoteAll", "escape", "fixedWidth", "maxFileSizeMb", "rowGroupSizeMb", "partitionBy", "partitionInclude", "extension"]
    {
        assert!(fields.remove(newer).is_some());
    }
    assert_eq!(serde_json::from_value::<UnloadOptions>(stored).unwrap(), UnloadOptions::default());
}

#[test]
fn joining_needs_members_that_concatenate() {
    let joined = Requested { parallel: Some(true), ..Requested::default() };
    assert!(resolved(joined.clone()).is_joined());
    assert!(refused(Requested { compression: Some(Compression::Zstd), ..joined.clone() }).contains("`parallel`"));
    assert!(refused(Requested { format: Some(Format::Parquet), ..joined }).contains("`parallel`"));
    assert!(
        refused(Requested { bom: Some(true), compression: Some(Compression::Zstd), ..Requested::default() }).contains("`bom`")
    );
    assert!(!resolved(Requested { single_file: Some(false), ..Requested::default() }).is_joined());
    let several = Requested { bom: Some(true), single_file: Some(false), ..Requested::default() };
    assert!(refused(several).contains("`bom` does not go with `singleFile`"));
}
