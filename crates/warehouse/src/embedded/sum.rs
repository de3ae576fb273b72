//! `sum` in Redshift's types and without a silent overflow: the engine's own counts round the end of its numbers.
//!
//! What fits `integer` adds up to `bigint`, `bigint` to `numeric(38,0)` and `numeric(p,s)` to `numeric(38,s)`. It is added in a type that no
//! number of rows fills, and a sum that its own type does not hold is an error. Sums of floats and of intervals are the engine's.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef};
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

/// So many digits add up to at most 38 over ten thousand million rows.
const NARROW: u8 = DECIMAL128_MAX_PRECISION - 10;

/// The function, for the engine to take in place of its own.
pub(super) fn exact_sum() -> AggregateUDF {
    AggregateUDF::from(ExactSum {
        inner: sum_udaf(),
        signature: Signature::user_defined(Volatility::Immutable),
        aliases: vec!["sum".to_owned()],
    })
}

/// Its name is another than the engine's: rules that know `sum` take the sum of sums for a sum of the same type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactSum {
    inner: Arc<AggregateUDF>,
    signature: Signature,
    aliases: Vec<String>,
}

/// The type in which values of that type are added, and the type of their sum; `None` for what the engine's own sum is for.
fn types(argument: &DataType) -> Option<(DataType, DataType)> {
    use DataType::*;
    let widest = |scale| Decimal128(DECIMAL128_MAX_PRECISION, scale);
    Some(match argument {
        Int8 | Int16 | Int32 | UInt8 | UInt16 => (widest(0), Int64),
        Int64 | UInt32 | UInt64 => (widest(0), widest(0)),
        Decimal32(_, scale) | Decimal64(_, scale) => (widest(*scale), widest(*scale)),
        Decimal128(precision, scale) if *precision <= NARROW => (widest(*scale), widest(*scale)),
        Decimal128(_, scale) => (Decimal256(DECIMAL256_MAX_PRECISION, *scale), widest(*scale)),
        _ => return None,
    })
}

/// What the engine's own sum is asked for, in the wider type.
struct Asked {
    within: DataType,
    result: DataType,
    return_field: FieldRef,
    expr_fields: Vec<FieldRef>,
}

impl Asked {
    fn new(fields: &[FieldRef], return_field: &FieldRef) -> Option<Self> {
        let (within, result) = types(fields.first()?.data_type())?;
        let retyped = |field: &FieldRef| Arc::new(Field::clone(field).with_data_type(within.clone()));
        Some(Self { return_field: retyped(return_field), expr_fields: fields.iter().map(retyped).collect(), within, result })
    }

    fn args<'a>(&'a self, args: AccumulatorArgs<'a>) -> AccumulatorArgs<'a> {
        AccumulatorArgs { return_field: Arc::clone(&self.return_field), expr_fields: &self.expr_fields, ..args }
    }
}

impl AggregateUDFImpl for ExactSum {
    fn name(&self) -> &str {
        "exact_sum"
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

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        use DataType::*;
        let [argument] = arguments else {
            return Err(DataFusionError::Plan(format!("sum takes one argument, and here are {}", arguments.len())));
        };
        let coerced = match argument {
            Dictionary(_, value) => return self.coerce_types(&[value.as_ref().clone()]),
            Null => Int64,
            Float16 | Float32 | Float64 => Float64,
            Decimal256(..) | Duration(_) | Interval(_) => argument.clone(),
            other if types(other).is_some() => argument.clone(),
            other => return Err(DataFusionError::Plan(format!("sum takes numbers, and this is {other}"))),
        };
        Ok(vec![coerced])
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments.first().and_then(types) {
            Some((_, result)) => Ok(result),
            None => self.inner.return_type(arguments),
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
                Ok(Box::new(Wide { inner: self.inner.accumulator(asked.args(args))?, types: (asked.within, asked.result) }))
            }
            None => self.inner.accumulator(args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Asked::new(args.expr_fields, &args.return_field) {
            Some(asked) => {
                let inner = self.inner.create_sliding_accumulator(asked.args(args))?;
                Ok(Box::new(Wide { inner, types: (asked.within, asked.result) }))
            }
            None => self.inner.create_sliding_accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        match Asked::new(args.expr_fields, &args.return_field) {
            Some(asked) => {
                let inner = self.inner.create_groups_accumulator(asked.args(args))?;
                Ok(Box::new(WideGroups { inner, types: (asked.within, asked.result) }))
            }
            None => self.inner.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// One sum: the type it is added in, and the type that it has.
#[derive(Debug)]
struct Wide {
    inner: Box<dyn Accumulator>,
    types: (DataType, DataType),
}

impl Accumulator for Wide {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&widened(values, &self.types.0)?)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&widened(values, &self.types.0)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&narrowed(&self.inner.evaluate()?.to_array()?, &self.types.1)?, 0)
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

/// The sums of many groups.
struct WideGroups {
    inner: Box<dyn GroupsAccumulator>,
    types: (DataType, DataType),
}

impl GroupsAccumulator for WideGroups {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.inner.update_batch(&widened(values, &self.types.0)?, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        narrowed(&self.inner.evaluate(emit_to)?, &self.types.1)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.inner.merge_batch(values, groups, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&widened(values, &self.types.0)?, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

fn widened(values: &[ArrayRef], within: &DataType) -> Result<Vec<ArrayRef>> {
    let options = CastOptions { safe: false, ..Default::default() };
    values
        .iter()
        .map(|array| match (array.data_type(), within) {
            // The same numbers, whatever their number of digits.
            (DataType::Decimal128(..), DataType::Decimal128(..)) => Ok(Arc::clone(array)),
            _ => Ok(cast_with_options(array, within, &options)?),
        })
        .collect()
}

fn narrowed(sums: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, ..Default::default() };
    cast_with_options(sums, result, &options)
        .map_err(|_| DataFusionError::from(ArrowError::ArithmeticOverflow(format!("a sum is more than {result} holds"))))
}
