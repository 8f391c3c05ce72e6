//! Default deny: each route for each kind of caller.

use axum::http::Method;
use domain::service::Sees;
use domain::testing::{company, email};
use domain::user::{User, UserCommand, UserRole};
use domain::{Owner, Personal, StaffRole};
use http_api::access::{ROUTES, Who};
use http_api::caller::links;
use key_ring::Link;

use super::common::Api;
use super::walk::{invitation, invitation_link};

/// A token of each kind of caller; none: without one.
async fn callers(api: &Api) -> Vec<(Who, Option<String>)> {
    let (partner, partner_token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let invited = api.post("/v1/invitations").by(&partner_token).json(&invitation("Fastener Works", &[application])).send().await.ok();
    let (_, user) = api.user(partner, "Uma", &[UserRole::OrganizationAdministrator]).await;
    let registration = Link { id: api.id(), generation: 0 };
    let invitee = api.services.keys.allot().unwrap();
    let command = UserCommand::InviteUser {
        organization: partner,
        organization_name: company("Northwind Avionics"),
        email: Personal::new(invitee, email("ines@example.com")),
    };
    api.services.handlers.handle::<User>(invitee.0, command, &api.sent()).await.unwrap();
    let invitee = api.services.master.link_token(links::SELF_REGISTRATION, Link { id: invitee.0, generation: 0 });
    vec![
        (Who::Anyone, None),
        (Who::Invitee, Some(invitee)),
        (Who::Reviewer, Some(api.reviewer("Rita").await)),
        (Who::ReviewLead, Some(api.staff("Lea", &[StaffRole::ReviewLead]).await.1)),
        (Who::Auditor, Some(api.staff("Otto", &[StaffRole::Auditor]).await.1)),
        (Who::Administrator, Some(api.staff("Anna", &[StaffRole::Administrator]).await.1)),
        (Who::Partner, Some(partner_token)),
        (Who::Service, Some(api.service("warehouse", Sees::Everything).await.1)),
        (Who::User, Some(user)),
        (Who::Addressee, Some(invitation_link(api, invited["id"].as_str().unwrap(), 0))),
        (Who::Registrant, Some(api.services.master.link_token(links::REGISTRATION, registration))),
    ]
}

/// Whether this is a route of registering or reviewing, whose endpoints let in whomever the table names. Others ask for more
/// than the kind of caller, and have tests of their own.
fn asks_for_the_kind_only(path: &str) -> bool {
    ["/v1/invitations", "/v1/offers", "/v1/registrations", "/v1/review", "/v1/status"].iter().any(|prefix| path.starts_with(prefix))
}

#[tokio::test]
async fn nobody_is_let_in_whom_the_table_does_not_name() {
    let api = Api::start().await;
    let callers = callers(&api).await;
    let mut asked = 0;
    for (method, route, who) in ROUTES.iter().copied().flatten() {
        // Each id is one that is nobody's.
        let path: String = route
            .split('/')
            .map(|part| if part.starts_with('{') { api.id().to_string() } else { part.to_owned() })
            .collect::<Vec<_>>()
            .join("/");
        for (kind, token) in &callers {
            let named = who.contains(kind) || who.contains(&Who::Anyone);
            // What the kind may do may end its token, as signing out does: only what is denied is asked of others' routes.
            if named && !asks_for_the_kind_only(route) {
                continue;
            }
            let mut call = api.call(method.clone(), &path);
            if *method != Method::GET {
                call = call.bytes(b"{}".to_vec());
            }
            if let Some(token) = token {
                call = call.by(token);
            }
            let reply = call.send().await;
            let status = reply.status.as_u16();
            let denied = if token.is_some() { 403 } else { 401 };
            if named {
                assert!(status != 401 && status != 403, "{method} {path} as {kind:?}: {}", reply.body);
            } else {
                assert_eq!(status, denied, "{method} {path} as {kind:?}: {}", reply.body);
            }
            asked += 1;
        }
    }
    assert!(asked >= 300, "{asked}");
}

#[tokio::test]
async fn a_token_that_is_not_one_lets_nobody_in_even_where_anybody_may() {
    let api = Api::start().await;
    for (method, path) in [(Method::GET, "/v1/review/queue"), (Method::GET, "/v1/status/GH-0000-0000-0000")] {
        api.call(method, path).by("gh_nonsense").send().await.refused(401, "unauthenticated");
    }
    api.get("/v1/review/queue").header("authorization", "Basic cml0YTpwdw==").send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_link_for_one_purpose_is_refused_for_another() {
    let api = Api::start().await;
    let link = Link { id: api.id(), generation: 0 };
    let token = api.services.master.link_token("some other purpose", link);
    api.get("/v1/invitations/current").by(&token).send().await.refused(401, "unauthenticated");
    let registration = api.services.master.link_token(links::REGISTRATION, link);
    api.get("/v1/invitations/current").by(&registration).send().await.refused(403, "forbidden");
}
