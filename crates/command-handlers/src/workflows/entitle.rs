//! Subscriptions and access, as far as they need to know of each other and of the catalogue (J4, J5).

use domain::access::{Access, AccessCommand, AccessEvent};
use domain::application::{AccessPolicy, Application, ApplicationDetails, RegistrationPolicy, Way};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionEvent, SubscriptionOrigin};
use domain::user::{User, UserState};
use domain::{AccessId, ApplicationId, OrganizationId, PersonId, Reason, SubscriptionId};

use super::{OpenWay, WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Sent};

/// Who shall have access to what.
#[derive(Debug, Clone)]
pub struct AskAccess {
    /// For whom.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// To which application.
    pub application: ApplicationId,
    /// Who proposes it, if not the user.
    pub proposed_by: Option<PersonId>,
    /// Why it is needed.
    pub reason: Option<Reason>,
}

impl Workflows {
    /// Subscribes an organization to a public application from inside an account, or asks for it where its owner reviews (J4).
    ///
    /// # Errors
    /// If the application is not in the catalogue, or is not offered in this way.
    pub async fn subscribe(
        &self,
        organization: OrganizationId,
        application: ApplicationId,
        sent: &Sent,
    ) -> Result<(SubscriptionId, Answer<SubscriptionEvent>), WorkflowError> {
        let details = self.offered(application).await?;
        if details.registration != RegistrationPolicy::Public || !details.ways.contains(&Way::Account) {
            return Err(of_the_one(WorkflowRejection::NotOpenThisWay(application, OpenWay::of(&details))));
        }
        let id = SubscriptionId::of(organization, application);
        let needs_review = details.subscription_review;
        let origin = SubscriptionOrigin::Account;
        let command = SubscriptionCommand::SubscribeApp { organization, application, origin, needs_review };
        let answer = self.handlers.handle::<Subscription>(id.0, command, sent).await.map_err(CommandError::of_any)?;
        Ok((id, answer))
    }

    /// Asks for access of a user to an application that their organization is subscribed to; granted at once where the
    /// application grants automatically (J5).
    ///
    /// # Errors
    /// If there is no such user in the organization, or they are suspended, the application takes nobody new, or there is no subscription.
    pub async fn ask_access(&self, ask: AskAccess, sent: &Sent) -> Result<(AccessId, Answer<AccessEvent>), WorkflowError> {
        let AskAccess { user, organization, application, proposed_by, reason } = ask;
        let standing = |state: &UserState| (state.can_sign_in().is_some(), matches!(state, UserState::Suspended(..)));
        let standing = self
            .handlers
            .inspect::<User, _>(user.0, |state, _| (state.organization() == Some(organization)).then(|| standing(state)))
            .await
            .map_err(CommandError::of_any)?;
        match standing.flatten() {
            Some((true, _)) => {}
            Some((false, true)) => return Err(WorkflowRejection::SuspendedUser.into()),
            Some((false, false)) | None => return Err(WorkflowRejection::NoSuchUser.into()),
        }
        let automatic = self.offered(application).await?.access == AccessPolicy::Automatic;
        self.check_subscribed(organization, application).await?;
        let id = AccessId::of(user, application);
        let command = AccessCommand::RequestAccess { user, organization, application, proposed_by, reason, automatic };
        let answer = self.handlers.handle::<Access>(id.0, command, sent).await.map_err(CommandError::of_any)?;
        Ok((id, answer))
    }

    /// Grants access; the organization must be subscribed, and the user able to sign in.
    ///
    /// # Errors
    /// If one of these is not so.
    pub async fn grant_access(&self, ask: AskAccess, administrator: PersonId, sent: &Sent) -> Result<Answer<AccessEvent>, WorkflowError> {
        let AskAccess { user, organization, application, reason, .. } = ask;
        self.check_subscribed(organization, application).await?;
        let command = AccessCommand::GrantAccess { user, organization, application, administrator, reason };
        self.handlers.handle::<Access>(AccessId::of(user, application).0, command, sent).await.map_err(CommandError::of_any)
    }

    /// What the catalogue says of an application that takes new subscriptions and access.
    async fn offered(&self, application: ApplicationId) -> Result<ApplicationDetails, WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Application, _>(application.0, |state, _| {
                state.published().map(|published| (published.details.clone(), state.in_catalogue().is_some()))
            })
            .await
            .map_err(CommandError::of_any)?;
        match seen.flatten() {
            None => Err(of_the_one(WorkflowRejection::UnknownApplication(application))),
            Some((_, false)) => Err(of_the_one(WorkflowRejection::RetiredApplication(application))),
            Some((details, true)) => Ok(details),
        }
    }

    async fn check_subscribed(&self, organization: OrganizationId, application: ApplicationId) -> Result<(), WorkflowError> {
        let key = SubscriptionId::of(organization, application).0;
        let active = self.handlers.inspect::<Subscription, _>(key, |state, _| state.is_active()).await.map_err(CommandError::of_any)?;
        if active == Some(true) { Ok(()) } else { Err(WorkflowRejection::NotSubscribed(application).into()) }
    }
}

/// What is wrong with the only application that a command names.
fn of_the_one(rejection: WorkflowRejection) -> WorkflowError {
    WorkflowRejection::OfTheOne(Box::new(rejection)).into()
}
