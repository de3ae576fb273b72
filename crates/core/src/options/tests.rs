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
    assert_eq!(options.extension().as_deref(), Some("csv.gz"));
}

#[test]
fn a_default_that_the_format_does_not_take_does_not_apply() {
    let json = resolved(Requested { format: Some(Format::Json), ..Requested::default() });
    assert_eq!((json.header, json.delimiter, json.null_as, json.bom), (None, None, None, None));
    assert_eq!(json.compression, Some(Compression::Gzip));
    let parquet = resolved(Requested { format: Some(Format::Parquet), ..Requested::default() });
    assert_eq!((parquet.compression, parquet.extension()), (None, None));
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
    for good in ["|", "\t", ";"] {
        resolved(Requested { delimiter: Some(good.into()), ..Requested::default() });
    }
    assert!(refused(Requested { retention_days: Some(0), ..Requested::default() }).contains("`retentionDays`"));
    assert!(refused(Requested { timeout_seconds: Some(86_401), ..Requested::default() }).contains("`timeoutSeconds`"));
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
}
