//! Downstream services.

use axum::Json;
use axum::extract::{Path, State};
use command_handlers::Answer as Accepted;
use domain::application::Application;
use domain::service::{Sees, Service, ServiceCommand, ServiceEvent};
use domain::{ApplicationId, Reason, ServiceId, ServiceName};
use jiff::Timestamp;
use nats_publisher::{Grant, NotAStreamName};
use serde::{Deserialize, Serialize};

use super::staff::typed;
use super::{Admin, Answer, Typed, resolve};
use crate::failure::Failure;
use crate::read_models;

/// A service to be registered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// Its name.
    pub(crate) name: String,
    /// The codes or ids of the applications that it is limited to; none: it sees everything.
    pub(crate) applications: Vec<String>,
}

/// What a service is to be shown.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// The codes or ids of the applications that it is limited to; none: it sees everything.
    pub(crate) applications: Vec<String>,
}

/// A service to be ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Retirement {
    /// Why.
    pub(crate) reason: String,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// Of which.
    pub(crate) id: ServiceId,
    /// Whether anything changed; otherwise it was so already.
    pub(crate) changed: bool,
    /// How many tokens stopped working.
    pub(crate) tokens_revoked: usize,
}

/// Lets a service consume events.
pub(crate) async fn register(State(admin): State<Admin>, command: Typed, Json(new): Json<Registration>) -> Answer<Changed> {
    let name = typed(&new.name, ServiceName::parse)?;
    let sees = sees(&admin, &new.applications).await?;
    let id = ServiceId::of(&name);
    let sent = command.sent(&admin.service, &format!("service register {name}"), &new);
    let answer = admin.service.handlers.handle::<Service>(id.0, ServiceCommand::RegisterService { name, sees }, &sent).await?;
    Ok(changed(id, &answer, 0))
}

/// Shows a service more or less.
pub(crate) async fn scope(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    command: Typed,
    Json(asked): Json<Scope>,
) -> Answer<Changed> {
    let (id, name) = resolve::service(&admin.service, &name).await?;
    let sees = sees(&admin, &asked.applications).await?;
    let sent = command.sent(&admin.service, &format!("service scope {name}"), &asked);
    let answer = admin.service.handlers.handle::<Service>(id.0, ServiceCommand::ChangeScope { sees }, &sent).await?;
    Ok(changed(id, &answer, 0))
}

/// Ends a service, and revokes its tokens. Done again, it revokes what was left.
pub(crate) async fn retire(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    command: Typed,
    Json(asked): Json<Retirement>,
) -> Answer<Changed> {
    let reason = typed(&asked.reason, Reason::parse)?;
    let (id, name) = resolve::service(&admin.service, &name).await?;
    let sent = command.sent(&admin.service, &format!("service retire {name}"), &asked);
    let answer = admin.service.handlers.handle::<Service>(id.0, ServiceCommand::RetireService { reason }, &sent).await?;
    let of_it =
        |holder: &credential_vault::Holder| matches!(holder, credential_vault::Holder::Service { name: of } if *of == name.as_str());
    let revoked = admin.service.vault.revoke_tokens_of(of_it, (admin.service.clock)()).await;
    Ok(changed(id, &answer, revoked.map_err(|error| Failure::from_error(&error))?))
}

fn changed(id: ServiceId, answer: &Accepted<ServiceEvent>, tokens_revoked: usize) -> Json<Changed> {
    Json(Changed { id, changed: !answer.events.is_empty(), tokens_revoked })
}

/// What these codes or ids of applications come to. Each must be in the catalogue, or have been.
async fn sees(admin: &Admin, applications: &[String]) -> Result<Sees, Failure> {
    if applications.is_empty() {
        return Ok(Sees::Everything);
    }
    let mut ids: Vec<ApplicationId> = Vec::with_capacity(applications.len());
    for text in applications {
        let id = resolve::application(&admin.service, text).await?;
        let known = admin.service.handlers.inspect::<Application, _>(id.0, |_, _| ()).await.map_err(Failure::from)?;
        known.ok_or_else(|| Failure::Refused(format!("no application has the id {text:?}: `gatehouse catalogue list` shows them")))?;
        ids.push(id);
    }
    Ok(Sees::Applications(ids))
}

/// A service.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// The codes of the applications that it is limited to; none: it sees everything.
    pub(crate) applications: Option<Vec<String>>,
    /// Since when it is registered.
    pub(crate) registered_at: Timestamp,
    /// Since when it is retired.
    pub(crate) retired_at: Option<Timestamp>,
}

/// Lists all services, also those that were retired.
pub(crate) async fn list(State(admin): State<Admin>) -> Answer<Vec<Listed>> {
    let mut view = admin.service.read_now(read_models::PUBLIC_FEED).await?;
    let services = public_feed::services(view.rows()).await.map_err(|error| Failure::from_error(&error))?;
    let mut listed = Vec::with_capacity(services.len());
    for service in services {
        let applications = match &service.sees.0 {
            Sees::Everything => None,
            Sees::Applications(applications) => Some(codes(&admin, applications).await?),
        };
        let public_feed::Service { service: _, name, sees: _, registered_at, retired_at } = service;
        listed.push(Listed { name, applications, registered_at, retired_at });
    }
    Ok(Json(listed))
}

/// What lets a service follow the stream in NATS.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Granted {
    /// Lines for the servers' configuration.
    pub(crate) account: String,
    /// The definition of its consumer.
    pub(crate) consumer: serde_json::Value,
    /// The stream in which the consumer was made, if it was.
    pub(crate) made_in: Option<String>,
}

/// Shows what lets a service follow the stream.
pub(crate) async fn nats(State(admin): State<Admin>, Path(name): Path<String>) -> Answer<Granted> {
    let grant = grant(&admin, &name).await?;
    Ok(Json(Granted { account: grant.account(), consumer: grant.consumer(), made_in: None }))
}

/// Makes or changes the consumer of a service.
pub(crate) async fn make_consumer(State(admin): State<Admin>, Path(name): Path<String>) -> Answer<Granted> {
    let grant = grant(&admin, &name).await?;
    let publishing = admin.service.publishing.as_ref();
    let publishing =
        publishing.ok_or_else(|| Failure::Usage("nothing is published: the configuration names no server in nats.url".to_owned()))?;
    let stream = publishing.stream().to_string();
    publishing.make_consumer(&grant).await.map_err(|error| Failure::Unavailable(crate::failure::chain(&error)))?;
    tracing::info!(service = grant.service, stream, "a consumer was made");
    Ok(Json(Granted { account: grant.account(), consumer: grant.consumer(), made_in: Some(stream) }))
}

/// What a registered service is granted.
async fn grant(admin: &Admin, name: &str) -> Result<Grant, Failure> {
    let (id, name) = resolve::service(&admin.service, name).await?;
    let sees = |state: &domain::service::ServiceState, _| state.registered().map(|registered| registered.sees.clone());
    let sees = admin.service.handlers.inspect::<Service, _>(id.0, sees).await?.flatten();
    let sees = sees.ok_or_else(|| Failure::Refused(format!("the service {name} was retired")))?;
    let applications = match &sees {
        Sees::Everything => None,
        Sees::Applications(applications) => {
            let codes = codes(admin, applications).await?;
            let codes = codes.into_iter().map(|code| code.parse()).collect::<Result<_, _>>();
            Some(codes.map_err(|error: public_events::NotACode| Failure::from_error(&error))?)
        }
    };
    let stream = admin.service.config.nats.stream.parse().map_err(|error: NotAStreamName| Failure::Usage(error.to_string()))?;
    Ok(Grant { service: name.to_string(), stream, applications })
}

/// The codes of these applications, in their order.
async fn codes(admin: &Admin, applications: &[ApplicationId]) -> Result<Vec<String>, Failure> {
    let mut codes = Vec::with_capacity(applications.len());
    for application in applications {
        let code = |state: &domain::application::ApplicationState, _| state.published().map(|published| published.code.to_string());
        let code = admin.service.handlers.inspect::<Application, _>(application.0, code).await.map_err(Failure::from)?;
        codes.push(code.flatten().unwrap_or_else(|| application.to_string()));
    }
    codes.sort();
    Ok(codes)
}
