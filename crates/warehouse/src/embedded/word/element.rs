//! `JSON_ARRAY_LENGTH` and `JSON_EXTRACT_ARRAY_ELEMENT_TEXT`: texts that are JSON arrays.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result as EngineResult;
use outflow_core::Result;
use sqlparser::ast::{Expr, Function, Value};

use super::path::{BLANKS, first_value, text_of, whole_value};
use super::rowwise::{Rowwise, as_text, as_whole, failed, wrong};
use super::text::shown;
use super::tree::{arguments, call};

const LENGTH: &str = "json_array_length";
const ELEMENT: &str = "json_extract_array_element_text";

pub(super) const FUNCTIONS: &[Rowwise] = &[
    Rowwise {
        name: "word_json_array_length",
        takes: |types| match types {
            [text, DataType::Boolean | DataType::Null] => Ok(vec![as_text(LENGTH, text)?, DataType::Boolean]),
            _ => Err(wrong(LENGTH, "takes a text, and whether what is invalid is NULL")),
        },
        gives: |_| DataType::Int32,
        compute: |columns| {
            let [texts, flags] = columns else { return Err(wrong(LENGTH, "takes a text")) };
            let counts = (0..texts.len()).map(|row| {
                if columns.iter().any(|column| column.is_null(row)) {
                    return Ok(None);
                }
                let found = element(texts.as_string::<i32>().value(row), None);
                or_invalid(LENGTH, found.and_then(|(count, _)| i32::try_from(count).ok()), texts, flags, row)
            });
            Ok(Arc::new(counts.collect::<EngineResult<Int32Array>>()?))
        },
    },
    Rowwise {
        name: "word_json_extract_array_element_text",
        takes: |types| match types {
            [text, place, DataType::Boolean | DataType::Null] => {
                Ok(vec![as_text(ELEMENT, text)?, as_whole(ELEMENT, place)?, DataType::Boolean])
            }
            _ => Err(wrong(ELEMENT, "takes a text, a place, and whether what is invalid is NULL")),
        },
        gives: |_| DataType::Utf8,
        compute: |columns| {
            let [texts, places, flags] = columns else { return Err(wrong(ELEMENT, "takes a text and a place")) };
            let elements = (0..texts.len()).map(|row| {
                if columns.iter().any(|column| column.is_null(row)) {
                    return Ok(None);
                }
                let found = element(texts.as_string::<i32>().value(row), Some(places.as_primitive::<Int64Type>().value(row)));
                let found = found.and_then(|(_, element)| element.map_or(Some(None), text_of));
                or_invalid(ELEMENT, found, texts, flags, row).map(Option::flatten)
            });
            Ok(Arc::new(elements.collect::<EngineResult<StringArray>>()?))
        },
    },
];

/// What the call means.
///
/// # Errors
/// `query_invalid`.
pub(super) fn translated(name: &str, function: &mut Function) -> Result<Expr> {
    let least = if name == LENGTH { 1 } else { 2 };
    let mut given = arguments(function, least..=least + 1)?;
    if given.len() == least {
        given.push(Expr::Value(Value::Boolean(false).into()));
    }
    Ok(call(&format!("word_{name}"), given))
}

/// What was found; for a text that is no JSON array NULL where that is wished.
fn or_invalid<T>(word: &str, found: Option<T>, texts: &ArrayRef, flags: &ArrayRef, row: usize) -> EngineResult<Option<T>> {
    match found {
        Some(found) => Ok(Some(found)),
        None if flags.as_boolean().value(row) => Ok(None),
        None => {
            let text = shown(texts.as_string::<i32>().value(row));
            Err(failed(word, &format!("takes a JSON array, and this is none: `{text}`")))
        }
    }
}

/// How many elements the array has, and the one at that place, from 0; `None` for a text that is no JSON array.
fn element(text: &str, wanted: Option<i64>) -> Option<(i64, Option<&str>)> {
    let mut rest = whole_value(text)?.strip_prefix('[')?;
    let (mut count, mut found) = (0, None);
    if rest.trim_start_matches(BLANKS).starts_with(']') {
        return Some((0, None));
    }
    loop {
        let (value, behind) = first_value(rest)?;
        if wanted == Some(count) {
            found = Some(value);
        }
        count += 1;
        match behind.trim_start_matches(BLANKS).strip_prefix(',') {
            Some(behind) => rest = behind,
            None => return Some((count, found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_from_zero() {
        let text = r#" [11, "a,]", [1, 2], {"x": [3]}, null ] "#;
        for (place, expected) in
            [(0, Some("11")), (1, Some("\"a,]\"")), (2, Some("[1, 2]")), (4, Some("null")), (5, None), (-1, None)]
        {
            assert_eq!(element(text, Some(place)), Some((5, expected)), "{place}");
        }
        assert_eq!(element(" [ ] ", Some(0)), Some((0, None)));
        for none in ["", "{}", "1", "[1", "[1,]", "[1] 2"] {
            assert_eq!(element(none, None), None, "{none}");
        }
    }
}
