//! The second call.

use std::fs;
use std::time::SystemTime;

use ch02_hot_reload::BuildError;
use lab::agent::Files;
use openssl::ssl::SslContext;

/// Keeps a client's context, and makes another when the files have changed.
pub struct Contexts<B> {
    files: Files,
    build: B,
    made_of: Option<[Option<SystemTime>; 2]>,
    context: Option<SslContext>,
}

impl<B: FnMut() -> Result<SslContext, BuildError>> Contexts<B> {
    /// Begins with no context. `build` reads the files and makes one.
    pub fn new(files: Files, build: B) -> Self {
        Self {
            files,
            build,
            made_of: None,
            context: None,
        }
    }

    /// The context to connect with. It is called before each connection, and looks whether the certificate or the
    /// key holds something else than when a context was last made of them.
    ///
    /// `None` where there is nothing to connect with yet. The caller connects with the library's defaults then, as
    /// a caller of Python's does who is given `None`.
    pub fn get(&mut self) -> Option<SslContext> {
        let files = [&self.files.certificate, &self.files.key];
        let now = files.map(|file| fs::metadata(file).and_then(|about| about.modified()).ok());
        if self.made_of.as_ref() != Some(&now)
            && let Ok(context) = (self.build)()
        {
            self.context = Some(context);
            self.made_of = Some(now);
        }
        self.context.clone()
    }
}
