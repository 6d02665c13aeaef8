//! The demo: three rotations, and the events that they leave in the log.

use std::io;
use std::process::ExitCode;

use chapter_skeleton::rotate;
use lab::agent::{Agent, Strategy};
use lab::{eprintln, println};
use tracing::Level;

fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> io::Result<()> {
    lab::emit::to_stderr(Level::INFO)?;
    let directory = lab::directory()?;
    let mut agent = Agent::new(directory.path(), Strategy::Bundle)?;
    let serials = rotate(&mut agent, 3)?;
    println!("on disk: {}", serials.last().map_or("nothing", |s| s));
    Ok(())
}
