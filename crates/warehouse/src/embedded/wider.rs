//! An aggregate of the engine's, computed in a wider type than its values have: they are widened as they come, and what comes out has the
//! type that Redshift gives it. Which types those are, each function says (`sum.rs`, `word/median.rs`).

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

/// What a function has of its own.
pub(super) trait Function: Debug + Eq + Hash + Send + Sync + 'static {
    /// What queries call it.
    const NAME: &'static str;
    /// What plans call it: rules that know the engine's own would make of it what holds for that one alone.
    const OWN_NAME: &'static str;

    /// The type in which values of that type are computed, and the type of what comes out; `None` for what the engine's own is for.
    fn types(value: &DataType) -> Option<(DataType, DataType)>;

    /// As what a value is taken that is neither a float nor has [`types`](Self::types); `None` when it is no number.
    fn taken_as(value: &DataType) -> Option<DataType>;
}

/// The function, for the engine to take in place of `inner`, its own.
pub(super) fn wider<F: Function>(function: F, inner: Arc<AggregateUDF>) -> AggregateUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::from(Wider { function, inner, signature, aliases: vec![F::NAME.to_owned()] })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Wider<F> {
    function: F,
    inner: Arc<AggregateUDF>,
    signature: Signature,
    aliases: Vec<String>,
}

/// What the engine's own is asked for, in the wider type.
struct Asked {
    types: (DataType, DataType),
    return_field: FieldRef,
    expr_fields: Vec<FieldRef>,
}

impl Asked {
    fn new<F: Function>(fields: &[FieldRef], return_field: &FieldRef) -> Option<Self> {
        let types = F::types(fields.first()?.data_type())?;
        let retyped = |field: &FieldRef| Arc::new(Field::clone(field).with_data_type(types.0.clone()));
        Some(Self { return_field: retyped(return_field), expr_fields: fields.iter().map(retyped).collect(), types })
    }

    fn args<'a>(&'a self, args: AccumulatorArgs<'a>) -> AccumulatorArgs<'a> {
        AccumulatorArgs { return_field: Arc::clone(&self.return_field), expr_fields: &self.expr_fields, ..args }
    }
}

impl<F: Function> AggregateUDFImpl for Wider<F> {
    fn name(&self) -> &str {
        F::OWN_NAME
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
        let wrong = |why: String| DataFusionError::Plan(format!("{} takes {why}", F::NAME));
        let [argument] = arguments else { return Err(wrong(format!("one argument, and here are {}", arguments.len()))) };
        let coerced = match argument {
            Dictionary(_, value) => return self.coerce_types(&[value.as_ref().clone()]),
            Float16 | Float32 | Float64 => Float64,
            other if F::types(other).is_some() => other.clone(),
            other => F::taken_as(other).ok_or_else(|| wrong(format!("numbers, and this is {other}")))?,
        };
        Ok(vec![coerced])
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments.first().and_then(F::types) {
            Some((_, result)) => Ok(result),
            None => self.inner.return_type(arguments),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        match Asked::new::<F>(args.input_fields, &args.return_field) {
            Some(asked) => self.inner.state_fields(StateFieldsArgs {
                return_field: Arc::clone(&asked.return_field),
                input_fields: &asked.expr_fields,
                ..args
            }),
            None => self.inner.state_fields(args),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Asked::new::<F>(args.expr_fields, &args.return_field) {
            Some(asked) => Ok(Box::new(Wide { inner: self.inner.accumulator(asked.args(args))?, types: asked.types })),
            None => self.inner.accumulator(args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Asked::new::<F>(args.expr_fields, &args.return_field) {
            Some(asked) => {
                let inner = self.inner.create_sliding_accumulator(asked.args(args))?;
                Ok(Box::new(Wide { inner, types: asked.types }))
            }
            None => self.inner.create_sliding_accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        match Asked::new::<F>(args.expr_fields, &args.return_field) {
            Some(asked) => {
                let inner = self.inner.create_groups_accumulator(asked.args(args))?;
                Ok(Box::new(WideGroups { inner, types: asked.types }))
            }
            None => self.inner.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.inner.reverse_udf() {
            // Another function would be the engine's, in its own type.
            ReversedUDAF::Reversed(_) => ReversedUDAF::NotSupported,
            same => same,
        }
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }
}

/// One group: the type it is computed in, and the type that it has.
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

/// Many groups.
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

/// # Errors
/// For a number with more digits than the wider type has room for.
fn widened(values: &[ArrayRef], within: &DataType) -> Result<Vec<ArrayRef>> {
    let options = CastOptions { safe: false, ..Default::default() };
    values
        .iter()
        .map(|array| match (array.data_type(), within) {
            // The same numbers, whatever their number of digits.
            (DataType::Decimal128(_, scale), DataType::Decimal128(_, wide)) if scale == wide => Ok(Arc::clone(array)),
            _ => Ok(cast_with_options(array, within, &options)?),
        })
        .collect()
}

/// # Errors
/// For a number that its type does not hold.
fn narrowed(computed: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, ..Default::default() };
    cast_with_options(computed, result, &options)
        .map_err(|_| DataFusionError::from(ArrowError::ArithmeticOverflow(format!("a sum is more than {result} holds"))))
}
