//! A resolver without input and output.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use ch02_hot_reload::identity::{self, Rejected, Source};
use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Asks for the date of the file, and reads the pair again when it is newer.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    cached: Mutex<(SystemTime, Arc<CertifiedKey>)>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let modified = modified(&source).unwrap_or(SystemTime::UNIX_EPOCH);
        let pair = identity::read(&source)?.certified;
        let cached = Mutex::new((modified, pair));
        Ok(Self { source, cached })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn reload(&self) -> Result<(), Rejected> {
        let pair = identity::read(&self.source)?.certified;
        self.cached.lock().1 = pair;
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut cached = self.cached.lock();
        let modified = modified(&self.source).ok()?;
        if modified > cached.0 {
            *cached = (modified, identity::read(&self.source).ok()?.certified);
        }
        Some(cached.1.clone())
    }
}

fn modified(source: &Source) -> io::Result<SystemTime> {
    fs::metadata(&source.files.certificate)?.modified()
}
