//! `MEDIAN` in Redshift's types: of exact numbers it has a digit more behind the point, so that the middle of two is exact. The engine's own takes
//! whole numbers for doubles and cuts decimals off.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::logical_expr::AggregateUDF;

use crate::embedded::wider::{Function, wider};

/// The function, for the engine to take in place of its own.
pub(super) fn exact_median() -> AggregateUDF {
    wider(Median, median_udaf())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Median;

impl Function for Median {
    const NAME: &'static str = "median";
    const OWN_NAME: &'static str = "exact_median";

    fn types(value: &DataType) -> Option<(DataType, DataType)> {
        use DataType::*;
        let wide = match value {
            UInt64 => Decimal128(21, 1),
            whole if whole.is_integer() => Decimal128(20, 1),
            Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) => {
                Decimal128((precision + 1).min(DECIMAL128_MAX_PRECISION), scale + 1)
            }
            _ => return None,
        };
        Some((wide.clone(), wide))
    }

    fn taken_as(value: &DataType) -> Option<DataType> {
        matches!(value, DataType::Null).then_some(DataType::Float64)
    }
}
