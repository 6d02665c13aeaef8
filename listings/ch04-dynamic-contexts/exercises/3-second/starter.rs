//! The second call.
//!
//! This is the starter. It compiles, and its checks fail until `Contexts` is written.

use std::fs;

use ch02_hot_reload::BuildError;
use lab::agent::Files;
use openssl::ssl::SslContext;

/// Keeps a client's context, and makes another when the files have changed.
pub struct Contexts<B> {
    // `files.certificate` and `files.key` are the paths of the two files.
    files: Files,
    build: B,
    // What else it needs is yours to choose.
}

impl<B: FnMut() -> Result<SslContext, BuildError>> Contexts<B> {
    /// Begins with no context. `build` reads the files and makes one.
    pub fn new(files: Files, build: B) -> Self {
        Self { files, build }
    }

    /// The context to connect with. It is called before each connection, and looks whether the certificate or the
    /// key holds something else than when a context was last made of them.
    ///
    /// `None` where there is nothing to connect with yet. The caller connects with the library's defaults then, as
    /// a caller of Python's does who is given `None`.
    pub fn get(&mut self) -> Option<SslContext> {
        todo!("this is the starter: write `Contexts`")
    }
}
