//! Functions of our own that are computed from their arguments, row by row.

use std::hash::{Hash, Hasher};

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// A function: what it is called in errors, the types that it takes, the type that it gives, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rowwise {
    /// The engine's name for it, which no query can write.
    pub(super) name: &'static str,
    /// The types in which it takes arguments of those types.
    pub(super) takes: fn(&[DataType]) -> Result<Vec<DataType>>,
    /// The type of the result for arguments of the types that it takes.
    pub(super) gives: fn(&[DataType]) -> DataType,
    /// The results for columns of one length.
    pub(super) compute: fn(&[ArrayRef]) -> Result<ArrayRef>,
}

impl Rowwise {
    pub(super) fn udf(self) -> ScalarUDF {
        ScalarUDF::from(Registered { function: self, signature: Signature::user_defined(Volatility::Immutable) })
    }
}

#[derive(Debug)]
struct Registered {
    function: Rowwise,
    signature: Signature,
}

impl PartialEq for Registered {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

impl Eq for Registered {}

impl Hash for Registered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Registered {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        (self.function.takes)(types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok((self.function.gives)(types))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_one = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if is_one { 1 } else { args.number_rows };
        let columns = args.args.into_iter().map(|value| value.into_array(rows)).collect::<Result<Vec<_>>>()?;
        let made = (self.function.compute)(&columns)?;
        if is_one { Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?)) } else { Ok(ColumnarValue::Array(made)) }
    }
}

/// Whether values of that type are texts, or NULL.
pub(super) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
}

/// All of the arguments as texts.
///
/// # Errors
/// `query_invalid` where one is no text.
pub(super) fn texts(word: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    types.iter().map(|data_type| as_text(word, data_type)).collect()
}

/// An argument as a text.
///
/// # Errors
/// `query_invalid` where it is none.
pub(super) fn as_text(word: &str, data_type: &DataType) -> Result<DataType> {
    match data_type {
        data_type if is_text(data_type) => Ok(DataType::Utf8),
        DataType::Dictionary(_, value) => as_text(word, value),
        other => Err(wrong(word, &format!("takes a text where this is {other}; cast it to varchar"))),
    }
}

/// An argument as a whole number.
///
/// # Errors
/// `query_invalid` where it is none.
pub(super) fn as_whole(word: &str, data_type: &DataType) -> Result<DataType> {
    match data_type {
        data_type if data_type.is_integer() || is_text(data_type) => Ok(DataType::Int64),
        other => Err(wrong(word, &format!("takes a whole number where this is {other}; cast it to bigint"))),
    }
}

/// What is wrong with a call, found while planning.
pub(super) fn wrong(word: &str, why: &str) -> DataFusionError {
    DataFusionError::Plan(format!("`{word}` {why}"))
}

/// What is wrong with a value, found while running.
pub(super) fn failed(word: &str, why: &str) -> DataFusionError {
    DataFusionError::Execution(format!("`{word}` {why}"))
}
