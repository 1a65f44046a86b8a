//! `GET /problems/{type}`: what a kind of problem means, for people.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::{Kind, Problem};

/// What a type of problem means
#[utoipa::path(
    get, path = "/problems/{type}",
    operation_id = "explain_problem", tag = "problems",
    params(("type" = String, Path, description = "The end of a problem's `type`")),
    responses(
        (status = 200, description = "An explanation", body = String, content_type = "text/plain"),
        (status = 404, description = "No such type"),
    )
)]
pub(crate) async fn page(slug: Path<String>) -> Result<Response, Problem> {
    let kind = Kind::parse(&slug).ok_or_else(|| Problem::not_found("There is no such problem."))?;
    let row = kind.row();
    let text = format!("{}\n\nStatus {}\n\n{}\n", row.title, row.status, row.about);
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
