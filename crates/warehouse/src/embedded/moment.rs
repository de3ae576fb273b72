//! Moments at any time that Redshift knows. The engine compares them with texts, with dates and with what it makes itself in nanoseconds, which
//! end in 2262; here they are compared in Redshift's microseconds.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue, config::ConfigOptions};
use datafusion::error::Result;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Between, BinaryExpr, Cast, Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

/// The rule that gives what stands beside moments their type. It goes before the one that makes types agree.
#[derive(Debug)]
pub(super) struct Moments;

impl AnalyzerRule for Moments {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(with_typed_moments)?.data)
    }

    fn name(&self) -> &str {
        "moments"
    }
}

fn with_typed_moments(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let typed = expr.transform_up(|expr| typed(expr, &schema))?;
        Ok(typed.update_data(|expr| name.restore(expr)))
    })
}

fn typed(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let operands: Vec<&Expr> = match &expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.supports_propagation() => vec![left, right],
        Expr::Between(Between { expr, low, high, .. }) => vec![expr, low, high],
        Expr::InList(InList { expr, list, .. }) => std::iter::once(expr.as_ref()).chain(list).collect(),
        _ => return Ok(Transformed::no(expr)),
    };
    let mut zone = None;
    for operand in operands.iter().filter(|operand| !is_text(operand)) {
        match operand.get_type(schema)? {
            DataType::Timestamp(unit, found) if unit != TimeUnit::Nanosecond => zone = Some(found),
            DataType::Timestamp(..) | DataType::Date32 => {}
            _ => return Ok(Transformed::no(expr)),
        }
    }
    let Some(zone) = zone else { return Ok(Transformed::no(expr)) };
    expr.map_children(|operand| {
        let zone = match operand.get_type(schema)? {
            _ if is_text(&operand) => zone.clone(),
            DataType::Date32 => zone.clone(),
            DataType::Timestamp(TimeUnit::Nanosecond, own) => own,
            _ => return Ok(Transformed::no(operand)),
        };
        let moment = DataType::Timestamp(TimeUnit::Microsecond, zone);
        Ok(Transformed::yes(Expr::Cast(Cast::new(Box::new(operand), moment))))
    })
}

fn is_text(expr: &Expr) -> bool {
    let Expr::Literal(value, _) = expr else { return false };
    matches!(value, ScalarValue::Utf8(Some(_)) | ScalarValue::Utf8View(Some(_)) | ScalarValue::LargeUtf8(Some(_)))
}
