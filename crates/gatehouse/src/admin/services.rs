//! Downstream services.

use axum::Json;
use axum::extract::{Path, State};
use command_handlers::Answer as Accepted;
use domain::application::Application;
use domain::service::{Sees, Service, ServiceCommand, ServiceEvent};
use domain::{ApplicationId, Reason, ServiceId, ServiceName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::staff::typed;
use super::tokens::revoke_all;
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
    Ok(changed(id, &answer, revoke_all(&admin, of_it).await?))
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
