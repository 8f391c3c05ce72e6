//! What the registrant does: the steps, submission, answers, withdrawal.

use super::{Decision, NOTHING_TO_DO, time};
use crate::registration::MOST_NOMINEES;
use crate::registration::dossier::Step;
use crate::registration::error::RegistrationRejection as Rejected;
use crate::registration::events::{AdministratorRole, RegistrationEvent};
use crate::registration::separation::same_mailbox;
use crate::registration::state::{Case, Stage};
use crate::{Contact, Context, CredentialId, Message, OrganizationProfile, PersonId, Personal, Reason};

/// A person who is named as an administrator.
pub(super) struct Nomination {
    pub(super) nominee: Personal<Contact>,
    pub(super) is_registrant: bool,
    pub(super) one_time_password: CredentialId,
    pub(super) role: AdministratorRole,
}

pub(super) fn pass_human_check(case: &Case, challenge: String, context: &Context) -> Decision {
    if case.human_check.is_some() {
        return Ok(NOTHING_TO_DO);
    }
    editable(case, context)?;
    Ok(vec![RegistrationEvent::HumanCheckPassed { challenge }])
}

pub(super) fn save_profile(case: &Case, profile: OrganizationProfile, context: &Context) -> Decision {
    editable(case, context)?;
    after(case, Step::Profile)?;
    if case.dossier.profile.as_ref() == Some(&profile) {
        return Ok(NOTHING_TO_DO);
    }
    profile.check()?;
    Ok(vec![RegistrationEvent::ProfileSaved { profile }])
}

pub(super) fn nominate(case: &Case, nomination: Nomination, context: &Context) -> Decision {
    editable(case, context)?;
    let Nomination { nominee, is_registrant, one_time_password, role } = nomination;
    role_is_asked_for(case, role)?;
    let person = nominee.person();
    if case.dossier.nominee(person).is_some() {
        return Err(Rejected::AlreadyNominated(person));
    }
    if case.dossier.nominees.len() >= MOST_NOMINEES {
        return Err(Rejected::TooManyNominees);
    }
    if is_registrant != (person == case.registrant.person()) {
        return Err(Rejected::RegistrantMistaken);
    }
    // Nothing can be recorded about a person any more whose key is destroyed.
    if is_registrant && case.registrant.is_erased() {
        return Err(Rejected::NomineeForgotten(person));
    }
    email_is_new(case, &nominee)?;
    one_time_password_is_new(case, one_time_password)?;
    Ok(vec![
        RegistrationEvent::AdministratorNominated { nominee, is_registrant, one_time_password },
        RegistrationEvent::AdministratorSelected { nominee: person, role },
    ])
}

pub(super) fn correct(case: &Case, nominee: Personal<Contact>, one_time_password: CredentialId, context: &Context) -> Decision {
    editable(case, context)?;
    let known = case.dossier.nominee(nominee.person()).ok_or(Rejected::NotNominated(nominee.person()))?;
    if known.contact == nominee && known.one_time_password == one_time_password {
        return Ok(NOTHING_TO_DO);
    }
    if known.contact.is_erased() {
        return Err(Rejected::NomineeForgotten(nominee.person()));
    }
    email_is_new(case, &nominee)?;
    one_time_password_is_new(case, one_time_password)?;
    Ok(vec![RegistrationEvent::AdministratorCorrected { nominee, one_time_password }])
}

pub(super) fn acknowledge_handover(case: &Case, person: PersonId, context: &Context) -> Decision {
    editable(case, context)?;
    let nominee = case.dossier.nominee(person).ok_or(Rejected::NotNominated(person))?;
    if nominee.handover_acknowledged {
        return Ok(NOTHING_TO_DO);
    }
    Ok(vec![RegistrationEvent::HandoverAcknowledged { nominee: person }])
}

pub(super) fn select(case: &Case, person: PersonId, role: AdministratorRole, context: &Context) -> Decision {
    editable(case, context)?;
    role_is_asked_for(case, role)?;
    let nominee = case.dossier.nominee(person).ok_or(Rejected::NotNominated(person))?;
    if nominee.roles.contains(&role) {
        return Ok(NOTHING_TO_DO);
    }
    Ok(vec![RegistrationEvent::AdministratorSelected { nominee: person, role }])
}

pub(super) fn deselect(case: &Case, person: PersonId, role: AdministratorRole, context: &Context) -> Decision {
    editable(case, context)?;
    match case.dossier.nominee(person) {
        Some(nominee) if nominee.roles.contains(&role) => Ok(vec![RegistrationEvent::AdministratorDeselected { nominee: person, role }]),
        Some(_) | None => Ok(NOTHING_TO_DO),
    }
}

pub(super) fn confirm_review(case: &Case, context: &Context) -> Decision {
    editable(case, context)?;
    after(case, Step::Review)?;
    if case.dossier.is_confirmed() {
        return Ok(NOTHING_TO_DO);
    }
    Ok(vec![RegistrationEvent::ReviewConfirmed {}])
}

pub(super) fn submit(case: &Case, context: &Context) -> Decision {
    editable(case, context).map_err(|rejected| if rejected == Rejected::DossierFrozen { Rejected::AlreadySubmitted } else { rejected })?;
    if matches!(case.stage, Stage::InformationRequested { .. }) {
        return Err(Rejected::AlreadySubmitted);
    }
    complete(case)?;
    let due = time::due_anew(context)?;
    Ok(with_risks(case, RegistrationEvent::Submitted { dossier_version: case.dossier.version, due }))
}

pub(super) fn resubmit(case: &Case, answer: Option<Message>, context: &Context) -> Decision {
    let Stage::InformationRequested { business_seconds_left, .. } = &case.stage else {
        editable(case, context).or_else(|rejected| if rejected == Rejected::DossierFrozen { Ok(()) } else { Err(rejected) })?;
        return Err(Rejected::NoInformationRequested);
    };
    complete(case)?;
    let due = context.policy.calendar.due_after(context.now, *business_seconds_left, context.policy.due_soon_business_hours)?;
    Ok(with_risks(case, RegistrationEvent::Resubmitted { dossier_version: case.dossier.version, answer, due }))
}

/// What speaks for care in the dossier itself, and then what happened.
fn with_risks(case: &Case, happened: RegistrationEvent) -> Vec<RegistrationEvent> {
    let new = case.dossier.risks().filter(|signal| !case.risks.contains(signal));
    new.map(|signal| RegistrationEvent::RiskRaised { signal }).chain([happened]).collect()
}

pub(super) fn withdraw(case: &Case, reason: Option<Reason>, context: &Context) -> Decision {
    match &case.stage {
        Stage::Withdrawn => Ok(NOTHING_TO_DO),
        Stage::Filling => {
            editable(case, context)?;
            Ok(vec![RegistrationEvent::Withdrawn { reason }])
        }
        Stage::Submitted(_) | Stage::InReview { .. } | Stage::InformationRequested { .. } => {
            Ok(vec![RegistrationEvent::Withdrawn { reason }])
        }
        Stage::Expired => Err(Rejected::Expired(case.expires_at)),
        Stage::ApprovalPending { .. } | Stage::Approved { .. } | Stage::Rejected { .. } | Stage::Linked { .. } => {
            Err(Rejected::AlreadyDecided { stage: case.stage.name() })
        }
    }
}

/// The registrant can change the dossier now.
fn editable(case: &Case, context: &Context) -> Result<(), Rejected> {
    match &case.stage {
        // What is past its time has expired, whether or not anybody has noted it yet.
        Stage::Filling if context.now >= case.expires_at => Err(Rejected::Expired(case.expires_at)),
        Stage::Filling | Stage::InformationRequested { .. } => Ok(()),
        Stage::Submitted(_) | Stage::InReview { .. } => Err(Rejected::DossierFrozen),
        Stage::Expired => Err(Rejected::Expired(case.expires_at)),
        Stage::Withdrawn => Err(Rejected::Withdrawn),
        Stage::ApprovalPending { .. } | Stage::Approved { .. } | Stage::Rejected { .. } | Stage::Linked { .. } => {
            Err(Rejected::AlreadyDecided { stage: case.stage.name() })
        }
    }
}

/// The steps before this one have been taken.
fn after(case: &Case, step: Step) -> Result<(), Rejected> {
    let missing = if case.human_check.is_none() { Some(Step::HumanCheck) } else { case.dossier.first_missing_entry() };
    match missing.filter(|missing| *missing < step) {
        Some(missing) => Err(Rejected::StepOutOfOrder { missing }),
        None => Ok(()),
    }
}

/// All steps have been taken, the whole confirmed, the one-time passwords acknowledged, and everybody is still there.
fn complete(case: &Case) -> Result<(), Rejected> {
    after(case, Step::Review)?;
    if let Some(Step::Handover(person)) = case.dossier.first_missing_handover() {
        return Err(Rejected::HandoverNotAcknowledged(person));
    }
    if !case.dossier.is_confirmed() {
        return Err(match case.dossier.confirmed_version {
            None => Rejected::StepOutOfOrder { missing: Step::Review },
            Some(_) => Rejected::ReviewNotConfirmed,
        });
    }
    nobody_forgotten(case)
}

/// Every nominee's details are still there: without them no user can be created.
pub(super) fn nobody_forgotten(case: &Case) -> Result<(), Rejected> {
    match case.dossier.nominees.iter().find(|nominee| nominee.contact.is_erased()) {
        Some(forgotten) => Err(Rejected::NomineeForgotten(forgotten.person())),
        None => Ok(()),
    }
}

/// The role belongs to this registration, and it is its turn.
fn role_is_asked_for(case: &Case, role: AdministratorRole) -> Result<(), Rejected> {
    match role {
        AdministratorRole::OrganizationAdministrator => after(case, Step::OrganizationAdministrators),
        AdministratorRole::ApplicationAdministrator(application) => {
            let requested = case.dossier.applications.iter().find(|requested| requested.application == application);
            match requested {
                None => Err(Rejected::ApplicationNotRequested(application)),
                Some(requested) if !requested.needs_administrator => Err(Rejected::ApplicationNeedsNoAdministrator(application)),
                // In which order the applications get theirs is the registrant's choice.
                Some(_) => match after(case, Step::ApplicationAdministrators(application)) {
                    Err(Rejected::StepOutOfOrder { missing: Step::ApplicationAdministrators(_) }) => Ok(()),
                    result => result,
                },
            }
        }
    }
}

fn email_is_new(case: &Case, nominee: &Personal<Contact>) -> Result<(), Rejected> {
    let email = nominee.get().map(|contact| &contact.email);
    let holder = case.dossier.nominees.iter().find(|other| {
        let theirs = other.contact.get().map(|contact| &contact.email);
        other.person() != nominee.person() && email.zip(theirs).is_some_and(|(a, b)| same_mailbox(a, b))
    });
    match holder {
        Some(holder) => Err(Rejected::EmailAlreadyNominated(holder.person())),
        None => Ok(()),
    }
}

fn one_time_password_is_new(case: &Case, one_time_password: CredentialId) -> Result<(), Rejected> {
    if case.dossier.nominees.iter().any(|nominee| nominee.one_time_password == one_time_password) {
        return Err(Rejected::OneTimePasswordReused);
    }
    Ok(())
}
