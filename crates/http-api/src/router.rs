//! All endpoints, with what surrounds each request.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::IntoResponse;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa::openapi::PathItem;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::caller::admit;
use crate::problem::Problem;
use crate::services::Services;

/// The largest body: 64 KiB. No request of this API needs more.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// How long a request may take until its answer begins. A little longer than who waits for events may ask to wait.
const TIMEOUT: Duration = Duration::from_secs(35);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gatehouse",
        description = "Registration service for managed access gateways: invitations, registrations and their review, organizations, users, applications, subscriptions, access, history.\n\nErrors are problem details (RFC 9457). A command may bear an `Idempotency-Key`; the same key again gets the same answer. Its answer says in `Gatehouse-Position` from where on its effect can be read; send that as `Gatehouse-Min-Position` to read your own writes.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    security(("bearer" = []))
)]
struct Description;

/// The endpoints and their description (OpenAPI 3.1).
fn endpoints() -> (Router<Services>, utoipa::openapi::OpenApi) {
    let (router, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(crate::invitations::routes())
        .merge(crate::sign_in::routes())
        .merge(crate::first_login::routes())
        .merge(crate::account::routes())
        .merge(crate::users::routes())
        .merge(crate::applications::routes())
        .merge(crate::offers::routes())
        .merge(crate::registrations::routes())
        .merge(crate::review::routes())
        .merge(crate::status::routes())
        .merge(crate::organizations::routes())
        .merge(crate::subscriptions::routes())
        .merge(crate::accesses::routes())
        .merge(crate::relationships::routes())
        .merge(crate::history::routes())
        .merge(crate::mails::routes())
        .merge(crate::persons::routes())
        .merge(crate::events::routes())
        .merge(crate::snapshot::routes())
        .merge(crate::erasures::routes())
        .merge(crate::schemas::routes())
        .split_for_parts();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An API token (`gatehouse token create`), a session's token, or the token of an invitation's or registration's link",
    ));
    description.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    for item in description.paths.paths.values_mut() {
        name_operations(item);
    }
    (router, description)
}

/// Names each operation by its group and its own name, such as `users.create`: names must be unique in the whole description.
fn name_operations(item: &mut PathItem) {
    let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    for operation in operations.into_iter().flatten() {
        let group = operation.tags.as_ref().and_then(|tags| tags.first()).map(|tag| tag.to_lowercase().replace([' ', '-'], "_"));
        if let Some((group, name)) = group.zip(operation.operation_id.as_ref()) {
            operation.operation_id = Some(format!("{group}.{name}"));
        }
    }
}

/// The description of the API, as it is served.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    endpoints().1
}

/// All endpoints, the description and the browsable reference.
pub fn router(services: Services) -> Router {
    let (router, description) = endpoints();
    let around = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http().make_span_with(span).on_request(()).on_body_chunk(()).on_eos(()))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service failed; this was logged").into_response()
        }))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(header_on_all(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_on_all(header::REFERRER_POLICY, "no-referrer"))
        .layer(header_on_all(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header_on_all(header::CACHE_CONTROL, "no-store"))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    router
        .merge(SwaggerUi::new("/docs").url("/v1/openapi.json", description))
        .route_layer(middleware::from_fn_with_state(services.clone(), admit))
        .fallback(async || Problem::not_found("page"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "this address does not take this method; see /docs")
        })
        .layer(around)
        .with_state(services)
}

/// Sets a header on each answer that has it not.
fn header_on_all(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// What is logged of a request: never its query or headers, which may hold secrets.
fn span(request: &Request) -> tracing::Span {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::info_span!("request", method = %request.method(), path, command = tracing::field::Empty)
}
