//! `gatehouse rebuild`.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::admin::client::Client;
use crate::admin::rebuild::{Outcome, Step};
use crate::failure::Failure;
use crate::output;

/// Builds a read model anew and says whether the new rows are the old ones.
pub(super) async fn run(client: &mut Client, name: &str) -> Result<(), Failure> {
    let mut shown = Shown::new(name);
    let mut outcome = None;
    client
        .follow(&format!("/rebuild/{name}"), &json!({}), |step: Step| {
            match step {
                Step::Progress { done, total } => shown.progress(done, total),
                Step::Done(done) => outcome = Some(done),
                Step::Failed(error) => return Err(error.into()),
            }
            Ok(())
        })
        .await?;
    shown.end();
    let outcome =
        outcome.ok_or_else(|| Failure::Unavailable("the service ended before the rebuild did; the read model is as it was".to_owned()))?;
    say(name, &outcome)
}

fn say(name: &str, Outcome { live, rebuilt }: &Outcome) -> Result<(), Failure> {
    output::line(format_args!("{name} is rebuilt up to event {}", rebuilt.position))?;
    output::line(format_args!("rebuilt: {} at event {}", rebuilt.digest, rebuilt.position))?;
    let Some(live) = live else {
        return output::line("there were no rows to compare with that had come to this event");
    };
    output::line(format_args!("live:    {} at event {}", live.digest, live.position))?;
    if live.digest == rebuilt.digest {
        output::line("equal: the rebuilt rows are the live ones")
    } else {
        Err(Failure::failed(format!(
            "the rebuilt rows of {name} differ from the live ones at the same event: the live ones were wrong, or the code that makes them changed without a new version; the rebuilt ones are read now"
        )))
    }
}

/// How far it is: a bar at a terminal, a line for each tenth otherwise.
struct Shown {
    name: String,
    bar: Option<ProgressBar>,
    tenths: u64,
}

impl Shown {
    fn new(name: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let template = "{msg} {wide_bar} {human_pos}/{human_len} events  {per_sec}  {eta} left";
            // The template is a constant; without it the bar looks plainer.
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { name: name.to_owned(), bar, tenths: 0 }
    }

    fn progress(&mut self, done: u64, total: u64) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
            }
            None => {
                let tenths = done.saturating_mul(10).checked_div(total).unwrap_or(10);
                if tenths > self.tenths {
                    self.tenths = tenths;
                    output::note(format_args!("{}: {done} of {total} events", self.name));
                }
            }
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
