//! Mails to try things with.

use std::sync::Arc;

use domain::{EventId, InvitationId, MailId, PersonId, RegistrationId};
use jiff::Timestamp;
use mail::{BaseUrl, Composer, LinkSigner, Links, Sender, Templates};
use notification_dispatch::{Link, Mail, MailState, Template};
use projection_runtime::Position;
use serde_json::json;
use uuid::Uuid;

/// Tokens that show what they are made of.
pub(crate) struct Plain;

impl LinkSigner for Plain {
    fn token(&self, kind: &str, id: Uuid, generation: u32) -> String {
        format!("{kind}-{}-{generation}", id.as_u128() % 1000)
    }
}

pub(crate) fn composer(locale: &str) -> Composer {
    composer_with(Templates::compiled_in(locale, "America/New_York").unwrap())
}

pub(crate) fn composer_with(templates: Templates) -> Composer {
    let sender = Sender::new("Supply Gateway", "no-reply@gateway.example", Some("help@gateway.example")).unwrap();
    let base = BaseUrl::parse("https://gateway.example").unwrap();
    Composer::new(sender, templates, Links::new(base, Arc::new(Plain)))
}

pub(crate) fn now() -> Timestamp {
    "2026-11-02T14:00:00Z".parse().unwrap()
}

/// A mail of this template with believable values, as the outbox has it.
pub(crate) fn sample(template: Template) -> Mail {
    let id = Uuid::from_u128(0x0198_0000_0000_8000_8000_0000_0000_0001);
    let variables = json!({
        "partner": "Boeing",
        "company": "Northwind Castings Ltd",
        "organization": "Northwind Castings Ltd",
        "applications": ["Boeing Supply Chain Platform", "SourcePass"],
        "application": "Boeing Supply Chain Platform",
        "message": "We would like to move our orders for castings to the new platform in January.\nCall me if anything is unclear.",
        "expires_at": "2026-12-02T14:00:00Z",
        "case_number": "GH-7K3M-Q2XD",
        "occasion": "submitted",
        "due_at": "2026-11-04T22:00:00Z",
        "time_zone": "America/New_York",
        "questions": [
            { "field": "/profile/identifiers", "question": "Which CAGE code does the Leeds site have?" },
            { "field": "/profile/legal_name", "question": "The register says \"Northwind Castings Limited\": please check." },
        ],
        "reason": "The register of companies lists this company as dissolved.",
        "user_id": "GW-4T7Q-29MK",
        "organization_administrator": true,
        "prerequisites": "Install the Aspera Connect plug-in first.",
        "automatic_access": false,
        "administrator": true,
        "reminder": false,
        "by_operator": false,
        "happened_at": "2026-11-02T13:58:00Z",
        "label": "Phone",
        "type": "authenticator",
        "whole_organization": false,
        "claimed": true,
        "claimed_by_recipient": true,
    });
    let serde_json::Value::Object(variables) = variables else { unreachable!("an object") };
    Mail {
        id: MailId(id),
        position: Position(42),
        cause: EventId(id),
        template,
        recipient: PersonId(id),
        to_address: "ada@northwind.example".to_owned(),
        recipient_name: "Ada Miller".to_owned(),
        about: None,
        about_name: if template == Template::AccessAsked { "Uma Patel".to_owned() } else { String::new() },
        variables,
        link: link_of(template),
        subject: id,
        owed_at: now(),
        state: MailState::Owed,
        attempts: 0,
        settled_at: None,
        answer: None,
        obstacle: None,
    }
}

fn link_of(template: Template) -> Link {
    let invitation = InvitationId(Uuid::from_u128(7));
    let registration = RegistrationId(Uuid::from_u128(8));
    match template {
        Template::Invitation | Template::InvitationReminder => Link::Invitation { invitation, generation: 1 },
        Template::InvitationOffer => Link::Offer { invitation },
        Template::InvitationRevoked | Template::SelfRegistrationRefused | Template::AccountSuspended => Link::Nowhere,
        Template::RegistrationAcknowledged | Template::RegistrationLinked | Template::Rejected => {
            Link::CaseStatus { case_number: "GH-7K3M-Q2XD".to_owned() }
        }
        Template::InformationRequested => Link::Registration { registration },
        Template::Approved | Template::AccountCreated | Template::SelfRegistrationConfirmed => Link::FirstTimeLogin,
        Template::OrganizationSubscribed
        | Template::SubscriptionDenied
        | Template::AccessGranted
        | Template::AccessDenied
        | Template::AccessRevoked => Link::Home,
        Template::SelfRegistrationInvitation => Link::SelfRegistration { person: PersonId(Uuid::from_u128(9)) },
        Template::AccessAsked => Link::AccessRequests,
        Template::LoginSuccess | Template::PasswordChanged | Template::CredentialAdded | Template::CredentialRemoved => Link::Credentialing,
        Template::ReviewDueSoon | Template::ReviewOverdue => Link::Review { registration },
    }
}
