//! Turns what Redshift understands and the engine does not into what both do: `TOP`, and the names of columns that have none.
//!
//! The tree is changed in place; no text is made from it.

use std::collections::HashSet;
use std::ops::ControlFlow;

use outflow_core::{Code, Error, Result};
use sqlparser::ast::{
    Expr, Ident, LimitClause, Query, Select, SelectItem, SetExpr, TableFactor, Top, TopQuantity, Value, VisitMut, VisitorMut,
};

/// Changes a query for the engine.
///
/// # Errors
/// `query_invalid` for a `TOP` that Redshift does not have either.
pub(super) fn adapt(query: &mut Query) -> Result<()> {
    match query.visit(&mut TopToLimit) {
        ControlFlow::Break(error) => return Err(error),
        ControlFlow::Continue(()) => name_outputs(query),
    }
    Ok(())
}

/// `SELECT TOP n …` becomes `SELECT … LIMIT n`.
struct TopToLimit;

impl VisitorMut for TopToLimit {
    type Break = Error;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        match query.body.as_mut() {
            SetExpr::Select(select) => {
                let Some(top) = select.top.take() else { return ControlFlow::Continue(()) };
                if query.limit_clause.is_some() || query.fetch.is_some() {
                    return ControlFlow::Break(Error::new(
                        Code::QueryInvalid,
                        "TOP and LIMIT are used together; use one of them",
                    ));
                }
                match limit(top) {
                    Ok(limit) => query.limit_clause = Some(limit),
                    Err(error) => return ControlFlow::Break(error),
                }
                ControlFlow::Continue(())
            }
            body if has_top(body) => {
                let message =
                    "TOP in a part of a UNION, INTERSECT or EXCEPT is not supported; put the part into `SELECT * FROM (…) AS q`";
                ControlFlow::Break(Error::new(Code::QueryInvalid, message))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn limit(top: Top) -> Result<LimitClause> {
    let limit = match top {
        Top { with_ties: false, percent: false, quantity: Some(TopQuantity::Constant(count)) } => {
            Expr::Value(Value::Number(count.to_string(), false).into())
        }
        Top { with_ties: false, percent: false, quantity: Some(TopQuantity::Expr(expr)) } => expr,
        _ => return Err(Error::new(Code::QueryInvalid, "TOP takes a number of rows, without PERCENT and WITH TIES")),
    };
    Ok(LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by: Vec::new() })
}

fn has_top(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.top.is_some(),
        SetExpr::SetOperation { left, right, .. } => has_top(left) || has_top(right),
        _ => false,
    }
}

/// Gives the columns of the result that have no name the one that Redshift gives them. The engine's own would be expressions in its
/// words. A name that is taken already gets a number, since files cannot have two columns of one name.
fn name_outputs(query: &mut Query) {
    let mut body = query.body.as_mut();
    loop {
        match body {
            SetExpr::Query(inner) => body = inner.body.as_mut(),
            SetExpr::SetOperation { left, .. } => body = left.as_mut(),
            SetExpr::Select(select) => {
                name_projection(&mut select.projection);
                if let Some(inner) = only_subquery(select) {
                    name_outputs(inner);
                }
                return;
            }
            _ => return,
        }
    }
}

/// The query behind a plain `SELECT * FROM (…)`, whose columns are the result's.
fn only_subquery(select: &mut Select) -> Option<&mut Query> {
    let is_all = matches!(select.projection.as_slice(), [SelectItem::Wildcard(_)]);
    match select.from.as_mut_slice() {
        [table] if is_all && table.joins.is_empty() => match &mut table.relation {
            TableFactor::Derived { subquery, .. } => Some(subquery),
            _ => None,
        },
        _ => None,
    }
}

fn name_projection(projection: &mut [SelectItem]) {
    let mut taken: HashSet<String> = projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(folded(name)),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => names.last().map(folded),
            _ => None,
        })
        .collect();
    for item in projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            continue;
        }
        let base = natural_name(expr);
        let mut name = base.clone();
        for number in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{base}_{number}");
        }
        let expr = std::mem::replace(expr, Expr::Value(Value::Null.into()));
        *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) };
    }
}

fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_ascii_lowercase() }
}

/// The name that PostgreSQL and Redshift give a column which is no plain column.
fn natural_name(expr: &Expr) -> String {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } | Expr::Collate { expr: inner, .. } => natural_name(inner),
        Expr::Identifier(name) => folded(name),
        Expr::CompoundIdentifier(names) => names.last().map(folded).unwrap_or_else(|| UNNAMED.to_owned()),
        Expr::Function(function) => match function.name.0.last().and_then(|part| part.as_ident()) {
            Some(name) => folded(name),
            None => UNNAMED.to_owned(),
        },
        Expr::Case { .. } => "case".to_owned(),
        Expr::Exists { .. } => "exists".to_owned(),
        Expr::Extract { .. } => "date_part".to_owned(),
        Expr::Substring { .. } => "substring".to_owned(),
        Expr::Trim { .. } => "btrim".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Overlay { .. } => "overlay".to_owned(),
        Expr::Ceil { .. } => "ceil".to_owned(),
        Expr::Floor { .. } => "floor".to_owned(),
        _ => UNNAMED.to_owned(),
    }
}

const UNNAMED: &str = "?column?";

#[cfg(test)]
mod tests {
    use super::super::query::parse;
    use super::*;

    fn adapted(text: &str) -> String {
        let mut query = parse(text).unwrap();
        adapt(&mut query).unwrap();
        query.to_string()
    }

    #[test]
    fn columns_without_a_name_get_redshifts() {
        assert_eq!(
            adapted("SELECT 1, a, t.b, Count(*), 2 FROM t"),
            r#"SELECT 1 AS "?column?", a, t.b, Count(*) AS "count", 2 AS "?column?_2" FROM t"#
        );
        assert_eq!(
            adapted("SELECT max(a), max(b), c AS max FROM t"),
            r#"SELECT max(a) AS "max_2", max(b) AS "max_3", c AS max FROM t"#
        );
        assert_eq!(adapted("SELECT a::int FROM t"), r#"SELECT a::INT AS "a" FROM t"#);
        assert_eq!(adapted("SELECT * FROM (SELECT sum(a) FROM t) AS q"), r#"SELECT * FROM (SELECT sum(a) AS "sum" FROM t) AS q"#);
        assert_eq!(adapted("SELECT 1 UNION ALL SELECT 2"), r#"SELECT 1 AS "?column?" UNION ALL SELECT 2"#);
        assert_eq!(adapted("SELECT a FROM (SELECT sum(a) FROM t) AS q"), "SELECT a FROM (SELECT sum(a) FROM t) AS q");
    }

    #[test]
    fn top_becomes_limit() {
        assert_eq!(
            adapted("SELECT * FROM (SELECT TOP 5 a FROM t ORDER BY a) AS q"),
            "SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 5) AS q"
        );
        for text in
            ["SELECT * FROM (SELECT TOP 5 a FROM t LIMIT 3) AS q", "SELECT * FROM (SELECT TOP 1 a FROM t UNION SELECT 1) AS q"]
        {
            assert_eq!(adapt(&mut parse(text).unwrap()).unwrap_err().code(), Code::QueryInvalid, "{text}");
        }
    }
}
