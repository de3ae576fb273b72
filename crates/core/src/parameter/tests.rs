use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;

fn read(value: Json) -> Result<String> {
    let sent = json!({ "x": value });
    let parameters = Parameters::from_json(sent.as_object().expect("it is an object"))?;
    Ok(parameters.get("x").expect("it was sent").to_sql())
}

#[rstest]
#[case(json!(null), "NULL")]
#[case(json!(true), "TRUE")]
#[case(json!(false), "FALSE")]
#[case(json!("a"), "'a'")]
#[case(json!(""), "''")]
#[case(json!("it's"), "'it''s'")]
#[case(json!("'; DROP TABLE t; --"), "'''; DROP TABLE t; --'")]
#[case(json!("a\\'b"), r"'a\\''b'")]
#[case(json!("\\"), r"'\\'")]
#[case(json!("한글\n\t🎉"), "'한글\n\t🎉'")]
#[case(json!(0), "0")]
#[case(json!(42), "42")]
#[case(json!(-42), "(-42)")]
#[case(json!(i64::MIN), "(-9223372036854775808)")]
#[case(json!(u64::MAX), "18446744073709551615")]
#[case(json!(0.1), "0.1")]
#[case(json!(-1234.5678), "(-1234.5678)")]
#[case(json!(1e15), "1000000000000000")]
#[case(json!(-1e19), "(-10000000000000000000)")]
#[case(json!(120.0), "120")]
#[case(json!(1e-7), "0.0000001")]
#[case(json!(123456789.012345), "123456789.012345")]
#[case(json!({"type": "string", "value": "a"}), "'a'")]
#[case(json!({"type": "varchar", "value": "2026-01-01"}), "'2026-01-01'")]
#[case(json!({"type": "integer", "value": 5}), "CAST('5' AS INTEGER)")]
#[case(json!({"type": "integer", "value": "-5"}), "CAST('-5' AS INTEGER)")]
#[case(json!({"type": "integer", "value": "007"}), "CAST('7' AS INTEGER)")]
#[case(json!({"type": "bigint", "value": 1e18}), "CAST('1000000000000000000' AS BIGINT)")]
#[case(json!({"type": "bigint", "value": "9223372036854775807"}), "CAST('9223372036854775807' AS BIGINT)")]
#[case(json!({"type": "decimal", "value": "0.10"}), "CAST('0.10' AS DECIMAL(2,2))")]
#[case(json!({"type": "decimal", "value": "-1234567890123456789012345678901234.5678"}), "CAST('-1234567890123456789012345678901234.5678' AS DECIMAL(38,4))")]
#[case(json!({"type": "decimal", "value": 7}), "CAST('7' AS DECIMAL(1,0))")]
#[case(json!({"type": "decimal", "value": "0"}), "CAST('0' AS DECIMAL(1,0))")]
#[case(json!({"type": "double", "value": 1.5}), "CAST('1.5e0' AS DOUBLE PRECISION)")]
#[case(json!({"type": "double", "value": 0.0}), "CAST('0e0' AS DOUBLE PRECISION)")]
#[case(json!({"type": "double", "value": "0e9"}), "CAST('0e0' AS DOUBLE PRECISION)")]
#[case(json!({"type": "double", "value": "-2e-300"}), "CAST('-2e-300' AS DOUBLE PRECISION)")]
#[case(json!({"type": "boolean", "value": "true"}), "TRUE")]
#[case(json!({"type": "boolean", "value": false}), "FALSE")]
#[case(json!({"type": "date", "value": "2026-01-31"}), "DATE '2026-01-31'")]
#[case(json!({"type": "date", "value": "0001-01-01"}), "DATE '0001-01-01'")]
#[case(json!({"type": "time", "value": "13:45:00"}), "TIME '13:45:00'")]
#[case(json!({"type": "time", "value": "13:45:00.123456"}), "TIME '13:45:00.123456'")]
#[case(json!({"type": "timestamp", "value": "2026-01-31 13:45:00"}), "TIMESTAMP '2026-01-31 13:45:00'")]
#[case(json!({"type": "timestamp", "value": "2026-01-31T13:45:00.5"}), "TIMESTAMP '2026-01-31 13:45:00.500'")]
#[case(json!({"type": "timestamptz", "value": "2026-01-31T13:45:00+09:00"}), "TIMESTAMPTZ '2026-01-31 04:45:00+00:00'")]
#[case(json!({"type": "timestamptz", "value": "2026-01-31T13:45:00Z"}), "TIMESTAMPTZ '2026-01-31 13:45:00+00:00'")]
#[case(json!({"type": "date", "value": null}), "CAST(NULL AS DATE)")]
#[case(json!({"type": "double", "value": null}), "CAST(NULL AS DOUBLE PRECISION)")]
fn a_value_becomes_a_literal(#[case] value: Json, #[case] literal: &str) {
    assert_eq!(read(value).expect("it fits"), literal);
}

#[rstest]
#[case(json!([1, 2]), "list")]
#[case(json!("a\u{0}b"), "U+0000")]
#[case(json!("a\rb"), "U+000D")]
#[case(json!("a\u{85}b"), "U+0085")]
#[case(json!(0.12345678901234567), "decimal")]
#[case(json!(1e300), "decimal")]
#[case(json!(12345678901234567890123.0), "decimal")]
#[case(json!(1e22), "decimal")]
#[case(json!(100000000000000000001.0), "decimal")]
#[case(json!(1234567890123456.0), "decimal")]
#[case(json!({"type": "date"}), "form")]
#[case(json!({"value": "2026-01-01"}), "form")]
#[case(json!({"type": 1, "value": 1}), "form")]
#[case(json!({"type": "date", "value": "2026-01-01", "zone": "x"}), "`zone`")]
#[case(json!({"type": "regclass", "value": "pg_class"}), "`regclass`")]
#[case(json!({"type": "Date", "value": "2026-01-01"}), "`Date`")]
#[case(json!({"type": "date", "value": "2026-02-30"}), "2026-02-30")]
#[case(json!({"type": "date", "value": "2026-1-1"}), "`date`")]
#[case(json!({"type": "date", "value": "2026-01-01' OR '1'='1"}), "`date`")]
#[case(json!({"type": "date", "value": "99999-01-01"}), "`date`")]
#[case(json!({"type": "date", "value": 20260101}), "`date`")]
#[case(json!({"type": "date", "value": "+026-01-01"}), "`date`")]
#[case(json!({"type": "date", "value": " 026-01-01"}), "`date`")]
#[case(json!({"type": "date", "value": "2026-+1-01"}), "`date`")]
#[case(json!({"type": "date", "value": "2026- 1- 1"}), "`date`")]
#[case(json!({"type": "date", "value": "0000-01-01"}), "`date`")]
#[case(json!({"type": "time", "value": "9:05:00.0"}), "`time`")]
#[case(json!({"type": "time", "value": " 9:05:00"}), "`time`")]
#[case(json!({"type": "time", "value": "09:05:00 "}), "`time`")]
#[case(json!({"type": "time", "value": "09:05:00."}), "`time`")]
#[case(json!({"type": "timestamp", "value": "2026-01-31 9:05:00.0"}), "`timestamp`")]
#[case(json!({"type": "timestamptz", "value": "+026-01-31T09:05:00Z"}), "`timestamptz`")]
#[case(json!({"type": "time", "value": "25:00:00"}), "`time`")]
#[case(json!({"type": "time", "value": "23:59:60"}), "`time`")]
#[case(json!({"type": "time", "value": "13:45:00.1234567"}), "`time`")]
#[case(json!({"type": "timestamp", "value": "2026-01-31T13:45:00Z"}), "`timestamp`")]
#[case(json!({"type": "timestamp", "value": "2026-01-31"}), "`timestamp`")]
#[case(json!({"type": "timestamp", "value": "2026-01-3한 13:45:00"}), "`timestamp`")]
#[case(json!({"type": "timestamptz", "value": "2026-01-31 13:45:00"}), "`timestamptz`")]
#[case(json!({"type": "integer", "value": 2147483648_i64}), "32 bits")]
#[case(json!({"type": "integer", "value": "1.5"}), "`integer`")]
#[case(json!({"type": "integer", "value": "+1"}), "`integer`")]
#[case(json!({"type": "bigint", "value": "9223372036854775808"}), "64 bits")]
#[case(json!({"type": "decimal", "value": "1e5"}), "`decimal`")]
#[case(json!({"type": "decimal", "value": "1."}), "`decimal`")]
#[case(json!({"type": "decimal", "value": "--1"}), "`decimal`")]
#[case(json!({"type": "decimal", "value": "123456789012345678901234567890123456789"}), "38 digits")]
#[case(json!({"type": "double", "value": "1e-400"}), "`double`")]
#[case(json!({"type": "double", "value": "-0.001e-999"}), "`double`")]
#[case(json!({"type": "double", "value": "inf"}), "`double`")]
#[case(json!({"type": "double", "value": "NaN"}), "`double`")]
#[case(json!({"type": "double", "value": "1e999"}), "`double`")]
#[case(json!({"type": "boolean", "value": "yes"}), "`boolean`")]
#[case(json!({"type": "boolean", "value": 1}), "`boolean`")]
#[case(json!({"type": "varchar", "value": 1}), "`varchar`")]
#[case(json!({"type": "varchar", "value": ["a"]}), "neither")]
fn what_does_not_fit_is_refused_by_name(#[case] value: Json, #[case] told: &str) {
    let error = read(value).expect_err("it does not fit");
    assert_eq!(error.code(), Code::ParameterInvalid);
    assert!(error.message().starts_with("the parameter `x` "), "{error}");
    assert!(error.message().contains(told), "{error}");
}

#[test]
fn names_are_words() {
    for name in ["a", "_a1", "이름", "fromDate"] {
        let sent = json!({ name: 1 });
        assert!(Parameters::from_json(sent.as_object().expect("it is an object")).is_ok(), "{name}");
    }
    for name in ["", "1a", "a b", "a-b", "a'", "a$", ":a"] {
        let sent = json!({ name: 1 });
        let error = Parameters::from_json(sent.as_object().expect("it is an object")).expect_err("it is no name");
        assert_eq!(error.code(), Code::ParameterInvalid, "{name}");
    }
}

#[test]
fn the_values_are_not_in_the_log() {
    let sent = json!({"secret": "hunter2"});
    let parameters = Parameters::from_json(sent.as_object().expect("it is an object")).expect("it fits");
    assert_eq!(format!("{parameters:?}"), "{\"secret\"}");
}

proptest! {
    #[test]
    fn integers_are_exactly_as_sent(number: i64) {
        let literal = read(json!(number)).expect("it fits");
        prop_assert_eq!(literal.trim_matches(['(', ')']), number.to_string());
    }

    #[test]
    fn decimals_are_exactly_as_sent(digits in "-?[0-9]{1,19}(\\.[0-9]{1,19})?") {
        let literal = read(json!({"type": "decimal", "value": digits})).expect("it fits");
        let expected = format!("CAST('{digits}' AS DECIMAL(");
        prop_assert!(literal.starts_with(&expected));
    }

    #[test]
    fn doubles_come_back_bit_for_bit(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
        let literal = read(json!({"type": "double", "value": number})).expect("it fits");
        let text = literal.strip_prefix("CAST('").and_then(|rest| rest.strip_suffix("' AS DOUBLE PRECISION)"));
        let back: f64 = text.expect("it is cast").parse().expect("it is a number");
        prop_assert_eq!(back.to_bits(), number.to_bits());
    }
}
