//! Operators and types: what may be done to values, and what they may be cast to.

use sqlparser::ast::{ArrayElemTypeDef, BinaryOperator, DataType, DateTimeField, UnaryOperator};

use super::super::nearest;
use crate::parameter::shown;
use crate::{Code, Error, Result};

pub(super) fn binary(operator: &BinaryOperator) -> Result<()> {
    match operator {
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo
        | BinaryOperator::StringConcat
        | BinaryOperator::Gt
        | BinaryOperator::Lt
        | BinaryOperator::GtEq
        | BinaryOperator::LtEq
        | BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::And
        | BinaryOperator::Or
        | BinaryOperator::BitwiseOr
        | BinaryOperator::BitwiseAnd
        | BinaryOperator::PGBitwiseShiftLeft
        | BinaryOperator::PGBitwiseShiftRight
        | BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch
        | BinaryOperator::PGLikeMatch
        | BinaryOperator::PGILikeMatch
        | BinaryOperator::PGNotLikeMatch
        | BinaryOperator::PGNotILikeMatch => Ok(()),
        BinaryOperator::Spaceship
        | BinaryOperator::Xor
        | BinaryOperator::BitwiseXor
        | BinaryOperator::DuckIntegerDivide
        | BinaryOperator::MyIntegerDivide
        | BinaryOperator::Match
        | BinaryOperator::Regexp
        | BinaryOperator::Custom(_)
        | BinaryOperator::PGBitwiseXor
        | BinaryOperator::PGExp
        | BinaryOperator::PGOverlap
        | BinaryOperator::PGStartsWith
        | BinaryOperator::Arrow
        | BinaryOperator::LongArrow
        | BinaryOperator::HashArrow
        | BinaryOperator::HashLongArrow
        | BinaryOperator::AtAt
        | BinaryOperator::AtArrow
        | BinaryOperator::ArrowAt
        | BinaryOperator::HashMinus
        | BinaryOperator::AtQuestion
        | BinaryOperator::Question
        | BinaryOperator::QuestionAnd
        | BinaryOperator::QuestionPipe
        | BinaryOperator::PGCustomBinaryOperator(_)
        | BinaryOperator::Overlaps
        | BinaryOperator::DoubleHash
        | BinaryOperator::LtDashGt
        | BinaryOperator::AndLt
        | BinaryOperator::AndGt
        | BinaryOperator::LtLtPipe
        | BinaryOperator::PipeGtGt
        | BinaryOperator::AndLtPipe
        | BinaryOperator::PipeAndGt
        | BinaryOperator::LtCaret
        | BinaryOperator::GtCaret
        | BinaryOperator::QuestionHash
        | BinaryOperator::QuestionDash
        | BinaryOperator::QuestionDashPipe
        | BinaryOperator::QuestionDoublePipe
        | BinaryOperator::At
        | BinaryOperator::TildeEq
        | BinaryOperator::Assignment => Err(refused(&operator.to_string())),
    }
}

pub(super) fn unary(operator: UnaryOperator) -> Result<()> {
    match operator {
        UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not | UnaryOperator::BitwiseNot => Ok(()),
        UnaryOperator::AtDashAt
        | UnaryOperator::BangNot
        | UnaryOperator::DoubleAt
        | UnaryOperator::Hash
        | UnaryOperator::PGAbs
        | UnaryOperator::PGCubeRoot
        | UnaryOperator::PGPostfixFactorial
        | UnaryOperator::PGPrefixFactorial
        | UnaryOperator::PGSquareRoot
        | UnaryOperator::QuestionDash
        | UnaryOperator::QuestionPipe => Err(refused(&operator.to_string())),
    }
}

fn refused(operator: &str) -> Error {
    let why = format!("the operator `{}` is not allowed; write it as a function or with the common operators", shown(operator));
    Error::new(Code::SqlNotAllowed, why)
}

/// What Redshift calls the parts of a moment besides the words that the parser knows.
#[rustfmt::skip]
const PARTS: [&str; 48] = [
    "mil", "mils", "millennia", "c", "cent", "cents", "centuries", "dec", "decs", "decades", "y", "yr", "yrs", "qtr", "qtrs",
    "quarters", "mon", "mons", "w", "d", "dw", "weekday", "dy", "yearday", "h", "hr", "hrs", "m", "min", "mins", "s", "sec", "secs",
    "ms", "msec", "msecs", "msecond", "mseconds", "millisec", "millisecs", "millisecon", "microsec", "microsecs",
    "usecond", "useconds", "us", "usec", "usecs",
];

/// The parts of a moment that can be taken out of it or counted in.
pub(super) fn field(field: &DateTimeField) -> Result<()> {
    match field {
        DateTimeField::Custom(name) if name.quote_style.is_none() && is_part(&name.value) => Ok(()),
        DateTimeField::Custom(name) | DateTimeField::Week(Some(name)) => {
            let why = format!(
                "`{}` is not a part of a date or time; write one like year, month, day, hour, epoch, without quotes",
                shown(&name.value)
            );
            Err(super::placed(Error::new(Code::SqlNotAllowed, why), Some(super::location(name.span.start))))
        }
        _ => Ok(()),
    }
}

fn is_part(name: &str) -> bool {
    PARTS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Types that values may be cast to. A type with a name of its own can run code (`regclass` looks into the catalog).
pub(super) fn data_type(of: &DataType) -> Result<()> {
    const NAMED: [&str; 5] = ["bpchar", "super", "timetz", "varbyte", "double"];
    match of {
        DataType::Character(_)
        | DataType::Char(_)
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_)
        | DataType::Varchar(_)
        | DataType::Nvarchar(_)
        | DataType::Text
        | DataType::String(_)
        | DataType::Numeric(_)
        | DataType::Decimal(_)
        | DataType::Dec(_)
        | DataType::Float(_)
        | DataType::Float4
        | DataType::Float8
        | DataType::Real
        | DataType::Double(_)
        | DataType::DoublePrecision
        | DataType::TinyInt(_)
        | DataType::SmallInt(_)
        | DataType::Int2(_)
        | DataType::Int(_)
        | DataType::Int4(_)
        | DataType::Int8(_)
        | DataType::Integer(_)
        | DataType::BigInt(_)
        | DataType::Bool
        | DataType::Boolean
        | DataType::Date
        | DataType::Time(..)
        | DataType::Timestamp(..)
        | DataType::Interval { .. }
        | DataType::Varbinary(_)
        | DataType::Bytea => Ok(()),
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => data_type(element),
        DataType::Custom(name, _) if matches!(name.0.as_slice(), [part] if is_one_of(part, &NAMED)) => Ok(()),
        refused => {
            let name = shown(&refused.to_string());
            let advice = match nearest(
                &name.to_lowercase(),
                ["varchar", "integer", "bigint", "decimal", "double precision", "boolean", "date", "timestamp"],
            ) {
                Some(near) => format!("did you mean {near}"),
                None => "cast to a number, text, boolean, date, time or timestamp".to_owned(),
            };
            Err(Error::new(Code::SqlNotAllowed, format!("the type `{name}` is not allowed; {advice}")))
        }
    }
}

fn is_one_of(part: &sqlparser::ast::ObjectNamePart, names: &[&str]) -> bool {
    part.as_ident()
        .is_some_and(|name| name.quote_style.is_none() && names.iter().any(|known| name.value.eq_ignore_ascii_case(known)))
}
