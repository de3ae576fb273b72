//! `LISTAGG`: the values are gathered by the engine's `array_agg`, in order, and put together here.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result as EngineResult;
use outflow_core::Result;
use sqlparser::ast::{Expr, Function, FunctionArgumentClause, FunctionArguments, Value, ValueWithSpan};

use super::super::growth::LONGEST;
use super::super::text::Cells;
use super::super::text::buffer::Buffer;
use super::rowwise::{Rowwise, as_text, failed, is_text, wrong};
use super::tree::{call, expressions, function as called, plain_text, refused, text};

/// The bytes of the longest delimiter.
const DELIMITER: usize = 100;

pub(super) const FUNCTIONS: &[Rowwise] = &[Rowwise {
    name: "word_listagg",
    takes: |types| match types {
        [list @ DataType::List(element), delimiter] if can_be_written(element.data_type()) => {
            Ok(vec![list.clone(), as_text("listagg", delimiter)?])
        }
        _ => Err(wrong("listagg", "cannot write values of this type; cast them to varchar")),
    },
    // Joins and sorts copy a view and not its text.
    gives: |_| DataType::Utf8View,
    compute: joined_lists,
}];

/// What the call means.
///
/// # Errors
/// `query_invalid`.
pub(super) fn joined(function: &mut Function) -> Result<Expr> {
    if function.over.is_some() {
        // The engine would hold the whole text of a partition once for each of its rows.
        return Err(refused(function, "takes no OVER here; gather the texts with GROUP BY in a query of WITH, and join it"));
    }
    let (values, duplicates) = match &mut function.args {
        FunctionArguments::List(list) if list.clauses.is_empty() => (expressions(&mut list.args), list.duplicate_treatment),
        _ => (None, None),
    };
    let mut values = values.unwrap_or_default().into_iter();
    let (value, delimiter) = match (values.next(), values.next(), values.next()) {
        (Some(value), delimiter, None) => (value, delimiter),
        _ => return Err(refused(function, "takes an expression and a delimiter")),
    };
    let delimiter = match delimiter.as_ref().map(|delimiter| (plain_text(delimiter), delimiter)) {
        None | Some((_, Expr::Value(ValueWithSpan { value: Value::Null, .. }))) => "",
        Some((Some(delimiter), _)) if delimiter.len() <= DELIMITER => delimiter,
        _ => {
            return Err(refused(
                function,
                &format!("takes a delimiter that is a text in the query of at most {DELIMITER} bytes"),
            ));
        }
    };
    let mut gathered = called("array_agg", vec![value]);
    gathered.filter = function.filter.take();
    let order = std::mem::take(&mut function.within_group);
    let clauses = if order.is_empty() { Vec::new() } else { vec![FunctionArgumentClause::OrderBy(order)] };
    if let FunctionArguments::List(list) = &mut gathered.args {
        list.duplicate_treatment = duplicates;
        list.clauses = clauses;
    }
    Ok(call("word_listagg", vec![Expr::Function(gathered), text(delimiter)]))
}

fn can_be_written(data_type: &DataType) -> bool {
    use DataType::*;
    is_text(data_type)
        || matches!(data_type, Boolean | Int16 | Int32 | Int64 | Float32 | Float64 | Decimal128(..) | Date32)
        || matches!(data_type, Timestamp(TimeUnit::Microsecond, _) | Time64(TimeUnit::Microsecond))
}

/// Each list as one text: NULLs and empty texts are passed over, and a list with nothing else is NULL.
fn joined_lists(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [lists, delimiters] = columns else { return Err(wrong("listagg", "takes an expression and a delimiter")) };
    let (lists, delimiters) = (lists.as_list::<i32>(), delimiters.as_string::<i32>());
    let values = match lists.values().data_type() {
        data_type if is_text(data_type) => cast(lists.values(), &DataType::Utf8)?,
        _ => Arc::clone(lists.values()),
    };
    let cells = Cells::new(values.as_ref()).map_err(|error| failed("listagg", error.message()))?;
    let mut joined = StringViewBuilder::new();
    let (mut text, mut value) = (Vec::new(), Buffer::default());
    for row in 0..lists.len() {
        text.clear();
        let mut is_empty = true;
        let offsets = lists.value_offsets();
        let within = if lists.is_null(row) { 0..0 } else { offsets[row] as usize..offsets[row + 1] as usize };
        for place in within.filter(|place| !cells.is_null(*place)) {
            value.clear();
            cells.write(place, &mut value);
            if value.len() == 0 {
                continue;
            }
            if !is_empty {
                text.extend_from_slice(delimiters.value(row).as_bytes());
            }
            text.extend_from_slice(value.written());
            is_empty = false;
            if text.len() as u64 > LONGEST {
                return Err(failed("listagg", &format!("makes a text longer than {LONGEST} bytes, the most that there can be")));
            }
        }
        match std::str::from_utf8(&text) {
            Ok(text) if !is_empty => joined.append_value(text),
            _ => joined.append_null(),
        }
    }
    Ok(Arc::new(joined.finish()))
}
