//! Rows as lines of a snapshot.

use public_events::snapshot::{self as public, Line};
use public_events::{ApplicationCode, ApplicationId, OrganizationId, PersonId};

use crate::rows::{Access, Application, Organization, Relationship, Subscription, User};

pub(crate) fn application(row: Application) -> Result<Line, sqlx::Error> {
    Ok(Line::Application(public::Application {
        application: ApplicationId(row.application.0),
        code: ApplicationCode::try_from(row.code).map_err(|error| sqlx::Error::Decode(error.into()))?,
        partner: row.partner.map(|partner| OrganizationId(partner.0)),
        registration: row.registration.0,
        access: row.access.0,
        state: row.state.0,
    }))
}

pub(crate) fn organization(row: Organization) -> Line {
    Line::Organization(public::Organization { organization: OrganizationId(row.organization.0), state: row.state.0 })
}

pub(crate) fn user(row: User) -> Line {
    Line::User(public::User {
        user: PersonId(row.person.0),
        organization: OrganizationId(row.organization.0),
        state: row.state.0,
        activated: row.activated,
        roles: row.roles.0,
    })
}

pub(crate) fn subscription(row: Subscription) -> Line {
    Line::Subscription(public::Subscription {
        organization: OrganizationId(row.organization.0),
        application: ApplicationId(row.application.0),
        state: row.state.0,
    })
}

pub(crate) fn access(row: Access) -> Line {
    Line::Access(public::Access {
        user: PersonId(row.person.0),
        organization: OrganizationId(row.organization.0),
        application: ApplicationId(row.application.0),
        state: row.state.0,
    })
}

pub(crate) fn relationship(row: Relationship) -> Line {
    Line::Relationship(public::Relationship {
        organization: OrganizationId(row.organization.0),
        partner: OrganizationId(row.partner.0),
        state: row.state.0,
    })
}
