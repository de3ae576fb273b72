//! The JSON schemas of what the domain names, made from the domain's own lists so that none can be forgotten.

use outflow_core::options::{Compression, Format};
use outflow_core::unload::Orchestrator;
use outflow_core::{Code, Phase, Status};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, RefOr, Schema};

pub(crate) fn status() -> Object {
    words(Status::ALL.map(Status::as_str), "Where the unload stands.")
}

pub(crate) fn phase() -> Object {
    nullable(words(Phase::ALL.map(Phase::as_str), "What a running unload does just now; null when it does not run."))
}

pub(crate) fn format() -> Object {
    words(Format::ALL.map(Format::as_str), "How rows become bytes.")
}

pub(crate) fn compression() -> Object {
    words(Compression::ALL.map(Compression::as_str), "How the file is compressed.")
}

pub(crate) fn compression_or_null() -> Object {
    nullable(compression())
}

pub(crate) fn orchestrator() -> Object {
    let all = [Orchestrator::Scheduler, Orchestrator::StepFunctions, Orchestrator::S3Events];
    words(all.map(Orchestrator::as_str), "What drives the unload.")
}

pub(crate) fn code() -> Object {
    words(Code::ALL.iter().map(|code| code.as_str()), "What went wrong, for a program; each has a page in `docs/errors/`.")
}

pub(crate) fn code_or_null() -> Object {
    nullable(code())
}

pub(crate) fn algorithm() -> Object {
    words(["sha256", "crc64nvme"], "How the checksum was made.")
}

/// Parameters: any name, and a scalar or a typed value.
pub(crate) fn parameters() -> Object {
    let scalar = SchemaType::Array(vec![Type::String, Type::Number, Type::Boolean, Type::Null]);
    let typed = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property(
            "type",
            words(
                [
                    "string",
                    "varchar",
                    "integer",
                    "bigint",
                    "decimal",
                    "double",
                    "boolean",
                    "date",
                    "timestamp",
                    "timestamptz",
                    "time",
                ],
                "The SQL type.",
            ),
        )
        .property("value", ObjectBuilder::new().schema_type(scalar.clone()))
        .required("type")
        .required("value")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let value: RefOr<Schema> = OneOfBuilder::new().item(ObjectBuilder::new().schema_type(scalar)).item(typed).into();
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(value))
        .description(Some("What `:name` in the query stands for."))
        .build()
}

/// Names of columns.
pub(crate) fn partition_by() -> Schema {
    let name = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(127));
    ArrayBuilder::new()
        .items(name)
        .min_items(Some(1))
        .max_items(Some(16))
        .unique_items(true)
        .description(Some(
            "Columns of the query by whose values the files are put into folders, `output/column=value/`, outermost first.",
        ))
        .into()
}

/// A list that must be empty.
pub(crate) fn notify() -> Schema {
    ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(SchemaType::AnyValue))
        .max_items(Some(0))
        .description(Some("Whom to tell. Not offered yet: only an empty list is accepted."))
        .into()
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>, description: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).description(Some(description)).build()
}

fn nullable(mut object: Object) -> Object {
    object.schema_type = SchemaType::Array(vec![Type::String, Type::Null]);
    if let Some(values) = &mut object.enum_values {
        values.push(serde_json::Value::Null);
    }
    object
}
