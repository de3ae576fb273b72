//! `TO_CHAR`, `TO_DATE`, `TO_TIMESTAMP` and `TO_NUMBER` with Redshift's patterns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringBuilder};
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Date32Type, Decimal128Type, Float64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::Result as EngineResult;
use outflow_core::Result;
use sqlparser::ast::{DataType as SqlType, ExactNumberInfo, Expr, Function, FunctionArguments, Value};

use super::numeral::{self, Numeral};
use super::part::DAY;
use super::pattern::{Item, items};
use super::read::{read, refusal};
use super::rowwise::{Rowwise, as_text, failed, texts, wrong};
use super::tree::{arguments, call, cast, plain_text, refused};
use super::written::write;

pub(super) const FUNCTIONS: &[Rowwise] = &[
    Rowwise { name: "word_to_char", takes: value_and_pattern, gives: |_| DataType::Utf8, compute: to_char },
    Rowwise {
        name: "word_to_date",
        takes: |types| text_and_pattern("to_date", types),
        gives: |_| DataType::Date32,
        compute: to_date,
    },
    Rowwise {
        name: "word_to_timestamp",
        takes: |types| text_and_pattern("to_timestamp", types),
        gives: |_| DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        compute: |columns| {
            let moments = moments("to_timestamp", columns)?;
            Ok(Arc::new(moments.reinterpret_cast::<TimestampMicrosecondType>().with_timezone("+00:00")))
        },
    },
    Rowwise { name: "word_to_number", takes: |types| texts("to_number", types), gives: |_| DataType::Utf8, compute: to_number },
];

/// What the call means; `None` for the engine's own `to_timestamp`, which has no pattern.
///
/// # Errors
/// `query_invalid`, for a pattern in the query that is unknown too.
pub(super) fn translated(name: &str, function: &mut Function) -> Result<Option<Expr>> {
    let count = match &function.args {
        FunctionArguments::List(list) => list.args.len(),
        _ => 0,
    };
    if name == "to_timestamp" && count == 1 {
        return Ok(None);
    }
    let takes_flag = matches!(name, "to_date" | "to_timestamp");
    let mut given = arguments(function, 2..=if takes_flag { 3 } else { 2 })?;
    let pattern = given.get(1).and_then(plain_text).map(str::to_owned);
    let wrong = pattern.as_deref().and_then(|pattern| match name {
        "to_char" => unknown_to_both(pattern),
        "to_number" => Numeral::new(pattern).err(),
        _ => readable(pattern).err(),
    });
    if let Some(wrong) = wrong {
        return Err(refused(function, &wrong));
    }
    match name {
        "to_number" => {
            let numeral = pattern.and_then(|pattern| Numeral::new(&pattern).ok());
            let Some(numeral @ Numeral::Digits(_)) = numeral else {
                return Err(refused(function, "takes a pattern of digits that is a text in the query"));
            };
            let (left, right) = numeral.places();
            let info = ExactNumberInfo::PrecisionAndScale((left + right) as u64, right as i64);
            Ok(Some(cast(call("word_to_number", given), SqlType::Decimal(info))))
        }
        "to_char" => Ok(Some(call("word_to_char", given))),
        _ => {
            if given.len() == 2 {
                given.push(Expr::Value(Value::Boolean(false).into()));
            }
            Ok(Some(call(&format!("word_{name}"), given)))
        }
    }
}

/// What is wrong with a pattern that is neither one of dates nor one of numbers.
fn unknown_to_both(pattern: &str) -> Option<String> {
    let wrong = items(pattern).err()?;
    Numeral::new(pattern).err().map(|_| wrong)
}

fn readable(pattern: &str) -> std::result::Result<Vec<Item>, String> {
    let items = items(pattern)?;
    refusal(&items).map_or(Ok(items), |why| Err(why.to_owned()))
}

fn value_and_pattern(types: &[DataType]) -> EngineResult<Vec<DataType>> {
    use DataType::*;
    let [value, pattern] = types else { return Err(wrong("to_char", "takes 2 arguments")) };
    let value = match value {
        Null | Date32 | Date64 | Timestamp(_, None) => Timestamp(TimeUnit::Microsecond, None),
        Timestamp(_, Some(_)) => Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        whole if whole.is_integer() => Decimal128(DECIMAL128_MAX_PRECISION, 0),
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) => {
            Decimal128(*precision, *scale)
        }
        Float16 | Float32 | Float64 => Float64,
        other => {
            let why = format!("takes a date, a timestamp or a number, and this is {other}; cast it to one of them");
            return Err(wrong("to_char", &why));
        }
    };
    Ok(vec![value, as_text("to_char", pattern)?])
}

fn text_and_pattern(word: &str, types: &[DataType]) -> EngineResult<Vec<DataType>> {
    match types {
        [text, pattern, DataType::Boolean | DataType::Null] => {
            Ok(vec![as_text(word, text)?, as_text(word, pattern)?, DataType::Boolean])
        }
        _ => Err(wrong(word, "takes a text, a pattern, and whether it is strict")),
    }
}

/// What patterns become, the last of them kept: most columns of patterns are one.
struct Patterns<'a, T> {
    patterns: &'a StringArray,
    parse: fn(&str) -> std::result::Result<T, String>,
    last: Option<(&'a str, T)>,
}

impl<'a, T> Patterns<'a, T> {
    fn new(patterns: &'a ArrayRef, parse: fn(&str) -> std::result::Result<T, String>) -> Self {
        Self { patterns: patterns.as_string(), parse, last: None }
    }

    fn at(&mut self, word: &str, row: usize) -> EngineResult<&T> {
        let pattern = self.patterns.value(row);
        let known = match self.last.take() {
            Some((last, parsed)) if last == pattern => parsed,
            _ => (self.parse)(pattern).map_err(|why| failed(word, &why))?,
        };
        Ok(&self.last.insert((pattern, known)).1)
    }
}

fn to_char(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [values, patterns] = columns else { return Err(wrong("to_char", "takes 2 arguments")) };
    match values.data_type() {
        DataType::Timestamp(..) => {
            let moments = values.as_primitive::<TimestampMicrosecondType>().values();
            let mut known = Patterns::new(patterns, items);
            written(columns, |row| {
                let items = known.at("to_char", row)?;
                write(items, moments[row]).ok_or_else(|| failed("to_char", "finds a moment out of range"))
            })
        }
        DataType::Float64 => {
            let numbers = values.as_primitive::<Float64Type>().values();
            let mut known = Patterns::new(patterns, Numeral::new);
            written(columns, |row| {
                let (numeral, number) = (known.at("to_char", row)?, numbers[row]);
                if !number.is_finite() {
                    return Err(failed("to_char", "writes no infinite number"));
                }
                let places = numeral.places().1;
                let text = format!("{:.places$}", number.abs());
                let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
                Ok(numeral.write(number < 0.0, whole.trim_start_matches('0'), fraction))
            })
        }
        DataType::Decimal128(_, scale) => {
            let numbers = values.as_primitive::<Decimal128Type>().values();
            let scale = usize::from(scale.unsigned_abs());
            let mut known = Patterns::new(patterns, Numeral::new);
            written(columns, |row| {
                let (numeral, number) = (known.at("to_char", row)?, numbers[row]);
                let (whole, fraction) = rounded(number.unsigned_abs(), scale, numeral.places().1);
                Ok(numeral.write(number < 0, &whole, &fraction))
            })
        }
        _ => Err(wrong("to_char", "takes a date, a timestamp or a number")),
    }
}

/// One text for each row in which nothing is NULL.
fn written(columns: &[ArrayRef], mut write: impl FnMut(usize) -> EngineResult<String>) -> EngineResult<ArrayRef> {
    let rows = columns.first().map_or(0, |column| column.len());
    let mut texts = StringBuilder::new();
    for row in 0..rows {
        match columns.iter().any(|column| column.is_null(row)) {
            true => texts.append_null(),
            false => texts.append_value(write(row)?),
        }
    }
    Ok(Arc::new(texts.finish()))
}

/// The digits of a decimal before the point, without zeros in front, and so many behind it; halves are rounded away from zero.
fn rounded(number: u128, scale: usize, places: usize) -> (String, String) {
    let cut = u32::try_from(scale.saturating_sub(places)).unwrap_or_default();
    let unit = 10_u128.pow(cut.min(38));
    let number = number / unit + u128::from(unit > 1 && number % unit >= unit / 2);
    let kept = scale.min(places);
    let digits = format!("{number:0>width$}", width = kept + 1);
    let (whole, fraction) = digits.split_at(digits.len() - kept);
    (whole.trim_start_matches('0').to_owned(), format!("{fraction:0<places$}"))
}

fn moments(word: &str, columns: &[ArrayRef]) -> EngineResult<Int64Array> {
    let [texts, patterns, flags] = columns else { return Err(wrong(word, "takes a text and a pattern")) };
    let (texts, flags) = (texts.as_string::<i32>(), flags.as_boolean());
    let mut known = Patterns::new(patterns, readable);
    let moments = (0..texts.len()).map(|row| {
        if columns.iter().any(|column| column.is_null(row)) {
            return Ok(None);
        }
        let items = known.at(word, row)?;
        read(items, texts.value(row), flags.value(row)).map(Some).map_err(|why| failed(word, &why))
    });
    moments.collect()
}

fn to_date(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let moments = moments("to_date", columns)?;
    let days = moments.try_unary::<_, Date32Type, _>(|moment| {
        i32::try_from(moment.div_euclid(DAY)).map_err(|_| failed("to_date", "comes to a date out of range"))
    })?;
    Ok(Arc::new(days))
}

fn to_number(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [texts, patterns] = columns else { return Err(wrong("to_number", "takes a text and a pattern")) };
    let texts = texts.as_string::<i32>();
    let mut known = Patterns::new(patterns, Numeral::new);
    written(columns, |row| {
        let places = known.at("to_number", row)?.places();
        numeral::read(texts.value(row), places).map_err(|why| failed("to_number", &why))
    })
}
