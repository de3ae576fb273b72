//! Expressions.

use sqlparser::ast::{
    AccessExpr, Array, CaseWhen, CastKind, CeilFloorKind, DataType, Expr, Interval, JsonPath, JsonPathElem, Subscript,
    TypedString, Value, ValueWithSpan,
};

use super::{Walk, absent, location, not_allowed, operator, placed};
use crate::{Position, Result};

const FIELD: &str = "`.` and a name behind an expression";
const ARRAY_ADVICE: &str = "make a `super` with array(…) or split_to_array";
const FIELD_ADVICE: &str =
    "some warehouses call the function of that name; name the expression in a subquery, and the field there";

impl Walk<'_> {
    /// Several expressions: a list, or one that may be absent.
    pub(super) fn expressions<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) -> Result<()> {
        expressions.into_iter().try_for_each(|expression| self.expression(expression))
    }

    pub(super) fn expression(&mut self, expression: &Expr) -> Result<()> {
        self.descend(|walk| walk.expression_inner(expression))
            .map_err(|error| if error.position().is_some() { error } else { placed(error, beginning(expression)) })
            .map_err(|error| self.places.complete(error))
    }

    fn expression_inner(&mut self, expression: &Expr) -> Result<()> {
        match expression {
            Expr::Identifier(name) => {
                self.name(name)?;
                self.bare_word(name)
            }
            Expr::CompoundIdentifier(names) => names.iter().try_for_each(|name| self.name(name)),
            Expr::CompoundFieldAccess { root, access_chain } => {
                absent(is_path(root) || !access_chain.iter().any(is_dot), FIELD, FIELD_ADVICE)?;
                self.expression(root)?;
                access_chain.iter().try_for_each(|access| self.access(access))
            }
            Expr::JsonAccess { value, path: JsonPath { path } } => {
                let is_dotted = path.iter().any(|step| matches!(step, JsonPathElem::Dot { .. }));
                absent(is_path(value) || !is_dotted, FIELD, FIELD_ADVICE)?;
                self.expression(value)?;
                path.iter().try_for_each(|step| match step {
                    JsonPathElem::Dot { key: _, quoted: _ } => Ok(()),
                    JsonPathElem::Bracket { key } => self.expression(key),
                    JsonPathElem::ColonBracket { .. } => Err(not_allowed("`:[`", "write `[…]`", None)),
                })
            }
            Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::Nested(inner) => self.expression(inner),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.expression(left)?;
                self.expression(right)
            }
            Expr::InList { expr, list, negated: _ } => {
                self.expression(expr)?;
                self.expressions(list)
            }
            Expr::InSubquery { expr, subquery, negated: _ } => {
                self.expression(expr)?;
                self.subquery(subquery)
            }
            Expr::Between { expr, negated: _, low, high } => {
                self.expression(expr)?;
                self.expression(low)?;
                self.expression(high)
            }
            Expr::BinaryOp { left, op, right } => {
                operator::binary(op)?;
                self.expression(left)?;
                self.expression(right)
            }
            Expr::Like { negated: _, any, expr, pattern, escape_char }
            | Expr::ILike { negated: _, any, expr, pattern, escape_char } => {
                absent(!any, "LIKE ANY", "join several LIKE with OR")?;
                self.matched(expr, pattern, escape_char.as_ref())
            }
            Expr::SimilarTo { negated: _, expr, pattern, escape_char } => self.matched(expr, pattern, escape_char.as_ref()),
            Expr::AnyOp { left, compare_op, right, is_some: _ } | Expr::AllOp { left, compare_op, right } => {
                operator::binary(compare_op)?;
                self.expression(left)?;
                self.expression(right)
            }
            Expr::UnaryOp { op, expr } => {
                operator::unary(*op)?;
                self.expression(expr)
            }
            Expr::Cast { kind, expr, data_type, array, format } => {
                match kind {
                    CastKind::Cast | CastKind::TryCast | CastKind::DoubleColon => {}
                    CastKind::SafeCast => return Err(not_allowed("SAFE_CAST", "use TRY_CAST", None)),
                }
                absent(!array && format.is_none(), "CAST … FORMAT or ARRAY", "cast to a type only")?;
                self.data_type(data_type)?;
                self.expression(expr)
            }
            Expr::Convert { is_try, expr, data_type: Some(data_type), charset, target_before_value, styles } => {
                let is_plain = !is_try && charset.is_none() && *target_before_value && styles.is_empty();
                absent(is_plain, "CONVERT with anything but a type and a value", "use CAST(… AS …)")?;
                self.data_type(data_type)?;
                self.expression(expr)
            }
            Expr::Convert { data_type: None, .. } => Err(not_allowed("CONVERT without a type", "use CAST(… AS …)", None)),
            Expr::AtTimeZone { timestamp, time_zone } => {
                self.expression(timestamp)?;
                self.expression(time_zone)
            }
            Expr::Extract { field, syntax: _, expr } => {
                operator::field(field)?;
                self.expression(expr)
            }
            Expr::Ceil { expr, field } | Expr::Floor { expr, field } => {
                match field {
                    CeilFloorKind::DateTimeField(field) => operator::field(field)?,
                    CeilFloorKind::Scale(scale) => self.value(scale)?,
                }
                self.expression(expr)
            }
            Expr::Position { expr, r#in } => {
                self.expression(expr)?;
                self.expression(r#in)
            }
            Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                self.expression(expr)?;
                self.expressions(substring_from.as_deref())?;
                self.expressions(substring_for.as_deref())
            }
            Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
                self.expressions(trim_what.as_deref())?;
                self.expression(expr)?;
                self.expressions(trim_characters.iter().flatten())
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.expression(expr)?;
                self.expression(overlay_what)?;
                self.expression(overlay_from)?;
                self.expressions(overlay_for.as_deref())
            }
            Expr::Value(value) => self.value(value),
            Expr::TypedString(TypedString { data_type, value, uses_odbc_syntax }) => {
                absent(!uses_odbc_syntax, "`{d …}`", "write DATE '…'")?;
                self.data_type(data_type)?;
                self.value(value)
            }
            Expr::Function(function) => self.function(function),
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.expressions(operand.as_deref())?;
                for CaseWhen { condition, result } in conditions {
                    self.expression(condition)?;
                    self.expression(result)?;
                }
                self.expressions(else_result.as_deref())
            }
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => self.subquery(subquery),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => self.expressions(sets.iter().flatten()),
            Expr::Tuple(elements) => self.expressions(elements),
            Expr::Array(Array { elem, named }) => {
                absent(*named, "`[…]` alone", "write ARRAY[…]")?;
                absent(self.has_arrays, "ARRAY[…]", ARRAY_ADVICE)?;
                self.expressions(elem)
            }
            Expr::Interval(Interval {
                value,
                leading_field,
                leading_precision: _,
                last_field,
                fractional_seconds_precision: _,
            }) => {
                leading_field.iter().chain(last_field).try_for_each(operator::field)?;
                self.expression(value)
            }
            Expr::IsNormalized { .. } => Err(not_allowed("IS NORMALIZED", "leave it out", None)),
            Expr::InUnnest { .. } => Err(not_allowed("IN UNNEST", "use IN with a subquery", None)),
            Expr::RLike { .. } => Err(not_allowed("RLIKE, REGEXP", "write `~`", None)),
            Expr::Collate { .. } => Err(not_allowed("COLLATE", "leave it out", None)),
            Expr::Prefixed { .. } => Err(not_allowed("a character set before a string", "leave it out", None)),
            Expr::Struct { .. } | Expr::Named { .. } => Err(not_allowed("STRUCT", "name the fields as columns", None)),
            Expr::Dictionary(_) | Expr::Map(_) => Err(not_allowed("`{…}`", "name the fields as columns", None)),
            Expr::MatchAgainst { .. } => Err(not_allowed("MATCH AGAINST", "use LIKE or `~`", None)),
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => {
                Err(not_allowed("`*` within an expression", "name the columns", None))
            }
            Expr::OuterJoin(_) => Err(not_allowed("`(+)`", "write LEFT JOIN or RIGHT JOIN", None)),
            Expr::Prior(_) => Err(not_allowed("PRIOR", "use WITH RECURSIVE", None)),
            Expr::Lambda(_) => Err(not_allowed("a lambda", "write the expression", None)),
            Expr::MemberOf(_) => Err(not_allowed("MEMBER OF", "use IN", None)),
        }
    }

    fn data_type(&self, of: &DataType) -> Result<()> {
        operator::data_type(of)?;
        absent(self.has_arrays || !matches!(of, DataType::Array(_)), "an array as a type", ARRAY_ADVICE)
    }

    fn matched(&mut self, text: &Expr, pattern: &Expr, escape: Option<&ValueWithSpan>) -> Result<()> {
        self.expression(text)?;
        self.expression(pattern)?;
        escape.map_or(Ok(()), |escape| self.value(escape))
    }

    fn access(&mut self, access: &AccessExpr) -> Result<()> {
        match access {
            AccessExpr::Dot(Expr::Identifier(name)) => self.name(name),
            AccessExpr::Dot(other) => {
                Err(placed(not_allowed("anything but a name behind `.`", "write the name of a field", None), beginning(other)))
            }
            AccessExpr::Subscript(Subscript::Index { index }) => self.expression(index),
            AccessExpr::Subscript(Subscript::Slice { .. }) => Err(not_allowed("`[a:b]`", "write `[a]`", None)),
        }
    }

    pub(super) fn value(&mut self, value: &ValueWithSpan) -> Result<()> {
        let place = location(value.span.start);
        self.places.saw(value.span.start);
        match &value.value {
            Value::Number(_, false) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => Ok(()),
            Value::Number(_, true) => Err(not_allowed("a number that ends in L", "leave the L out", Some(place))),
            Value::Placeholder(_) => Err(not_allowed("a positional parameter", "write it as `:name`", Some(place))),
            Value::HexStringLiteral(_) => Err(not_allowed("a hexadecimal literal", "write the number in digits", Some(place))),
            Value::DollarQuotedString(_)
            | Value::TripleSingleQuotedString(_)
            | Value::TripleDoubleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::UnicodeStringLiteral(_)
            | Value::SingleQuotedByteStringLiteral(_)
            | Value::DoubleQuotedByteStringLiteral(_)
            | Value::TripleSingleQuotedByteStringLiteral(_)
            | Value::TripleDoubleQuotedByteStringLiteral(_)
            | Value::SingleQuotedRawStringLiteral(_)
            | Value::DoubleQuotedRawStringLiteral(_)
            | Value::TripleSingleQuotedRawStringLiteral(_)
            | Value::TripleDoubleQuotedRawStringLiteral(_)
            | Value::NationalStringLiteral(_)
            | Value::QuoteDelimitedStringLiteral(_)
            | Value::NationalQuoteDelimitedStringLiteral(_)
            | Value::DoubleQuotedString(_) => Err(not_allowed("this kind of string", "write texts in plain `'`", Some(place))),
        }
    }
}

/// Whether it is a column, or what subscripts and names lead to from one.
fn is_path(expression: &Expr) -> bool {
    match expression {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::CompoundFieldAccess { root, .. } | Expr::JsonAccess { value: root, .. } => is_path(root),
        _ => false,
    }
}

fn is_dot(access: &AccessExpr) -> bool {
    matches!(access, AccessExpr::Dot(_))
}

/// Where an expression begins, as far as the parser noted it: found without recursion, since the tree may be deep.
fn beginning(expression: &Expr) -> Option<Position> {
    let mut expression = expression;
    loop {
        expression = match expression {
            Expr::Identifier(name) => return Some(location(name.span.start)),
            Expr::CompoundIdentifier(names) => return names.first().map(|name| location(name.span.start)),
            Expr::Value(value) => return Some(location(value.span.start)),
            Expr::TypedString(typed) => return Some(location(typed.value.span.start)),
            Expr::Function(function) => return super::place_of(&function.name),
            Expr::Case { case_token, .. } => return Some(location(case_token.0.span.start)),
            Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::Nested(inner)
            | Expr::Lambda(sqlparser::ast::LambdaFunction { body: inner, .. })
            | Expr::Interval(Interval { value: inner, .. })
            | Expr::IsDistinctFrom(inner, _)
            | Expr::IsNotDistinctFrom(inner, _)
            | Expr::IsNormalized { expr: inner, .. }
            | Expr::InList { expr: inner, .. }
            | Expr::InSubquery { expr: inner, .. }
            | Expr::InUnnest { expr: inner, .. }
            | Expr::Between { expr: inner, .. }
            | Expr::BinaryOp { left: inner, .. }
            | Expr::AnyOp { left: inner, .. }
            | Expr::AllOp { left: inner, .. }
            | Expr::Like { expr: inner, .. }
            | Expr::ILike { expr: inner, .. }
            | Expr::SimilarTo { expr: inner, .. }
            | Expr::RLike { expr: inner, .. }
            | Expr::UnaryOp { expr: inner, .. }
            | Expr::Convert { expr: inner, .. }
            | Expr::Cast { expr: inner, .. }
            | Expr::Collate { expr: inner, .. }
            | Expr::AtTimeZone { timestamp: inner, .. }
            | Expr::CompoundFieldAccess { root: inner, .. }
            | Expr::JsonAccess { value: inner, .. } => inner,
            _ => return None,
        };
    }
}
