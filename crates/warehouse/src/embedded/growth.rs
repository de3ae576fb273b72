//! Functions that make long texts of short ones. The engine computes a whole batch at once and counts none of it as memory; so a text is no longer
//! than a `VARCHAR` can be, and is computed in slices of a batch that take little room whatever is in them.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, concat, nullif};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};
use sqlparser::ast::{BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, visit_expressions};

/// The bytes of the longest `VARCHAR`.
pub(super) const LONGEST: u64 = 65_535;

/// The bytes that a slice of a batch may come to.
const ROOM: u64 = 16 << 20;

/// The bytes that one value may come to before it is found too long.
const ONE_VALUE: u64 = 256 << 20;

/// The bytes that are taken for those of a text of which nothing is known.
const OPERAND: u64 = 64;

/// The rows of the smallest batch: of the longest texts they take 16 MB.
const FEWEST_ROWS: usize = 256;

/// The functions, and how their texts grow.
const GROWING: [(&str, Growth); 10] = [
    ("concat", Growth::Joined),
    ("concat_ws", Growth::Separated),
    // Which is its `to_char` too.
    ("date_format", Growth::Formatted),
    ("encode", Growth::Doubled),
    ("lpad", Growth::Padded),
    ("overlay", Growth::Joined),
    ("regexp_replace", Growth::Replaced),
    ("repeat", Growth::Repeated),
    ("replace", Growth::Exchanged),
    ("rpad", Growth::Padded),
];

/// How a function's result grows with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Growth {
    /// As long as the first, as often as the second says.
    Repeated,
    /// As many characters as the second says.
    Padded,
    /// As long as all of them.
    Joined,
    /// As long as all of them, and the first between each two.
    Separated,
    /// The first, each place in it as long as the third.
    Replaced,
    /// The first, each second in it as long as the third.
    Exchanged,
    /// Twice as long as the first.
    Doubled,
    /// Some characters for each of the last.
    Formatted,
}

impl Growth {
    /// How the function of that name grows, if it does.
    pub(super) fn of(name: &str) -> Option<Self> {
        GROWING.iter().find(|(other, _)| *other == name).map(|(_, growth)| *growth)
    }

    /// The bytes of the result at most; of repeating, exactly.
    fn most(self, sizes: &[Sizes], row: usize) -> u64 {
        let size = |argument: usize| sizes.get(argument).map_or(0, |sizes| sizes.at(row));
        let all = || sizes.iter().map(|sizes| sizes.at(row)).fold(0, u64::saturating_add);
        match self {
            Self::Repeated => size(0).saturating_mul(size(1)),
            Self::Padded => size(1).saturating_mul(4),
            Self::Joined => all(),
            Self::Separated => all().saturating_add(size(0).saturating_mul(sizes.len() as u64)),
            Self::Exchanged if size(1) > 0 => size(0).saturating_add((size(0) / size(1)).saturating_mul(size(2))),
            Self::Replaced | Self::Exchanged => (size(0) + 1).saturating_mul(size(2) + 1).saturating_mul(2),
            Self::Doubled => size(0).saturating_mul(2).saturating_add(4),
            Self::Formatted => (size(1) + 1).saturating_mul(32),
        }
    }

    /// Refuses what is too long for sure, and what nobody should try.
    fn refuse(self, most: u64) -> Result<()> {
        let is_too_long = match self {
            Self::Repeated => most > LONGEST,
            Self::Padded => most > 4 * LONGEST,
            _ => most > ONE_VALUE,
        };
        if is_too_long { Err(too_long()) } else { Ok(()) }
    }

    /// The longest result of these arguments. A file may have longer texts than Redshift; what is made of one may be a little longer still.
    fn limit(self, sizes: &[Sizes], row: usize) -> u64 {
        let longest = sizes.iter().map(|sizes| sizes.at(row)).max().unwrap_or_default();
        match self {
            Self::Repeated | Self::Padded => LONGEST,
            _ if longest > LONGEST => longest.saturating_add(LONGEST),
            _ => LONGEST,
        }
    }
}

/// How many rows the engine may put into a batch when it runs that query: fewer when it may make long texts.
pub(super) fn batch_rows(query: &Query, usual: usize) -> usize {
    let (mut bytes, mut doublings) = (0_u64, 0_u32);
    let _ = visit_expressions(query, |expr| {
        match expr {
            // What is joined may itself be joined, in a query within this one.
            Expr::BinaryOp { op: BinaryOperator::StringConcat, left, right } => {
                match literal_bytes(left).max(literal_bytes(right)) {
                    0 => doublings += 1,
                    literal => bytes = bytes.saturating_add(literal),
                }
            }
            Expr::Overlay { .. } => doublings += 1,
            Expr::Function(function) => match called(function) {
                Some(Growth::Doubled) => doublings += 1,
                Some(growth) => bytes = bytes.saturating_add(call_bytes(function, growth)),
                None => {}
            },
            // A text that an expression gives is in every row.
            value @ Expr::Value(_) if literal_bytes(value) > OPERAND => bytes = bytes.saturating_add(literal_bytes(value)),
            _ => {}
        }
        ControlFlow::<()>::Continue(())
    });
    let bytes = bytes.max(OPERAND).saturating_mul(1 << doublings.min(20));
    let fitting = usize::try_from(ROOM / bytes.max(1)).unwrap_or(usize::MAX);
    usual.min(fitting.max(FEWEST_ROWS))
}

fn called(function: &Function) -> Option<Growth> {
    let name = function.name.0.last().and_then(|part| part.as_ident())?;
    Growth::of(&name.value.to_ascii_lowercase())
}

/// The bytes that a call may make of ordinary texts.
fn call_bytes(function: &Function, growth: Growth) -> u64 {
    let FunctionArguments::List(list) = &function.args else { return OPERAND };
    let arguments: Vec<&Expr> = (list.args.iter())
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect();
    let count = || match arguments.get(1) {
        Some(Expr::Value(value)) => value.to_string().parse().unwrap_or(LONGEST),
        _ => LONGEST,
    };
    let texts: u64 = arguments.iter().map(|argument| literal_bytes(argument)).sum();
    let bytes = match growth {
        Growth::Repeated if texts > 0 => texts.saturating_mul(count()),
        Growth::Repeated => OPERAND.saturating_mul(count()),
        Growth::Padded => count().saturating_mul(4),
        Growth::Joined | Growth::Separated => texts.max(OPERAND),
        Growth::Replaced | Growth::Exchanged | Growth::Formatted | Growth::Doubled => texts.saturating_mul(32).max(OPERAND),
    };
    bytes.min(LONGEST)
}

fn literal_bytes(expr: &Expr) -> u64 {
    match expr {
        Expr::Value(value) => value.value.clone().into_string().map_or(0, |text| text.len() as u64),
        _ => 0,
    }
}

/// Puts bounded functions in the place of the engine's.
///
/// # Errors
/// When the engine does not know one of them.
pub(super) fn bound_texts(state: &mut SessionState) -> Result<()> {
    for (name, growth) in GROWING {
        let inner = state.udf(name)?;
        state.register_udf(Arc::new(ScalarUDF::from(Bounded { inner, growth })))?;
    }
    Ok(())
}

/// One of the engine's functions, bounded. It is not simplified, since that would make it the engine's own again.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(args)?;
        Ok(Arc::new(Field::clone(&field).with_nullable(true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        bounded(self.growth, args, &|args| match self.inner.name() {
            "concat" => without_nulls(args, &|args| self.inner.invoke_with_args(args)),
            _ => self.inner.invoke_with_args(args),
        })
    }
}

/// NULL where an argument is, as Redshift's `concat` is; the engine's passes over them.
fn without_nulls(
    args: ScalarFunctionArgs,
    compute: &dyn Fn(ScalarFunctionArgs) -> Result<ColumnarValue>,
) -> Result<ColumnarValue> {
    let mut nulls = None;
    for value in &args.args {
        match value {
            ColumnarValue::Scalar(value) if value.is_null() => {
                return Ok(ColumnarValue::Scalar(ScalarValue::try_new_null(args.return_type())?));
            }
            ColumnarValue::Scalar(_) => {}
            ColumnarValue::Array(array) => nulls = NullBuffer::union(nulls.as_ref(), array.logical_nulls().as_ref()),
        }
    }
    match (compute(args)?, nulls) {
        (ColumnarValue::Array(made), Some(nulls)) => {
            let is_null = BooleanArray::new(!nulls.inner(), None);
            Ok(ColumnarValue::Array(nullif(&made, &is_null)?))
        }
        (made, _) => Ok(made),
    }
}

/// Computes a function whose texts grow in that way, slice by slice.
///
/// # Errors
/// The function's own, and one for a text that is too long.
pub(super) fn bounded(
    growth: Growth,
    args: ScalarFunctionArgs,
    compute: &dyn Fn(ScalarFunctionArgs) -> Result<ColumnarValue>,
) -> Result<ColumnarValue> {
    let sizes = args.args.iter().map(Sizes::new).collect::<Result<Vec<_>>>()?;
    let is_one = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
    let rows = if is_one { 1 } else { args.number_rows };
    if rows == 0 {
        return compute(args);
    }
    let mut pieces: Vec<ArrayRef> = Vec::new();
    let mut start = 0;
    while start < rows {
        let (mut end, mut left, mut longest) = (start, ROOM, 0);
        while end < rows {
            let most = growth.most(&sizes, end);
            growth.refuse(most)?;
            if end > start && most > left {
                break;
            }
            (left, longest, end) = (left.saturating_sub(most), longest.max(most), end + 1);
        }
        let piece = compute(slice(&args, start, end - start))?.into_array(end - start)?;
        if longest > LONGEST {
            let made = Sizes::of_array(&piece)?;
            if (0..piece.len()).any(|row| made.at(row) > growth.limit(&sizes, start + row)) {
                return Err(too_long());
            }
        }
        pieces.push(piece);
        start = end;
    }
    let made = match pieces.as_slice() {
        [piece] => Arc::clone(piece),
        pieces => concat(&pieces.iter().map(AsRef::as_ref).collect::<Vec<_>>())?,
    };
    if is_one { Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?)) } else { Ok(ColumnarValue::Array(made)) }
}

fn slice(args: &ScalarFunctionArgs, start: usize, rows: usize) -> ScalarFunctionArgs {
    let sliced = |value: &ColumnarValue| match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(start, rows)),
        ColumnarValue::Scalar(value) => ColumnarValue::Scalar(value.clone()),
    };
    ScalarFunctionArgs { args: args.args.iter().map(sliced).collect(), number_rows: rows, ..args.clone() }
}

fn too_long() -> DataFusionError {
    DataFusionError::Execution(format!("a text becomes longer than {LONGEST} bytes, the most that character varying holds"))
}

/// Of a text the bytes, of a number itself; 0 for NULL.
enum Sizes {
    Same(u64),
    Each(Vec<u64>),
}

impl Sizes {
    fn new(value: &ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Array(array) => Self::of_array(array),
            ColumnarValue::Scalar(value) => Ok(Self::Same(Self::of_array(&value.to_array()?)?.at(0))),
        }
    }

    fn of_array(array: &ArrayRef) -> Result<Self> {
        let texts = |lengths: &dyn Fn(usize) -> usize| {
            Self::Each((0..array.len()).map(|row| if array.is_null(row) { 0 } else { lengths(row) as u64 }).collect())
        };
        Ok(match array.data_type() {
            DataType::Utf8 => texts(&|row| array.as_string::<i32>().value_length(row) as usize),
            DataType::LargeUtf8 => texts(&|row| array.as_string::<i64>().value_length(row) as usize),
            DataType::Utf8View => texts(&|row| array.as_string_view().value(row).len()),
            DataType::Binary => texts(&|row| array.as_binary::<i32>().value_length(row) as usize),
            DataType::LargeBinary => texts(&|row| array.as_binary::<i64>().value_length(row) as usize),
            DataType::BinaryView => texts(&|row| array.as_binary_view().value(row).len()),
            DataType::Dictionary(_, value) => Self::of_array(&cast(array, value)?)?,
            other if other.is_integer() => {
                let numbers = cast(array, &DataType::Int64)?;
                let numbers = numbers.as_primitive::<Int64Type>();
                Self::Each(numbers.iter().map(|number| number.unwrap_or_default().max(0) as u64).collect())
            }
            // Anything else as a text is short.
            _ => Self::Same(64),
        })
    }

    fn at(&self, row: usize) -> u64 {
        match self {
            Self::Same(size) => *size,
            Self::Each(sizes) => sizes.get(row).copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::parse;
    use super::*;

    #[test]
    fn the_longer_what_a_query_makes_the_fewer_rows_are_held() {
        let long = "x".repeat(50_000);
        let rows = |text: &str| batch_rows(&parse(text).unwrap(), 8_192);
        for text in ["SELECT a FROM t WHERE b IN ('x', 'y')", "SELECT upper(a) FROM t", "SELECT replace(a, 'x', 'y') FROM t"] {
            assert_eq!(rows(text), 8_192, "{text}");
        }
        for text in [
            format!("SELECT CASE WHEN a > 5 THEN '{long}' ELSE 'b' END FROM t"),
            format!("SELECT date_format(a, '{long}%Y') FROM t"),
            format!("SELECT to_char(a, '\"{long}\"YYYY') FROM t"),
            "SELECT repeat(a, 60000) FROM t".to_owned(),
        ] {
            assert!(rows(&text) < 512, "{}", &text[..40]);
        }
        let encoded = (0..12).fold("a".to_owned(), |inner, _| format!("encode({inner}, 'hex')"));
        assert!(rows(&format!("SELECT {encoded} FROM t")) < 512);
    }
}
