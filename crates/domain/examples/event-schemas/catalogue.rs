//! Who decides an event, who consumes it, which mails it causes: what the types do not say.

/// What the types do not say of an event.
pub(crate) struct Entry {
    /// The event's name with its version.
    name: &'static str,
    /// The commands that it can follow from.
    pub(crate) decided_by: &'static [&'static str],
    /// The projections (beside `audit-history`, which consumes all) and process managers that act on it.
    pub(crate) consumed_by: &'static [&'static str],
    /// The mails that it can cause, by template.
    pub(crate) mails: &'static [&'static str],
}

const DIRECTORY: &str = "directory";
const ENTITLEMENTS: &str = "entitlements";
const NOTIFICATION_DISPATCH: &str = "notification-dispatch";
const REGISTRATION_STATUS: &str = "registration-status";
const PUBLIC_FEED: &str = "public-feed";
const REVIEW_QUEUE: &str = "review-queue";
const ONBOARDING: &str = "onboarding";
const OFFERS: &str = "offers";
const DEADLINES: &str = "deadlines";
const RESERVATIONS: &str = "reservations";
const ADMINISTRATORS: &str = "administrators";
const FORGETTING: &str = "forgetting";
const ENDINGS: &str = "endings";
const CALENDARS: &str = "calendars";
const SECOND_FACTORS: &str = "second-factors";

const fn event(
    name: &'static str,
    decided_by: &'static [&'static str],
    consumed_by: &'static [&'static str],
    mails: &'static [&'static str],
) -> Entry {
    Entry { name, decided_by, consumed_by, mails }
}

const ENTRIES: &[Entry] = &[
    event("application.published.v1", &["PublishApplication"], &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, PUBLIC_FEED], &[]),
    event(
        "application.amended.v1",
        &["AmendApplication"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, SECOND_FACTORS, PUBLIC_FEED],
        &[],
    ),
    event("application.retired.v1", &["RetireApplication"], &[DIRECTORY, ENTITLEMENTS, PUBLIC_FEED], &[]),
    event(
        "invitation.sent.v2",
        &["InviteOrg"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, PUBLIC_FEED],
        &["invitation", "invitation_offer"],
    ),
    event(
        "invitation.resent.v2",
        &["ResendInvitation"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, PUBLIC_FEED],
        &["invitation", "invitation_offer"],
    ),
    event(
        "invitation.reminded.v1",
        &["RemindInvitation"],
        &[DIRECTORY, NOTIFICATION_DISPATCH, DEADLINES],
        &["invitation_reminder", "invitation_offer"],
    ),
    event("invitation.opened.v1", &["OpenInvitation"], &[DIRECTORY, ENTITLEMENTS], &[]),
    event(
        "invitation.accepted.v1",
        &["AcceptInvitation"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, OFFERS, RESERVATIONS, PUBLIC_FEED],
        &[],
    ),
    event(
        "invitation.linked_to_organization.v1",
        &["LinkInvitationToOrganization"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, PUBLIC_FEED],
        &["invitation_offer"],
    ),
    event(
        "invitation.offer_accepted.v1",
        &["AcceptOffer"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, OFFERS, RESERVATIONS, PUBLIC_FEED],
        &[],
    ),
    event(
        "invitation.offer_declined.v1",
        &["DeclineOffer"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &[],
    ),
    event(
        "invitation.revoked.v1",
        &["RevokeInvitation"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &["invitation_revoked"],
    ),
    event(
        "invitation.expired.v1",
        &["ExpireInvitation"],
        &[DIRECTORY, ENTITLEMENTS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &[],
    ),
    event(
        "registration.started.v2",
        &["StartRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, PUBLIC_FEED],
        &[],
    ),
    event("registration.human_check_passed.v1", &["PassHumanCheck"], &[REGISTRATION_STATUS], &[]),
    event("registration.profile_saved.v1", &["SaveProfile"], &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH], &[]),
    event("registration.administrator_nominated.v1", &["NominateAdministrator"], &[REGISTRATION_STATUS, NOTIFICATION_DISPATCH], &[]),
    event("registration.administrator_corrected.v1", &["CorrectAdministrator"], &[REGISTRATION_STATUS, NOTIFICATION_DISPATCH], &[]),
    event("registration.handover_acknowledged.v1", &["AcknowledgeHandover"], &[REGISTRATION_STATUS], &[]),
    event("registration.administrator_selected.v1", &["NominateAdministrator", "SelectAdministrator"], &[REGISTRATION_STATUS], &[]),
    event("registration.administrator_deselected.v1", &["DeselectAdministrator"], &[REGISTRATION_STATUS], &[]),
    event("registration.review_confirmed.v1", &["ConfirmReview"], &[REGISTRATION_STATUS], &[]),
    event(
        "registration.submitted.v1",
        &["SubmitRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, PUBLIC_FEED],
        &["registration_acknowledged"],
    ),
    event(
        "registration.claimed.v1",
        &["ClaimRegistration", "TakeOverRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS],
        &[],
    ),
    event(
        "registration.released.v1",
        &["ReleaseRegistration", "ClaimRegistration", "ApproveRegistration", "PassTime"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS],
        &[],
    ),
    event(
        "registration.information_requested.v1",
        &["RequestInformation"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &["information_requested"],
    ),
    event(
        "registration.resubmitted.v1",
        &["ResubmitRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &["registration_acknowledged"],
    ),
    event("registration.risk_raised.v1", &["RaiseRisk"], &[REVIEW_QUEUE], &[]),
    event("registration.approval_proposed.v1", &["ApproveRegistration"], &[REVIEW_QUEUE], &[]),
    event(
        "registration.approved.v1",
        &["ApproveRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES],
        &[],
    ),
    event(
        "registration.approval_undone.v1",
        &["UndoApproval"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS],
        &[],
    ),
    event(
        "registration.approval_took_effect.v1",
        &["ApproveRegistration", "PassTime"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, DEADLINES, ONBOARDING, PUBLIC_FEED],
        &[],
    ),
    event(
        "registration.rejected.v1",
        &["RejectRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &["rejected"],
    ),
    event(
        "registration.reopened.v1",
        &["ReopenRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &["registration_acknowledged"],
    ),
    event(
        "registration.linked_to_organization.v1",
        &["LinkToOrganization"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, OFFERS, RESERVATIONS, PUBLIC_FEED],
        &["registration_linked"],
    ),
    event(
        "registration.withdrawn.v1",
        &["WithdrawRegistration"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &[],
    ),
    event(
        "registration.expired.v1",
        &["PassTime"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES, RESERVATIONS, PUBLIC_FEED],
        &[],
    ),
    event("registration.review_due_soon.v1", &["PassTime"], &[REVIEW_QUEUE, NOTIFICATION_DISPATCH, DEADLINES], &["review_due_soon"]),
    event(
        "registration.review_overdue.v1",
        &["PassTime"],
        &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES],
        &["review_overdue"],
    ),
    event("registration.due_moved.v1", &["MoveDue"], &[REVIEW_QUEUE, REGISTRATION_STATUS, NOTIFICATION_DISPATCH, DEADLINES], &[]),
    event("organization.approved.v1", &["ApproveOrg"], &[DIRECTORY, NOTIFICATION_DISPATCH, PUBLIC_FEED], &[]),
    event("organization.profile_amended.v1", &["AmendProfile"], &[DIRECTORY, NOTIFICATION_DISPATCH, PUBLIC_FEED], &[]),
    event("organization.amendment_requested.v2", &["AmendProfile"], &[DIRECTORY, RESERVATIONS], &[]),
    event("organization.amendment_approved.v1", &["ApproveAmendment"], &[DIRECTORY, NOTIFICATION_DISPATCH, RESERVATIONS, PUBLIC_FEED], &[]),
    event("organization.amendment_refused.v1", &["RefuseAmendment"], &[DIRECTORY, RESERVATIONS], &[]),
    event("organization.suspended.v1", &["SuspendOrg"], &[DIRECTORY, NOTIFICATION_DISPATCH, ENDINGS, PUBLIC_FEED], &["account_suspended"]),
    event("organization.reinstated.v1", &["ReinstateOrg"], &[DIRECTORY, PUBLIC_FEED], &[]),
    event("organization.closed.v1", &["CloseOrg"], &[DIRECTORY, ENDINGS, RESERVATIONS, PUBLIC_FEED], &[]),
    event("organization.administrator_added.v1", &["AddAdministrator"], &[DIRECTORY, NOTIFICATION_DISPATCH], &[]),
    event("organization.administrator_established.v1", &["EstablishAdministrator", "AddAdministrator"], &[DIRECTORY], &[]),
    event("organization.administrator_removed.v1", &["RemoveAdministrator", "LoseAdministrator"], &[DIRECTORY, NOTIFICATION_DISPATCH], &[]),
    event("user.invited.v1", &["InviteUser"], &[DIRECTORY, NOTIFICATION_DISPATCH, DEADLINES], &["self_registration_invitation"]),
    event("user.self_registered.v1", &["SelfRegister"], &[DIRECTORY, NOTIFICATION_DISPATCH, DEADLINES], &[]),
    event("user.refused.v1", &["RefuseSelfRegistration"], &[DIRECTORY, NOTIFICATION_DISPATCH, DEADLINES], &["self_registration_refused"]),
    event("user.invitation_expired.v1", &["ExpireUserInvitation"], &[DIRECTORY, NOTIFICATION_DISPATCH, DEADLINES], &[]),
    event(
        "user.created.v1",
        &["CreateUser", "ConfirmSelfRegistration"],
        &[DIRECTORY, NOTIFICATION_DISPATCH, DEADLINES, ENDINGS, SECOND_FACTORS, PUBLIC_FEED],
        &["approved", "account_created", "self_registration_confirmed"],
    ),
    event("user.one_time_password_issued.v1", &["IssueOneTimePassword"], &[DIRECTORY], &[]),
    event("user.one_time_password_redeemed.v1", &["RedeemOneTimePassword"], &[DIRECTORY], &[]),
    event("user.one_time_password_locked.v1", &["LockOneTimePassword"], &[DIRECTORY], &[]),
    event("user.password_set.v1", &["SetPassword"], &[DIRECTORY, NOTIFICATION_DISPATCH], &["password_changed"]),
    event("user.profile_confirmed.v1", &["ConfirmProfile"], &[DIRECTORY, NOTIFICATION_DISPATCH, PUBLIC_FEED], &[]),
    event("user.terms_accepted.v1", &[], &[DIRECTORY], &[]),
    event("user.terms_accepted.v2", &["AcceptTerms"], &[DIRECTORY], &[]),
    event("user.second_factor_asked.v1", &["AskSecondFactor"], &[], &[]),
    event("user.second_factor_no_longer_asked.v1", &["StopAskingSecondFactor"], &[], &[]),
    event("user.second_factor_added.v1", &["AddSecondFactor"], &[DIRECTORY], &[]),
    event("user.second_factor_removed.v1", &["RemoveSecondFactor", "ResetSecondFactors"], &[DIRECTORY, SECOND_FACTORS], &[]),
    event(
        "user.activated.v1",
        &["AcceptTerms", "AddSecondFactor", "StopAskingSecondFactor", "CompleteFirstLogin"],
        &[DIRECTORY, NOTIFICATION_DISPATCH, ADMINISTRATORS, PUBLIC_FEED],
        &["login_success"],
    ),
    event(
        "user.role_granted.v1",
        &["GrantRole"],
        &[DIRECTORY, NOTIFICATION_DISPATCH, ADMINISTRATORS, ENDINGS, SECOND_FACTORS, PUBLIC_FEED],
        &[],
    ),
    event("user.role_revoked.v1", &["RevokeRole"], &[DIRECTORY, NOTIFICATION_DISPATCH, ENDINGS, SECOND_FACTORS, PUBLIC_FEED], &[]),
    event("user.suspended.v1", &["SuspendUser"], &[DIRECTORY, NOTIFICATION_DISPATCH, ENDINGS, PUBLIC_FEED], &["account_suspended"]),
    event("user.reinstated.v1", &["ReinstateUser"], &[DIRECTORY, NOTIFICATION_DISPATCH, ADMINISTRATORS, PUBLIC_FEED], &[]),
    event("user.closed.v1", &["CloseUser"], &[DIRECTORY, NOTIFICATION_DISPATCH, ENDINGS, PUBLIC_FEED], &[]),
    event("subscription.requested.v1", &["SubscribeApp"], &[ENTITLEMENTS, ENDINGS, PUBLIC_FEED], &[]),
    event(
        "subscription.activated.v1",
        &["SubscribeApp", "ApproveSubscription"],
        &[ENTITLEMENTS, NOTIFICATION_DISPATCH, ENDINGS, PUBLIC_FEED],
        &["organization_subscribed"],
    ),
    event("subscription.denied.v1", &["DenySubscription"], &[ENTITLEMENTS, NOTIFICATION_DISPATCH, PUBLIC_FEED], &["subscription_denied"]),
    event("subscription.ended.v1", &["EndSubscription"], &[ENTITLEMENTS, ENDINGS, PUBLIC_FEED], &[]),
    event("access.requested.v1", &["RequestAccess"], &[ENTITLEMENTS, NOTIFICATION_DISPATCH, ENDINGS, PUBLIC_FEED], &["access_asked"]),
    event(
        "access.granted.v1",
        &["GrantAccess", "RequestAccess"],
        &[ENTITLEMENTS, NOTIFICATION_DISPATCH, ENDINGS, SECOND_FACTORS, PUBLIC_FEED],
        &["access_granted"],
    ),
    event("access.denied.v1", &["DenyAccess"], &[ENTITLEMENTS, NOTIFICATION_DISPATCH, PUBLIC_FEED], &["access_denied"]),
    event("access.revoked.v1", &["RevokeAccess"], &[ENTITLEMENTS, NOTIFICATION_DISPATCH, SECOND_FACTORS, PUBLIC_FEED], &["access_revoked"]),
    event("relationship.established.v1", &["EstablishRelationship"], &[ENTITLEMENTS, PUBLIC_FEED], &[]),
    event("relationship.ended.v1", &["EndRelationship"], &[ENTITLEMENTS, PUBLIC_FEED], &[]),
    event("credential.registered.v1", &["RegisterCredential"], &[DIRECTORY, NOTIFICATION_DISPATCH], &["credential_added"]),
    event("credential.activated.v1", &["ActivateCredential"], &[DIRECTORY, NOTIFICATION_DISPATCH], &["credential_added"]),
    event("credential.renamed.v1", &["RenameCredential"], &[DIRECTORY, NOTIFICATION_DISPATCH], &[]),
    event("credential.revoked.v1", &["RevokeCredential"], &[DIRECTORY, NOTIFICATION_DISPATCH], &["credential_removed"]),
    event("reservation.taken.v1", &["Reserve"], &[], &[]),
    event("reservation.released.v1", &["Release"], &[], &[]),
    event("person.forgetting_started.v1", &["ForgetPerson"], &[DIRECTORY, NOTIFICATION_DISPATCH, FORGETTING], &[]),
    event("person.forgotten.v1", &["CompleteForgetting"], &[DIRECTORY, NOTIFICATION_DISPATCH, PUBLIC_FEED], &[]),
    event("person.erasure_acknowledged.v1", &["AcknowledgeErasure"], &[PUBLIC_FEED], &[]),
    event("staff.appointed.v1", &["AppointStaff"], &[DIRECTORY, NOTIFICATION_DISPATCH], &[]),
    event("staff.role_granted.v1", &["GrantStaffRole"], &[DIRECTORY, NOTIFICATION_DISPATCH, ENDINGS], &[]),
    event("staff.role_revoked.v1", &["RevokeStaffRole"], &[DIRECTORY, NOTIFICATION_DISPATCH, ENDINGS], &[]),
    event("staff.affiliations_declared.v1", &["DeclareAffiliations"], &[DIRECTORY], &[]),
    event("staff.one_time_password_issued.v1", &["IssueStaffOneTimePassword"], &[DIRECTORY], &[]),
    event("staff.one_time_password_redeemed.v1", &["RedeemStaffOneTimePassword"], &[], &[]),
    event("staff.one_time_password_locked.v1", &["LockStaffOneTimePassword"], &[], &[]),
    event("staff.password_set.v1", &["SetStaffPassword"], &[NOTIFICATION_DISPATCH], &["password_changed"]),
    event("staff.second_factor_added.v1", &["AddStaffSecondFactor"], &[DIRECTORY], &[]),
    event("staff.second_factor_removed.v1", &["RemoveStaffSecondFactor", "ResetStaffSecondFactors"], &[DIRECTORY, SECOND_FACTORS], &[]),
    event("staff.identity_linked.v1", &["LinkStaffIdentity"], &[], &[]),
    event("staff.identity_unlinked.v1", &["UnlinkStaffIdentity", "DismissStaff"], &[RESERVATIONS, ENDINGS], &[]),
    event("staff.dismissed.v1", &["DismissStaff"], &[DIRECTORY, NOTIFICATION_DISPATCH, ENDINGS], &[]),
    event("service.registered.v1", &["RegisterService"], &[PUBLIC_FEED], &[]),
    event("service.scope_changed.v1", &["ChangeScope"], &[PUBLIC_FEED], &[]),
    event("service.retired.v1", &["RetireService"], &[PUBLIC_FEED], &[]),
    event("mail.sent.v1", &["RecordFate"], &[NOTIFICATION_DISPATCH], &[]),
    event("mail.refused.v1", &["RecordFate"], &[NOTIFICATION_DISPATCH], &[]),
    event("mail.given_up.v1", &["RecordFate"], &[NOTIFICATION_DISPATCH], &[]),
    event("calendar.adopted.v1", &["AdoptCalendar"], &[CALENDARS], &[]),
];

/// What the public event is called that other services are told, where that is not the stored one's name: `projections/public-feed`
/// tells each event that it consumes, apart from those that it only keeps its own books with.
const TOLD_AS: &[(&str, Option<&str>)] = &[
    ("invitation.sent.v2", Some("invitation.sent.v1")),
    ("invitation.resent.v2", Some("invitation.resent.v1")),
    ("registration.started.v2", Some("registration.started.v1")),
    ("invitation.linked_to_organization.v1", Some("invitation.offered.v1")),
    ("registration.approval_took_effect.v1", Some("registration.approved.v1")),
    ("organization.amendment_approved.v1", Some("organization.profile_amended.v1")),
    ("person.forgotten.v1", Some("person.erased.v1")),
    ("person.erasure_acknowledged.v1", None),
    ("service.registered.v1", None),
    ("service.scope_changed.v1", None),
    ("service.retired.v1", None),
];

impl Entry {
    /// The public event that other services are told of it, if there is one.
    pub(crate) fn told_as(&self) -> Option<&'static str> {
        let otherwise = TOLD_AS.iter().find(|(stored, _)| *stored == self.name);
        match otherwise {
            Some((_, told)) => *told,
            None => self.consumed_by.contains(&PUBLIC_FEED).then_some(self.name),
        }
    }
}

/// What is known of this event.
pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// Every event is here, and every one here is an event.
///
/// # Errors
/// The names of those that are not.
pub(crate) fn check(events: &[&str]) -> Result<(), String> {
    let missing: Vec<&str> = events.iter().copied().filter(|event| entry(event).is_none()).collect();
    let unknown: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).filter(|name| !events.contains(name)).collect();
    if missing.is_empty() && unknown.is_empty() {
        return Ok(());
    }
    Err(format!("the catalogue misses {missing:?}; there are no events {unknown:?}: see catalogue.rs"))
}
