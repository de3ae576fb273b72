//! The OpenAPI document, generated from the handlers. What every call can refuse, and with which codes, is added here from one table;
//! the tests hold every answer that they get against it.

use outflow_api::Problem;
use outflow_core::Code;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, ResponsesBuilder};
use utoipa::{OpenApi as _, ToSchema};

use crate::router;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Outflow",
        description = "Runs a query in a data warehouse, delivers the result as files, and hands out download links. \
            Errors are `application/problem+json` (RFC 9457) with a stable `code`."
    ),
    components(schemas(Problem)),
    tags(
        (name = "unload", description = "An unload, from its request to its receipt"),
        (name = "changes", description = "What becomes of an unload, for those who wait for it"),
        (name = "download", description = "The bytes, behind signed links"),
        (name = "operations", description = "For those who run the service"),
    )
)]
struct Preface;

/// The OpenAPI 3.1 document of the API.
pub fn document() -> OpenApi {
    let mut document = router::described();
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            add_problems(operation);
        }
    }
    document
}

pub(crate) fn preface() -> OpenApi {
    let mut preface = Preface::openapi();
    preface.info.version = env!("CARGO_PKG_VERSION").to_owned();
    preface
}

/// What any call can be refused with, before its handler is reached or for reasons of ours.
const EVERYWHERE: &[Code] = &[Code::OriginNotAllowed, Code::HostNotAllowed, Code::Internal];

/// What any call of a caller can be refused with; those for whoever runs the service are answered all the same.
const WITHIN_LIMITS: &[Code] = &[Code::RequestTimeout, Code::Overloaded, Code::StoreUnavailable];

/// What is wrong with a request before it runs.
const REQUEST: &[Code] = &[
    Code::InvalidRequest,
    Code::PayloadTooLarge,
    Code::SqlTooLarge,
    Code::UnsupportedMediaType,
    Code::InvalidRequestId,
    Code::IllegalOption,
    Code::ParameterMissing,
    Code::ParameterSurplus,
    Code::ParameterInvalid,
    Code::SqlSyntax,
    Code::SqlNotSingle,
    Code::SqlNotReadOnly,
    Code::SqlForbiddenCharacter,
    Code::SqlNotAllowed,
    Code::SqlFunctionNotAllowed,
    Code::SqlRelationNotAllowed,
    Code::SqlAmbiguous,
    Code::SqlTooComplex,
    Code::UnknownWarehouse,
];

fn codes(operation: &str, is_limited: bool) -> Vec<Code> {
    let own: &[Code] = match operation {
        "create_unload" => &[Code::RequestIdTaken],
        "list_unloads" => &[Code::InvalidRequest],
        "show_unload" => &[Code::NotFound],
        "delete_unload" => &[Code::NotFound, Code::StillActive],
        "cancel_unload" => &[Code::NotFound, Code::AlreadyTerminal],
        "retry_unload" => &[Code::NotFound, Code::StillActive, Code::AlreadyTerminal, Code::RequestIdTaken],
        "show_receipt" => &[Code::NotFound, Code::NotReady, Code::UnloadFailed, Code::UnloadCancelled],
        "list_files" | "open_file" => &[
            Code::InvalidRequest,
            Code::NotFound,
            Code::NotReady,
            Code::UnloadFailed,
            Code::UnloadCancelled,
            Code::UnloadExpired,
            Code::StorageUnavailable,
        ],
        "list_tables" => &[Code::InvalidRequest, Code::UnknownWarehouse, Code::WarehouseUnavailable, Code::WarehouseDenied],
        "show_status" | "stream_events" | "open_socket" => &[Code::InvalidRequest, Code::NotFound],
        "download" => &[
            Code::LinkInvalid,
            Code::LinkExpired,
            Code::NotFound,
            Code::UnloadExpired,
            Code::RangeNotSatisfiable,
            Code::StorageUnavailable,
        ],
        "error_page" => &[Code::NotFound],
        _ => &[],
    };
    let request: &[Code] = if matches!(operation, "create_unload" | "retry_unload" | "explain_unload") { REQUEST } else { &[] };
    let limits: &[Code] = if is_limited { WITHIN_LIMITS } else { &[] };
    own.iter().chain(request).chain(EVERYWHERE).chain(limits).copied().collect()
}

fn add_problems(operation: &mut Operation) {
    let is_operations = operation.tags.iter().flatten().any(|tag| tag == "operations");
    let codes = codes(operation.operation_id.as_deref().unwrap_or_default(), !is_operations);
    let mut statuses: Vec<u16> = codes.iter().map(|code| code.http_status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    let mut responses = ResponsesBuilder::from(std::mem::take(&mut operation.responses));
    for status in statuses {
        let words: Vec<_> = codes
            .iter()
            .filter(|code| code.http_status() == status)
            .map(|code| format!("`{code}`: {}.", code.title().to_lowercase()))
            .collect();
        let response =
            ResponseBuilder::new().description(words.join(" ")).content(Problem::CONTENT_TYPE, problem.clone()).build();
        responses = responses.response(status.to_string(), RefOr::T(response));
    }
    operation.responses = responses.build();
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.head, &mut item.patch].into_iter().flatten()
}
