//! A change of the business calendar moves the due instants of open cases, each by an event of its own (domain, the business clock).

use async_trait::async_trait;
use command_handlers::Sent;
use domain::DomainEvent;
use domain::calendar::CalendarEvent;
use domain::registration::{Registration, RegistrationCommand};
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::outcome::settle;
use crate::{Desk, Lists};

const NAME: &str = "calendars";

/// Asks every case under review to compute its due instant anew when another calendar is adopted. A case that is submitted after
/// that is on the new calendar already.
pub struct Calendars {
    desk: Desk,
    lists: Lists,
}

impl Calendars {
    /// With the lists of cases under review.
    #[must_use]
    pub fn new(desk: Desk, lists: Lists) -> Self {
        Self { desk, lists }
    }
}

#[async_trait]
impl Consumer for Calendars {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        let DomainEvent::Calendar(_, CalendarEvent::Adopted { calendar }) = &event.event else { return Ok(()) };
        // The first calendar moves nothing; one that another has followed is not in force any more.
        let in_force = self.desk.handlers.policy().calendar.version;
        if calendar.version <= 1 || calendar.version < in_force {
            return Ok(());
        }
        if calendar.version > in_force {
            return Err(ConsumerError::Later(format!("calendar {} is adopted, and not in force yet", calendar.version)));
        }
        for case in self.lists.running_reviews(event).await? {
            let command = RegistrationCommand::MoveDue { changed_at: event.recorded_at };
            let sent = Sent::following(event.id, NAME, &case.to_string());
            settle(NAME, event, self.desk.handlers.handle::<Registration>(case.0, command, &sent).await)?;
        }
        Ok(())
    }
}
