//! The pieces of the tree that translations are made of.

use outflow_core::{Code, Error, Result};
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    CaseWhen, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, ObjectNamePart, Value, ValueWithSpan,
};

use super::super::query::place;

/// The name of a function that is called without a schema, in lower case.
pub(super) fn bare_name(function: &Function) -> Option<String> {
    match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Some(name.value.to_ascii_lowercase()),
        _ => None,
    }
}

/// Takes the arguments of a call that is nothing but a name and expressions.
///
/// # Errors
/// `query_invalid` for anything beside them, and for a number of them that is not in `counts`.
pub(super) fn arguments(function: &mut Function, counts: std::ops::RangeInclusive<usize>) -> Result<Vec<Expr>> {
    if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() {
        return Err(refused(function, "is computed row by row and takes no OVER, FILTER or WITHIN GROUP"));
    }
    let listed = match &mut function.args {
        FunctionArguments::List(list) if list.duplicate_treatment.is_none() && list.clauses.is_empty() => {
            expressions(&mut list.args)
        }
        FunctionArguments::None => Some(Vec::new()),
        _ => None,
    };
    match listed {
        Some(arguments) if counts.contains(&arguments.len()) => Ok(arguments),
        Some(arguments) => {
            let takes = match (*counts.start(), *counts.end()) {
                (1, 1) => "one argument".to_owned(),
                (least, usize::MAX) => format!("{least} arguments or more"),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            Err(refused(function, &format!("takes {takes}, and here are {}", arguments.len())))
        }
        None => Err(refused(function, "takes expressions as arguments and nothing else")),
    }
}

/// Takes the expressions out of a list of arguments, if it holds nothing else.
pub(super) fn expressions(arguments: &mut [FunctionArg]) -> Option<Vec<Expr>> {
    arguments
        .iter_mut()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(take(expr)),
            _ => None,
        })
        .collect()
}

/// `query_invalid` that begins with the function's name, at its place.
pub(super) fn refused(function: &Function, why: &str) -> Error {
    let name = function.name.0.last().and_then(|part| part.as_ident());
    let error = invalid(format!("`{}` {why}", name.map_or_else(String::new, |name| name.value.to_ascii_lowercase())));
    match name.and_then(place) {
        Some(position) => error.at(position),
        None => error,
    }
}

/// `query_invalid`.
pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::QueryInvalid, message)
}

/// The expression; NULL is left in its place.
pub(super) fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null())
}

pub(super) fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

pub(super) fn text(value: impl Into<String>) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.into()).into())
}

pub(super) fn number(value: impl ToString) -> Expr {
    Expr::Value(Value::Number(value.to_string(), false).into())
}

/// The text that an expression plainly is.
pub(super) fn plain_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text),
        Expr::Nested(inner) => plain_text(inner),
        Expr::Cast { expr, data_type, .. } if is_text(data_type) => plain_text(expr),
        _ => None,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Varchar(None) | DataType::Text | DataType::CharacterVarying(None) | DataType::Character(None))
}

/// Whether an expression is a value and no NULL.
pub(super) fn is_value(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => !matches!(value.value, Value::Null),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_value(expr),
        Expr::TypedString(_) => true,
        _ => false,
    }
}

pub(super) fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

pub(super) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

pub(in super::super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Function(function(name, arguments))
}

pub(super) fn function(name: &str, arguments: Vec<Expr>) -> Function {
    let args = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
    Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

pub(super) fn case(operand: Option<Expr>, branches: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    let conditions = branches.into_iter().map(|(condition, result)| CaseWhen { condition, result }).collect();
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: operand.map(Box::new),
        conditions,
        else_result: otherwise.map(Box::new),
    }
}
