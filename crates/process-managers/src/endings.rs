//! What ends with something else: the subscriptions and accounts of an organization that is closed, the access that a subscription
//! or an account carried, what somebody signed in with whose account is closed or who left the staff, the sessions of who was suspended, alone
//! or with their organization, or has other roles now, the API tokens of who left the staff, and the membership of the staff of who is to be
//! forgotten.
//!
//! Each rule is looked at from both sides. When an organization, subscription or account ends, what hangs on it is found in the read
//! models and ended. What is opened at that very moment, too late for those rows, brings an event of its own, and is ended for that.

use async_trait::async_trait;
use command_handlers::{CommandError, Sent};
use domain::access::{Access, AccessCommand, AccessEvent};
use domain::organization::{Organization, OrganizationEvent, OrganizationState};
use domain::person::PersonEvent;
use domain::sign_in::SignInMeans;
use domain::staff::{Staff, StaffCommand, StaffEvent, StaffState};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionEvent, SubscriptionState};
use domain::user::{User, UserEvent, UserState};
use domain::{AccessId, DomainEvent, OrganizationId, PersonId, Reason, StaffId, SubscriptionId};
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::outcome::settle;
use crate::{Desk, Lists};

const NAME: &str = "endings";

const ORGANIZATION_CLOSED: &str = "The organization was closed.";
const SUBSCRIPTION_ENDED: &str = "The organization's subscription to the application ended.";
const ACCOUNT_CLOSED: &str = "The user's account was closed.";
const LEFT_THE_STAFF: &str = "They left the operator's staff.";

/// Ends what hangs on something that ended.
pub struct Endings {
    desk: Desk,
    lists: Lists,
}

impl Endings {
    /// With the lists of what hangs on what.
    #[must_use]
    pub fn new(desk: Desk, lists: Lists) -> Self {
        Self { desk, lists }
    }
}

#[async_trait]
impl Consumer for Endings {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        match &event.event {
            DomainEvent::Organization(organization, OrganizationEvent::Closed { .. }) => {
                self.organization_closed(event, *organization).await
            }
            DomainEvent::Organization(organization, OrganizationEvent::Suspended { .. }) => {
                self.organization_suspended(event, *organization).await
            }
            DomainEvent::Subscription(_, happened) => self.subscription(event, happened).await,
            DomainEvent::User(person, happened) => self.user(event, *person, happened).await,
            DomainEvent::Access(access, happened) => self.access(event, *access, happened).await,
            DomainEvent::Staff(staff, happened) => self.staff(event, *staff, happened).await,
            DomainEvent::Person(person, PersonEvent::ForgettingStarted { reason }) => self.forgotten(event, *person, reason).await,
            DomainEvent::Organization(..)
            | DomainEvent::Application(..)
            | DomainEvent::Invitation(..)
            | DomainEvent::Registration(..)
            | DomainEvent::Relationship(..)
            | DomainEvent::Credential(..)
            | DomainEvent::Reservation(..)
            | DomainEvent::Person(..)
            | DomainEvent::Service(..)
            | DomainEvent::Mail(..)
            | DomainEvent::Calendar(..) => Ok(()),
        }
    }
}

impl Endings {
    async fn organization_closed(&self, event: &Envelope, organization: OrganizationId) -> Result<(), ConsumerError> {
        for subscription in self.lists.subscriptions(event, organization).await? {
            self.end(event, subscription).await?;
        }
        for person in self.lists.users(event, organization).await? {
            self.close(event, person).await?;
        }
        Ok(())
    }

    /// Nobody of it can sign in, nor shall a session of before wait for its reinstatement.
    async fn organization_suspended(&self, event: &Envelope, organization: OrganizationId) -> Result<(), ConsumerError> {
        // Reinstated since: who has signed in again stays, also when old events come again after a restore.
        let is_suspended = |state: &OrganizationState| matches!(state, OrganizationState::Suspended(_));
        let is_suspended = self.desk.handlers.inspect::<Organization, _>(organization.0, |state, _| is_suspended(state)).await;
        if is_suspended.map_err(|error| ConsumerError::Later(error.to_string()))? != Some(true) {
            return Ok(());
        }
        for person in self.lists.users(event, organization).await? {
            self.end_sessions(person).await?;
        }
        Ok(())
    }

    async fn subscription(&self, event: &Envelope, happened: &SubscriptionEvent) -> Result<(), ConsumerError> {
        match happened {
            SubscriptionEvent::Ended { organization, application, .. } => {
                // Subscribed again since: what was granted after that stays, also when old events come again after a restore.
                if !self.has_ended(SubscriptionId::of(*organization, *application)).await? {
                    return Ok(());
                }
                for access in self.lists.access_to(event, *organization, *application).await? {
                    self.revoke(event, access, SUBSCRIPTION_ENDED).await?;
                }
                Ok(())
            }
            SubscriptionEvent::Requested { organization, application, .. }
            | SubscriptionEvent::Activated { organization, application, .. } => {
                if self.is_closed(*organization).await? {
                    self.end(event, SubscriptionId::of(*organization, *application)).await?;
                }
                Ok(())
            }
            SubscriptionEvent::Denied { .. } => Ok(()),
        }
    }

    async fn user(&self, event: &Envelope, person: PersonId, happened: &UserEvent) -> Result<(), ConsumerError> {
        match happened {
            UserEvent::Closed { .. } => {
                self.end_means_of_user(event, person).await?;
                for access in self.lists.access_of(event, person).await? {
                    self.revoke(event, access, ACCOUNT_CLOSED).await?;
                }
                Ok(())
            }
            // What they may do has changed: they sign in anew.
            UserEvent::Suspended { .. } | UserEvent::RoleGranted { .. } | UserEvent::RoleRevoked { .. } => self.end_sessions(person).await,
            UserEvent::Created { organization, .. } => {
                if self.is_closed(*organization).await? {
                    self.close(event, person).await?;
                }
                Ok(())
            }
            UserEvent::Invited { .. }
            | UserEvent::SelfRegistered { .. }
            | UserEvent::Refused { .. }
            | UserEvent::InvitationExpired {}
            | UserEvent::OneTimePasswordIssued { .. }
            | UserEvent::OneTimePasswordRedeemed { .. }
            | UserEvent::OneTimePasswordLocked { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::ProfileConfirmed { .. }
            | UserEvent::TermsAcceptedV1 { .. }
            | UserEvent::TermsAccepted { .. }
            | UserEvent::SecondFactorAsked { .. }
            | UserEvent::SecondFactorNoLongerAsked { .. }
            | UserEvent::SecondFactorAdded { .. }
            | UserEvent::SecondFactorRemoved { .. }
            | UserEvent::Activated {}
            | UserEvent::Reinstated { .. } => Ok(()),
        }
    }

    async fn staff(&self, event: &Envelope, staff: StaffId, happened: &StaffEvent) -> Result<(), ConsumerError> {
        match happened {
            StaffEvent::Dismissed { .. } => {
                self.desk.workflows.revoke_staff_tokens(staff).await.map_err(|error| ConsumerError::Later(error.to_string()))?;
                self.end_means_of_staff(event, staff).await
            }
            StaffEvent::RoleGranted { .. } | StaffEvent::RoleRevoked { .. } | StaffEvent::IdentityUnlinked { .. } => {
                self.end_sessions_of_staff(staff).await
            }
            StaffEvent::Appointed { .. }
            | StaffEvent::AffiliationsDeclared { .. }
            | StaffEvent::OneTimePasswordIssued { .. }
            | StaffEvent::OneTimePasswordRedeemed { .. }
            | StaffEvent::OneTimePasswordLocked { .. }
            | StaffEvent::PasswordSet { .. }
            | StaffEvent::SecondFactorAdded { .. }
            | StaffEvent::SecondFactorRemoved { .. }
            | StaffEvent::IdentityLinked { .. } => Ok(()),
        }
    }

    /// What they signed in with, and their sessions: in the vault nothing of a closed account is left that works, and a token can be released.
    async fn end_means_of_user(&self, event: &Envelope, person: PersonId) -> Result<(), ConsumerError> {
        let means = |state: &UserState| state.account().map(|account| account.means.clone());
        let means = self.desk.handlers.inspect::<User, _>(person.0, |state, _| means(state)).await;
        match means.map_err(|error| ConsumerError::Later(error.to_string()))?.flatten() {
            Some(means) => self.end_means(event, person, &means, ACCOUNT_CLOSED).await,
            None => self.end_sessions(person).await,
        }
    }

    /// As [`end_means_of_user`](Self::end_means_of_user); whoever has no account signed in at the operator's provider only.
    async fn end_means_of_staff(&self, event: &Envelope, staff: StaffId) -> Result<(), ConsumerError> {
        let left = |state: &StaffState| match state {
            StaffState::Dismissed(member) => Some((member.contact.person(), member.account.as_ref().map(|account| account.means.clone()))),
            StaffState::Member(_) | StaffState::NotAppointed => None,
        };
        let left = self.desk.handlers.inspect::<Staff, _>(staff.0, |state, _| left(state)).await;
        match left.map_err(|error| ConsumerError::Later(error.to_string()))?.flatten() {
            Some((person, Some(means))) => self.end_means(event, person, &means, LEFT_THE_STAFF).await,
            Some((person, None)) => self.end_sessions(person).await,
            None => Ok(()),
        }
    }

    async fn end_means(&self, event: &Envelope, person: PersonId, means: &SignInMeans, words: &str) -> Result<(), ConsumerError> {
        let sent = Sent::following(event.id, NAME, &format!("means {person}"));
        settle(NAME, event, self.desk.workflows.end_means(person, means, &because(words)?, &sent).await)?;
        Ok(())
    }

    async fn end_sessions_of_staff(&self, staff: StaffId) -> Result<(), ConsumerError> {
        let person = |state: &StaffState| match state {
            StaffState::Member(member) | StaffState::Dismissed(member) => Some(member.contact.person()),
            StaffState::NotAppointed => None,
        };
        let person = self.desk.handlers.inspect::<Staff, _>(staff.0, |state, _| person(state)).await;
        match person.map_err(|error| ConsumerError::Later(error.to_string()))?.flatten() {
            Some(person) => self.end_sessions(person).await,
            None => Ok(()),
        }
    }

    /// Whose data is erased acts for the operator no more.
    async fn forgotten(&self, event: &Envelope, person: PersonId, reason: &Reason) -> Result<(), ConsumerError> {
        for staff in self.lists.staff_of(event, person).await? {
            let sent = Sent::following(event.id, NAME, &format!("staff {staff}"));
            let dismiss = StaffCommand::DismissStaff { reason: reason.clone() };
            settle(NAME, event, self.desk.handlers.handle::<Staff>(staff.0, dismiss, &sent).await)?;
        }
        Ok(())
    }

    async fn access(&self, event: &Envelope, access: AccessId, happened: &AccessEvent) -> Result<(), ConsumerError> {
        let (user, organization, application) = match happened {
            AccessEvent::Requested { user, organization, application, .. }
            | AccessEvent::Granted { user, organization, application, .. } => (*user, *organization, *application),
            AccessEvent::Denied { .. } | AccessEvent::Revoked { .. } => return Ok(()),
        };
        if self.has_ended(SubscriptionId::of(organization, application)).await? {
            return self.revoke(event, access, SUBSCRIPTION_ENDED).await;
        }
        let closed = self
            .desk
            .handlers
            .inspect::<User, _>(user.0, |state, _| matches!(state, UserState::Closed(_)))
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        if closed == Some(true) { self.revoke(event, access, ACCOUNT_CLOSED).await } else { Ok(()) }
    }

    async fn has_ended(&self, subscription: SubscriptionId) -> Result<bool, ConsumerError> {
        let ended = self
            .desk
            .handlers
            .inspect::<Subscription, _>(subscription.0, |state, _| matches!(state, SubscriptionState::Ended(_)))
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        Ok(ended == Some(true))
    }

    async fn is_closed(&self, organization: OrganizationId) -> Result<bool, ConsumerError> {
        let closed = self
            .desk
            .handlers
            .inspect::<Organization, _>(organization.0, |state, _| matches!(state, OrganizationState::Closed(_)))
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        Ok(closed == Some(true))
    }

    async fn end(&self, event: &Envelope, subscription: SubscriptionId) -> Result<(), ConsumerError> {
        let command = SubscriptionCommand::EndSubscription { reason: because(ORGANIZATION_CLOSED)? };
        let sent = Sent::following(event.id, NAME, &format!("subscription {subscription}"));
        settle(NAME, event, self.desk.handlers.handle::<Subscription>(subscription.0, command, &sent).await)?;
        Ok(())
    }

    async fn close(&self, event: &Envelope, person: PersonId) -> Result<(), ConsumerError> {
        let sent = Sent::following(event.id, NAME, &format!("user {person}"));
        match self.desk.workflows.close_account(person, &because(ORGANIZATION_CLOSED)?, &sent).await {
            Ok(()) => Ok(()),
            Err(CommandError::Unavailable(cause)) => Err(ConsumerError::Later(cause.to_string())),
            Err(error) => {
                tracing::warn!(%person, reason = %error, "the account of a user of a closed organization could not be closed");
                Ok(())
            }
        }
    }

    async fn revoke(&self, event: &Envelope, access: AccessId, words: &str) -> Result<(), ConsumerError> {
        let command = AccessCommand::RevokeAccess { administrator: None, reason: because(words)? };
        let sent = Sent::following(event.id, NAME, &format!("access {access}"));
        settle(NAME, event, self.desk.handlers.handle::<Access>(access.0, command, &sent).await)?;
        Ok(())
    }

    async fn end_sessions(&self, person: PersonId) -> Result<(), ConsumerError> {
        self.desk.workflows.end_sessions(person).await.map_err(|error| ConsumerError::Later(error.to_string()))
    }
}

fn because(words: &str) -> Result<Reason, ConsumerError> {
    Reason::parse(words).map_err(|invalid| ConsumerError::Stop(invalid.to_string()))
}
