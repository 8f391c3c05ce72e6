//! What a supervisor asks: is it alive, is it ready, how is it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::read_models;
use crate::service::Service;

/// What the endpoints look at.
#[derive(Clone)]
pub(crate) struct Health {
    service: Arc<Service>,
    metrics: PrometheusHandle,
    stopping: Arc<AtomicBool>,
}

impl Health {
    /// Looks at this service.
    pub(crate) fn new(service: Arc<Service>, metrics: PrometheusHandle) -> Self {
        Self { service, metrics, stopping: Arc::default() }
    }

    /// From now on it is not ready any more, so that a balancer sends nobody new.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Keeps the metrics' memory from growing between scrapes.
    pub(crate) fn tidy(&self) {
        self.metrics.run_upkeep();
    }

    /// The routes: `/livez`, `/readyz`, `/metrics`.
    pub(crate) fn router(self) -> Router {
        Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).route("/metrics", get(metrics_page)).with_state(self)
    }
}

/// It answers: it lives.
async fn livez() -> Json<serde_json::Value> {
    Json(json!({ "alive": true }))
}

/// Ready once every read model has come to the newest event that was there at the start; one that has stopped at an event that
/// it cannot apply counts as having come as far as it can, since no restart would help and everything else works.
async fn readyz(State(health): State<Health>) -> Response {
    if health.stopping.load(Ordering::Acquire) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "because": "stopping" }))).into_response();
    }
    if let Some(reason) = health.service.log.failure().borrow().as_deref() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "because": reason }))).into_response();
    }
    let behind: Vec<_> = health.service.behind().into_iter().map(|(name, at)| json!({ "read_model": name, "at": at.0 })).collect();
    let ready = behind.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "catching_up": behind, "until": health.service.head_at_start.0 }))).into_response()
}

/// The metrics, as Prometheus reads them.
async fn metrics_page(State(health): State<Health>) -> Response {
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a gauge is a floating-point number; exact up to 2^53 events")]
    metrics::gauge!("gatehouse_log_head_position").set(health.service.log.head().borrow().0 as f64);
    if let Some(outstanding) = outstanding(&health.service).await {
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a gauge is a floating-point number; exact up to 2^53")]
        metrics::gauge!("gatehouse_erasures_not_acknowledged").set(outstanding as f64);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], health.metrics.render()).into_response()
}

/// How many acknowledgements of erasures are waited for: one for each person and service. None: the read model cannot tell now.
async fn outstanding(service: &Service) -> Option<u64> {
    let views = service.runtime.views(read_models::PUBLIC_FEED)?;
    let mut view = views.read(None, Duration::from_secs(1)).await.ok()?;
    public_feed::outstanding(view.rows()).await.ok()
}
