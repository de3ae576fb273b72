//! `MEDIAN` in Redshift's types: of exact numbers it has a digit more behind the point, so that the middle of two is exact. The engine's own takes
//! whole numbers for doubles and cuts decimals off.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility};

use super::rowwise::wrong;

/// The function, for the engine to take in place of its own.
pub(super) fn exact_median() -> AggregateUDF {
    AggregateUDF::from(ExactMedian {
        inner: median_udaf(),
        signature: Signature::user_defined(Volatility::Immutable),
        aliases: vec!["median".to_owned()],
    })
}

/// The type of the median of values of that type, in which it is computed too; `None` for what the engine's own is for.
fn wider(value: &DataType) -> Option<DataType> {
    use DataType::*;
    Some(match value {
        UInt64 => Decimal128(21, 1),
        whole if whole.is_integer() => Decimal128(20, 1),
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) => {
            Decimal128((precision + 1).min(DECIMAL128_MAX_PRECISION), scale + 1)
        }
        _ => return None,
    })
}

/// What the engine's own median is asked for, in the wider type.
struct Asked {
    within: DataType,
    return_field: FieldRef,
    expr_fields: Vec<FieldRef>,
}

impl Asked {
    fn new(fields: &[FieldRef], return_field: &FieldRef) -> Option<Self> {
        let within = wider(fields.first()?.data_type())?;
        let retyped = |field: &FieldRef| Arc::new(Field::clone(field).with_data_type(within.clone()));
        Some(Self { return_field: retyped(return_field), expr_fields: fields.iter().map(retyped).collect(), within })
    }

    fn args<'a>(&'a self, args: AccumulatorArgs<'a>) -> AccumulatorArgs<'a> {
        AccumulatorArgs { return_field: Arc::clone(&self.return_field), expr_fields: &self.expr_fields, ..args }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactMedian {
    inner: Arc<AggregateUDF>,
    signature: Signature,
    aliases: Vec<String>,
}

impl AggregateUDFImpl for ExactMedian {
    fn name(&self) -> &str {
        "exact_median"
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn schema_name(&self, params: &AggregateFunctionParams) -> Result<String> {
        self.inner.schema_name(params)
    }

    fn window_function_schema_name(&self, params: &WindowFunctionParams) -> Result<String> {
        self.inner.window_function_schema_name(params)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        use DataType::*;
        let [value] = types else { return Err(wrong("median", "takes one argument")) };
        Ok(vec![match value {
            Dictionary(_, value) => return self.coerce_types(&[value.as_ref().clone()]),
            Null | Float16 | Float32 | Float64 => Float64,
            other if wider(other).is_some() => other.clone(),
            other => return Err(wrong("median", &format!("takes numbers, and this is {other}"))),
        }])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types.first().and_then(wider) {
            Some(wider) => Ok(wider),
            None => self.inner.return_type(types),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        match Asked::new(args.input_fields, &args.return_field) {
            Some(asked) => self.inner.state_fields(StateFieldsArgs {
                return_field: Arc::clone(&asked.return_field),
                input_fields: &asked.expr_fields,
                ..args
            }),
            None => self.inner.state_fields(args),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Asked::new(args.expr_fields, &args.return_field) {
            Some(asked) => {
                let inner = self.inner.accumulator(asked.args(args))?;
                Ok(Box::new(Wide { inner, within: asked.within }))
            }
            None => self.inner.accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        match Asked::new(args.expr_fields, &args.return_field) {
            Some(asked) => {
                let inner = self.inner.create_groups_accumulator(asked.args(args))?;
                Ok(Box::new(WideGroups { inner, within: asked.within }))
            }
            None => self.inner.create_groups_accumulator(args),
        }
    }
}

/// The median of one group; its values are widened as they come.
#[derive(Debug)]
struct Wide {
    inner: Box<dyn Accumulator>,
    within: DataType,
}

impl Accumulator for Wide {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&widened(values, &self.within)?)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&widened(values, &self.within)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.inner.evaluate()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

/// The medians of many groups.
struct WideGroups {
    inner: Box<dyn GroupsAccumulator>,
    within: DataType,
}

impl GroupsAccumulator for WideGroups {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.inner.update_batch(&widened(values, &self.within)?, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.inner.evaluate(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.inner.merge_batch(values, groups, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&widened(values, &self.within)?, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

/// # Errors
/// For a number with so many digits that there is no room for one more.
fn widened(values: &[ArrayRef], within: &DataType) -> Result<Vec<ArrayRef>> {
    let options = CastOptions { safe: false, ..Default::default() };
    values.iter().map(|array| Ok(cast_with_options(array, within, &options)?)).collect()
}
