//! Refuses queries that are short and unfold to something endless: the engine writes what a column stands for wherever an outer query names
//! it, and so a column that doubles in each of thirty queries around one another would take all memory before anything could be cancelled.

use std::ops::ControlFlow;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};
use outflow_core::{Code, Error};
use sqlparser::ast::{Expr as SqlExpr, FunctionArguments, Query, visit_expressions};

/// The parts of an expression, all unfolded. The engine plans such a one in a second or two.
const PARTS: u64 = 30_000;

/// The fields of a column's type, those within one another counted.
const FIELDS: usize = 1_000;

/// Looks at a plan that is not yet optimised.
///
/// # Errors
/// `sql_too_complex`.
pub(super) fn refuse_unfolding(plan: &LogicalPlan) -> Result<()> {
    parts_of_columns(plan).map(|_| ())
}

/// How many parts each column of the plan has, unfolded as far as the engine may do it.
fn parts_of_columns(plan: &LogicalPlan) -> Result<Vec<u64>> {
    let children = plan.inputs().into_iter().map(parts_of_columns).collect::<Result<Vec<_>>>()?;
    let parts: &[u64] = children.first().map_or(&[], Vec::as_slice);
    let schema = match plan.inputs().as_slice() {
        [input] => Some(input.schema().as_ref()),
        _ => None,
    };
    let own = plan.expressions().iter().map(|expr| parts_of(expr, schema, parts)).collect::<Result<Vec<_>>>()?;
    Ok(match plan {
        LogicalPlan::Projection(_) => own,
        LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Repartition(_) => parts.to_vec(),
        LogicalPlan::Union(_) => (0..plan.schema().fields().len())
            .map(|column| children.iter().filter_map(|parts| parts.get(column)).copied().max().unwrap_or(1))
            .collect(),
        // Nothing is unfolded through these.
        _ => vec![1; plan.schema().fields().len()],
    })
}

/// Refuses a query whose types may double at every level, which the engine would compare as a whole: none has more fields than the numbers of
/// what its structures are made of, multiplied.
///
/// # Errors
/// `sql_too_complex`.
pub(super) fn refuse_wide_types(query: &Query) -> outflow_core::Result<()> {
    let mut fields = 1_usize;
    let _ = visit_expressions(query, |expr| {
        fields = fields.saturating_mul(made_of(expr).max(1));
        ControlFlow::<()>::Continue(())
    });
    if fields > FIELDS {
        let message = format!("the query makes structures that may come to more than {FIELDS} fields in one another; make fewer");
        return Err(Error::new(Code::SqlTooComplex, message));
    }
    Ok(())
}

/// Of how many values an expression makes a structure.
fn made_of(expr: &SqlExpr) -> usize {
    match expr {
        SqlExpr::Tuple(values) if !values.iter().all(|value| matches!(value, SqlExpr::Value(_))) => values.len(),
        SqlExpr::Struct { values, .. } => values.len(),
        SqlExpr::Dictionary(fields) => fields.len(),
        SqlExpr::Function(function) => {
            let name = function.name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.to_ascii_lowercase());
            match (name.as_deref(), &function.args) {
                (Some("named_struct"), FunctionArguments::List(list)) => list.args.len() / 2,
                (Some("struct" | "row"), FunctionArguments::List(list)) => list.args.len(),
                _ => 1,
            }
        }
        _ => 1,
    }
}

fn parts_of(expr: &Expr, schema: Option<&DFSchema>, parts: &[u64]) -> Result<u64> {
    let of_column = |column: &Column| {
        let index = schema.and_then(|schema| schema.maybe_index_of_column(column));
        index.and_then(|index| parts.get(index)).copied().unwrap_or(1)
    };
    let mut sum = 0_u64;
    expr.apply(|part| {
        sum = sum.saturating_add(match part {
            Expr::Column(column) => of_column(column),
            Expr::ScalarSubquery(subquery) => {
                refuse_unfolding(&subquery.subquery)?;
                1
            }
            Expr::InSubquery(within) => {
                refuse_unfolding(&within.subquery.subquery)?;
                1
            }
            Expr::Exists(exists) => {
                refuse_unfolding(&exists.subquery.subquery)?;
                1
            }
            _ => 1,
        });
        Ok(TreeNodeRecursion::Continue)
    })?;
    if sum > PARTS {
        let message = "a column becomes too long an expression when the queries within one another are put together; use it less often in each";
        return Err(DataFusionError::External(Box::new(Error::new(Code::SqlTooComplex, message))));
    }
    Ok(sum)
}
