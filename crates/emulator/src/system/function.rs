//! The functions that tell of the session and the server, and those that stop others.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use outflow_warehouse::embedded::Given;

use crate::belief;
use crate::engine::Engine;
use crate::engine::session::Session;

/// Gives a query the functions, as they answer now.
pub(super) fn add(given: &mut Given, engine: &Arc<Engine>, session: &Arc<Session>) {
    let text = |value: &str| ScalarValue::Utf8(Some(value.to_owned()));
    let constants = [
        ("version", text(belief::VERSION)),
        ("current_database", text(&session.database)),
        ("current_schema", text("public")),
        ("current_user", text(&session.user)),
        ("session_user", text(&session.user)),
        ("pg_get_userbyid", text(&session.user)),
        ("pg_encoding_to_char", text("UTF8")),
        ("pg_client_encoding", text("UTF8")),
        ("pg_backend_pid", ScalarValue::Int32(Some(session.pid))),
        ("pg_last_query_id", ScalarValue::Int64(Some(session.last_query()))),
        ("pg_last_unload_count", ScalarValue::Int64(Some(session.last_unload()))),
        ("pg_table_is_visible", ScalarValue::Boolean(Some(true))),
        ("has_schema_privilege", ScalarValue::Boolean(Some(true))),
        ("has_table_privilege", ScalarValue::Boolean(Some(true))),
        ("has_database_privilege", ScalarValue::Boolean(Some(true))),
    ];
    for (name, value) in constants {
        given.add_function(function(name, value.data_type(), move |_| value.clone()));
    }
    let of = Arc::clone(session);
    given.add_function(function("current_setting", DataType::Utf8, move |arguments| {
        ScalarValue::Utf8(arguments.first().and_then(text_of).and_then(|name| of.setting(&name)))
    }));
    for (name, is_for_good) in [("pg_cancel_backend", false), ("pg_terminate_backend", true)] {
        let engine = Arc::downgrade(engine);
        given.add_function(function(name, DataType::Int32, move |arguments| {
            let pid = arguments.first().and_then(|pid| pid.to_string().parse().ok());
            let engine = engine.upgrade().filter(|engine| engine.beliefs.session_is_backend);
            let found = pid.and_then(|pid| engine?.find_session(pid));
            if let Some(session) = &found {
                session.cancel();
                if is_for_good {
                    session.terminated.cancel();
                }
            }
            ScalarValue::Int32(Some(i32::from(found.is_some())))
        }));
    }
}

fn text_of(value: &ScalarValue) -> Option<String> {
    value.try_as_str().flatten().map(str::to_owned)
}

fn function(name: &str, returns: DataType, body: impl Fn(&[ScalarValue]) -> ScalarValue + Send + Sync + 'static) -> ScalarUDF {
    let takes = vec![TypeSignature::Nullary, TypeSignature::VariadicAny];
    ScalarUDF::new_from_impl(Function {
        name: name.to_owned(),
        returns,
        signature: Signature::one_of(takes, Volatility::Volatile),
        body: Arc::new(body),
    })
}

/// What computes a value from the values of the arguments.
type Body = dyn Fn(&[ScalarValue]) -> ScalarValue + Send + Sync;

/// A function whose value is computed by code, row by row.
struct Function {
    name: String,
    returns: DataType,
    signature: Signature,
    body: Arc<Body>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.body, &other.body)
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalars: Option<Vec<ScalarValue>> = (arguments.args.iter())
            .map(|value| match value {
                ColumnarValue::Scalar(value) => Some(value.clone()),
                ColumnarValue::Array(_) => None,
            })
            .collect();
        if let Some(scalars) = scalars {
            return Ok(ColumnarValue::Scalar((self.body)(&scalars)));
        }
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let rows = (0..arguments.number_rows).map(|row| {
            let values: Result<Vec<ScalarValue>> =
                columns.iter().map(|column| ScalarValue::try_from_array(column, row)).collect();
            Ok((self.body)(&values?))
        });
        let rows: Vec<ScalarValue> = rows.collect::<Result<_>>()?;
        let array =
            if rows.is_empty() { arrow::array::new_empty_array(&self.returns) } else { ScalarValue::iter_to_array(rows)? };
        Ok(ColumnarValue::Array(array))
    }
}
