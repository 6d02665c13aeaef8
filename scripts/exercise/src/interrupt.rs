//! Ctrl-C, and what else tells a program to end: what an answer has started ends with it.

use std::io::{self, IsTerminal};
use std::process;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use crate::left;
use events::eprintln;

/// From now on such a signal ends what answers have started, and then this process, with what a shell expects: 128 and the number.
///
/// # Errors
/// When the system lets no signal be listened for.
pub fn listen() -> io::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build()?;
    let _within = runtime.enter();
    let interrupt = SignalKind::interrupt();
    let (terminate, hangup) = (SignalKind::terminate(), SignalKind::hangup());
    let mut interrupted = signal(interrupt)?;
    let mut terminated = signal(terminate)?;
    let mut hung_up = signal(hangup)?;
    thread::spawn(move || {
        let number = runtime.block_on(async {
            tokio::select! {
                _ = interrupted.recv() => interrupt,
                _ = terminated.recv() => terminate,
                _ = hung_up.recv() => hangup,
            }
        });
        left::end_all_of_this_process();
        // Where a colour was on, it is no more; and the shell's line begins at the left.
        if io::stderr().is_terminal() {
            eprintln!("\x1b[0m");
        }
        process::exit(128 + number.as_raw_value());
    });
    Ok(())
}
