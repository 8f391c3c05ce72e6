//! Which events follow a command.

mod decision;
mod filling;
mod review;
mod start;
mod time;

use super::commands::RegistrationCommand as Command;
use super::error::RegistrationRejection;
use super::events::RegistrationEvent;
use super::state::{Case, RegistrationState};
use crate::Context;

/// The events that follow, or the rule that was broken.
type Decision = Result<Vec<RegistrationEvent>, RegistrationRejection>;

/// What was asked for is already so.
const NOTHING_TO_DO: Vec<RegistrationEvent> = Vec::new();

pub(super) fn decide(state: &RegistrationState, command: Command, context: &Context) -> Decision {
    match (state, command) {
        (state, Command::StartRegistration { id, origin, invited_by, registrant, company, applications }) => {
            start::start(state, start::Start { id, origin, invited_by, registrant, company, applications }, context)
        }
        (RegistrationState::Nothing, _) => Err(RegistrationRejection::NotStarted),
        (RegistrationState::Case(case), command) => decide_on(case, command, context),
    }
}

fn decide_on(case: &Case, command: Command, context: &Context) -> Decision {
    match command {
        // Answered above.
        Command::StartRegistration { .. } => Err(RegistrationRejection::AlreadyStarted),
        Command::PassHumanCheck { challenge } => filling::pass_human_check(case, challenge, context),
        Command::SaveProfile { profile } => filling::save_profile(case, profile, context),
        Command::NominateAdministrator { nominee, is_registrant, one_time_password, role } => {
            filling::nominate(case, filling::Nomination { nominee, is_registrant, one_time_password, role }, context)
        }
        Command::CorrectAdministrator { nominee, one_time_password } => filling::correct(case, nominee, one_time_password, context),
        Command::AcknowledgeHandover { nominee } => filling::acknowledge_handover(case, nominee, context),
        Command::SelectAdministrator { nominee, role } => filling::select(case, nominee, role, context),
        Command::DeselectAdministrator { nominee, role } => filling::deselect(case, nominee, role, context),
        Command::ConfirmReview {} => filling::confirm_review(case, context),
        Command::SubmitRegistration {} => filling::submit(case, context),
        Command::ResubmitRegistration { answer } => filling::resubmit(case, answer, context),
        Command::WithdrawRegistration { reason } => filling::withdraw(case, reason, context),
        Command::ClaimRegistration { reviewer } => review::claim(case, &reviewer, context),
        Command::ReleaseRegistration { reviewer } => review::release(case, reviewer, context),
        Command::TakeOverRegistration { reviewer } => review::take_over(case, &reviewer, context),
        Command::RaiseRisk { signal } => review::raise_risk(case, signal),
        Command::RequestInformation { reviewer, dossier_version, questions } => {
            decision::request_information(case, &reviewer, dossier_version, questions, context)
        }
        Command::ApproveRegistration { reviewer, dossier_version, reason } => {
            decision::approve(case, &reviewer, dossier_version, reason, context)
        }
        Command::RejectRegistration { reviewer, dossier_version, reason } => {
            decision::reject(case, &reviewer, dossier_version, reason, context)
        }
        Command::UndoApproval { reviewer, reason } => decision::undo_approval(case, &reviewer, reason, context),
        Command::ReopenRegistration { reviewer, reason } => decision::reopen(case, &reviewer, reason, context),
        Command::LinkToOrganization { reviewer, dossier_version, organization, reason } => {
            let link = decision::Link { dossier_version, organization, reason };
            decision::link(case, &reviewer, link, context)
        }
        Command::PassTime {} => Ok(time::pass(case, context)),
        Command::MoveDue { changed_at } => time::move_due(case, changed_at, context),
    }
}
