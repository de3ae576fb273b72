//! `MEDIAN` in Redshift's types: of exact numbers it has a digit more behind the point, so that the middle of two is exact. The engine's own takes
//! whole numbers for doubles and cuts decimals off.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, FieldRef};
use datafusion::error::Result;
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility};

use super::rowwise::wrong;

/// The function, for the engine to take in place of its own.
pub(super) fn exact_median() -> AggregateUDF {
    AggregateUDF::from(ExactMedian {
        inner: median_udaf(),
        signature: Signature::user_defined(Volatility::Immutable),
        aliases: vec!["median".to_owned()],
    })
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
            UInt64 => Decimal128(21, 1),
            whole if whole.is_integer() => Decimal128(20, 1),
            Decimal32(precision, scale) | Decimal64(precision, scale) => Decimal128(precision + 1, scale + 1),
            Decimal128(precision, scale) if *precision < DECIMAL128_MAX_PRECISION => Decimal128(precision + 1, scale + 1),
            Null | Float16 | Float32 | Float64 => Float64,
            other => return Err(wrong("median", &format!("takes numbers of up to 37 digits, and this is {other}"))),
        }])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }
}
