//! The names of columns that the query gives none: those that Redshift gives them. The engine's own would be expressions in its words.

use std::collections::HashSet;

use super::word::is_sysdate;
use sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, Value};

/// Names the columns of a query and of everything in its FROM and WITH, whose columns may become the result's. A name that is taken already
/// gets a number, since files cannot have two columns of one name. Subqueries within expressions are left alone: nobody sees their names.
pub(super) fn name_outputs(query: &mut Query) {
    for table in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
        name_outputs(&mut table.query);
    }
    name_body(&mut query.body);
}

fn name_body(body: &mut SetExpr) {
    match body {
        SetExpr::Query(inner) => name_outputs(inner),
        SetExpr::SetOperation { left, right, .. } => {
            name_body(left);
            name_body(right);
        }
        SetExpr::Select(select) => name_select(select),
        _ => {}
    }
}

fn name_select(select: &mut Select) {
    name_projection(&mut select.projection);
    select.from.iter_mut().for_each(name_tables);
}

fn name_tables(tables: &mut TableWithJoins) {
    name_factor(&mut tables.relation);
    tables.joins.iter_mut().for_each(|join| name_factor(&mut join.relation));
}

fn name_factor(factor: &mut TableFactor) {
    match factor {
        TableFactor::Derived { subquery, .. } => name_outputs(subquery),
        TableFactor::NestedJoin { table_with_joins, .. } => name_tables(table_with_joins),
        _ => {}
    }
}

fn name_projection(projection: &mut [SelectItem]) {
    let mut taken: HashSet<String> = projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
            SelectItem::UnnamedExpr(expr @ Expr::Identifier(name)) if !is_sysdate(expr) => Some(folded(name)),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => names.last().map(folded),
            _ => None,
        })
        .collect();
    for item in projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && !is_sysdate(expr) {
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
        Expr::Nested(inner)
        | Expr::Cast { expr: inner, .. }
        | Expr::Convert { expr: inner, .. }
        | Expr::Collate { expr: inner, .. } => natural_name(inner),
        Expr::Identifier(name) => folded(name),
        Expr::CompoundIdentifier(names) => names.last().map(folded).unwrap_or_else(|| UNNAMED.to_owned()),
        Expr::Function(function) => match function.name.0.last().and_then(|part| part.as_ident()) {
            Some(name) => name_of_call(folded(name)),
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

/// Some functions are others within Redshift, and their columns have those names.
fn name_of_call(function: String) -> String {
    let name = match function.as_str() {
        "dateadd" => "date_add",
        "datediff" => "date_diff",
        "date_part" => "pgdate_part",
        "decode" => "case",
        _ => return function,
    };
    name.to_owned()
}

const UNNAMED: &str = "?column?";

#[cfg(test)]
mod tests {
    use super::super::query::parse;
    use super::*;

    fn named(text: &str) -> String {
        let mut query = parse(text).unwrap();
        name_outputs(&mut query);
        query.to_string()
    }

    #[test]
    fn columns_without_a_name_get_redshifts() {
        assert_eq!(
            named("SELECT 1, a, t.b, Count(*), 2 FROM t"),
            r#"SELECT 1 AS "?column?", a, t.b, Count(*) AS "count", 2 AS "?column?_2" FROM t"#
        );
        assert_eq!(
            named("SELECT max(a), max(b), c AS max FROM t"),
            r#"SELECT max(a) AS "max_2", max(b) AS "max_3", c AS max FROM t"#
        );
        assert_eq!(named("SELECT a::int FROM t"), r#"SELECT a::INT AS "a" FROM t"#);
        assert_eq!(named("SELECT * FROM (SELECT sum(a) FROM t) AS q"), r#"SELECT * FROM (SELECT sum(a) AS "sum" FROM t) AS q"#);
        assert_eq!(named("SELECT 1 UNION ALL SELECT 2"), r#"SELECT 1 AS "?column?" UNION ALL SELECT 2 AS "?column?""#);
    }

    #[test]
    fn columns_of_tables_that_the_query_makes_are_named_and_those_of_conditions_are_not() {
        assert_eq!(
            named("WITH q AS (SELECT count(*), sum(v) FROM t) SELECT * FROM q"),
            r#"WITH q AS (SELECT count(*) AS "count", sum(v) AS "sum" FROM t) SELECT * FROM q"#
        );
        assert_eq!(
            named("SELECT q.* FROM (t JOIN (SELECT max(a) FROM u) AS q ON true) WHERE a IN (SELECT b + 1 FROM v)"),
            r#"SELECT q.* FROM (t JOIN (SELECT max(a) AS "max" FROM u) AS q ON true) WHERE a IN (SELECT b + 1 FROM v)"#
        );
    }
}
