//! `sum` in Redshift's types and without a silent overflow: the engine's own counts round the end of its numbers.
//!
//! What fits `integer` adds up to `bigint`, `bigint` to `numeric(38,0)` and `numeric(p,s)` to `numeric(38,s)`. It is added in a type that no
//! number of rows fills, and a sum that its own type does not hold is an error. Sums of floats and of intervals are the engine's.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::AggregateUDF;

use super::wider::{Function, wider};

/// So many digits add up to at most 38 over ten thousand million rows.
const NARROW: u8 = DECIMAL128_MAX_PRECISION - 10;

/// The function, for the engine to take in place of its own.
pub(super) fn exact_sum() -> AggregateUDF {
    wider(Sum, sum_udaf())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum;

impl Function for Sum {
    const NAME: &'static str = "sum";
    const OWN_NAME: &'static str = "exact_sum";

    fn types(value: &DataType) -> Option<(DataType, DataType)> {
        use DataType::*;
        let widest = |scale| Decimal128(DECIMAL128_MAX_PRECISION, scale);
        Some(match value {
            Int8 | Int16 | Int32 | UInt8 | UInt16 => (widest(0), Int64),
            Int64 | UInt32 | UInt64 => (widest(0), widest(0)),
            Decimal32(_, scale) | Decimal64(_, scale) => (widest(*scale), widest(*scale)),
            Decimal128(precision, scale) if *precision <= NARROW => (widest(*scale), widest(*scale)),
            Decimal128(_, scale) => (Decimal256(DECIMAL256_MAX_PRECISION, *scale), widest(*scale)),
            _ => return None,
        })
    }

    fn taken_as(value: &DataType) -> Option<DataType> {
        use DataType::*;
        match value {
            Null => Some(Int64),
            Decimal256(..) | Duration(_) | Interval(_) => Some(value.clone()),
            _ => None,
        }
    }
}
