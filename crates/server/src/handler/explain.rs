//! `POST /api/unload/explain`: what a request would run. Nothing runs.

use axum::Json;
use axum::extract::State;
use outflow_api::{ExplainView, OptionsView, UnloadRequest};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{About, ApiResult};
use crate::extract::JsonBody;

/// Tells what a request would run.
///
/// Takes what `POST /api/unload` takes. What that would refuse is refused here in the same words.
#[utoipa::path(
    post, path = "/api/unload/explain", operation_id = "explain_unload", tag = "unload", request_body = UnloadRequest,
    responses((status = 200, description = "The request would be accepted", body = ExplainView))
)]
pub(crate) async fn explain_unload(
    State(app): State<App>,
    Caller(owner): Caller,
    JsonBody(body): JsonBody,
) -> ApiResult<Json<ExplainView>> {
    let request = UnloadRequest::from_json(&body)?;
    let named = request.request_id.clone();
    let submission = request.into_submission(None).about_text(named.clone())?;
    let explanation = app.engine.explain(owner, submission).about_text(named)?;
    let asked = explanation.asked;
    Ok(Json(ExplainView {
        allowed: true,
        warehouse: asked.warehouse,
        tables: explanation.relations,
        ordered: asked.is_ordered,
        limited: asked.is_limited,
        options: OptionsView::from(&asked.options),
        labels: asked.labels,
        statement: explanation.statement,
    }))
}
