//! Events to rows.

use std::sync::Arc;

use domain::registration::RegistrationEvent as Event;
use domain::{DomainEvent, Due, RegistrationId};
use jiff::Timestamp;
use projection_runtime::table::{Fold, Json, begun_before};
use projection_runtime::{Envelope, ProjectionError, Tables};

use crate::{CaseState, Filling, Status};

pub(crate) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let mine: Vec<(RegistrationId, &Event, &Envelope)> = events.iter().filter_map(|envelope| of(envelope)).collect();
    let mut rows = Fold::<Status>::load(conn, begun_before(mine.iter().map(|(id, _, envelope)| ((*id,), envelope.version)))).await?;
    for (id, event, envelope) in mine {
        if let Some(begun) = Status::begun(id, event, envelope.recorded_at) {
            rows.put(begun);
        } else {
            let row = rows.expect(&(id,), envelope)?;
            row.filling.0.after(event);
            row.after(event, envelope.recorded_at);
        }
    }
    rows.save(conn).await?;
    Ok(())
}

fn of(envelope: &Envelope) -> Option<(RegistrationId, &Event, &Envelope)> {
    let DomainEvent::Registration(id, event) = &envelope.event else { return None };
    Some((*id, event, envelope))
}

impl Status {
    /// The row of a case that this event begins.
    fn begun(registration: RegistrationId, event: &Event, at: Timestamp) -> Option<Self> {
        let Event::Started { case_number, applications, expires_at, .. } = event else { return None };
        Some(Self {
            registration,
            case_number: case_number.to_string(),
            state: CaseState::Filling,
            applications: Json(applications.iter().map(|requested| requested.application).collect()),
            filling: Json(Filling::of(applications)),
            started_at: at,
            expires_at: *expires_at,
            submitted_at: None,
            dossier_version: 0,
            due_at: None,
            questions: Json(Vec::new()),
            answer_asked_at: None,
            first_approved_version: None,
            effective_at: None,
            organization: None,
            decided_at: None,
            reason: None,
            since: at,
        })
    }

    fn after(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Submitted { dossier_version, due } => {
                self.submitted_at.get_or_insert(at);
                self.dossier_version = *dossier_version;
                self.first_approved_version = None;
                self.wait_for_review(due, at);
            }
            Event::Resubmitted { dossier_version, due, .. } => {
                self.dossier_version = *dossier_version;
                self.questions.0.clear();
                self.answer_asked_at = None;
                self.wait_for_review(due, at);
            }
            Event::ApprovalUndone { due, .. } | Event::Reopened { due, .. } => {
                self.first_approved_version = None;
                self.wait_for_review(due, at);
            }
            Event::Claimed { .. } => self.enter(CaseState::InReview, at),
            Event::Released { .. } => self.wait(at),
            Event::InformationRequested { questions, .. } => {
                self.due_at = None;
                self.questions = Json(questions.clone());
                self.answer_asked_at = Some(at);
                self.enter(CaseState::InformationRequested, at);
            }
            Event::ApprovalProposed { dossier_version, .. } => self.first_approved_version = Some(*dossier_version),
            Event::Approved { effective_at, .. } => {
                self.effective_at = Some(*effective_at);
                self.enter(CaseState::ApprovalPending, at);
            }
            Event::ApprovalTookEffect { organization } => {
                self.organization = Some(*organization);
                self.effective_at = None;
                self.close(CaseState::Approved, at);
            }
            Event::Rejected { reason, .. } => {
                self.reason = Some(reason.to_string());
                self.close(CaseState::Rejected, at);
            }
            Event::LinkedToOrganization { organization, .. } => {
                self.organization = Some(*organization);
                self.close(CaseState::Linked, at);
            }
            Event::Withdrawn { .. } => self.close(CaseState::Withdrawn, at),
            Event::Expired {} => self.close(CaseState::Expired, at),
            Event::DueMoved { due } => {
                if self.due_at.is_some() {
                    self.due_at = Some(due.at);
                }
            }
            // What the registrant has done is kept apart; the rest is the staff's own business.
            Event::Started { .. }
            | Event::HumanCheckPassed { .. }
            | Event::ProfileSaved { .. }
            | Event::AdministratorNominated { .. }
            | Event::AdministratorCorrected { .. }
            | Event::HandoverAcknowledged { .. }
            | Event::AdministratorSelected { .. }
            | Event::AdministratorDeselected { .. }
            | Event::ReviewConfirmed {}
            | Event::RiskRaised { .. }
            | Event::ReviewDueSoon { .. }
            | Event::ReviewOverdue { .. } => {}
        }
    }

    fn wait_for_review(&mut self, due: &Due, at: Timestamp) {
        self.due_at = Some(due.at);
        self.effective_at = None;
        self.decided_at = None;
        self.reason = None;
        self.wait(at);
    }

    /// Waits for a first or a second reviewer.
    fn wait(&mut self, at: Timestamp) {
        let is_approved_once = self.first_approved_version == Some(self.dossier_version);
        self.enter(if is_approved_once { CaseState::AwaitingSecondApproval } else { CaseState::Submitted }, at);
    }

    fn close(&mut self, state: CaseState, at: Timestamp) {
        self.due_at = None;
        self.questions.0.clear();
        self.answer_asked_at = None;
        self.decided_at = Some(at);
        self.enter(state, at);
    }

    fn enter(&mut self, state: CaseState, at: Timestamp) {
        if self.state != state {
            self.since = at;
        }
        self.state = state;
    }
}
