//! Homework by seed: `cargo exercise homework ch05 --seed 7`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use homework::{ch05, ch06, ch07, ch08, ch09};
use lab::eprintln;

/// Print a sheet of questions about a chapter, and its answers. Each seed gives a different sheet.
#[derive(Parser)]
#[command(name = "cargo exercise homework", bin_name = "cargo exercise homework")]
struct Arguments {
    /// The chapter.
    chapter: Chapter,
    /// The number of the sheet. All learners with the same seed get the same questions.
    #[arg(long)]
    seed: u64,
    /// Print the answers, too, and why they are right.
    #[arg(long)]
    solve: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Chapter {
    /// What does this reader serve in this state?
    Ch05,
    /// Which certificate does this client hold now?
    Ch06,
    /// What do `/live`, `/ready` and the alerts say at this moment?
    Ch07,
    /// Who gets in at this step of a rotation of trust?
    Ch08,
    /// When does this agent renew, and does it before its leaf expires?
    Ch09,
}

fn main() -> ExitCode {
    let Arguments {
        chapter,
        seed,
        solve,
    } = Arguments::parse();
    let sheet = match chapter {
        Chapter::Ch05 => ch05::sheet(seed),
        Chapter::Ch06 => ch06::sheet(seed),
        Chapter::Ch07 => ch07::sheet(seed),
        Chapter::Ch08 => ch08::sheet(seed),
        Chapter::Ch09 => ch09::sheet(seed),
    };
    let shown = sheet.and_then(|sheet| {
        let text = match solve {
            true => sheet.solved().to_string(),
            false => sheet.asked().to_string(),
        };
        io::stdout().write_all(text.as_bytes())
    });
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        // What reads this has read enough, as `head` has.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
