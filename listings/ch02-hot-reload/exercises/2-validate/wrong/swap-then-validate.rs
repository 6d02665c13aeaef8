//! Validate, then swap.

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

/// Serves the new pair without delay. If it is invalid after all, the old one comes back.
pub fn reload(
    store: &Store,
    read: impl FnOnce() -> Result<Arc<CertifiedKey>, Rejected>,
    validate: impl FnOnce(&CertifiedKey) -> Result<(), Rejected>,
) -> Result<u64, Rejected> {
    let pair = read()?;
    let before = store.0.load_full();
    let number = before.as_ref().map_or(1, |before| before.number + 1);
    let next = Generation {
        number,
        pair: pair.clone(),
    };
    store.0.store(Some(Arc::new(next)));
    if let Err(rejected) = validate(&pair) {
        store.0.store(before);
        return Err(rejected);
    }
    Ok(number)
}
