//! SIGINT, SIGTERM and SIGHUP end a run early, with what was measured until then; the second of them ends it at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::server::process_tree::end_all;

/// What a shell gives to a program that SIGINT has ended.
pub const INTERRUPTED: u8 = 130;

/// Says why the run has to end, once it has.
///
/// # Errors
/// When signals cannot be listened for.
pub fn interrupt() -> io::Result<watch::Receiver<Option<String>>> {
    let (reason, interrupted) = watch::channel(None);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // `nohup` has it ignored, and so it stays.
    let mut hangup = match ignores_hangup() {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    tokio::spawn(async move {
        let error = tokio::select! {
            _ = terminate.recv() => "it was told to end (SIGTERM)",
            _ = interrupt.recv() => "it was interrupted (Ctrl-C)",
            () = hung_up(&mut hangup) => "its terminal was closed (SIGHUP)",
        };
        reason.send_replace(Some(error.into()));
        // A second signal ends it at once.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = hung_up(&mut hangup) => {}
            () = reason.closed() => return,
        }
        end_all(std::process::id(), []);
        std::process::exit(INTERRUPTED.into());
    });
    Ok(interrupted)
}

/// Waits for SIGHUP, where that is listened for.
async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether SIGHUP was ignored when this process began. Where the system does not tell, it was not.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Its number is 1, and so its bit is the first.
    ignored.is_some_and(|mask| mask & 1 == 1)
}
