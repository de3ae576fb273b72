//! Turns what Redshift understands and the engine does not into what both do: `TOP` and `FETCH`, moments without a precision, functions
//! under other names, Redshift's own words, and the names of columns that have none.
//!
//! The tree is changed in place; no text is made from it.

use std::ops::ControlFlow;

use outflow_core::{Code, Error, Result};
use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Fetch, Function, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause,
    ObjectNamePart, Query, SetExpr, Top, TopQuantity, TypedString, Value, VisitMut, VisitorMut,
};

use super::cast::cut_texts;
use super::name::name_outputs;
use super::pattern::as_regular_expression;
use super::word;

/// Changes a query for the engine.
///
/// # Errors
/// `query_invalid` for a `TOP` that Redshift does not have either, and for what the engine has no values of.
pub(super) fn adapt(query: &mut Query) -> Result<()> {
    // The names first: they are those of the functions that the query calls.
    name_outputs(query);
    match query.visit(&mut Adapt) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Adapt;

impl VisitorMut for Adapt {
    type Break = Error;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        match top_to_limit(query).and_then(|()| fetch_to_limit(query)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match expr {
            Expr::Cast { data_type, .. } | Expr::Convert { data_type: Some(data_type), .. } => in_microseconds(data_type)?,
            Expr::TypedString(TypedString { data_type, .. }) => in_microseconds(data_type)?,
            Expr::SimilarTo { .. } => match as_regular_expression(expr) {
                Ok(Some(operation)) => *expr = operation,
                Ok(None) => {}
                Err(error) => return ControlFlow::Break(error),
            },
            Expr::Array(_) => return refused("there are no arrays in the embedded warehouse"),
            Expr::Function(function) => {
                if let Some(operation) = renamed(function) {
                    *expr = operation;
                }
            }
            _ => {}
        }
        match word::translate(expr) {
            Ok(()) => {
                cut_texts(expr);
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

fn refused<T>(message: &str) -> ControlFlow<Error, T> {
    ControlFlow::Break(Error::new(Code::QueryInvalid, message))
}

/// Redshift's moments are in microseconds from the year 4713 BC on; the engine's, where nothing is said, end in 2262.
fn in_microseconds(data_type: &mut DataType) -> ControlFlow<Error> {
    match data_type {
        DataType::Timestamp(precision @ None, _) => *precision = Some(6),
        DataType::Custom(name, _) if name.to_string().eq_ignore_ascii_case("super") => {
            return refused("there is no type `super` in the embedded warehouse; cast to `varchar`");
        }
        _ => {}
    }
    ControlFlow::Continue(())
}

/// Gives a function the engine's name for it; `mod` becomes an operator.
fn renamed(function: &mut Function) -> Option<Expr> {
    let [part] = function.name.0.as_mut_slice() else { return None };
    let ObjectNamePart::Identifier(name) = part else { return None };
    match name.value.to_ascii_lowercase().as_str() {
        "ceiling" => name.value = "ceil".to_owned(),
        "sign" => name.value = "signum".to_owned(),
        "mod" => {
            let FunctionArguments::List(list) = &mut function.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(dividend)), FunctionArg::Unnamed(FunctionArgExpr::Expr(divisor))] =
                list.args.as_mut_slice()
            else {
                return None;
            };
            let [left, right] = [dividend, divisor]
                .map(|operand| Box::new(Expr::Nested(Box::new(std::mem::replace(operand, Expr::Value(Value::Null.into()))))));
            let operation = Expr::BinaryOp { left, op: BinaryOperator::Modulo, right };
            return Some(Expr::Nested(Box::new(operation)));
        }
        _ => {}
    }
    None
}

/// `SELECT TOP n …` becomes `SELECT … LIMIT n`.
fn top_to_limit(query: &mut Query) -> Result<()> {
    match query.body.as_mut() {
        SetExpr::Select(select) => {
            let Some(top) = select.top.take() else { return Ok(()) };
            if query.limit_clause.is_some() || query.fetch.is_some() {
                return Err(Error::new(Code::QueryInvalid, "TOP and LIMIT are used together; use one of them"));
            }
            query.limit_clause = Some(limit(top)?);
            Ok(())
        }
        body if has_top(body) => {
            let message =
                "TOP in a part of a UNION, INTERSECT or EXCEPT is not supported; put the part into `SELECT * FROM (…) AS q`";
            Err(Error::new(Code::QueryInvalid, message))
        }
        _ => Ok(()),
    }
}

/// `FETCH FIRST n ROWS ONLY` becomes `LIMIT n`.
fn fetch_to_limit(query: &mut Query) -> Result<()> {
    let count = match query.fetch.take() {
        None => return Ok(()),
        Some(Fetch { with_ties: false, percent: false, quantity }) => quantity.unwrap_or_else(|| number("1".to_owned())),
        Some(_) => return Err(Error::new(Code::QueryInvalid, "FETCH takes a number of rows, without PERCENT and WITH TIES")),
    };
    let clause = query.limit_clause.get_or_insert_with(|| limited(None));
    match clause {
        LimitClause::LimitOffset { limit: limit @ None, .. } => *limit = Some(count),
        _ => return Err(Error::new(Code::QueryInvalid, "FETCH and LIMIT are used together; use one of them")),
    }
    Ok(())
}

fn limit(top: Top) -> Result<LimitClause> {
    let limit = match top {
        Top { with_ties: false, percent: false, quantity: Some(TopQuantity::Constant(count)) } => number(count.to_string()),
        Top { with_ties: false, percent: false, quantity: Some(TopQuantity::Expr(expr)) } => expr,
        _ => return Err(Error::new(Code::QueryInvalid, "TOP takes a number of rows, without PERCENT and WITH TIES")),
    };
    Ok(limited(Some(limit)))
}

fn limited(limit: Option<Expr>) -> LimitClause {
    LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() }
}

fn number(digits: String) -> Expr {
    Expr::Value(Value::Number(digits, false).into())
}

fn has_top(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.top.is_some(),
        SetExpr::SetOperation { left, right, .. } => has_top(left) || has_top(right),
        _ => false,
    }
}

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
    fn fetch_becomes_limit() {
        assert_eq!(adapted("SELECT a FROM t FETCH FIRST 2 ROWS ONLY"), "SELECT a FROM t LIMIT 2");
        assert_eq!(adapted("SELECT a FROM t OFFSET 3 ROWS FETCH NEXT ROW ONLY"), "SELECT a FROM t LIMIT 1 OFFSET 3 ROWS");
        for text in ["SELECT a FROM t FETCH FIRST 2 ROWS WITH TIES", "SELECT a FROM t LIMIT 1 FETCH FIRST 2 ROWS ONLY"] {
            assert_eq!(adapt(&mut parse(text).unwrap()).unwrap_err().code(), Code::QueryInvalid, "{text}");
        }
    }

    #[test]
    fn functions_have_the_engines_names_and_columns_redshifts() {
        assert_eq!(
            adapted("SELECT Mod(a + 1, 2), ceiling(a), sign(a) FROM t"),
            r#"SELECT ((a + 1) % (2)) AS "mod", ceil(a) AS "ceiling", signum(a) AS "sign" FROM t"#
        );
    }

    #[test]
    fn moments_are_in_microseconds_unless_the_query_says_otherwise() {
        assert_eq!(
            adapted("SELECT a::timestamp AS a, TIMESTAMP '9999-12-31' AS b, CAST(c AS timestamptz) AS c, d::timestamp(3) AS d"),
            "SELECT a::TIMESTAMP(6) AS a, TIMESTAMP(6) '9999-12-31' AS b, CAST(c AS TIMESTAMPTZ(6)) AS c, d::TIMESTAMP(3) AS d"
        );
    }

    #[test]
    fn what_the_engine_has_no_values_of_is_refused_in_plain_words() {
        for (text, what) in [("SELECT ARRAY[1, 2] AS a", "arrays"), ("SELECT '1'::super AS a", "`super`")] {
            let error = adapt(&mut parse(text).unwrap()).unwrap_err();
            assert!(error.code() == Code::QueryInvalid && error.message().contains(what), "{error}");
        }
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
