//! `JSON_EXTRACT_PATH_TEXT`: a value within a text that is JSON, found without building what stands around it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::error::Result as EngineResult;
use outflow_core::Result;
use serde::de::IgnoredAny;
use serde_json::Deserializer;
use sqlparser::ast::{Expr, Function, Value, ValueWithSpan};

use super::rowwise::{Rowwise, failed, texts, wrong};
use super::text::shown;
use super::tree::{arguments, call, refused};

const WORD: &str = "json_extract_path_text";

/// How deep a path goes.
const DEEPEST: usize = 5;

pub(super) const FUNCTIONS: &[Rowwise] = &[Rowwise {
    name: "word_json_path",
    takes: |types| {
        let mut taken = texts(WORD, types.get(1..).unwrap_or_default())?;
        taken.insert(0, DataType::Boolean);
        Ok(taken)
    },
    gives: |_| DataType::Utf8,
    compute: values,
}];

/// What the call means.
///
/// # Errors
/// `query_invalid`.
pub(super) fn translated(_: &str, function: &mut Function) -> Result<Expr> {
    let mut arguments = arguments(function, 2..=DEEPEST + 2)?;
    let is_flag = |expr: &Expr| matches!(expr, Expr::Value(ValueWithSpan { value: Value::Boolean(_), .. }));
    let flag = match arguments.pop() {
        Some(flag) if is_flag(&flag) => flag,
        other => {
            arguments.extend(other);
            Expr::Value(Value::Boolean(false).into())
        }
    };
    if !(2..=DEEPEST + 1).contains(&arguments.len()) {
        return Err(refused(function, &format!("takes a text and 1 to {DEEPEST} names of elements")));
    }
    arguments.insert(0, flag);
    Ok(call("word_json_path", arguments))
}

fn values(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [flags, texts, path @ ..] = columns else { return Err(wrong(WORD, "takes a text and names of elements")) };
    let (flags, texts) = (flags.as_boolean(), texts.as_string::<i32>());
    let path: Vec<&StringArray> = path.iter().map(|names| names.as_string::<i32>()).collect();
    let mut found = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        if columns.iter().any(|column| column.is_null(row)) {
            found.push(None);
            continue;
        }
        let text = texts.value(row);
        match value(text, path.iter().map(|names| names.value(row))) {
            Some(value) => found.push(value),
            None if flags.value(row) => found.push(None),
            None => return Err(failed(WORD, &format!("takes JSON, and this is none: `{}`", shown(text)))),
        }
    }
    Ok(Arc::new(StringArray::from(found)))
}

/// The value at the end of the path, NULL when there is none; `None` for a text that is no JSON.
pub(super) fn value<'p>(text: &str, path: impl Iterator<Item = &'p str>) -> Option<Option<String>> {
    let mut value = whole_value(text)?;
    for name in path {
        match member(value, name)? {
            Some(inner) => value = inner,
            None => return Some(None),
        }
    }
    text_of(value)
}

/// A value as the text that is given for it: a string without its quotes, and NULL for null.
pub(super) fn text_of(value: &str) -> Option<Option<String>> {
    match value.as_bytes().first() {
        Some(b'"') => serde_json::from_str(value).ok().map(Some),
        Some(b'n') => Some(None),
        _ => Some(Some(value.to_owned())),
    }
}

/// The one value that a text is; `None` for a text that is no JSON.
pub(super) fn whole_value(text: &str) -> Option<&str> {
    let (value, rest) = first_value(text)?;
    rest.trim_start_matches(BLANKS).is_empty().then_some(value)
}

pub(super) const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// The value that a text begins with, and what is behind it.
pub(super) fn first_value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(BLANKS);
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    text.split_at_checked(values.byte_offset())
}

/// The value of that name in an object; of two the first.
fn member<'t>(object: &'t str, name: &str) -> Option<Option<&'t str>> {
    let Some(mut rest) = object.strip_prefix('{') else { return Some(None) };
    rest = rest.trim_start_matches(BLANKS);
    if rest.starts_with('}') {
        return Some(None);
    }
    loop {
        let (key, behind) = first_value(rest)?;
        let (value, behind) = first_value(behind.trim_start_matches(BLANKS).strip_prefix(':')?)?;
        if serde_json::from_str::<String>(key).ok()? == name {
            return Some(Some(value));
        }
        match behind.trim_start_matches(BLANKS).strip_prefix(',') {
            Some(behind) => rest = behind,
            None => return Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_as_they_stand() {
        let text =
            r#" {"f2": {"f3": 1}, "f4": {"f5": 99.10, "f6": "st\u0061r\n"}, "a b": [1, {"x": null}], "n": null, "t": true} "#;
        for (path, expected) in [
            (&["f4", "f6"] as &[&str], Some(Some("star\n"))),
            (&["f4", "f5"], Some(Some("99.10"))),
            (&["f2"], Some(Some(r#"{"f3": 1}"#))),
            (&["a b"], Some(Some(r#"[1, {"x": null}]"#))),
            (&["t"], Some(Some("true"))),
            (&["n"], Some(None)),
            (&["F2"], Some(None)),
            (&["f2", "f3", "f4"], Some(None)),
            (&["a b", "0"], Some(None)),
        ] {
            assert_eq!(value(text, path.iter().copied()), expected.map(|found| found.map(str::to_owned)), "{path:?}");
        }
        for broken in ["", "{", r#"{"a": 1"#, r#"{"a": 1} x"#, r#"{a: 1}"#, "'a'", r#"{"a": 01}"#] {
            assert_eq!(value(broken, ["a"].into_iter()), None, "{broken}");
        }
        assert_eq!(value("[1]", ["a"].into_iter()), Some(None));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(value(&deep, ["a"].into_iter()), Some(None), "depth is no trouble");
    }
}
