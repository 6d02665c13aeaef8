//! Clients under test: `zdr` plays the server, and looks at what a client does when its files are rotated.
//!
//! - `options`: the client, and how long it may take;
//! - `peer`: the server that the client speaks to;
//! - `program`: the client, and the files that it is given;
//! - `command`: the words of its command;
//! - `reads`: whether it has opened its certificate;
//! - `outcome`: what came of a step;
//! - `steps`: what is rotated, and what a sound client does then;
//! - `removed_root`: the step that takes a root away;
//! - `report`: what came of it.
//!
//! The client may be a program that goes on asking, or one that asks once and ends: that one is started again
//! and again.

mod command;
pub mod options;
pub mod outcome;
pub mod peer;
pub mod program;
mod reads;
mod removed_root;
pub mod report;
pub mod steps;

use tokio::sync::watch;

use crate::client::options::ClientOptions;
use crate::client::outcome::StepReport;
use crate::client::program::Bench;
use crate::client::report::ClientReport;
use crate::error::Error;
use crate::report::Outcome;

/// Starts the client, takes it through the steps, and judges it.
///
/// # Errors
/// When the client cannot be started, sends no request to begin with, ends after that, or is ended by the signal that
/// is to tell it of new files: then nothing can be judged.
pub async fn check_client(
    options: &ClientOptions,
    mut interrupt: watch::Receiver<Option<String>>,
    say: &(dyn Fn(&StepReport) + Sync),
) -> Result<ClientReport, Error> {
    let mut bench = tokio::select! {
        bench = Bench::start(options) => bench?,
        why = crate::watch::interrupted(&mut interrupt) => {
            return Ok(ClientReport::of(options, Vec::new(), Some(why)));
        }
    };
    let mut done = Vec::new();
    let mut interrupted = None;
    for step in &options.steps {
        let outcome = tokio::select! {
            outcome = steps::take(*step, &mut bench, options) => outcome?,
            why = crate::watch::interrupted(&mut interrupt) => {
                interrupted = Some(why);
                break;
            }
        };
        if let Some(error) = bench.ended_by_its_signal(options.signal.as_deref()) {
            return Err(error);
        }
        let first = !done.iter().any(was_judged);
        if first && let Some(error) = bench.asked_once(*step) {
            return Err(error);
        }
        say(&outcome);
        done.push(outcome);
    }
    Ok(ClientReport::of(options, done, interrupted))
}

fn was_judged(step: &StepReport) -> bool {
    step.outcome != Outcome::NotApplicable
}
