//! Is each PEM block of a file whole?
//!
//! Parsers of PEM (RFC 7468) look for blocks and pass over all else, as the RFC asks them to. So a
//! file that was cut within `-----BEGIN` holds one block less, and no error. This is asked before
//! the parser is: nothing that looks like a part of a block may stand outside of one.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::parse_x509_certificate;

/// What a file of a chain, a key or trust anchors may hold. The last two carry no secret and no
/// identity: `openssl ecparam -genkey` writes the one before the key, HAProxy reads the other.
const KNOWN: [&[u8]; 6] = [
    b"CERTIFICATE",
    b"PRIVATE KEY",
    b"EC PRIVATE KEY",
    b"RSA PRIVATE KEY",
    b"EC PARAMETERS",
    b"DH PARAMETERS",
];

// ANCHOR: whole
/// Checks that all blocks of a file are whole, of a known kind, and hold one key at most.
///
/// # Errors
/// `truncated` where the rest may still come, `malformed` otherwise. Bytes of the file are not
/// repeated: it may hold a key.
pub fn whole(text: &[u8], file: &Path) -> Result<(), Rejected> {
    let truncated = |detail: &str| Err(reject(Reason::Truncated, file, &detail));
    let malformed = |detail: &str| Err(reject(Reason::Malformed, file, &detail));

    let (mut open, mut keys) = (None, 0);
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r')).peekable();
    while let Some(line) = lines.next() {
        // What follows the last line break. It is empty in a file that ends as text files do.
        let unfinished = lines.peek().is_none();
        match (marker(line), open) {
            (Some(Marker::Begin(label)), None) if KNOWN.contains(&label) => {
                open = Some(label);
                keys += usize::from(label.ends_with(b"PRIVATE KEY"));
            }
            (Some(Marker::Begin(_)), None) => return malformed("a PEM block of an unknown kind"),
            (Some(Marker::Begin(_)), Some(_)) => return truncated("a PEM block has no end"),
            (Some(Marker::End(label)), Some(begun)) if label == begun => open = None,
            (Some(Marker::End(_)), _) => return malformed("a PEM block ends that did not begin"),
            (None, _) if unfinished && line.starts_with(b"-") => {
                return truncated("the file ends within a line that marks a PEM block");
            }
            (None, _) if mentions_marker(line) => {
                return malformed("a line that marks a PEM block holds something else, too");
            }
            (None, _) => {}
        }
    }
    if open.is_some() {
        return truncated("a PEM block has no end");
    }
    if keys > 1 {
        return malformed("more than one key");
    }
    for certificate in CertificateDer::pem_slice_iter(text) {
        let parsed = certificate
            .ok()
            .is_some_and(|der| parse_x509_certificate(&der).is_ok_and(|(rest, _)| rest.is_empty()));
        if !parsed {
            return malformed("a CERTIFICATE block holds something else than one certificate");
        }
    }
    Ok(())
}
// ANCHOR_END: whole

enum Marker<'a> {
    Begin(&'a [u8]),
    End(&'a [u8]),
}

/// A line that is one marker and nothing else, white space after it aside.
fn marker(line: &[u8]) -> Option<Marker<'_>> {
    let line = line.trim_ascii_end().strip_suffix(b"-----")?;
    let (label, marker): (_, fn(_) -> _) = match line.strip_prefix(b"-----BEGIN ") {
        Some(label) => (label, Marker::Begin),
        None => (line.strip_prefix(b"-----END ")?, Marker::End),
    };
    // A label has no dash, so two markers on one line are not taken for one.
    (!label.contains(&b'-')).then(|| marker(label))
}

fn mentions_marker(line: &[u8]) -> bool {
    let mentions = |marker: &[u8]| line.windows(marker.len()).any(|part| part == marker);
    // Almost every line is base64, and has no dash.
    line.contains(&b'-') && (mentions(b"--BEGIN") || mentions(b"--END"))
}
