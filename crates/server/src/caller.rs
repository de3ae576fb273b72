//! Who asks. There are no keys yet: whoever reaches loopback is the owner `local`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use outflow_core::Owner;

use crate::app::App;

/// Whose unloads a request is about: every look into the store is scoped by it.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Owner);

impl FromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(Owner::local()))
    }
}
