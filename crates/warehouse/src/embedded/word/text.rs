//! `LEN`, `CHARINDEX`, `STRTOL` and `REGEXP_SUBSTR`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result as EngineResult;
use outflow_core::Result;
use regex::{Regex, RegexBuilder};
use sqlparser::ast::{Expr, Function};

use super::rowwise::{Rowwise, as_text, as_whole, failed, wrong};
use super::tree::{arguments, call, number, text};

pub(super) const FUNCTIONS: &[Rowwise] = &[
    Rowwise {
        name: "word_strtol",
        takes: |types| match types {
            [digits, base] => Ok(vec![as_text("strtol", digits)?, as_whole("strtol", base)?]),
            _ => Err(wrong("strtol", "takes 2 arguments")),
        },
        gives: |_| DataType::Int64,
        compute: strtol,
    },
    Rowwise {
        name: "word_regexp_substr",
        takes: |types| match types {
            [source, pattern, position, occurrence, options] => {
                let word = "regexp_substr";
                let [source, pattern, options] = [source, pattern, options].map(|text| as_text(word, text));
                Ok(vec![source?, pattern?, as_whole(word, position)?, as_whole(word, occurrence)?, options?])
            }
            _ => Err(wrong("regexp_substr", "takes 2 to 5 arguments")),
        },
        gives: |_| DataType::Utf8,
        compute: regexp_substr,
    },
];

/// What the call means.
///
/// # Errors
/// `query_invalid`.
pub(super) fn translated(name: &str, function: &mut Function) -> Result<Expr> {
    Ok(match name {
        "len" | "textlen" => call("character_length", arguments(function, 1..=1)?),
        "charindex" => {
            let mut arguments = arguments(function, 2..=2)?;
            arguments.reverse();
            call("strpos", arguments)
        }
        "strtol" => call("word_strtol", arguments(function, 2..=2)?),
        _ => {
            let mut arguments = arguments(function, 2..=5)?;
            let defaults = [number(1), number(1), text("c")];
            arguments.extend(defaults.into_iter().skip(arguments.len() - 2));
            call("word_regexp_substr", arguments)
        }
    })
}

fn strtol(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [digits, bases] = columns else { return Err(wrong("strtol", "takes 2 arguments")) };
    let numbers = digits.as_string::<i32>().iter().zip(bases.as_primitive::<Int64Type>()).map(|(digits, base)| {
        let Some((digits, base)) = digits.zip(base) else { return Ok(None) };
        let base = match u32::try_from(base) {
            Ok(base @ 2..=36) => base,
            _ => return Err(failed("strtol", &format!("takes a base from 2 to 36, and this is {base}"))),
        };
        number_of(digits, base)
            .map(Some)
            .ok_or_else(|| failed("strtol", &format!("finds no number of base {base} within 64 bits in `{}`", shown(digits))))
    });
    Ok(Arc::new(numbers.collect::<EngineResult<Int64Array>>()?))
}

pub(super) fn number_of(text: &str, base: u32) -> Option<i64> {
    let text = text.trim_start();
    if text.is_empty() {
        return Some(0);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match base {
        16 => digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits),
        _ => digits,
    };
    if !digits.starts_with(|digit: char| digit.is_digit(base)) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), base).ok()
}

/// The beginning of a text, for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

fn regexp_substr(columns: &[ArrayRef]) -> EngineResult<ArrayRef> {
    let [sources, patterns, positions, occurrences, options] = columns else {
        return Err(wrong("regexp_substr", "takes 2 to 5 arguments"));
    };
    let (sources, patterns, options) = (sources.as_string::<i32>(), patterns.as_string::<i32>(), options.as_string::<i32>());
    let (positions, occurrences) = (positions.as_primitive::<Int64Type>(), occurrences.as_primitive::<Int64Type>());
    let mut last: Option<(&str, &str, Pattern)> = None;
    let mut found: Vec<Option<&str>> = Vec::with_capacity(sources.len());
    for row in 0..sources.len() {
        if columns.iter().any(|column| column.is_null(row)) {
            found.push(None);
            continue;
        }
        let (pattern, option) = (patterns.value(row), options.value(row));
        if !matches!(&last, Some((known, under, _)) if *known == pattern && *under == option) {
            last = Some((pattern, option, Pattern::new(pattern, option)?));
        }
        if let Some((_, _, pattern)) = &last {
            found.push(pattern.find(sources.value(row), positions.value(row), occurrences.value(row)));
        }
    }
    Ok(Arc::new(StringArray::from(found)))
}

/// A pattern, and whether its first group is what is wanted.
struct Pattern {
    regex: Regex,
    group: usize,
}

impl Pattern {
    fn new(pattern: &str, options: &str) -> EngineResult<Self> {
        let (mut any_case, mut wants_group) = (false, false);
        for option in options.chars() {
            match option {
                'c' => any_case = false,
                'i' => any_case = true,
                'e' => wants_group = true,
                'p' => {
                    let why = "cannot look ahead or behind here, and so takes no `p`; write the pattern without it";
                    return Err(failed("regexp_substr", why));
                }
                other => return Err(failed("regexp_substr", &format!("knows the options c, i and e, and not `{other}`"))),
            }
        }
        let regex = RegexBuilder::new(pattern).case_insensitive(any_case).size_limit(1 << 20).build();
        let regex = regex.map_err(|_| failed("regexp_substr", &format!("cannot read the pattern `{}`", shown(pattern))))?;
        let group = usize::from(wants_group && regex.captures_len() > 1);
        Ok(Self { regex, group })
    }

    /// The occurrence from the position on; an empty text where there is none, as Redshift has it, and NULL for one that there cannot be.
    fn find<'a>(&self, source: &'a str, position: i64, occurrence: i64) -> Option<&'a str> {
        let characters = source.chars().count();
        let wanted = usize::try_from(occurrence).ok().filter(|wanted| (1..=characters.max(1)).contains(wanted))?;
        let skipped = usize::try_from(position.max(1) - 1).unwrap_or(usize::MAX);
        if skipped >= characters {
            return Some("");
        }
        let start = source.char_indices().nth(skipped).map_or(source.len(), |(start, _)| start);
        let mut matches = self.regex.captures_iter(source.get(start..)?);
        let found = matches.nth(wanted - 1).and_then(|captures| captures.get(self.group));
        Some(found.map_or("", |found| found.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_base_are_read_whole_or_not_at_all() {
        for (text, base, expected) in [
            ("0xf", 16, Some(15)),
            ("abcd1234", 16, Some(2_882_343_476)),
            ("1234567", 8, Some(342_391)),
            ("110101", 2, Some(53)),
            ("  -Zz", 36, Some(-1_295)),
            ("", 10, Some(0)),
            ("-9223372036854775808", 10, Some(i64::MIN)),
            ("9223372036854775808", 10, None),
            ("12x", 10, None),
            ("+-1", 10, None),
            ("0x", 16, None),
        ] {
            assert_eq!(number_of(text, base), expected, "{text}");
        }
    }
}
