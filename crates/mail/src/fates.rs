//! Fates of mails, as events.

use std::sync::Arc;

use async_trait::async_trait;
use command_handlers::{CommandHandlers, Sent};
use domain::mail::{Mail as MailAggregate, MailCommand, MailEvent};
use domain::{Actor, CommandId, MailId};
use projection_runtime::{Fingerprint, Position};

use crate::{FateRecorder, RecordError};

/// Records fates through the command handlers. Each mail has one stream and one fate: the command's id derives from the mail.
pub struct Fates(pub Arc<CommandHandlers>);

#[async_trait]
impl FateRecorder for Fates {
    async fn record(&self, mail: MailId, fate: MailEvent) -> Result<Position, RecordError> {
        let sent = Sent {
            id: CommandId::derive(mail.0, "fate"),
            // The first fate stands whatever a later one says: a repetition is answered with what was recorded.
            fingerprint: Fingerprint(0),
            actor: Actor::System("mail".to_owned()),
            from: "mail".to_owned(),
            cause: None,
        };
        // The stream begins with its fate: that there is none yet is assumed rather than looked up.
        let answer = self.0.create::<MailAggregate>(mail.0, MailCommand::RecordFate { fate }, &sent, &[]).await;
        answer.map(|answer| answer.position).map_err(|error| RecordError(error.into()))
    }

    async fn newest(&self) -> Result<Position, RecordError> {
        projection_runtime::newest(&**self.0.store()).await.map_err(|error| RecordError(error.into()))
    }
}
