//! Accounts of the operator's staff.

use credential_vault::{Holder, NamedBy};
use domain::reservation::ReservationKind;
use domain::staff::{Staff, StaffCommand, StaffEvent};
use domain::{PersonId, StaffId, UserId};

use super::accounts::TRIES;
use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Reserve, Sent};

impl Workflows {
    /// Opens the account of somebody on the staff with a one-time password, or issues a new one where it is locked, lost, or the password
    /// forgotten; their sessions end. The User ID stays what it was at first.
    ///
    /// # Errors
    /// If the one-time password is too weak, or they are not on the staff.
    pub async fn issue_staff_one_time_password(
        &self,
        staff: StaffId,
        one_time_password: &str,
        sent: &Sent,
    ) -> Result<(UserId, Answer<StaffEvent>), WorkflowError> {
        let member = self.handlers.inspect::<Staff, _>(staff.0, |state, _| state.member().cloned()).await.map_err(CommandError::of_any)?;
        let member = member.flatten().ok_or(WorkflowRejection::NotOnStaff)?;
        let contact = member.contact.get().ok_or(CommandError::Erased)?;
        super::nominate::check(one_time_password, contact, Some(&self.operator_name))?;
        let (person, account) = (member.contact.person(), member.account);
        let id = self.put_one_time_password(person, NamedBy::Stream(staff.0), one_time_password, sent).await?;
        let (user_id, answer) = match &account {
            Some(account) => {
                let command = StaffCommand::IssueStaffOneTimePassword { user_id: account.user_id.clone(), one_time_password: id };
                let answer = self.handlers.handle::<Staff>(staff.0, command, sent).await.map_err(CommandError::of_any)?;
                (account.user_id.clone(), answer)
            }
            None => self.open_staff_account(staff, id, sent).await?,
        };
        // Sessions that a secret opened are over by the event; this ends the others, and forgets them all.
        self.vault.end_all(person).await?;
        self.vault.activate(id).await?;
        if let Some(replaced) = account.map(|account| account.means.one_time_password.id()).filter(|replaced| *replaced != id) {
            self.vault.revoke(replaced).await?;
        }
        Ok((user_id, answer))
    }

    /// Under a User ID that nobody has or had.
    async fn open_staff_account(
        &self,
        staff: StaffId,
        one_time_password: domain::CredentialId,
        sent: &Sent,
    ) -> Result<(UserId, Answer<StaffEvent>), WorkflowError> {
        let mut taken = ReservationKind::UserId;
        for attempt in 0..TRIES {
            let user_id = UserId::derive(sent.derive(&format!("user id {attempt}")));
            let reserve = Reserve { id: self.user_id_reservation(&user_id), kind: ReservationKind::UserId, owner: staff.0 };
            let command = StaffCommand::IssueStaffOneTimePassword { user_id: user_id.clone(), one_time_password };
            match self.handlers.handle_reserving::<Staff>(staff.0, command, sent, &[reserve]).await {
                Ok(answer) => return Ok((user_id, answer)),
                Err(CommandError::Taken(kind)) => taken = kind,
                Err(error) => return Err(error.of_any()),
            }
        }
        Err(CommandError::Taken(taken))
    }

    /// Ends the API tokens of somebody who has left the staff. How many worked until now.
    ///
    /// # Errors
    /// If the vault refuses.
    pub async fn revoke_staff_tokens(&self, staff: StaffId) -> Result<usize, WorkflowError> {
        let is_theirs = |holder: &Holder| matches!(holder, Holder::Staff { staff: holder, .. } if *holder == staff);
        Ok(self.vault.revoke_tokens_of(is_theirs, self.now()).await?)
    }

    /// The person behind a member of the staff.
    pub(super) async fn person_on_staff(&self, staff: StaffId) -> Result<PersonId, WorkflowError> {
        let person = self
            .handlers
            .inspect::<Staff, _>(staff.0, |state, _| state.member().map(|member| member.contact.person()))
            .await
            .map_err(CommandError::of_any)?;
        Ok(person.flatten().ok_or(WorkflowRejection::NotOnStaff)?)
    }
}
