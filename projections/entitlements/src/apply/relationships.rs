//! Relationships of organizations with partners: what invitations, subscriptions and the relationship's own events add up to.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::application::ApplicationEvent;
use domain::invitation::InvitationEvent;
use domain::relationship::RelationshipEvent;
use domain::subscription::SubscriptionEvent;
use domain::{ApplicationId, DomainEvent, InvitationId, OrganizationId, Owner};
use projection_runtime::table::{Fold, Json};
use projection_runtime::{Envelope, ProjectionError, Tables};

use super::subscriptions::between;
use crate::{ApplicationOwner, InvitationOffer, Relationship};

/// One thing that an event says about a relationship.
#[derive(Debug, Clone)]
enum Fact {
    /// The partner made an offer, which waits.
    Offered(InvitationId),
    /// The offer was answered, taken back or ran out.
    OfferClosed(InvitationId),
    /// The organization is subscribed to an application of the partner.
    Subscribed(ApplicationId),
    /// It is not any more.
    Unsubscribed(ApplicationId),
    /// The relationship was established.
    Established,
    /// The partner ended it.
    Ended(String),
}

type Facts<'a> = Vec<(OrganizationId, OrganizationId, Fact, &'a Envelope)>;

pub(super) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let mut links = Links::load(conn, events).await?;
    let mut facts = Facts::new();
    for envelope in events {
        links.facts(envelope, &mut facts);
    }
    links.save(conn).await?;
    let touched = facts.iter().map(|(organization, partner, ..)| (*organization, *partner)).collect();
    let mut rows = Fold::<Relationship>::load(conn, touched).await?;
    for (organization, partner, fact, envelope) in facts {
        fold(&mut rows, organization, partner, fact, envelope);
    }
    rows.save(conn).await?;
    Ok(())
}

/// What earlier events say of applications and invitations.
struct Links {
    owners: Fold<ApplicationOwner>,
    offers: Fold<InvitationOffer>,
}

impl Links {
    async fn load(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<Self, sqlx::Error> {
        let mut applications = BTreeSet::new();
        let mut invitations = BTreeSet::new();
        for envelope in events {
            match &envelope.event {
                DomainEvent::Application(id, _) => {
                    applications.insert((*id,));
                }
                DomainEvent::Subscription(_, event) => {
                    applications.insert((between(event).1,));
                }
                // Most invitations are sent and never become an offer: what a `Sent` needs is written without being read.
                DomainEvent::Invitation(id, _) if envelope.version > 0 => {
                    invitations.insert((*id,));
                }
                DomainEvent::Invitation(..)
                | DomainEvent::Registration(..)
                | DomainEvent::Organization(..)
                | DomainEvent::User(..)
                | DomainEvent::Access(..)
                | DomainEvent::Relationship(..)
                | DomainEvent::Credential(..)
                | DomainEvent::Reservation(..)
                | DomainEvent::Person(..)
                | DomainEvent::Staff(..)
                | DomainEvent::Service(..)
                | DomainEvent::Mail(..)
                | DomainEvent::Calendar(..) => {}
            }
        }
        Ok(Self { owners: Fold::load(conn, applications).await?, offers: Fold::load(conn, invitations).await? })
    }

    async fn save(self, conn: &mut Tables<'_>) -> Result<(), sqlx::Error> {
        self.owners.save(conn).await?;
        self.offers.save(conn).await
    }

    fn facts<'a>(&mut self, envelope: &'a Envelope, facts: &mut Facts<'a>) {
        match &envelope.event {
            DomainEvent::Application(id, event) => match event {
                ApplicationEvent::Published { code: _, owner, details: _ } => {
                    self.owners.put(ApplicationOwner { application: *id, owner: Json(*owner) });
                }
                ApplicationEvent::Amended { .. } | ApplicationEvent::Retired { .. } => {}
            },
            DomainEvent::Subscription(_, event) => {
                let (organization, application) = between(event);
                if let Some(ApplicationOwner { owner: Json(Owner::Partner(partner)), .. }) = self.owners.get(&(application,)) {
                    let fact = match event {
                        SubscriptionEvent::Requested { .. } => return,
                        SubscriptionEvent::Activated { .. } => Fact::Subscribed(application),
                        SubscriptionEvent::Denied { .. } | SubscriptionEvent::Ended { .. } => Fact::Unsubscribed(application),
                    };
                    facts.push((organization, *partner, fact, envelope));
                }
            }
            DomainEvent::Invitation(id, event) => self.of_invitation(*id, event, envelope, facts),
            DomainEvent::Relationship(_, event) => match event {
                RelationshipEvent::Established { organization, partner } => {
                    facts.push((*organization, *partner, Fact::Established, envelope));
                }
                RelationshipEvent::Ended { organization, partner, reason } => {
                    facts.push((*organization, *partner, Fact::Ended(reason.to_string()), envelope));
                }
            },
            DomainEvent::Registration(..)
            | DomainEvent::Organization(..)
            | DomainEvent::User(..)
            | DomainEvent::Access(..)
            | DomainEvent::Credential(..)
            | DomainEvent::Reservation(..)
            | DomainEvent::Person(..)
            | DomainEvent::Staff(..)
            | DomainEvent::Service(..)
            | DomainEvent::Mail(..)
            | DomainEvent::Calendar(..) => {}
        }
    }

    fn of_invitation<'a>(&mut self, id: InvitationId, event: &InvitationEvent, envelope: &'a Envelope, facts: &mut Facts<'a>) {
        if let InvitationEvent::Sent { inviter: Owner::Partner(partner), organization, .. } = event {
            self.offers.put(InvitationOffer { invitation: id, partner: *partner, organization: *organization });
        }
        // The operator's own invitations make no relationship, and have no row.
        let Some(offer) = self.offers.get(&(id,)).cloned() else { return };
        let (organization, fact) = match event {
            InvitationEvent::Sent { .. } | InvitationEvent::Resent { .. } => (offer.organization, Fact::Offered(id)),
            InvitationEvent::LinkedToOrganization { organization, expires_at: _ } => (Some(*organization), Fact::Offered(id)),
            InvitationEvent::OfferAccepted { organization } | InvitationEvent::OfferDeclined { organization, reason: _ } => {
                (Some(*organization), Fact::OfferClosed(id))
            }
            InvitationEvent::Revoked { reason: _ } | InvitationEvent::Expired {} => (offer.organization, Fact::OfferClosed(id)),
            InvitationEvent::Reminded {} | InvitationEvent::Opened {} | InvitationEvent::Accepted { registration: _ } => return,
        };
        if let Some(organization) = organization {
            if offer.organization != Some(organization) {
                self.offers.put(InvitationOffer { organization: Some(organization), ..offer.clone() });
            }
            facts.push((organization, offer.partner, fact, envelope));
        }
    }
}

fn fold(rows: &mut Fold<Relationship>, organization: OrganizationId, partner: OrganizationId, fact: Fact, envelope: &Envelope) {
    let row = rows.change_or(&(organization, partner), || Relationship {
        organization,
        partner,
        state: crate::RelationshipState::Ended,
        reason: None,
        open_offers: Json(Vec::new()),
        subscriptions: Json(Vec::new()),
        established_at: None,
        ended_at: None,
        since: envelope.recorded_at,
    });
    match fact {
        Fact::Offered(invitation) => {
            add(&mut row.open_offers.0, invitation);
            begin_anew(row);
        }
        Fact::OfferClosed(invitation) => row.open_offers.0.retain(|open| *open != invitation),
        Fact::Subscribed(application) => {
            add(&mut row.subscriptions.0, application);
            begin_anew(row);
        }
        Fact::Unsubscribed(application) => row.subscriptions.0.retain(|active| *active != application),
        Fact::Established => {
            row.established_at = Some(envelope.recorded_at);
            row.ended_at = None;
            row.reason = None;
        }
        Fact::Ended(reason) => {
            row.ended_at = Some(envelope.recorded_at);
            row.reason = Some(reason);
        }
    }
    let standing = row.standing();
    if standing != row.state {
        row.state = standing;
        row.since = envelope.recorded_at;
    }
}

/// An offer or a subscription after the end begins the relationship anew; that it was established once counts no more.
fn begin_anew(row: &mut Relationship) {
    if row.ended_at.take().is_some() {
        row.established_at = None;
        row.reason = None;
    }
}

fn add<T: PartialEq>(to: &mut Vec<T>, value: T) {
    if !to.contains(&value) {
        to.push(value);
    }
}
