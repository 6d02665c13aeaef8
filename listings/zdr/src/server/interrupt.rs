//! SIGINT and SIGTERM end a run early, with what was measured until then; the second of them ends it at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
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
    tokio::spawn(async move {
        let error = tokio::select! {
            _ = terminate.recv() => "it was told to end (SIGTERM)",
            _ = interrupt.recv() => "it was interrupted (Ctrl-C)",
        };
        reason.send_replace(Some(error.into()));
        // A second signal ends it at once.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = reason.closed() => return,
        }
        end_all(std::process::id(), []);
        std::process::exit(INTERRUPTED.into());
    });
    Ok(interrupted)
}
