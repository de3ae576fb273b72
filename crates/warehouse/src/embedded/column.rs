//! The columns of a result in Redshift's types: what the engine computes is brought to one of them before it is written.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema, SchemaRef, TimeUnit};
use outflow_core::manifest::{Element, Manifest};
use outflow_core::schema::Column;
use outflow_core::{Code, Error, Result};
use serde_json::{Value, json};

use super::arithmetic::within_precision;

/// The length that Redshift gives a text which has none of its own.
const MAX_LENGTH: u32 = 65_535;

/// The columns that a statement writes.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    schema: SchemaRef,
}

impl Columns {
    /// The columns of a result with the engine's schema.
    ///
    /// # Errors
    /// `duplicate_column` for two of one name; `query_invalid` for a type that no file can hold.
    pub(super) fn new(schema: &Schema) -> Result<Self> {
        for (place, field) in schema.fields().iter().enumerate() {
            if schema.fields()[..place].iter().any(|other| other.name() == field.name()) {
                let message = format!("two columns of the result have the name `{}`; give one another with AS", field.name());
                return Err(Error::new(Code::DuplicateColumn, message));
            }
        }
        Self::with_repeats(schema)
    }

    /// The same for a result that goes into no file: names may come more than once.
    ///
    /// # Errors
    /// `query_invalid`, as for [`Self::new`].
    pub(super) fn with_repeats(schema: &Schema) -> Result<Self> {
        let mut fields: Vec<Field> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let data_type = written_type(field.data_type()).ok_or_else(|| {
                let message = format!("the column `{}` has a type that cannot be unloaded; cast it to another", field.name());
                Error::new(Code::QueryInvalid, message)
            })?;
            fields.push(Field::new(field.name(), data_type, true));
        }
        if fields.is_empty() {
            return Err(Error::new(Code::QueryInvalid, "the query has no columns"));
        }
        Ok(Self { schema: Arc::new(Schema::new(fields)) })
    }

    /// The schema of what is written.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Those columns alone.
    ///
    /// # Errors
    /// `internal` for a place at which there is none.
    pub(super) fn only(&self, places: &[usize]) -> Result<Self> {
        let schema = self.schema.project(places);
        let schema = schema.map_err(|error| Error::new(Code::Internal, "a result lacks a column").with_source(error))?;
        Ok(Self { schema: Arc::new(schema) })
    }

    /// The rows in the types that are written; columns behind those of the result are left out.
    ///
    /// # Errors
    /// `query_failed` when a value does not fit, such as a moment beyond what microseconds reach, or a number with more digits than its type has.
    pub(super) fn bring(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let options = CastOptions { safe: false, ..Default::default() };
        let columns: Result<Vec<ArrayRef>> = (batch.columns().iter().zip(self.schema.fields()))
            .map(|(array, field)| {
                let is_it = array.data_type() == field.data_type();
                let brought = if is_it { Ok(Arc::clone(array)) } else { cast_with_options(array, field.data_type(), &options) };
                brought.and_then(|array| within_precision(array.as_ref()).map(|()| array)).map_err(|error| {
                    let message = format!("a value of the column `{}` is out of range for its type", field.name());
                    Error::new(Code::QueryFailed, message).with_source(error)
                })
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns?, &options)
            .map_err(|error| Error::new(Code::Internal, "the rows do not have the result's columns").with_source(error))
    }

    /// The columns as the manifest tells of them.
    pub(super) fn elements(&self) -> Vec<Element> {
        self.schema.fields().iter().map(|field| element(field)).collect()
    }

    /// The columns in words.
    pub(super) fn described(&self) -> Vec<Column> {
        described(self.elements())
    }
}

/// The columns of a table in words; one whose type cannot be unloaded is told by the engine's name for it.
pub(super) fn described_table(schema: &Schema) -> Vec<Column> {
    let fields = schema.fields().iter().map(|field| match written_type(field.data_type()) {
        Some(data_type) => element(&Field::new(field.name(), data_type, true)),
        None => Element { name: field.name().clone(), data_type: json!({ "base": field.data_type().to_string() }) },
    });
    described(fields.collect())
}

fn described(elements: Vec<Element>) -> Vec<Column> {
    let schema = Some(outflow_core::manifest::Schema { elements });
    Manifest { entries: Vec::new(), schema, meta: None, author: None }.columns()
}

fn element(field: &Field) -> Element {
    Element { name: field.name().clone(), data_type: redshift_type(field.data_type()) }
}

/// The type that stands for an engine's type in a file; `None` when there is none.
fn written_type(data_type: &DataType) -> Option<DataType> {
    use DataType::*;
    Some(match data_type {
        Boolean | Int16 | Int32 | Int64 | Float32 | Float64 | Date32 => data_type.clone(),
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView => data_type.clone(),
        Int8 | UInt8 => Int16,
        UInt16 => Int32,
        UInt32 => Int64,
        UInt64 => Decimal128(20, 0),
        Float16 => Float32,
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) => {
            decimal(*precision, *scale, DECIMAL128_MAX_PRECISION)?
        }
        Decimal256(precision, scale) => decimal(*precision, *scale, 76)?,
        Date64 => Date32,
        Time32(_) | Time64(_) => Time64(TimeUnit::Microsecond),
        Timestamp(_, None) => Timestamp(TimeUnit::Microsecond, None),
        Timestamp(_, Some(_)) => Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        Null | Duration(_) | Interval(_) => Utf8,
        FixedSizeBinary(_) => Binary,
        Dictionary(_, value) => written_type(value)?,
        RunEndEncoded(_, value) => written_type(value.data_type())?,
        List(field) | LargeList(field) | FixedSizeList(field, _) | ListView(field) | LargeListView(field) => List(nested(field)?),
        Struct(fields) => Struct(fields.iter().map(nested).collect::<Option<_>>()?),
        Map(..) | Union(..) => return None,
    })
}

fn nested(field: &Arc<Field>) -> Option<Arc<Field>> {
    Some(Arc::new(Field::new(field.name(), written_type(field.data_type())?, true)))
}

/// A decimal that is as wide and has no negative scale; wider than `most` becomes the wider kind.
fn decimal(precision: u8, scale: i8, most: u8) -> Option<DataType> {
    let (precision, scale) = if scale < 0 { (precision.checked_add(scale.unsigned_abs())?, 0) } else { (precision, scale) };
    match precision {
        0..=DECIMAL128_MAX_PRECISION if most == DECIMAL128_MAX_PRECISION => Some(DataType::Decimal128(precision, scale)),
        0..=76 => Some(DataType::Decimal256(precision, scale)),
        _ => None,
    }
}

/// Redshift's name for a written type, with its dimensions.
fn redshift_type(data_type: &DataType) -> Value {
    use DataType::*;
    match data_type {
        Boolean => json!({ "base": "boolean" }),
        Int16 => json!({ "base": "smallint" }),
        Int32 => json!({ "base": "integer" }),
        Int64 => json!({ "base": "bigint" }),
        Float32 => json!({ "base": "real" }),
        Float64 => json!({ "base": "double precision" }),
        Decimal128(precision, scale) | Decimal256(precision, scale) => {
            json!({ "base": "numeric", "precision": precision, "scale": scale })
        }
        Date32 => json!({ "base": "date" }),
        Time64(_) => json!({ "base": "time without time zone" }),
        Timestamp(_, None) => json!({ "base": "timestamp without time zone" }),
        Timestamp(_, Some(_)) => json!({ "base": "timestamp with time zone" }),
        Binary | LargeBinary | BinaryView => json!({ "base": "varbyte" }),
        List(_) | Struct(_) => json!({ "base": "super" }),
        _ => json!({ "base": "character varying", "max_length": MAX_LENGTH }),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int8Array, TimestampNanosecondArray, UInt64Array};

    use super::*;

    fn words(fields: &[(&str, DataType)]) -> Vec<String> {
        let fields: Vec<Field> = fields.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect();
        Columns::new(&Schema::new(fields)).unwrap().described().into_iter().map(|column| column.data_type).collect()
    }

    #[test]
    fn types_are_told_in_redshifts_words() {
        let zone = Some("Asia/Seoul".into());
        let told = words(&[
            ("a", DataType::Int64),
            ("b", DataType::Utf8View),
            ("c", DataType::Decimal128(15, 2)),
            ("d", DataType::Timestamp(TimeUnit::Nanosecond, None)),
            ("e", DataType::Timestamp(TimeUnit::Second, zone)),
            ("f", DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))),
            ("g", DataType::UInt64),
            ("h", DataType::Null),
            ("i", DataType::Decimal128(38, -2)),
            ("j", DataType::List(Arc::new(Field::new("item", DataType::Int8, true)))),
        ]);
        assert_eq!(
            told,
            [
                "bigint",
                "character varying(65535)",
                "numeric(15,2)",
                "timestamp without time zone",
                "timestamp with time zone",
                "character varying(65535)",
                "numeric(20,0)",
                "character varying(65535)",
                "numeric(40,0)",
                "super"
            ]
        );
    }

    #[test]
    fn two_columns_of_one_name_are_refused_by_name() {
        let schema = Schema::new(vec![Field::new("a", DataType::Int64, true), Field::new("a", DataType::Utf8, true)]);
        let error = Columns::new(&schema).unwrap_err();
        assert_eq!(error.code(), Code::DuplicateColumn);
        assert!(error.message().contains("`a`"), "{error}");
    }

    #[test]
    fn values_are_brought_to_the_written_types_or_refused() {
        let moment = TimestampNanosecondArray::from(vec![Some(1_767_225_600_123_456_000), None]);
        let batch = RecordBatch::try_from_iter([
            ("a", Arc::new(Int8Array::from(vec![Some(-1), None])) as ArrayRef),
            ("b", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
            ("c", Arc::new(moment)),
        ])
        .unwrap();
        let columns = Columns::new(&batch.schema()).unwrap();
        let brought = columns.bring(batch).unwrap();
        assert_eq!(brought.schema(), *columns.schema());
        assert_eq!(brought.column(0).null_count(), 1);
    }

    #[test]
    fn a_number_with_more_digits_than_its_type_is_refused() {
        use arrow::array::Decimal128Array;
        let of = |value: i128| {
            let numbers = Decimal128Array::from(vec![value]).with_precision_and_scale(5, 2).unwrap();
            RecordBatch::try_from_iter([("a", Arc::new(numbers) as ArrayRef)]).unwrap()
        };
        let columns = Columns::new(&of(1).schema()).unwrap();
        assert!(columns.bring(of(99_999)).is_ok());
        let error = columns.bring(of(100_000)).unwrap_err();
        assert!(error.code() == Code::QueryFailed && error.message().contains("`a` is out of range"), "{error}");
    }
}
