//! The application catalogue.

use domain::application::{Application, ApplicationCommand, ApplicationDetails, ApplicationEvent};
use domain::reservation::ReservationKind;
use domain::{ApplicationCode, ApplicationId, Owner, ReservationId};

use super::{WorkflowError, Workflows};
use crate::{Answer, CommandError, Reserve, Sent};

impl Workflows {
    /// Names the reservation of an application's code.
    #[must_use]
    pub fn application_code(&self, code: &ApplicationCode) -> ReservationId {
        self.master.reservation_id("application code", code.as_str())
    }

    /// Puts an application into the catalogue, under a code that no other has.
    ///
    /// # Errors
    /// If the code is taken, the owner is not an organization in good standing, or a rule of the application is broken.
    pub async fn publish_application(
        &self,
        code: ApplicationCode,
        owner: Owner,
        details: ApplicationDetails,
        sent: &Sent,
    ) -> Result<(ApplicationId, Answer<ApplicationEvent>), WorkflowError> {
        self.name_of(owner).await?;
        let application = ApplicationId(sent.derive("application"));
        let reserve = Reserve { id: self.application_code(&code), kind: ReservationKind::ApplicationCode, owner: application.0 };
        let command = ApplicationCommand::PublishApplication { code, owner, details };
        let answer = self.handlers.create::<Application>(application.0, command, sent, &[reserve]).await.map_err(CommandError::of_any)?;
        Ok((application, answer))
    }
}
