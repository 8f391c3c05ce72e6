//! The HTTP API over the parts of the service.

use std::sync::Arc;

use axum::Router;
use http_api::human_check::ProofOfWork;
use http_api::limits::Limits;
use http_api::{Downstream, Inner, ReadModels, Services};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::publishing;
use crate::read_models;
use crate::service::Service;
use crate::staff_openid;

/// All endpoints of the API, with links that begin with `base_url`. Who follows events is let go at `stop`.
///
/// # Errors
/// A read model that it answers from is not kept, or the identity provider of staff is not configured as it should be.
pub(crate) fn router(service: &Service, base_url: &str, stop: CancellationToken) -> Result<Router, Failure> {
    let views = |name: &str| service.runtime.views(name).ok_or_else(|| Failure::failed(format!("there is no read model {name}")));
    let views = ReadModels {
        review_queue: views(read_models::REVIEW_QUEUE)?,
        registration_status: views(read_models::REGISTRATION_STATUS)?,
        directory: views(read_models::DIRECTORY)?,
        entitlements: views(read_models::ENTITLEMENTS)?,
        audit_history: views(read_models::AUDIT_HISTORY)?,
        notification_dispatch: views(read_models::NOTIFICATION_DISPATCH)?,
        public_feed: views(read_models::PUBLIC_FEED)?,
    };
    let inner = Inner {
        handlers: Arc::clone(&service.handlers),
        workflows: service.workflows.clone(),
        vault: Arc::clone(&service.vault),
        keys: Arc::clone(&service.ring),
        master: Arc::clone(&service.master),
        epoch: service.log.epoch(),
        views,
        human_check: Arc::new(ProofOfWork::new(Arc::clone(&service.master), service.config.human_check_bits)),
        downstream: Downstream::new(publishing::origin(&service.config, service.log.epoch()), service.folder.root().to_owned(), stop),
        limits: Arc::new(Limits::new(service.config.limits.clone()).map_err(|error| Failure::from_error(&error))?),
        proxies: service.config.network.proxies(),
        openid: staff_openid::of(&service.config, base_url)?,
        base_url: base_url.to_owned(),
    };
    Ok(http_api::router(Services(Arc::new(inner))))
}
