//! `GETDATE`, `SYSDATE`, `DATEADD`, `DATEDIFF`, `CONVERT_TIMEZONE`, and the names of parts in `DATE_PART`, `DATE_TRUNC` and `EXTRACT`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, PrimitiveArray, StringArray, new_empty_array};
use arrow::datatypes::{DataType, Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::{DataFusionError, Result as EngineResult};
use outflow_core::Result;
use sqlparser::ast::{DataType as SqlType, DateTimeField, Expr, Function, Ident, TimezoneInfo};

use super::part::{DAY, Part, SECOND};
use super::rowwise::{Rowwise, as_text, as_whole, failed, is_text, wrong};
use super::tree::{arguments, call, cast, plain_text, refused, take, text};
use super::zone::Zone;

pub(super) const FUNCTIONS: &[Rowwise] = &[
    Rowwise {
        name: "word_dateadd",
        takes: |types| match types {
            [part, count, moment] => {
                Ok(vec![as_text("dateadd", part)?, as_whole("dateadd", count)?, as_moment("dateadd", moment)?])
            }
            _ => Err(wrong("dateadd", "takes 3 arguments")),
        },
        gives: |types| types.last().cloned().unwrap_or(DataType::Null),
        compute: dateadd,
    },
    Rowwise {
        name: "word_datediff",
        takes: |types| match types {
            [part, from, to] => {
                let moments = [as_moment("datediff", from)?, as_moment("datediff", to)?];
                if moments.iter().filter(|moment| matches!(moment, DataType::Time64(_))).count() == 1 {
                    return Err(wrong("datediff", "takes two dates or two times; cast one of them"));
                }
                let [from, to] = moments;
                Ok(vec![as_text("datediff", part)?, from, to])
            }
            _ => Err(wrong("datediff", "takes 3 arguments")),
        },
        gives: |_| DataType::Int64,
        compute: datediff,
    },
    Rowwise {
        name: "word_date_part",
        takes: |types| part_and_moment("date_part", types),
        gives: |_| DataType::Float64,
        compute: |columns| Ok(Arc::new(Float64Array::from_iter(parts("date_part", columns, complete)?))),
    },
    Rowwise {
        name: "word_extract",
        takes: |types| part_and_moment("extract", types),
        gives: |_| DataType::Int64,
        compute: |columns| Ok(Arc::new(Int64Array::from_iter(parts("extract", columns, Part::of)?))),
    },
    Rowwise {
        name: "word_convert_timezone",
        takes: |types| match types {
            [from, to, moment] => {
                let word = "convert_timezone";
                Ok(vec![as_text(word, from)?, as_text(word, to)?, as_moment(word, moment)?])
            }
            _ => Err(wrong("convert_timezone", "takes 2 to 3 arguments")),
        },
        gives: |_| DataType::Timestamp(TimeUnit::Microsecond, None),
        compute: convert_timezone,
    },
];

/// The moment at which the statement began, as Redshift's `SYSDATE` has it: UTC, without a zone.
pub(super) fn now() -> Expr {
    cast(call("now", Vec::new()), SqlType::Timestamp(Some(6), TimezoneInfo::None))
}

/// What the call means; `None` when the engine takes it as it is.
///
/// # Errors
/// `query_invalid`.
pub(super) fn translated(name: &str, function: &mut Function) -> Result<Option<Expr>> {
    match name {
        "sysdate" => arguments(function, 0..=0).map(|_| Some(now())),
        // It has whole seconds.
        "getdate" => arguments(function, 0..=0).map(|_| Some(call("date_trunc", vec![text("second"), now()]))),
        "convert_timezone" => {
            let mut arguments = arguments(function, 2..=3)?;
            if arguments.len() == 2 {
                arguments.insert(0, text("UTC"));
            }
            Ok(Some(call("word_convert_timezone", arguments)))
        }
        "date_trunc" => {
            let mut given = arguments(function, 2..=2)?;
            let part = given.first().and_then(plain_text).and_then(Part::named);
            if let (Some(part), Some(first)) = (part, given.first_mut()) {
                *first = text(part.name());
            }
            Ok(Some(call("date_trunc", given)))
        }
        _ => {
            let takes = if name == "date_part" { 2 } else { 3 };
            let mut given = arguments(function, takes..=takes)?;
            let Some(first) = given.first_mut() else { return Ok(None) };
            let Some(written) = part_name(first) else {
                return Err(refused(function, "takes the name of a part, such as `day`, in the first place"));
            };
            match Part::named(&written) {
                Some(part) if name == "date_part" || part.is_length() => *first = text(part.name()),
                _ => return Err(refused(function, &format!("does not know the part `{written}`"))),
            }
            Ok(Some(call(&format!("word_{name}"), given)))
        }
    }
}

/// What an `EXTRACT` means; `None` where the engine takes it, under its own name for the part.
///
/// # Errors
/// None today.
pub(super) fn extracted(field: &mut DateTimeField, expr: &mut Expr) -> Result<Option<Expr>> {
    let Some(part) = Part::named(&field.to_string()) else { return Ok(None) };
    Ok(match part {
        Part::Millennium | Part::Century | Part::Decade | Part::Millisecond | Part::Microsecond | Part::Timezone => {
            let extracted = call("word_extract", vec![text(part.name()), take(expr)]);
            Some(cast(extracted, SqlType::Int(None)))
        }
        Part::Epoch => {
            let field = DateTimeField::Epoch;
            let syntax = sqlparser::ast::ExtractSyntax::From;
            let seconds = Expr::Extract { field, syntax, expr: Box::new(take(expr)) };
            Some(cast(call("floor", vec![seconds]), SqlType::BigInt(None)))
        }
        known => {
            *field = DateTimeField::Custom(Ident::new(known.name()));
            None
        }
    })
}

/// The name of a part, bare or as a text.
fn part_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        other => plain_text(other).map(str::to_owned),
    }
}

/// A moment in the type in which it is computed with, a time of a day too.
///
/// # Errors
/// `query_invalid` for what is none.
pub(super) fn as_moment(word: &str, data_type: &DataType) -> EngineResult<DataType> {
    match data_type {
        DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64 => {
            Ok(DataType::Timestamp(TimeUnit::Microsecond, None))
        }
        data_type if is_text(data_type) => Ok(DataType::Timestamp(TimeUnit::Microsecond, None)),
        DataType::Timestamp(_, Some(_)) => Ok(DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))),
        DataType::Time32(_) | DataType::Time64(_) => Ok(DataType::Time64(TimeUnit::Microsecond)),
        other => Err(wrong(word, &format!("takes a date or a time where this is {other}; cast it to timestamp"))),
    }
}

fn part_and_moment(word: &str, types: &[DataType]) -> EngineResult<Vec<DataType>> {
    match types {
        [part, moment] => Ok(vec![as_text(word, part)?, as_moment(word, moment)?]),
        _ => Err(wrong(word, "takes 2 arguments")),
    }
}

/// The microseconds of a column of moments.
pub(super) fn micros(column: &ArrayRef) -> PrimitiveArray<Int64Type> {
    match column.data_type() {
        DataType::Time64(_) => column.as_primitive::<Time64MicrosecondType>().reinterpret_cast(),
        _ => column.as_primitive::<TimestampMicrosecondType>().reinterpret_cast(),
    }
}

/// The part that a call names, in all of its rows.
fn part_of(word: &str, column: &ArrayRef, of: &ArrayRef) -> EngineResult<Part> {
    let name = column.as_string::<i32>().value(0);
    let part = Part::named(name).ok_or_else(|| failed(word, &format!("does not know the part `{name}`")))?;
    let has_it = match of.data_type() {
        DataType::Time64(_) => part.is_within_a_day(),
        DataType::Timestamp(_, zone) => part != Part::Timezone || zone.is_some(),
        _ => true,
    };
    if has_it { Ok(part) } else { Err(failed(word, &format!("finds no {} in this value", part.name()))) }
}

fn out_of_range(word: &str) -> DataFusionError {
    failed(word, "comes to a moment out of range")
}

fn dateadd(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [part, counts, moments] = columns else { return Err(wrong("dateadd", "takes 3 arguments")) };
    if moments.is_empty() {
        return Ok(new_empty_array(moments.data_type()));
    }
    let part = part_of("dateadd", part, moments)?;
    let counts = counts.as_primitive::<Int64Type>();
    let base = micros(moments);
    let added = base.iter().zip(counts).map(|(moment, count)| {
        moment.zip(count).map(|(moment, count)| part.add(count, moment).ok_or_else(|| out_of_range("dateadd"))).transpose()
    });
    let added: Int64Array = added.collect::<EngineResult<_>>()?;
    Ok(match moments.data_type() {
        DataType::Time64(_) => {
            Arc::new(added.unary::<_, Int64Type>(|moment| moment.rem_euclid(DAY)).reinterpret_cast::<Time64MicrosecondType>())
        }
        DataType::Timestamp(_, zone) => {
            Arc::new(added.reinterpret_cast::<TimestampMicrosecondType>().with_timezone_opt(zone.clone()))
        }
        _ => return Err(wrong("dateadd", "takes a date or a time")),
    })
}

fn datediff(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [part, from, to] = columns else { return Err(wrong("datediff", "takes 3 arguments")) };
    if from.is_empty() {
        return Ok(new_empty_array(&DataType::Int64));
    }
    let part = part_of("datediff", part, from)?;
    let (from, to) = (micros(from), micros(to));
    let counted = from.iter().zip(&to).map(|(from, to)| {
        let Some((from, to)) = from.zip(to) else { return Ok(None) };
        let difference = part.index(to).zip(part.index(from)).and_then(|(to, from)| to.checked_sub(from));
        difference.map(Some).ok_or_else(|| out_of_range("datediff"))
    });
    Ok(Arc::new(counted.collect::<EngineResult<Int64Array>>()?))
}

fn parts<T>(word: &str, columns: &[ArrayRef], part_of_moment: fn(Part, i64) -> Option<T>) -> EngineResult<Vec<Option<T>>> {
    let [part, moments] = columns else { return Err(wrong(word, "takes 2 arguments")) };
    if moments.is_empty() {
        return Ok(Vec::new());
    }
    let part = part_of(word, part, moments)?;
    let moments = micros(moments);
    let found = moments
        .iter()
        .map(|moment| moment.map(|moment| part_of_moment(part, moment).ok_or_else(|| out_of_range(word))).transpose());
    found.collect()
}

/// What `DATE_PART` gives: seconds have their fraction.
#[allow(clippy::cast_precision_loss, reason = "a double is what Redshift gives")]
fn complete(part: Part, moment: i64) -> Option<f64> {
    Some(match part {
        Part::Second => moment.rem_euclid(60 * SECOND) as f64 / SECOND as f64,
        Part::Epoch => moment as f64 / SECOND as f64,
        other => other.of(moment)? as f64,
    })
}

fn convert_timezone(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [from, to, moments] = columns else { return Err(wrong("convert_timezone", "takes 3 arguments")) };
    if matches!(moments.data_type(), DataType::Time64(_)) {
        return Err(failed("convert_timezone", "takes a timestamp and no time of a day"));
    }
    let (mut from, mut to) = (Zones::new(from.as_string()), Zones::new(to.as_string()));
    let moments = micros(moments);
    let converted = moments.iter().enumerate().map(|(row, moment)| {
        let (Some(moment), Some(from), Some(to)) = (moment, from.at(row)?, to.at(row)?) else { return Ok(None) };
        let there = from.moment(moment).and_then(|moment| to.time(moment));
        there.map(Some).ok_or_else(|| out_of_range("convert_timezone"))
    });
    let converted: Int64Array = converted.collect::<EngineResult<_>>()?;
    Ok(Arc::new(converted.reinterpret_cast::<TimestampMicrosecondType>()))
}

/// The zones of a column of their names, most of which are one.
struct Zones<'a> {
    names: &'a StringArray,
    last: Option<(&'a str, Zone)>,
}

impl<'a> Zones<'a> {
    fn new(names: &'a StringArray) -> Self {
        Self { names, last: None }
    }

    fn at(&mut self, row: usize) -> EngineResult<Option<Zone>> {
        if self.names.is_null(row) {
            return Ok(None);
        }
        let name = self.names.value(row);
        if let Some((last, zone)) = self.last
            && last == name
        {
            return Ok(Some(zone));
        }
        let zone = Zone::named(name).ok_or_else(|| {
            let why = format!(
                "does not know the time zone `{name}`; write a name such as `Asia/Seoul`, an abbreviation such as `PST`, or an offset to the west such as `GMT+8`"
            );
            failed("convert_timezone", &why)
        })?;
        self.last = Some((name, zone));
        Ok(Some(zone))
    }
}
