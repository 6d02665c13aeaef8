//! `zdr log`: the command line around the questions, the assertions and the wire.
//!
//! - `ask`: the questions of somebody on call;
//! - `assert`: a verdict for a script, by the log and by the `wire`;
//! - `show`: the log itself, for a person;
//! - `input`: what all of them take as a log.

mod ask;
mod assert;
mod input;
mod show;
mod wire;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use ask::Ask;
use assert::AssertCommand;
use lab::eprintln;
use show::Show;

use crate::format::plain_lines;

/// Ask an event log what is served, what failed, and how long rotations took.
///
/// Reads FILES, or the standard input. Lines that are not events are counted and skipped.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct LogCommand {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand, Debug)]
enum Other {
    /// Check assertions on a log: exit code 0 if all hold, 1 if one does not, 2 if that cannot be decided.
    Assert(Box<AssertCommand>),
    /// Show a log in columns: when, who, what happened, and the fields that matter.
    Show(Show),
}

const CANNOT_BE_TOLD: u8 = 2;

impl LogCommand {
    /// Runs it, and says what goes wrong.
    pub async fn run(self) -> ExitCode {
        let outcome = match self.other {
            Some(Other::Assert(assert)) => assert.run().await,
            Some(Other::Show(show)) => show.run().await.map(|()| ExitCode::SUCCESS),
            None => self.ask.run().await.map(|()| ExitCode::SUCCESS),
        };
        outcome.unwrap_or_else(|error| {
            // Whoever read our answers has enough of them.
            if error.is_broken_pipe() {
                return ExitCode::SUCCESS;
            }
            eprintln!("error: {}", plain_lines(&error.to_string()));
            ExitCode::from(CANNOT_BE_TOLD)
        })
    }
}
