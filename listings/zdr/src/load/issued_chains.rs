//! What may be shown: the chains that were issued, and which generation each of them is.

use std::sync::{Mutex, MutexGuard};

use lab::authority::Issued;
use lab::client::Seen;

/// The chains that were issued, by what a client can see of them.
#[derive(Debug, Default)]
pub struct Chains {
    issued: Mutex<Vec<(String, String)>>,
    open: bool,
}

impl Chains {
    /// For chains that are issued elsewhere: each that clients accept is a new generation.
    pub fn of_others() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    /// Adds one, and returns its generation: 0 for the first.
    pub fn add(&self, issued: &Issued) -> u32 {
        let mut chains = self.lock();
        let facts = &issued.facts;
        chains.push((facts.chain_sha256.clone(), facts.serial.clone()));
        (chains.len() - 1) as u32
    }

    /// The generation that was added last.
    pub fn latest(&self) -> u32 {
        self.lock().len().saturating_sub(1) as u32
    }

    /// The serial of a generation.
    pub fn serial(&self, generation: u32) -> Option<String> {
        let chains = self.lock();
        let (_, serial) = chains.get(generation as usize)?;
        Some(serial.clone())
    }

    /// Which generation this is. `None` where it was never issued so.
    pub fn generation(&self, seen: &Seen) -> Option<u32> {
        let mut chains = self.lock();
        let sha256 = &seen.chain.chain_sha256;
        let mut at = chains.iter().rposition(|(known, _)| known == sha256);
        if at.is_none() && self.open {
            chains.push((sha256.clone(), seen.chain.serial.clone()));
            at = Some(chains.len() - 1);
        }
        at.map(|at| at as u32)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.issued.lock().unwrap_or_else(|e| e.into_inner())
    }
}
