//! Endpoints with who may call them: one declaration, from which the router, the API's description and the table are made.

use std::collections::HashMap;

use axum::Router;
use axum::http::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, Ref, RefOr};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::{Role, Scope};
use crate::limits::Limit;
use crate::services::Services;

/// What somebody may do on a route: in which role, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct May {
    /// In which role.
    pub role: Role,
    /// Of what.
    pub scope: Scope,
}

/// A route and who may call it.
#[derive(Debug, Clone)]
pub struct Row {
    /// With which method.
    pub method: Method,
    /// The path as routed, such as `/v1/users/{id}`.
    pub path: String,
    /// To which part of the API it belongs, as its description says.
    pub group: String,
    /// What it does, in a few words.
    pub summary: String,
    /// Who may. In this order: a list shows what the first shows that the caller is.
    pub may: Vec<May>,
    /// How often it may be done.
    pub limits: Vec<Limit>,
}

/// The extension of an operation in the API's description that says who may.
const EXTENSION: &str = "x-gatehouse-access";
/// The one that says what is limited.
const LIMITS: &str = "x-gatehouse-limits";
/// The name of the answer over a limit, in the API's description.
pub(crate) const OVER_THE_LIMIT: &str = "TooManyRequests";

/// Endpoints, each with who may call it. There is no other way to a route, so none is without.
#[derive(Default)]
pub struct Endpoints {
    router: OpenApiRouter<Services>,
    rows: Vec<Row>,
}

impl Endpoints {
    /// With an endpoint, as `routes!` makes it, and who may call it.
    #[must_use]
    pub fn add(self, endpoint: UtoipaMethodRouter<Services>, may: impl Into<Vec<May>>) -> Self {
        self.limited(endpoint, may, [])
    }

    /// With an endpoint and who may call it, and how often. By network, the gate counts; by anything else, the handler does
    /// ([`crate::limits::Metered`]).
    #[must_use]
    pub fn limited(mut self, mut endpoint: UtoipaMethodRouter<Services>, may: impl Into<Vec<May>>, limits: impl Into<Vec<Limit>>) -> Self {
        let (may, limits) = (may.into(), limits.into());
        for (path, item) in &mut endpoint.1.paths {
            for (method, operation) in operations(item) {
                let extensions = operation.extensions.get_or_insert_default();
                extensions.insert(EXTENSION.to_owned(), extension(&may));
                if !limits.is_empty() {
                    extensions.insert(LIMITS.to_owned(), limits.iter().map(|limit| limit.name()).collect());
                }
                // Whatever the route: tokens that prove nobody are limited on all of them.
                let over = RefOr::Ref(Ref::from_response_name(OVER_THE_LIMIT));
                operation.responses.responses.entry("429".to_owned()).or_insert(over);
                let group = operation.tags.as_ref().and_then(|tags| tags.first()).cloned().unwrap_or_default();
                let summary = operation.summary.clone().unwrap_or_default();
                self.rows.push(Row { method, path: path.clone(), group, summary, may: may.clone(), limits: limits.clone() });
            }
        }
        Self { router: self.router.routes(endpoint), rows: self.rows }
    }

    /// With those of another part.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        Self { router: self.router.merge(other.router), rows: self.rows }
    }

    /// The router, its description, and the table.
    pub fn split(self) -> (Router<Services>, OpenApi, Vec<Row>) {
        let (router, description) = self.router.split_for_parts();
        (router, description, self.rows)
    }
}

/// Each operation of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let operations = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Who may, as the API's description says it.
fn extension(may: &[May]) -> serde_json::Value {
    may.iter().map(|may| serde_json::json!({ "role": may.role.name(), "of": may.scope.name() })).collect()
}

/// Who may call what, to be looked up.
#[derive(Debug)]
pub(crate) struct Table(HashMap<String, Vec<Row>>);

impl Table {
    pub(crate) fn new(rows: impl IntoIterator<Item = Row>) -> Self {
        let mut table: HashMap<String, Vec<Row>> = HashMap::new();
        for row in rows {
            table.entry(row.path.clone()).or_default().push(row);
        }
        Self(table)
    }

    /// The row of this request; none: it is not in the table. `HEAD` is answered by what answers `GET`.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<&Row> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(path)?.iter().find(|row| row.method == *method)
    }
}
