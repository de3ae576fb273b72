//! The requests and answers of the API, as JSON: shared by the server, the command line and the Lambdas.
//!
//! What is written here is the wire. The domain in `outflow-core` may change its shape; these types, and the OpenAPI document that is
//! generated from them, may only grow. There is no HTTP in here.

mod explain;
mod files;
mod list;
mod problem;
mod ready;
mod receipt;
mod request;
mod schema;
mod tables;
mod unload;

pub use explain::ExplainView;
pub use files::{ChecksumView, FileView, FilesView};
pub use list::ListView;
pub use problem::Problem;
pub use ready::{Check, ReadyView};
pub use receipt::{ReceiptFileView, ReceiptView};
pub use request::{RetryRequest, UnloadRequest};
pub use tables::{ColumnView, TableView, TablesView};
pub use unload::{ErrorView, Links, OptionsView, StatusView, UnloadView};
