//! `ADD_MONTHS`, `LAST_DAY`, `MONTHS_BETWEEN`, `NEXT_DAY` and `TRUNC` of a moment.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use chrono::{Datelike, Days, Months, NaiveDate};
use datafusion::error::Result as EngineResult;
use outflow_core::Result;
use sqlparser::ast::{Expr, Function, FunctionArguments};

use super::moment::{as_moment, micros};
use super::part::{DAY, Part, civil, microseconds};
use super::pattern::DAYS;
use super::rowwise::{Rowwise, as_text, as_whole, failed, wrong};
use super::tree::{arguments, call};

pub(super) const FUNCTIONS: &[Rowwise] = &[
    Rowwise {
        name: "word_add_months",
        takes: |types| match types {
            [moment, count] => Ok(vec![as_timestamp("add_months", moment)?, as_whole("add_months", count)?]),
            _ => Err(wrong("add_months", "takes 2 arguments")),
        },
        gives: |types| types.first().cloned().unwrap_or(DataType::Null),
        compute: add_months,
    },
    Rowwise {
        name: "word_last_day",
        takes: |types| types.iter().map(|moment| as_timestamp("last_day", moment)).collect(),
        gives: |_| DataType::Date32,
        compute: |columns| {
            let [moments] = columns else { return Err(wrong("last_day", "takes one argument")) };
            let moments = micros(moments);
            let days = moments.iter().map(|moment| moment.map(|moment| date_of(last_day(moment), "last_day")).transpose());
            Ok(Arc::new(days.collect::<EngineResult<Date32Array>>()?))
        },
    },
    Rowwise {
        name: "word_months_between",
        takes: |types| types.iter().map(|moment| as_timestamp("months_between", moment)).collect(),
        gives: |_| DataType::Float64,
        compute: |columns| {
            let [later, earlier] = columns else { return Err(wrong("months_between", "takes 2 arguments")) };
            let (later, earlier) = (micros(later), micros(earlier));
            let months = later.iter().zip(&earlier).map(|(later, earlier)| {
                let Some((later, earlier)) = later.zip(earlier) else { return Ok(None) };
                months_between(later, earlier).map(Some).ok_or_else(|| failed("months_between", "finds a moment out of range"))
            });
            Ok(Arc::new(months.collect::<EngineResult<Float64Array>>()?))
        },
    },
    Rowwise {
        name: "word_next_day",
        takes: |types| match types {
            [moment, day] => Ok(vec![as_timestamp("next_day", moment)?, as_text("next_day", day)?]),
            _ => Err(wrong("next_day", "takes 2 arguments")),
        },
        gives: |_| DataType::Date32,
        compute: next_day,
    },
    Rowwise {
        name: "word_trunc",
        takes: |types| types.iter().map(truncated_type).collect(),
        gives: |types| types.first().cloned().unwrap_or(DataType::Null),
        compute: truncated,
    },
];

/// What the call means; `None` for a `trunc` of two arguments, which the engine has.
///
/// # Errors
/// `query_invalid`.
pub(super) fn translated(name: &str, function: &mut Function) -> Result<Option<Expr>> {
    if name == "trunc" && matches!(&function.args, FunctionArguments::List(list) if list.args.len() != 1) {
        return Ok(None);
    }
    let takes = if matches!(name, "last_day" | "trunc") { 1 } else { 2 };
    Ok(Some(call(&format!("word_{name}"), arguments(function, takes..=takes)?)))
}

fn as_timestamp(word: &str, data_type: &DataType) -> EngineResult<DataType> {
    match as_moment(word, data_type)? {
        DataType::Time64(_) => Err(wrong(word, "takes a date or a timestamp and no time of a day")),
        moment => Ok(moment),
    }
}

/// The last day of the month stays the last one.
fn add_months(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [moments, counts] = columns else { return Err(wrong("add_months", "takes 2 arguments")) };
    let base = micros(moments);
    let added = base.iter().zip(counts.as_primitive::<Int64Type>()).map(|(moment, count)| {
        let Some((moment, count)) = moment.zip(count) else { return Ok(None) };
        let is_last = last_day(moment).is_some_and(|last| civil(moment).is_some_and(|time| time.date() == last));
        let added = Part::Month.add(count, moment).and_then(|added| match is_last {
            true => microseconds(last_day(added)?.and_time(civil(added)?.time())),
            false => Some(added),
        });
        added.map(Some).ok_or_else(|| failed("add_months", "comes to a moment out of range"))
    });
    let added: Int64Array = added.collect::<EngineResult<_>>()?;
    let zone = match moments.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => zone.clone(),
        _ => None,
    };
    Ok(Arc::new(added.reinterpret_cast::<TimestampMicrosecondType>().with_timezone_opt(zone)))
}

fn last_day(moment: i64) -> Option<NaiveDate> {
    let first = civil(moment)?.date().with_day(1)?;
    first.checked_add_months(Months::new(1))?.checked_sub_days(Days::new(1))
}

fn date_of(date: Option<NaiveDate>, word: &str) -> EngineResult<i32> {
    let moment = date.and_then(|date| microseconds(date.and_time(chrono::NaiveTime::MIN)));
    let days = moment.and_then(|moment| i32::try_from(moment.div_euclid(DAY)).ok());
    days.ok_or_else(|| failed(word, "comes to a date out of range"))
}

/// Whole months between the same days or the last ones of their months; else the rest in months of 31 days.
#[allow(clippy::cast_precision_loss, reason = "a double is what Redshift gives")]
fn months_between(later: i64, earlier: i64) -> Option<f64> {
    let (one, other) = (civil(later)?, civil(earlier)?);
    let months = Part::Month.index(later)? - Part::Month.index(earlier)?;
    let are_last = last_day(later)? == one.date() && last_day(earlier)? == other.date();
    if one.day() == other.day() || are_last {
        return Some(months as f64);
    }
    let within = |moment: i64, day: u32| i64::from(day) * DAY + moment.rem_euclid(DAY);
    Some(months as f64 + (within(later, one.day()) - within(earlier, other.day())) as f64 / (31 * DAY) as f64)
}

fn next_day(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [moments, days] = columns else { return Err(wrong("next_day", "takes 2 arguments")) };
    let moments = micros(moments);
    let found = moments.iter().zip(days.as_string::<i32>()).map(|(moment, day)| {
        let Some((moment, day)) = moment.zip(day) else { return Ok(None) };
        let wanted =
            weekday(day).ok_or_else(|| failed("next_day", &format!("does not know the day `{}`", super::text::shown(day))))?;
        let date = civil(moment).map(|time| time.date());
        let next = date.and_then(|date| {
            let distance = (wanted + 6 - u64::from(date.weekday().num_days_from_sunday())) % 7 + 1;
            date.checked_add_days(Days::new(distance))
        });
        date_of(next, "next_day").map(Some)
    });
    Ok(Arc::new(found.collect::<EngineResult<Date32Array>>()?))
}

/// The day of that name or abbreviation, from Sunday on.
fn weekday(name: &str) -> Option<u64> {
    let name = name.trim().to_ascii_lowercase();
    let is_short = |full: &str| match name.len() {
        1 => matches!(name.as_str(), "m" | "w" | "f"),
        2 | 3 => true,
        4 => name == "tues",
        5 => name == "thurs",
        _ => name.len() == full.len(),
    };
    (0..).zip(DAYS).find(|(_, full)| full.to_ascii_lowercase().starts_with(&name) && is_short(full)).map(|(place, _)| place)
}

fn truncated_type(data_type: &DataType) -> EngineResult<DataType> {
    use DataType::*;
    Ok(match data_type {
        Date32 | Date64 | Timestamp(..) => Date32,
        whole if whole.is_integer() => whole.clone(),
        Float16 | Float32 => Float32,
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) => {
            Decimal128(*precision, *scale)
        }
        Null | Float64 | Utf8 | LargeUtf8 | Utf8View => Float64,
        other => return Err(wrong("trunc", &format!("takes a number, a date or a timestamp, and this is {other}"))),
    })
}

/// Moments have become dates already, and whole numbers are what they are.
fn truncated(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [values] = columns else { return Err(wrong("trunc", "takes one argument")) };
    Ok(match values.data_type() {
        DataType::Float32 => Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::trunc)),
        DataType::Float64 => Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::trunc)),
        DataType::Decimal128(precision, scale) if *scale > 0 => {
            let unit = 10_i128.pow(u32::from(scale.unsigned_abs()));
            let whole = values.as_primitive::<Decimal128Type>().unary::<_, Decimal128Type>(|value| value - value % unit);
            Arc::new(whole.with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Date32 => Arc::new(values.as_primitive::<Date32Type>().clone()),
        _ => Arc::clone(values),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_names_and_some_abbreviations() {
        for (name, day) in [
            ("Sunday", Some(0)),
            ("m", Some(1)),
            ("TUES", Some(2)),
            ("we", Some(3)),
            ("thurs", Some(4)),
            ("Fri", Some(5)),
            ("sa", Some(6)),
            ("s", None),
            ("thur", None),
            ("", None),
        ] {
            assert_eq!(weekday(name), day, "{name}");
        }
    }
}
