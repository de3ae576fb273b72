//! `NVL`, `NVL2`, `DECODE` and `CONVERT(type, value)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::DataType;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use outflow_core::Result;
use sqlparser::ast::{Expr, Function, FunctionArguments};

use super::rowwise::{Rowwise, wrong};
use super::tree::{arguments, call, case, invalid, is_value, nested, number, take};

pub(super) const FUNCTIONS: &[Rowwise] =
    &[Rowwise { name: "word_decode", takes: one_type, gives: |_| DataType::Int32, compute: first_match }];

/// What the call means; `None` for the engine's own `decode`, which has two arguments.
///
/// # Errors
/// `query_invalid`.
pub(super) fn translated(name: &str, function: &mut Function) -> Result<Option<Expr>> {
    match name {
        "nvl" => Ok(Some(call("coalesce", arguments(function, 1..=usize::MAX)?))),
        "nvl2" => {
            let mut arguments = arguments(function, 3..=3)?.into_iter();
            let (value, present, absent) = (arguments.next(), arguments.next(), arguments.next());
            let is_there = value.map(|value| Expr::IsNotNull(Box::new(nested(value))));
            Ok(is_there.zip(present).map(|branch| nested(case(None, vec![branch], absent))))
        }
        _ => {
            let is_the_engines = matches!(&function.args, FunctionArguments::List(list) if list.args.len() == 2);
            if is_the_engines { Ok(None) } else { arguments(function, 3..=usize::MAX).map(decoded).map(Some) }
        }
    }
}

/// `decode(value, search, result, …, otherwise)`. NULL finds NULL, which a `CASE` does only with a function that tells the place. The value is in
/// the tree once, whatever it is.
fn decoded(arguments: Vec<Expr>) -> Expr {
    let mut arguments = arguments.into_iter();
    let value = arguments.next().unwrap_or_else(super::tree::null);
    let (mut searches, mut results, mut otherwise) = (Vec::new(), Vec::new(), None);
    while let Some(search) = arguments.next() {
        match arguments.next() {
            Some(result) => {
                searches.push(search);
                results.push(result);
            }
            None => otherwise = Some(search),
        }
    }
    if searches.iter().all(is_value) {
        return nested(case(Some(value), searches.into_iter().zip(results).collect(), otherwise));
    }
    let found = call("word_decode", std::iter::once(value).chain(searches).collect());
    let branches = results.into_iter().enumerate().map(|(place, result)| (number(place + 1), result));
    nested(case(Some(found), branches.collect(), otherwise))
}

/// All of the arguments in one type in which they can be compared.
fn one_type(types: &[DataType]) -> EngineResult<Vec<DataType>> {
    let mut common = types.first().cloned().unwrap_or(DataType::Null);
    for other in types {
        common = comparison_coercion(&common, other)
            .ok_or_else(|| wrong("decode", &format!("cannot compare {common} with {other}; cast one of them")))?;
    }
    let common = if common == DataType::Null { DataType::Utf8 } else { common };
    Ok(vec![common; types.len()])
}

/// The place of the first search, from 1, that the value is not distinct from; NULL when there is none.
fn first_match(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let Some((value, searches)) = columns.split_first() else { return Err(wrong("decode", "takes 3 arguments")) };
    let mut found: Vec<Option<i32>> = vec![None; value.len()];
    for (place, search) in (1..).zip(searches) {
        let same = not_distinct(value, search)?;
        for (row, found) in found.iter_mut().enumerate() {
            if found.is_none() && same.value(row) {
                *found = Some(place);
            }
        }
    }
    Ok(Arc::new(Int32Array::from(found)))
}

/// `CONVERT(type, value)` as a cast.
///
/// # Errors
/// `query_invalid` for its other forms, which Redshift does not have.
pub(super) fn converted(expr: &mut Expr) -> Result<Expr> {
    match expr {
        Expr::Convert { is_try: false, expr, data_type: Some(data_type), charset: None, target_before_value: true, styles }
            if styles.is_empty() =>
        {
            Ok(super::tree::cast(take(expr), data_type.clone()))
        }
        _ => Err(invalid("CONVERT takes a type and a value, as in `CONVERT(integer, a)`")),
    }
}
