//! Unique values that were taken for what is over, or never came to be, are given back (architecture, rule 10).
//!
//! Where the store cannot commit both at once, a value is taken before what it is taken for is on record. So that a value is not yet
//! needed says nothing by itself: what counts is which came last. What ended after it last took the value is over. What took it after it
//! ended is about to begin anew, or was killed on the way, which a minute tells apart.

use domain::invitation::{Invitation, InvitationState};
use domain::organization::{Organization, OrganizationState};
use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use domain::staff::{Staff, StaffEvent};
use domain::{Aggregate, ReservationId};
use event_store::{Direction, Position, Recorded, StreamId};
use jiff::SignedDuration;
use uuid::Uuid;

use super::{WorkflowError, Workflows};
use crate::{CommandError, Sent};

/// How old a taking must be before it can be one of a command that was killed: far longer than a command is under way.
const ORPHANED_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// How many events of a stream are read at once.
const PAGE: usize = 256;

/// Whether the owner of a value needs it.
enum Need {
    /// They do.
    Now,
    /// They did until this place in the log.
    Until(Position),
    /// They never did, as far as the log knows.
    Never,
}

impl Workflows {
    /// Gives back the company's name of an invitation that is over, the registered identifier of an organization that is closed, or who
    /// somebody is at the identity provider who is not linked to it: to be had by the next one at once, whether or not the process manager
    /// of reservations has come by. True if it may be free now.
    ///
    /// # Errors
    /// If the log cannot be read or written.
    pub async fn give_back(&self, reservation: ReservationId, sent: &Sent) -> Result<bool, WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Reservation, _>(reservation.0, |state, version| (state.kind(), state.owner(), state.takings(), version))
            .await
            .map_err(CommandError::of_any)?;
        let Some((Some(kind), Some(owner), takings, version)) = seen else { return Ok(true) };
        let Some(taken) = self.recorded::<Reservation>(reservation.0, version).await? else { return Ok(false) };
        let need = match kind {
            ReservationKind::OpenInvitation => self.need_of_name(owner).await?,
            ReservationKind::StaffIdentity => self.need_of_identity(owner, reservation).await?,
            ReservationKind::RegisteredIdentifier => self.need_of_identifier(owner).await?,
            // Never given back.
            ReservationKind::UserId | ReservationKind::CommandPerson | ReservationKind::ApplicationCode => Need::Now,
        };
        let is_over = match need {
            Need::Now => false,
            Need::Until(end) if end > taken.position => true,
            Need::Until(_) | Need::Never => self.is_orphaned(&taken),
        };
        if !is_over {
            return Ok(false);
        }
        // Taken again since it was looked at, it is needed again.
        let release = ReservationCommand::Release { owner, seen: Some(takings) };
        let part = sent.part(&format!("free:{owner}:{version}"));
        self.handlers.handle::<Reservation>(reservation.0, release, &part).await.map_err(CommandError::of_any)?;
        Ok(true)
    }

    async fn need_of_name(&self, invitation: Uuid) -> Result<Need, WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Invitation, _>(invitation, |state, version| (matches!(state, InvitationState::Open(_)), version))
            .await
            .map_err(CommandError::of_any)?;
        match seen {
            None => Ok(Need::Never),
            Some((true, _)) => Ok(Need::Now),
            Some((false, version)) => {
                let ended = self.recorded::<Invitation>(invitation, version).await?;
                Ok(ended.map_or(Need::Never, |ended| Need::Until(ended.position)))
            }
        }
    }

    /// Of one that is not closed it is given back with the case or the change of profile that names it.
    async fn need_of_identifier(&self, organization: Uuid) -> Result<Need, WorkflowError> {
        let closed = self
            .handlers
            .inspect::<Organization, _>(organization, |state, version| matches!(state, OrganizationState::Closed(_)).then_some(version))
            .await
            .map_err(CommandError::of_any)?;
        // Nothing happens to it any more after that.
        let Some(version) = closed.flatten() else { return Ok(Need::Now) };
        let closed = self.recorded::<Organization>(organization, version).await?;
        Ok(closed.map_or(Need::Now, |closed| Need::Until(closed.position)))
    }

    async fn need_of_identity(&self, staff: Uuid, identity: ReservationId) -> Result<Need, WorkflowError> {
        let linked = self.handlers.inspect::<Staff, _>(staff, |state, _| state.member().and_then(|member| member.identity));
        if linked.await.map_err(CommandError::of_any)?.flatten() == Some(identity) {
            return Ok(Need::Now);
        }
        let stream = StreamId::new(Staff::CATEGORY, staff);
        let mut before = Some(u64::MAX);
        while let Some(from) = before {
            let page =
                self.handlers.store().read_stream(&stream, from, Direction::Backwards, PAGE).await.map_err(CommandError::unreadable)?;
            before = page.last().filter(|_| page.len() == PAGE).and_then(|oldest| oldest.version.checked_sub(1));
            for recorded in &page {
                let event =
                    self.handlers.codec().decode_event::<StaffEvent>(recorded).map_err(|error| CommandError::Internal(error.into()))?;
                if event == (StaffEvent::IdentityUnlinked { identity }) {
                    return Ok(Need::Until(recorded.position));
                }
            }
        }
        Ok(Need::Never)
    }

    /// Whether a value was taken so long ago that the command which took it cannot be under way any more.
    fn is_orphaned(&self, taken: &Recorded) -> bool {
        let is_orphaned = self.now().duration_since(taken.recorded_at) >= ORPHANED_AFTER;
        if is_orphaned {
            tracing::warn!(reservation = %taken.stream.key, "a value was taken for what never came to be; it is given back");
        }
        is_orphaned
    }

    /// The event of this version of an aggregate's stream.
    async fn recorded<A: Aggregate>(&self, key: Uuid, version: u64) -> Result<Option<Recorded>, WorkflowError> {
        let stream = StreamId::new(A::CATEGORY, key);
        let page = self.handlers.store().read_stream(&stream, version, Direction::Backwards, 1).await.map_err(CommandError::unreadable)?;
        Ok(page.into_iter().next())
    }
}
