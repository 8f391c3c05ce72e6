//! The answer to a read.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use projection_runtime::Position;
use serde::Serialize;
use utoipa::ToSchema;

use crate::position::POSITION;
use crate::services::Services;

/// The answer to a read: a body, the position that it is good for, perhaps a version as `ETag`.
#[derive(Debug)]
pub struct Found<T> {
    body: T,
    position: String,
    etag: Option<String>,
}

impl<T> Found<T> {
    /// As a read model shows it, at this position.
    pub fn at(services: &Services, position: Position, body: T) -> Self {
        Self { body, position: services.position_text(position), etag: None }
    }

    /// As the log has it now.
    pub fn now(services: &Services, body: T) -> Self {
        let head = *services.handlers.store().head().borrow();
        Self::at(services, head, body)
    }

    /// With this version, to be named by what changes it next.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.etag = Some(crate::command::etag(version));
        self
    }
}

impl<T: Serialize> IntoResponse for Found<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        let headers = response.headers_mut();
        if let Ok(position) = HeaderValue::from_str(&self.position) {
            headers.insert(HeaderName::from_static(POSITION), position);
        }
        if let Some(etag) = self.etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
            headers.insert(header::ETAG, etag);
        }
        response
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins: to be given back as it is. Absent: this is the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// A page of the rows that were asked for with one more than `limit`: were there more, the cursor of the last one kept
    /// leads on.
    pub fn of<R>(mut rows: Vec<R>, limit: u32, cursor: impl Fn(&R) -> String, item: impl FnMut(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Self { items: rows.into_iter().map(item).collect(), next }
    }
}
