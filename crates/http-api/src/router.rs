//! All endpoints, with what surrounds each request.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, ResponseBuilder};
use utoipa_swagger_ui::SwaggerUi;

use crate::access::{Endpoints, Gate, OVER_THE_LIMIT, Role, Row, Scope, Table, admit};
use crate::cookie;
use crate::headers::{self, Defaults};
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
    security(("bearer" = []), ("cookie" = []))
)]
struct Description;

/// The endpoints of the API, each with who may call it.
fn endpoints() -> Endpoints {
    Endpoints::default()
        .merge(crate::invitations::endpoints())
        .merge(crate::sign_in::endpoints())
        .merge(crate::credentials::endpoints())
        .merge(crate::sessions::endpoints())
        .merge(crate::first_login::endpoints())
        .merge(crate::account::endpoints())
        .merge(crate::users::endpoints())
        .merge(crate::applications::endpoints())
        .merge(crate::offers::endpoints())
        .merge(crate::registrations::endpoints())
        .merge(crate::review::endpoints())
        .merge(crate::status::endpoints())
        .merge(crate::organizations::endpoints())
        .merge(crate::subscriptions::endpoints())
        .merge(crate::accesses::endpoints())
        .merge(crate::relationships::endpoints())
        .merge(crate::history::endpoints())
        .merge(crate::mails::endpoints())
        .merge(crate::persons::endpoints())
        .merge(crate::tokens::endpoints())
        .merge(crate::events::endpoints())
        .merge(crate::snapshot::endpoints())
        .merge(crate::erasures::endpoints())
        .merge(crate::schemas::endpoints())
}

/// The router of the endpoints, their description (OpenAPI 3.1), and who may call what.
fn described() -> (Router<Services>, utoipa::openapi::OpenApi, Vec<Row>) {
    let (router, endpoints, rows) = endpoints().split();
    let mut description = Description::openapi();
    description.merge(endpoints);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An API token (`gatehouse token create`), a session's token, or the token of an invitation's or registration's link",
    ));
    let cookie = ApiKeyValue::with_description(
        cookie::NAME,
        "A session that a browser holds (`POST /v1/sign-in` with `\"session\": \"cookie\"`). What is not a GET has to come from a page of this \
         service: `Sec-Fetch-Site: same-origin`, or, where a browser sends none, an `Origin` equal to the base URL's. An `Authorization` header \
         counts before it.",
    );
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    components.responses.insert(OVER_THE_LIMIT.to_owned(), over_the_limit().into());
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for item in description.paths.paths.values_mut() {
        name_operations(item);
    }
    (router, description, rows)
}

/// The answer over a limit.
fn over_the_limit() -> utoipa::openapi::Response {
    let seconds =
        HeaderBuilder::new().schema(Some(Object::with_type(Type::Integer))).description(Some("After how many seconds there is room again"));
    ResponseBuilder::new()
        .description("This was done too often: from there, for this account, to this address. Whether there is such a thing is not told")
        .header("Retry-After", seconds.build())
        .content("application/problem+json", ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build())
        .build()
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
    described().1
}

/// Who may call what, row by row, in the order in which the endpoints are declared.
#[must_use]
pub fn table() -> Vec<Row> {
    described().2
}

/// The description and its browsable reference are for anyone.
fn pages() -> impl Iterator<Item = Row> {
    ["/v1/openapi.json", "/docs", "/docs/", "/docs/{*rest}"].into_iter().map(|path| Row {
        method: Method::GET,
        path: path.to_owned(),
        group: "Documentation".to_owned(),
        summary: "Show the description of the API".to_owned(),
        may: vec![Role::Anyone.of(Scope::Everything)],
        limits: Vec::new(),
    })
}

/// All endpoints, the description and the browsable reference.
pub fn router(services: Services) -> Router {
    let (router, description, rows) = described();
    let gate = Gate { services: services.clone(), table: Arc::new(Table::new(rows.into_iter().chain(pages()))) };
    let around = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http().make_span_with(span).on_request(()).on_body_chunk(()).on_eos(()))
        .layer(middleware::from_fn_with_state(Defaults::new(&services.base_url), headers::add_defaults))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service failed; this was logged").into_response()
        }))
        .layer(middleware::from_fn(headers::bound_head))
        .layer(middleware::from_fn(in_time))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let reference: Router<Services> = SwaggerUi::new("/docs").url("/v1/openapi.json", description).into();
    router
        .merge(reference.layer(middleware::from_fn(headers::of_reference)))
        .route_layer(middleware::from_fn_with_state(gate, admit))
        .fallback(async || Problem::not_found("page"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "this address does not take this method; see /docs")
        })
        .layer(around)
        .with_state(services)
}

/// Gives up a request that takes too long.
async fn in_time(request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(TIMEOUT, next.run(request)).await;
    answered.unwrap_or_else(|_| Problem::unavailable("too-slow", "this took too long; it may have been done all the same").into_response())
}

/// What is logged of a request: never its query or headers, which may hold secrets.
fn span(request: &Request) -> tracing::Span {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::info_span!("request", method = %request.method(), path, command = tracing::field::Empty)
}
