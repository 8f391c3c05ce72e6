//! What a process manager makes of the answer to its command.

use command_handlers::CommandError;
use domain::Rejection;
use projection_runtime::{ConsumerError, Envelope};

/// Goes on after a command that was accepted or rejected; comes again when the service could not take it.
///
/// A rejection means that the world has moved on since the event (an account was closed, an application retired): it is
/// logged and counted, and what comes after the event is not held up by it.
pub(crate) fn settle<T, R: Rejection>(
    manager: &'static str,
    event: &Envelope,
    result: Result<T, CommandError<R>>,
) -> Result<Option<T>, ConsumerError> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(CommandError::Unavailable(cause)) => Err(ConsumerError::Later(cause.to_string())),
        Err(error @ CommandError::Internal(_)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            Err(ConsumerError::Stop(format!("{error}: {cause}")))
        }
        Err(error @ (CommandError::Rejected(_) | CommandError::Taken(_) | CommandError::IdReused | CommandError::Erased)) => {
            metrics::counter!("gatehouse_process_manager_rejections_total", "manager" => manager).increment(1);
            tracing::warn!(manager, position = %event.position, event = %event.event_type, reason = %error, "a command that follows from an event was rejected");
            Ok(None)
        }
    }
}
