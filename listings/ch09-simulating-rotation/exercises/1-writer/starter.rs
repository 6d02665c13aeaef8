//! A writer as the tool really does it.
//!
//! This is the starter. It compiles, and its checks fail until `write` is written.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What the template writes, each in PEM.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// The private key.
    pub key: &'a str,
    /// The certificate of the authority that signed the leaf.
    pub authority: &'a str,
    /// The leaf.
    pub leaf: &'a str,
}

/// Replaces `tls.key` and `tls.crt` in `directory`, in the tool's steps.
///
/// # Errors
/// When a file cannot be opened or written.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    // `file.set_permissions(Permissions::from_mode(0o644))` sets a mode.
    todo!("this is the starter: write `write`")
}
