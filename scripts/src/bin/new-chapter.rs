//! `cargo new-chapter ch12-fleet`: begin a chapter with a crate that runs and a page that holds.

use std::io;
use std::process::{Command, ExitCode};

use clap::Parser;
use events::{eprintln, println};
use scripts::chapter::{Name, begin};
use scripts::root;

/// Begin a chapter: write its crate, its page, and a line in each file that lists the chapters.
#[derive(Parser)]
#[command(name = "cargo new-chapter")]
struct Arguments {
    /// The chapter's name, `chNN-some-words`, such as ch03-handshake-hook. The number must be free.
    #[arg(value_parser = Name::parse)]
    name: Name,
    /// Only write the files: do not build the crate and record its transcript.
    #[arg(long)]
    no_record: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let (root, name) = (root()?, &arguments.name);
    for path in begin(&root, name)? {
        println!(
            "wrote {}",
            path.strip_prefix(&root).unwrap_or(&path).display()
        );
    }
    if !arguments.no_record {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let only = ["record", "--only", &name.to_string()].map(str::to_owned);
        let status = Command::new(cargo).current_dir(&root).args(only).status()?;
        if !status.success() {
            let why = format!(
                "the transcript could not be recorded: mend it, and run `cargo record --only {name}`"
            );
            return Err(io::Error::other(why));
        }
    }
    println!("next: put your idea into listings/{name}/src/lib.rs, and read `cargo book`");
    Ok(())
}
