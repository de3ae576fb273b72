//! `SIMILAR TO` as Redshift reads it. The engine takes its pattern for a regular expression, in which `%` and `_` mean themselves and a part of
//! the text is enough.

use outflow_core::{Code, Error, Result};
use sqlparser::ast::{BinaryOperator, Expr, Value, ValueWithSpan};

/// What an expression that is a `SIMILAR TO` means to the engine; `None` for any other.
///
/// # Errors
/// `query_invalid` for a pattern that is no text in the query, or that ends in its escape.
pub(super) fn as_regular_expression(expr: &mut Expr) -> Result<Option<Expr>> {
    let Expr::SimilarTo { negated, expr, pattern, escape_char } = expr else { return Ok(None) };
    let invalid = |message: &str| Error::new(Code::QueryInvalid, message);
    let escape = match escape_char.as_ref().map(|escape| escape.value.clone().into_string().unwrap_or_default()) {
        None => Some('\\'),
        Some(escape) => escape.chars().next(),
    };
    let Expr::Value(ValueWithSpan { value, span }) = pattern.as_ref() else {
        return Err(invalid("the pattern of SIMILAR TO is no text in the query; use `~` for a pattern that is computed"));
    };
    let Some(pattern) = value.clone().into_string() else { return Err(invalid("the pattern of SIMILAR TO is no text")) };
    let regular = regular_expression(&pattern, escape).ok_or_else(|| invalid("the pattern of SIMILAR TO ends in its escape"))?;
    let right = Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(regular), span: *span });
    let op = if *negated { BinaryOperator::PGRegexNotMatch } else { BinaryOperator::PGRegexMatch };
    let left = std::mem::replace(expr.as_mut(), Expr::Value(Value::Null.into()));
    let operation = Expr::BinaryOp { left: Box::new(Expr::Nested(Box::new(left))), op, right: Box::new(right) };
    Ok(Some(Expr::Nested(Box::new(operation))))
}

/// `%` is any text and `_` any character, `| * + ? { } ( )` and `[…]` are what they are in a regular expression, and all else is itself.
fn regular_expression(pattern: &str, escape: Option<char>) -> Option<String> {
    let mut regular = "(?s)^(?:".to_owned();
    let mut brackets = 0_u32;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            escaping if Some(escaping) == escape => literal(&mut regular, characters.next()?),
            // The names of classes, `[[:alpha:]]`, have brackets of their own.
            '[' => {
                brackets += 1;
                regular.push('[');
            }
            ']' if brackets > 0 => {
                brackets -= 1;
                regular.push(']');
            }
            '^' | '-' | ':' if brackets > 0 => regular.push(character),
            other if brackets > 0 => literal(&mut regular, other),
            '%' => regular.push_str(".*"),
            '_' => regular.push('.'),
            '|' | '*' | '+' | '?' | '{' | '}' | '(' | ')' => regular.push(character),
            other => literal(&mut regular, other),
        }
    }
    regular.push_str(")$");
    Some(regular)
}

fn literal(regular: &mut String, character: char) {
    // Not every sign: `\<` is something else again.
    if r"\.^$|*+?(){}[]&~-#".contains(character) {
        regular.push('\\');
    }
    regular.push(character);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_whole_texts_and_only_their_own_signs_mean_more() {
        for (pattern, regular) in [
            ("(CH|CA)%", "(?s)^(?:(CH|CA).*)$"),
            ("a_c", "(?s)^(?:a.c)$"),
            ("1.5^$", r"(?s)^(?:1\.5\^\$)$"),
            ("[a-c]+", "(?s)^(?:[a-c]+)$"),
            ("[^a.]{2,3}", r"(?s)^(?:[^a\.]{2,3})$"),
            ("[[:alpha:]_]%", r"(?s)^(?:[[:alpha:]_].*)$"),
            (r"100\%", "(?s)^(?:100%)$"),
            ("한%", "(?s)^(?:한.*)$"),
        ] {
            assert_eq!(regular_expression(pattern, Some('\\')).as_deref(), Some(regular), "{pattern}");
        }
        assert_eq!(regular_expression("a!_", Some('!')).as_deref(), Some("(?s)^(?:a_)$"));
        assert_eq!(regular_expression("a\\", Some('\\')), None);
    }
}
