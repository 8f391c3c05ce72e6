//! `gatehouse publish`.

use serde_json::json;

use crate::admin::client::Client;
use crate::admin::publish::{Far, Fill, Filled, Findings, Step};
use crate::cli::Publish;
use crate::failure::Failure;
use crate::output;

/// How many holes and strangers are listed.
const LISTED: usize = 20;

/// Compares the stream with the log, or fills a new one.
pub(super) async fn run(client: &mut Client, command: Publish) -> Result<(), Failure> {
    match command.into {
        Some(into) => fill(client, &Fill { from: command.from.unwrap_or_default(), into }).await,
        None => reconcile(client).await,
    }
}

async fn reconcile(client: &mut Client) -> Result<(), Failure> {
    let mut findings = None;
    follow(client, "/publish/reconcile", &json!({}), |step| {
        if let Step::Compared(found) = step {
            findings = Some(found);
        }
    })
    .await?;
    let Findings { stream, made, compared, holes, missing, strangers, stranger_count, published } = findings.ok_or_else(ended)?;
    if made {
        output::line(format_args!("the stream {stream} was gone: it was made anew"))?;
    } else {
        output::line(format_args!("{} of the stream {stream} compared with the log", counted(compared, "message")))?;
    }
    output::line(match published {
        0 => "nothing was missing at its end".to_owned(),
        _ => format!("{} that {} missing at its end published", counted(published, "event"), if published == 1 { "was" } else { "were" }),
    })?;
    if stranger_count > 0 {
        output::line(format_args!(
            "{} no event of the log, for example of an end that was lost when the log was restored; consumers have seen it:",
            if stranger_count == 1 { "1 message is".to_owned() } else { format!("{stranger_count} messages are") }
        ))?;
        for (sequence, id, position) in strangers.iter().take(LISTED) {
            let id = id.map_or_else(|| "without an id".to_owned(), |id| id.to_string());
            let position = position.map_or_else(String::new, |position| format!(", position {position}"));
            output::line(format_args!("  message {sequence}: {id}{position}"))?;
        }
    }
    if missing > 0 {
        let first = holes.first().map_or(0, |(first, _, _)| *first);
        output::line(format_args!("{} missing between others, where nothing can be put in:", counted(missing, "event")))?;
        for (first, last, events) in holes.iter().take(LISTED) {
            output::line(format_args!("  positions {first} to {last}: {}", counted(*events, "event")))?;
        }
        output::note(format_args!("`gatehouse publish --from {first} --into STREAM` fills a new stream that lacks none"));
    }
    Ok(())
}

async fn fill(client: &mut Client, fill: &Fill) -> Result<(), Failure> {
    let mut filled = None;
    follow(client, "/publish/refill", fill, |step| {
        if let Step::Filled(done) = step {
            filled = Some(done);
        }
    })
    .await?;
    let Filled { subjects, resumed, published, position } = filled.ok_or_else(ended)?;
    let begun = if resumed { ", after what was in it before" } else { "" };
    output::line(format_args!(
        "{} published into the stream {}{begun}; it is at position {position}",
        counted(published, "event"),
        fill.into
    ))?;
    output::note(format_args!("it takes messages on {subjects}; to publish into it from now on, set nats.stream = {:?}", fill.into));
    Ok(())
}

/// Follows the work, and shows how far it is.
async fn follow(client: &mut Client, path: &str, body: &impl serde::Serialize, mut take: impl FnMut(Step)) -> Result<(), Failure> {
    let mut told = None;
    client
        .follow(path, body, |step: Step| {
            match step {
                Step::Progress(far) => tell(&mut told, far),
                Step::Failed(error) => return Err(error.into()),
                Step::Compared(_) | Step::Filled(_) => take(step),
            }
            Ok(())
        })
        .await
}

/// Says what is in the way when that changes, and each hundred thousand messages how far it is.
fn tell(told: &mut Option<Far>, far: Far) {
    const STEP: u64 = 100_000;
    let before = told.as_ref();
    if far.waiting.is_some() && before.and_then(|before| before.waiting.as_ref()) != far.waiting.as_ref() {
        output::note(format_args!("waiting: {}", far.waiting.as_deref().unwrap_or_default()));
    }
    if far.compared / STEP > before.map_or(0, |before| before.compared / STEP) {
        output::note(format_args!("{} of {} messages compared", far.compared, far.to_compare));
    }
    if far.published / STEP > before.map_or(0, |before| before.published / STEP) {
        output::note(format_args!("{} events published", far.published));
    }
    *told = Some(far);
}

fn ended() -> Failure {
    Failure::Unavailable("the service ended before this did; done again, it goes on".to_owned())
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
