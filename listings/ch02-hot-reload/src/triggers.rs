//! What makes the store reload.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::store::IdentityStore;

// ANCHOR: triggers
/// Reloads at each trigger, until all senders are gone. A signal handler or an admin endpoint
/// holds a sender; this task does not care which.
pub async fn reload_on<C: Send + Sync + 'static>(
    store: Arc<IdentityStore<C>>,
    mut triggers: mpsc::Receiver<()>,
) {
    while triggers.recv().await.is_some() {
        let store = store.clone();
        let reload = tokio::task::spawn_blocking(move || store.reload_and_log());
        if let Err(panic) = reload.await {
            tracing::error!(event = "reload_panicked", why = %panic);
        }
    }
}

/// Turns each SIGHUP into a trigger. Returns once the handler is in place: until then, SIGHUP
/// would end the process.
///
/// # Errors
/// When the operating system refuses the handler.
pub fn on_hangup(triggers: mpsc::Sender<()>) -> io::Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() && triggers.send(()).await.is_ok() {}
    });
    Ok(())
}
// ANCHOR_END: triggers
