//! Function calls: only what the allow-list names, and nothing in or around the arguments that it does not say.

use std::mem;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident,
    ListAggOnOverflow, ObjectNamePart, UnaryOperator, Value, WindowFrame, WindowFrameBound, WindowSpec, WindowType,
};

use super::super::function::MAX_LENGTH;
use super::{Walk, absent, location, not_allowed, place_of, placed};
use crate::parameter::shown;
use crate::{Code, Error, Result};

impl Walk<'_> {
    /// Some functions are called without parentheses, and one reading takes them for columns.
    pub(super) fn bare_word(&self, name: &Ident) -> Result<()> {
        if is_bare(name) { self.allowed(name).map(drop) } else { Ok(()) }
    }

    pub(super) fn function(&mut self, function: &Function) -> Result<()> {
        let Function { name, uses_odbc_syntax, parameters, args, filter, null_treatment: _, over, within_group } = function;
        let is_called =
            !matches!(args, FunctionArguments::None) || over.is_some() || filter.is_some() || !within_group.is_empty();
        if name.0.len() > 1 && !is_called {
            // `t.user`, a column, which one reading takes for the function behind a dot.
            return self.names(name);
        }
        let [ObjectNamePart::Identifier(called)] = name.0.as_slice() else {
            let why = format!(
                "`{}` is a function with a schema, and none is allowed; call common functions by their bare name",
                shown(&name.to_string())
            );
            return Err(placed(Error::new(Code::SqlFunctionNotAllowed, why), place_of(name)));
        };
        self.places.saw(called.span.start);
        let called = self.allowed(called)?;
        absent(!uses_odbc_syntax, "`{fn …}`", "call the function")?;
        absent(matches!(parameters, FunctionArguments::None), "a second list of arguments", "call the function with one")?;
        match args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => {
                return Err(not_allowed("a subquery as arguments", "put it in parentheses", place_of(name)));
            }
            FunctionArguments::List(list) => self.arguments(&called, list)?,
        }
        self.expressions(filter.as_deref())?;
        self.order_by_expressions(within_group)?;
        match over {
            None => Ok(()),
            Some(WindowType::NamedWindow(window)) => self.name(window),
            Some(WindowType::WindowSpec(window)) => self.window(window),
        }
    }

    /// The function's name in lower case, if it may be called. In double quotes only exactly that name is the function.
    fn allowed(&self, name: &Ident) -> Result<String> {
        let lower = name.value.to_ascii_lowercase();
        let is_exact = match name.quote_style {
            None => true,
            Some(quote) => quote == '"' && lower == name.value,
        };
        if is_exact && self.functions.allow(&lower) {
            return Ok(lower);
        }
        let advice = match self.functions.nearest(&lower) {
            _ if is_bare(name) => format!("a column of that name is written `\"{lower}\"`"),
            Some(near) => format!("did you mean `{near}`"),
            None => "docs/sql.md lists what is".to_owned(),
        };
        let why = format!("the function `{}` is not allowed; {advice}", shown(&name.value));
        Err(Error::new(Code::SqlFunctionNotAllowed, why).at(location(name.span.start)))
    }

    fn arguments(&mut self, called: &str, list: &FunctionArgumentList) -> Result<()> {
        if !self.functions.multiplies(called) {
            return self.each_argument(called, list);
        }
        let made = match self.functions.length_argument(called).and_then(|length| list.args.get(length)) {
            None => 1,
            Some(argument) => length(argument).filter(|made| *made <= MAX_LENGTH).ok_or_else(|| {
                let why = format!("the length that `{called}` makes must be a plain number up to {MAX_LENGTH}");
                Error::new(Code::SqlNotAllowed, why)
            })?,
        };
        let around = mem::replace(&mut self.length, made.max(1));
        self.each_argument(called, list)?;
        if self.length > MAX_LENGTH {
            let why = format!(
                "`{called}` and the functions within it can make a text of {} characters, and {MAX_LENGTH} are allowed; make shorter ones",
                self.length
            );
            return Err(Error::new(Code::SqlNotAllowed, why));
        }
        self.length = self.length.saturating_mul(around);
        Ok(())
    }

    fn each_argument(&mut self, called: &str, list: &FunctionArgumentList) -> Result<()> {
        let FunctionArgumentList { duplicate_treatment: _, args, clauses } = list;
        for argument in args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => self.expression(expression)?,
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if called == "count" => {}
                FunctionArg::Unnamed(
                    FunctionArgExpr::Wildcard | FunctionArgExpr::QualifiedWildcard(_) | FunctionArgExpr::WildcardWithOptions(_),
                ) => return Err(not_allowed("`*` as an argument of anything but count", "name the columns", None)),
                FunctionArg::Named { .. } | FunctionArg::ExprNamed { .. } => {
                    return Err(not_allowed("an argument with a name", "pass arguments by their order", None));
                }
            }
        }
        clauses.iter().try_for_each(|clause| match clause {
            FunctionArgumentClause::IgnoreOrRespectNulls(_) => Ok(()),
            FunctionArgumentClause::OrderBy(expressions) => self.order_by_expressions(expressions),
            FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Error) => Ok(()),
            FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Truncate { filler, with_count: _ }) => {
                self.expressions(filler.as_deref())
            }
            FunctionArgumentClause::Limit(_)
            | FunctionArgumentClause::Having(_)
            | FunctionArgumentClause::Separator(_)
            | FunctionArgumentClause::JsonNullClause(_)
            | FunctionArgumentClause::JsonReturningClause(_) => {
                Err(not_allowed("this clause behind the arguments", "leave it out", None))
            }
        })
    }

    pub(super) fn window(&mut self, window: &WindowSpec) -> Result<()> {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = window;
        window_name.iter().try_for_each(|name| self.name(name))?;
        self.expressions(partition_by)?;
        self.order_by_expressions(order_by)?;
        match window_frame {
            None => Ok(()),
            Some(WindowFrame { units: _, start_bound, end_bound }) => {
                self.frame_bound(start_bound)?;
                end_bound.iter().try_for_each(|bound| self.frame_bound(bound))
            }
        }
    }

    fn frame_bound(&mut self, bound: &WindowFrameBound) -> Result<()> {
        match bound {
            WindowFrameBound::CurrentRow => Ok(()),
            WindowFrameBound::Preceding(distance) | WindowFrameBound::Following(distance) => {
                self.expressions(distance.as_deref())
            }
        }
    }
}

/// Whether the word calls a function where it stands alone.
#[rustfmt::skip]
fn is_bare(name: &Ident) -> bool {
    const BARE: [&str; 11] = [
        "current_aws_account", "current_catalog", "current_namespace", "current_role", "current_schema", "current_user", "current_user_id",
        "session_user", "sysdate", "system_user", "user",
    ];
    name.quote_style.is_none() && BARE.iter().any(|known| name.value.eq_ignore_ascii_case(known))
}

/// The length that an argument says, when it is a plain number, also one of a stated type: `repeat('x', 1000000000)` would fill the
/// memory of whoever runs it. A negative one makes nothing.
fn length(argument: &FunctionArg) -> Option<u64> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument else { return None };
    let uncast = if let Expr::Cast { expr, .. } = argument { expr.as_ref() } else { argument };
    match uncast {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) | Value::SingleQuotedString(digits) => digits.parse().ok(),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } if matches!(expr.as_ref(), Expr::Value(_)) => Some(0),
        _ => None,
    }
}
