//! Redshift's words that the engine does not have: what can be said in the engine's words is said so, in the tree, and the rest are functions of
//! our own. What the engine has under the same name with another meaning is replaced.
//!
//! Each family has a module. Where Redshift would give something that cannot be given exactly, the query is refused and told why.

mod calendar;
mod condition;
mod convert;
mod list;
mod median;
mod moment;
mod numeral;
mod part;
mod path;
mod pattern;
mod ratio;
mod read;
mod rowwise;
mod text;
mod tree;
mod written;
mod zone;

use std::sync::Arc;

use datafusion::execution::{FunctionRegistry, SessionState};
use outflow_core::Result;
use sqlparser::ast::Expr;

/// The words that become something else before the engine sees them.
#[cfg(test)]
pub(super) const WORDS: [&str; 18] = [
    "add_months",
    "charindex",
    "convert_timezone",
    "dateadd",
    "datediff",
    "getdate",
    "json_extract_path_text",
    "last_day",
    "len",
    "listagg",
    "months_between",
    "next_day",
    "ratio_to_report",
    "regexp_substr",
    "strtol",
    "sysdate",
    "textlen",
    "to_number",
];

/// Changes an expression that is one of Redshift's words; its parts are changed already.
///
/// # Errors
/// `query_invalid` for arguments that the word does not take.
pub(super) fn translate(expr: &mut Expr) -> Result<()> {
    if is_sysdate(expr) {
        *expr = moment::now();
        return Ok(());
    }
    let translated = match expr {
        Expr::Convert { .. } => Some(condition::converted(expr)?),
        Expr::Extract { field, expr, .. } => moment::extracted(field, expr)?,
        Expr::Function(function) => {
            let name = tree::bare_name(function).unwrap_or_default();
            match name.as_str() {
                "listagg" => Some(list::joined(function)?),
                "ratio_to_report" => Some(ratio::ratio(function)?),
                "nvl" | "nvl2" | "decode" => condition::translated(&name, function)?,
                "len" | "textlen" | "charindex" | "strtol" | "regexp_substr" => Some(text::translated(&name, function)?),
                "json_extract_path_text" => Some(path::translated(&name, function)?),
                "getdate" | "sysdate" | "dateadd" | "datediff" | "date_part" | "date_trunc" | "convert_timezone" => {
                    moment::translated(&name, function)?
                }
                "add_months" | "last_day" | "months_between" | "next_day" | "trunc" => calendar::translated(&name, function)?,
                "to_char" | "to_date" | "to_timestamp" | "to_number" => convert::translated(&name, function)?,
                _ => None,
            }
        }
        _ => None,
    };
    if let Some(translated) = translated {
        *expr = translated;
    }
    Ok(())
}

/// Whether it is `SYSDATE`, which is called without parentheses.
pub(super) fn is_sysdate(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(name) if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("sysdate"))
}

/// Gives the engine the functions that the words become.
///
/// # Errors
/// The engine's own, which it never has.
pub(super) fn register(state: &mut SessionState) -> datafusion::error::Result<()> {
    let functions: [&[rowwise::Rowwise]; 7] = [
        calendar::FUNCTIONS,
        condition::FUNCTIONS,
        text::FUNCTIONS,
        moment::FUNCTIONS,
        convert::FUNCTIONS,
        path::FUNCTIONS,
        list::FUNCTIONS,
    ];
    for function in functions.into_iter().flatten() {
        state.register_udf(Arc::new(function.udf()))?;
    }
    state.register_udaf(Arc::new(median::exact_median()))?;
    Ok(())
}
