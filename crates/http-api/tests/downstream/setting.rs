//! A partner with two applications, companies that are subscribed to one or the other, and a downstream service for each.

use axum::body::Body;
use axum::http::{Request, Response};
use domain::access::{Access, AccessCommand};
use domain::person::{Person, PersonCommand};
use domain::service::{Sees, Service, ServiceCommand};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::testing::reason;
use domain::{AccessId, ApplicationId, OrganizationId, Owner, PersonId, ServiceId, SubscriptionId};
use serde_json::Value;
use tower::ServiceExt;

use super::common::Api;

/// The stage.
pub(crate) struct Stage {
    pub(crate) api: Api,
    pub(crate) transfer: ApplicationId,
    pub(crate) platform: ApplicationId,
    /// Subscribed to the transfer, with a user who has access to it.
    pub(crate) rotor: OrganizationId,
    pub(crate) uma: PersonId,
    /// Subscribed to the platform, with a user who has access to it.
    pub(crate) wing: OrganizationId,
    pub(crate) vera: PersonId,
    /// The token of a service that sees everything.
    pub(crate) all: String,
    pub(crate) all_id: ServiceId,
    /// The token of a service that sees the transfer only.
    pub(crate) limited: String,
    pub(crate) limited_id: ServiceId,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let api = Api::start().await;
        let (partner, _) = api.partner("Northwind Avionics").await;
        let transfer = api.application(Owner::Partner(partner), "SFT").await;
        let platform = api.application(Owner::Partner(partner), "BSCP").await;
        let (all_id, all) = api.service("warehouse", Sees::Everything).await;
        let (limited_id, limited) = api.service("sft-provisioning", Sees::Applications(vec![transfer])).await;
        let rotor = api.organization("Rotor Works", &[]).await;
        let wing = api.organization("Wing Works", &[]).await;
        let (uma, _) = api.user(rotor, "Uma", &[]).await;
        let (vera, _) = api.user(wing, "Vera", &[]).await;
        let stage = Self { api, transfer, platform, rotor, uma, wing, vera, all, all_id, limited, limited_id };
        stage.subscribe(rotor, transfer).await;
        stage.subscribe(wing, platform).await;
        stage.grant(uma, rotor, transfer).await;
        stage.grant(vera, wing, platform).await;
        stage.api.settle().await;
        stage
    }

    pub(crate) async fn subscribe(&self, organization: OrganizationId, application: ApplicationId) {
        let command =
            SubscriptionCommand::SubscribeApp { organization, application, origin: SubscriptionOrigin::Account, needs_review: false };
        let id = SubscriptionId::of(organization, application);
        self.api.services.handlers.handle::<Subscription>(id.0, command, &self.api.sent()).await.unwrap();
    }

    pub(crate) async fn end_subscription(&self, organization: OrganizationId, application: ApplicationId) {
        let command = SubscriptionCommand::EndSubscription { reason: reason("over") };
        let id = SubscriptionId::of(organization, application);
        self.api.services.handlers.handle::<Subscription>(id.0, command, &self.api.sent()).await.unwrap();
    }

    pub(crate) async fn grant(&self, user: PersonId, organization: OrganizationId, application: ApplicationId) {
        let command = AccessCommand::GrantAccess { user, organization, application, administrator: user, reason: None };
        let id = AccessId::of(user, application);
        self.api.services.handlers.handle::<Access>(id.0, command, &self.api.sent()).await.unwrap();
    }

    pub(crate) async fn revoke(&self, user: PersonId, application: ApplicationId) {
        let command = AccessCommand::RevokeAccess { administrator: None, reason: reason("over") };
        let id = AccessId::of(user, application);
        self.api.services.handlers.handle::<Access>(id.0, command, &self.api.sent()).await.unwrap();
    }

    /// Begins to forget somebody and completes it, as the service does once the key is destroyed.
    pub(crate) async fn erase(&self, person: PersonId) {
        for command in [PersonCommand::ForgetPerson { reason: reason("asked for it") }, PersonCommand::CompleteForgetting {}] {
            self.api.services.handlers.handle::<Person>(person.0, command, &self.api.sent()).await.unwrap();
        }
        self.api.settle().await;
    }

    pub(crate) async fn of_service(&self, service: ServiceId, command: ServiceCommand) {
        self.api.services.handlers.handle::<Service>(service.0, command, &self.api.sent()).await.unwrap();
    }

    pub(crate) async fn retire(&self, service: ServiceId) {
        self.of_service(service, ServiceCommand::RetireService { reason: reason("replaced") }).await;
    }

    /// All events that this token's service is told after a position.
    pub(crate) async fn events(&self, token: &str, after: u64) -> Vec<Value> {
        let batch = self.api.get(format!("/v1/events?after={after}&limit=1000")).by(token).send().await.ok();
        batch.as_array().unwrap().clone()
    }

    /// The epoch of the log.
    pub(crate) fn epoch(&self) -> String {
        self.api.services.epoch.0.to_string()
    }

    /// An answer whose body has yet to be read.
    pub(crate) async fn open(&self, path: &str, token: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = Request::get(path).header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }
}

/// The types of events.
pub(crate) fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// The position of an event.
pub(crate) fn position(event: &Value) -> u64 {
    event["position"].as_str().unwrap().parse().unwrap()
}
