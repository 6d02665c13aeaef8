//! `cargo offline ROOM`: all that a class needs where there is no network.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use events::{eprintln, println};
use scripts::offline::{furnish, size};
use scripts::root;

/// Write the book, its sources and those of all that it depends on into a folder, for a room without network.
#[derive(Parser)]
#[command(name = "cargo offline")]
struct Arguments {
    /// The folder. It is created; if it exists, it must be empty.
    room: PathBuf,
    /// Leave out the built book. It can be built later, without a network.
    #[arg(long)]
    no_site: bool,
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
    let (root, room) = (root()?, arguments.room.as_path());
    let furnished = furnish(&root, room)?;
    for path in &furnished.uncommitted {
        println!("not copied, since it is not committed: {path}");
    }
    if !arguments.no_site {
        build(&root, &std::path::absolute(room.join("site"))?)?;
    }
    let megabytes = size(room) / 1_000_000;
    println!(
        "{}: the sources of the book and of {} crates, {megabytes} MB",
        furnished.book.display(),
        furnished.crates
    );
    println!(
        "copy the folder, and in its `book` run cargo as ever: it asks for nothing from outside"
    );
    Ok(())
}

fn build(root: &Path, to: &Path) -> io::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["book", "build", "-d"])
        .arg(to);
    match command.status()? {
        status if status.success() => Ok(()),
        status => Err(io::Error::other(format!("cargo book build: {status}"))),
    }
}
