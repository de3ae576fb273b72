//! Redshift's words that the engine does not have: what can be said in the engine's words is said so, in the tree, and the rest are functions of
//! our own. What the engine has under the same name with another meaning is replaced.
//!
//! Each family has a module. Where Redshift would give something that cannot be given exactly, the query is refused and told why.

mod calendar;
mod condition;
mod convert;
mod element;
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
pub(super) mod tree;
mod written;
mod zone;

use std::sync::Arc;

use datafusion::execution::{FunctionRegistry, SessionState};
use outflow_core::Result;
use sqlparser::ast::Expr;

/// The words that become something else before the engine sees them.
#[cfg(test)]
pub(super) const WORDS: [&str; 20] = [
    "add_months",
    "charindex",
    "convert_timezone",
    "dateadd",
    "datediff",
    "getdate",
    "json_array_length",
    "json_extract_array_element_text",
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
                "json_array_length" | "json_extract_array_element_text" => Some(element::translated(&name, function)?),
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
    let functions: [&[rowwise::Rowwise]; 8] = [
        calendar::FUNCTIONS,
        condition::FUNCTIONS,
        element::FUNCTIONS,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::numeral::Numeral;
    use super::part::{Part, civil};
    use super::zone::Zone;
    use super::{numeral, path, pattern, read, text, written};

    /// Patterns made of what patterns are made of, and of what they are not.
    fn patterns() -> impl Strategy<Value = String> {
        let pieces = [
            "YYYY", "YY", "Y,YYY", "I", "MM", "Mon", "MONTH", "DD", "DDD", "J", "HH24", "HH12", "AM", "p.m.", "MI", "SS", "MS",
            "US", "FM", "TH", "th", "\"", "9", "0", ",", ".", "S", "PR", "L", "$", "D", "G", "RN", " ", "-", "/", ":", "x", "한",
            "😀",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_pattern_or_moment_makes_them_panic(
            pattern in patterns(),
            text in "[-+<>0-9a-zA-Z:., $/한\"{}\\[\\]]{0,24}",
            moment in any::<i64>(),
            count in any::<i64>(),
            name in prop::sample::select(vec!["mil", "dec", "y", "qtr", "mon", "w", "d", "dow", "doy", "h", "us", "epoch"]),
        ) {
            if let Ok(items) = pattern::items(&pattern) {
                let _ = read::read(&items, &text, false);
                prop_assert_eq!(written::write(&items, moment).is_some(), civil(moment).is_some());
            }
            if let Ok(numeral) = Numeral::new(&pattern) {
                let _ = numeral::read(&text, numeral.places());
                let digits = "1".repeat(numeral.places().1);
                prop_assert!(!numeral.write(moment < 0, &count.unsigned_abs().to_string(), &digits).is_empty());
            }
            let _ = path::value(&text, std::iter::once("a"));
            let _ = text::number_of(&text, 36);
            let part = Part::named(name).unwrap();
            let _ = (part.of(moment), part.index(moment), part.add(count, moment), part.add(count % 1_000, moment));
            for zone in [Zone::named(&text), Zone::named("America/New_York")].into_iter().flatten() {
                let _ = (zone.moment(moment), zone.time(moment));
            }
        }

        #[test]
        fn what_is_written_is_read_back(moment in -62_135_596_800_i64..253_402_300_799) {
            let moment = moment * 1_000_000 + 123_456;
            for pattern in ["YYYY-MM-DD HH24:MI:SS.US", "FMDD FMMonth YYYY HH12.MI.SS AM US", "YYYYDDD HH24MISSUS", "DY J MON HH24 MI SS US"] {
                let items = pattern::items(pattern).unwrap();
                prop_assert_eq!(read::read(&items, &written::write(&items, moment).unwrap(), true), Ok(moment), "{}", pattern);
            }
        }

        #[test]
        fn a_difference_is_what_an_addition_adds(moment in -60_000_000_000_i64..200_000_000_000, count in -2_000_i64..2_000) {
            let moment = moment * 1_000_000;
            for part in ["c", "dec", "y", "qtr", "mon", "w", "d", "h", "m", "s", "ms", "us"].map(|name| Part::named(name).unwrap()) {
                if let Some(later) = part.add(count, moment) {
                    prop_assert_eq!(part.index(later).unwrap() - part.index(moment).unwrap(), count, "{:?}", part);
                }
            }
        }
    }
}
