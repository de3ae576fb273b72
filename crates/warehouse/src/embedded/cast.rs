//! Casts as Redshift makes them: a text is cut to the length that its type says, and what becomes a whole number is rounded. The engine
//! leaves the text as long as it is, and drops what is behind the point.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options, unary};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue, config::ConfigOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, TryCast, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use sqlparser::ast::{CharacterLength, DataType as SqlType, Expr as SqlExpr, Value};

use super::growth::LONGEST;
use super::word::tree::call;

/// The engine's name for the function that cuts, which no query can write.
const CUT: &str = "varchar_cut";

/// Makes a cast to `varchar(n)` or `char(n)` one that is cut to `n` bytes. `char` alone is `char(1)`.
pub(super) fn cut_texts(expr: &mut SqlExpr) {
    let SqlExpr::Cast { data_type, .. } = expr else { return };
    let length = match data_type {
        SqlType::Char(None) | SqlType::Character(None) => 1,
        SqlType::Char(Some(CharacterLength::IntegerLength { length, .. }))
        | SqlType::Character(Some(CharacterLength::IntegerLength { length, .. }))
        | SqlType::CharacterVarying(Some(CharacterLength::IntegerLength { length, .. }))
        | SqlType::CharVarying(Some(CharacterLength::IntegerLength { length, .. }))
        | SqlType::Varchar(Some(CharacterLength::IntegerLength { length, .. }))
        | SqlType::Nvarchar(Some(CharacterLength::IntegerLength { length, .. })) => *length,
        _ => return,
    };
    if length >= LONGEST {
        return;
    }
    *data_type = SqlType::Varchar(None);
    let whole = std::mem::replace(expr, SqlExpr::Value(Value::Null.into()));
    let length = SqlExpr::Value(Value::Number(length.to_string(), false).into());
    *expr = call(CUT, vec![whole, length]);
}

/// The function that cuts, for the engine to have.
pub(super) fn cut() -> ScalarUDF {
    ScalarUDF::from(Cut { signature: Signature::any(2, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Cut {
    signature: Signature,
}

impl ScalarUDFImpl for Cut {
    fn name(&self) -> &str {
        CUT
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, ColumnarValue::Scalar(ScalarValue::Int64(Some(length)))] = args.args.as_slice() else {
            return Err(DataFusionError::Internal("a text is cut to no length".to_owned()));
        };
        let length = usize::try_from(*length).unwrap_or_default();
        each(text, &|texts| {
            let texts = cast(texts, &DataType::Utf8)?;
            let cut = texts.as_string::<i32>().iter().map(|text| text.map(|text| &text[..text.floor_char_boundary(length)]));
            Ok(Arc::new(StringArray::from_iter(cut)))
        })
    }
}

/// The rule that rounds what the query casts to whole numbers. It goes before the one that makes types agree, whose casts are others.
#[derive(Debug)]
pub(super) struct RoundedCasts;

impl AnalyzerRule for RoundedCasts {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(with_rounded_casts)?.data)
    }

    fn name(&self) -> &str {
        "rounded_casts"
    }
}

fn with_rounded_casts(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let rounded = expr.transform_up(|expr| rounded(expr, &schema))?;
        Ok(rounded.update_data(|expr| name.restore(expr)))
    })
}

fn rounded(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let (inner, field, or_null) = match &expr {
        Expr::Cast(Cast { expr, field }) => (expr, field, false),
        Expr::TryCast(TryCast { expr, field }) => (expr, field, true),
        _ => return Ok(Transformed::no(expr)),
    };
    let has_point = |from: DataType| from.is_floating() || from.is_decimal();
    if !field.data_type().is_integer() || !has_point(inner.get_type(schema)?) {
        return Ok(Transformed::no(expr));
    }
    let signature = Signature::any(1, Volatility::Immutable);
    let function = ScalarUDF::from(Rounded { to: field.data_type().clone(), or_null, signature });
    let call = ScalarFunction::new_udf(Arc::new(function), vec![inner.as_ref().clone()]);
    Ok(Transformed::yes(Expr::ScalarFunction(call)))
}

/// A number with a point as one without. Halves of exact numbers go away from zero, those of floats to the even number.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Rounded {
    to: DataType,
    or_null: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Rounded {
    fn name(&self) -> &str {
        "rounded"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let is_nullable = self.or_null || args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.to.clone(), is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [number] = args.args.as_slice() else {
            return Err(DataFusionError::Internal("there is no number to round".to_owned()));
        };
        each(number, &|numbers| {
            let options = CastOptions { safe: self.or_null, ..CastOptions::default() };
            let whole: ArrayRef = match numbers.data_type() {
                DataType::Decimal256(precision, _) => cast_with_options(numbers, &DataType::Decimal256(*precision, 0), &options)?,
                DataType::Decimal32(precision, _) | DataType::Decimal64(precision, _) | DataType::Decimal128(precision, _) => {
                    cast_with_options(numbers, &DataType::Decimal128(*precision, 0), &options)?
                }
                _ => {
                    let floats = cast(numbers, &DataType::Float64)?;
                    Arc::new(unary::<_, _, Float64Type>(floats.as_primitive::<Float64Type>(), f64::round_ties_even))
                }
            };
            Ok(cast_with_options(&whole, &self.to, &options)?)
        })
    }
}

fn each(value: &ColumnarValue, compute: &dyn Fn(&ArrayRef) -> Result<ArrayRef>) -> Result<ColumnarValue> {
    Ok(match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(compute(array)?),
        ColumnarValue::Scalar(value) => ColumnarValue::Scalar(ScalarValue::try_from_array(&compute(&value.to_array()?)?, 0)?),
    })
}
