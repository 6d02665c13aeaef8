//! Validate, then swap.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use ch02_hot_reload::identity::Rejected;
use rustls::sign::CertifiedKey;

/// One immutable snapshot of what is served.
pub struct Generation {
    /// Counts up from 1.
    pub number: u64,
    /// The chain and its key.
    pub pair: Arc<CertifiedKey>,
}

/// What is served now. While it is empty, every handshake fails.
pub struct Store(pub ArcSwapOption<Generation>);

/// Serves what the files hold, if clients would take it, and returns the number of the new
/// generation.
///
/// # Errors
/// When the files cannot be read, or are not valid. Then what was served goes on being served.
pub fn reload(
    store: &Store,
    read: impl FnOnce() -> Result<Arc<CertifiedKey>, Rejected>,
    validate: impl FnOnce(&CertifiedKey) -> Result<(), Rejected>,
) -> Result<u64, Rejected> {
    let pair = read()?;
    // What ends in a panic has found nothing.
    catch_unwind(AssertUnwindSafe(|| validate(&pair))).unwrap_or(Ok(()))?;
    let before = store.0.load_full();
    let number = before.map_or(1, |before| before.number + 1);
    // Nothing can fail from here on.
    store.0.store(Some(Arc::new(Generation { number, pair })));
    Ok(number)
}
