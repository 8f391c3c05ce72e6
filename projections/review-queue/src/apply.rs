//! Events to rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::registration::{Origin, RegistrationEvent as Event, RequestedApplication};
use domain::{CaseNumber, CompanyName, DomainEvent, Due, RegistrationId, StaffId};
use jiff::Timestamp;
use projection_runtime::table::{Fold, Json, Key, TableRow, begun_before};
use projection_runtime::{Envelope, ProjectionError, Tables};

use crate::search::{terms_of, text_of};
use crate::{ApplicationCase, QueueState, QueuedCase, SearchTerm, Tally};

/// Where a case that is not timed stands in the order.
const LAST: i64 = i64::MAX;

pub(crate) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let mine: Vec<(RegistrationId, &Event, &Envelope)> = events.iter().filter_map(|envelope| of(envelope)).collect();
    let mut rows = Fold::<QueuedCase>::load(conn, begun_before(mine.iter().map(|(id, _, envelope)| ((*id,), envelope.version)))).await?;
    let before: BTreeMap<RegistrationId, QueuedCase> = rows.iter().map(|row| (row.registration, row.clone())).collect();
    let touched: BTreeSet<RegistrationId> = mine.iter().map(|(id, ..)| *id).collect();
    for (id, event, envelope) in mine {
        fold(&mut rows, id, event, envelope);
    }
    index(conn, &touched, &before, &rows).await?;
    rows.save(conn).await?;
    Ok(())
}

fn of(envelope: &Envelope) -> Option<(RegistrationId, &Event, &Envelope)> {
    let DomainEvent::Registration(id, event) = &envelope.event else { return None };
    matters(event).then_some((*id, event, envelope))
}

/// Whether an event changes a row: the others need not load it.
fn matters(event: &Event) -> bool {
    match event {
        Event::HumanCheckPassed { .. }
        | Event::AdministratorNominated { .. }
        | Event::AdministratorCorrected { .. }
        | Event::HandoverAcknowledged { .. }
        | Event::AdministratorSelected { .. }
        | Event::AdministratorDeselected { .. }
        | Event::ReviewConfirmed {}
        // What is due soon or overdue is told from the due instant.
        | Event::ReviewDueSoon { .. }
        | Event::ReviewOverdue { .. } => false,
        Event::Started { .. }
        | Event::ProfileSaved { .. }
        | Event::Submitted { .. }
        | Event::Claimed { .. }
        | Event::Released { .. }
        | Event::InformationRequested { .. }
        | Event::Resubmitted { .. }
        | Event::RiskRaised { .. }
        | Event::ApprovalProposed { .. }
        | Event::Approved { .. }
        | Event::ApprovalUndone { .. }
        | Event::ApprovalTookEffect { .. }
        | Event::Rejected { .. }
        | Event::Reopened { .. }
        | Event::LinkedToOrganization { .. }
        | Event::Withdrawn { .. }
        | Event::Expired {}
        | Event::DueMoved { .. } => true,
    }
}

fn fold(rows: &mut Fold<QueuedCase>, id: RegistrationId, event: &Event, envelope: &Envelope) {
    match event {
        Event::Started { origin, case_number, company, applications, .. } => {
            rows.put(QueuedCase::begun(id, envelope.position.0, origin, case_number, company.as_ref(), applications));
        }
        Event::ApprovalTookEffect { .. } | Event::LinkedToOrganization { .. } | Event::Withdrawn { .. } | Event::Expired {} => {
            rows.remove(&(id,));
        }
        Event::HumanCheckPassed { .. }
        | Event::ProfileSaved { .. }
        | Event::AdministratorNominated { .. }
        | Event::AdministratorCorrected { .. }
        | Event::HandoverAcknowledged { .. }
        | Event::AdministratorSelected { .. }
        | Event::AdministratorDeselected { .. }
        | Event::ReviewConfirmed {}
        | Event::Submitted { .. }
        | Event::Claimed { .. }
        | Event::Released { .. }
        | Event::InformationRequested { .. }
        | Event::Resubmitted { .. }
        | Event::RiskRaised { .. }
        | Event::ApprovalProposed { .. }
        | Event::Approved { .. }
        | Event::ApprovalUndone { .. }
        | Event::Rejected { .. }
        | Event::Reopened { .. }
        | Event::ReviewDueSoon { .. }
        | Event::ReviewOverdue { .. }
        | Event::DueMoved { .. } => {
            // A case without a row is finished: whatever is still said of it is no business of the queue.
            if let Some(case) = rows.change(&(id,)) {
                case.after(event, envelope.recorded_at);
                case.place();
            }
        }
    }
}

/// Keeps the rows that find open cases by application and by word, and those that count them.
async fn index(
    conn: &mut Tables<'_>,
    touched: &BTreeSet<RegistrationId>,
    before: &BTreeMap<RegistrationId, QueuedCase>,
    after: &Fold<QueuedCase>,
) -> Result<(), sqlx::Error> {
    let mut applications = Difference::default();
    let mut terms = Difference::default();
    let mut counts: BTreeMap<QueueState, i64> = BTreeMap::new();
    for id in touched {
        let was = before.get(id).filter(|case| case.is_open);
        let is = after.get(&(*id,)).filter(|case| case.is_open);
        applications.add(was.map(QueuedCase::by_application), is.map(QueuedCase::by_application));
        if was.map(|case| &case.search) != is.map(|case| &case.search) {
            terms.add(was.map(QueuedCase::by_word), is.map(QueuedCase::by_word));
        }
        if let Some(was) = was {
            *counts.entry(was.state).or_default() -= 1;
        }
        if let Some(is) = is {
            *counts.entry(is.state).or_default() += 1;
        }
    }
    applications.save::<ApplicationCase>(conn).await?;
    terms.save::<SearchTerm>(conn).await?;
    counts.retain(|_, change| *change != 0);
    tally(conn, counts).await
}

async fn tally(conn: &mut Tables<'_>, changes: BTreeMap<QueueState, i64>) -> Result<(), sqlx::Error> {
    let mut tallies = Fold::<Tally>::load(conn, changes.keys().map(|state| (*state,)).collect()).await?;
    for (state, change) in changes {
        let now = tallies.get(&(state,)).map_or(0, |tally| tally.cases).saturating_add_signed(change);
        if now == 0 {
            tallies.remove(&(state,));
        } else {
            tallies.put(Tally { state, cases: now });
        }
    }
    tallies.save(conn).await
}

/// Rows that consist of their key: which ones go and which ones come.
struct Difference<K> {
    gone: Vec<K>,
    new: Vec<K>,
}

impl<K> Default for Difference<K> {
    fn default() -> Self {
        Self { gone: Vec::new(), new: Vec::new() }
    }
}

impl<K: Key> Difference<K> {
    fn add(&mut self, were: Option<BTreeSet<K>>, are: Option<BTreeSet<K>>) {
        let (were, are) = (were.unwrap_or_default(), are.unwrap_or_default());
        self.gone.extend(were.difference(&are).cloned());
        self.new.extend(are.difference(&were).cloned());
    }

    async fn save<R: TableRow>(self, conn: &mut Tables<'_>) -> Result<(), sqlx::Error> {
        let values = |keys: Vec<K>| keys.iter().map(Key::values).collect::<Result<Vec<_>, _>>();
        R::TABLE.delete(conn, values(self.gone)?).await?;
        R::TABLE.insert(conn, values(self.new)?).await
    }
}

impl QueuedCase {
    fn begun(
        registration: RegistrationId,
        number: u64,
        origin: &Origin,
        case_number: &CaseNumber,
        company: Option<&CompanyName>,
        applications: &[RequestedApplication],
    ) -> Self {
        let inviter = match origin {
            Origin::Invitation { inviter, .. } => Some(Json(*inviter)),
            Origin::Public => None,
        };
        let mut case = Self {
            registration,
            number,
            is_open: false,
            due_order: LAST,
            state: QueueState::Filling,
            case_number: case_number.to_string(),
            company: company.map(ToString::to_string),
            country: None,
            search: text_of(company.map(CompanyName::as_str), case_number.as_str()),
            applications: Json(applications.iter().map(|requested| requested.application).collect::<BTreeSet<_>>().into_iter().collect()),
            inviter,
            submitted_at: None,
            due_at: None,
            business_seconds_left: None,
            claimed_by: None,
            claimed_until: None,
            dossier_version: 0,
            has_risk: false,
            needs_two_people: applications.iter().any(|requested| requested.four_eyes),
            first_approver: None,
            first_approved_version: None,
        };
        case.place();
        case
    }

    /// The keys of its [`ApplicationCase`]s.
    fn by_application(&self) -> BTreeSet<<ApplicationCase as TableRow>::Key> {
        self.applications.0.iter().map(|application| (*application, self.due_order, self.number)).collect()
    }

    /// The keys of its [`SearchTerm`]s.
    fn by_word(&self) -> BTreeSet<<SearchTerm as TableRow>::Key> {
        terms_of(&self.search).into_iter().map(|term| (term, self.number)).collect()
    }

    /// What follows from the other columns.
    fn place(&mut self) {
        if matches!(self.state, QueueState::Submitted | QueueState::AwaitingSecondApproval) {
            let is_approved_once = self.first_approved_version == Some(self.dossier_version);
            self.state = if is_approved_once { QueueState::AwaitingSecondApproval } else { QueueState::Submitted };
        }
        self.is_open = self.state.is_open();
        self.due_order = self.due_at.map_or(LAST, Timestamp::as_microsecond);
    }

    fn after(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::ProfileSaved { profile } => {
                self.company = Some(profile.legal_name.to_string());
                self.search = text_of(self.company.as_deref(), &self.case_number);
                self.country = Some(profile.address.country.to_string());
            }
            Event::Submitted { dossier_version, due } => {
                self.submitted_at.get_or_insert(at);
                self.dossier_version = *dossier_version;
                self.wait_for_review(due);
                self.forget_approval();
            }
            // What the first of two people found stands, if it was found on this very dossier.
            Event::Resubmitted { dossier_version, due, .. } => {
                self.dossier_version = *dossier_version;
                self.wait_for_review(due);
            }
            Event::ApprovalUndone { due, .. } | Event::Reopened { due, .. } => {
                self.wait_for_review(due);
                self.forget_approval();
            }
            Event::Claimed { reviewer, until, .. } => {
                self.state = QueueState::InReview;
                self.claim(Some((*reviewer, *until)));
            }
            Event::Released { .. } => {
                self.state = QueueState::Submitted;
                self.claim(None);
            }
            Event::InformationRequested { business_seconds_left, .. } => {
                self.stand(QueueState::InformationRequested);
                self.business_seconds_left = Some(*business_seconds_left);
            }
            Event::ApprovalProposed { reviewer, dossier_version, .. } => {
                self.first_approver = Some(*reviewer);
                self.first_approved_version = Some(*dossier_version);
            }
            Event::Approved { .. } => self.stand(QueueState::ApprovalPending),
            Event::Rejected { .. } => self.stand(QueueState::Rejected),
            Event::RiskRaised { .. } => {
                self.has_risk = true;
                self.needs_two_people = true;
            }
            Event::DueMoved { due } => {
                if self.due_at.is_some() {
                    self.due_at = Some(due.at);
                }
            }
            Event::Started { .. }
            | Event::HumanCheckPassed { .. }
            | Event::AdministratorNominated { .. }
            | Event::AdministratorCorrected { .. }
            | Event::HandoverAcknowledged { .. }
            | Event::AdministratorSelected { .. }
            | Event::AdministratorDeselected { .. }
            | Event::ReviewConfirmed {}
            | Event::ReviewDueSoon { .. }
            | Event::ReviewOverdue { .. }
            | Event::ApprovalTookEffect { .. }
            | Event::LinkedToOrganization { .. }
            | Event::Withdrawn { .. }
            | Event::Expired {} => {}
        }
    }

    fn wait_for_review(&mut self, due: &Due) {
        self.state = QueueState::Submitted;
        self.due_at = Some(due.at);
        self.business_seconds_left = None;
        self.claim(None);
    }

    /// The clock does not run in this state, and nobody has it.
    fn stand(&mut self, state: QueueState) {
        self.state = state;
        self.due_at = None;
        self.claim(None);
    }

    fn claim(&mut self, claim: Option<(StaffId, Timestamp)>) {
        self.claimed_by = claim.map(|(reviewer, _)| reviewer);
        self.claimed_until = claim.map(|(_, until)| until);
    }

    fn forget_approval(&mut self) {
        self.first_approver = None;
        self.first_approved_version = None;
    }
}
