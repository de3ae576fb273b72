//! `RATIO_TO_REPORT`: a value's share of the sum of its partition.

use std::ops::ControlFlow;

use outflow_core::Result;
use sqlparser::ast::{
    BinaryOperator, DataType, ExactNumberInfo, Expr, Function, FunctionArguments, WindowSpec, WindowType, visit_expressions,
};

use super::tree::{call, cast, expressions, function as called, nested, number, refused};

/// The value divided by its sum over the same window, in double precision; NULL where the sum is 0.
///
/// # Errors
/// `query_invalid`.
pub(super) fn ratio(function: &mut Function) -> Result<Expr> {
    let window = function.over.take();
    let values = match &mut function.args {
        FunctionArguments::List(list) if list.duplicate_treatment.is_none() && list.clauses.is_empty() => {
            expressions(&mut list.args)
        }
        _ => None,
    };
    let value = match values.map(<[Expr; 1]>::try_from) {
        Some(Ok([value])) if function.filter.is_none() && function.within_group.is_empty() => value,
        _ => return Err(refused(function, "takes one expression and OVER (PARTITION BY …)")),
    };
    let is_plain = |window: &WindowSpec| window.order_by.is_empty() && window.window_frame.is_none();
    let window = match window {
        Some(WindowType::WindowSpec(window)) if is_plain(&window) => WindowType::WindowSpec(window),
        _ => return Err(refused(function, "takes OVER (PARTITION BY …), without an order and a frame")),
    };
    // What is written twice below must not double with each level.
    let nests = visit_expressions(&value, |expr| match expr {
        Expr::Function(inner) if inner.over.is_some() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    if nests.is_break() {
        return Err(refused(function, "takes no expression with OVER; compute that in a query within"));
    }
    let value = cast(value, DataType::Double(ExactNumberInfo::None));
    let mut sum = called("sum", vec![value.clone()]);
    sum.over = Some(window);
    let right = call("nullif", vec![Expr::Function(sum), number(0)]);
    Ok(nested(Expr::BinaryOp { left: Box::new(value), op: BinaryOperator::Divide, right: Box::new(right) }))
}
