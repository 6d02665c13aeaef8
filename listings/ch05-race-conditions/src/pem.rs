//! Is each PEM block of a file whole, and is it what the file is for?
//!
//! Parsers of PEM look for blocks and pass over all else: RFC 7468 permits text before a block. So a
//! file that was cut within `-----BEGIN` holds one block less, and no error. This is asked before
//! the parser is: nothing that looks like a part of a block may stand outside of one.

use std::borrow::Cow;
use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use lab::chain;
use memchr::memchr2_iter;
use memchr::memmem::find;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::kinds;

/// The byte order mark of UTF-8, which Windows' editors put before a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The text without byte order marks at the beginning of its lines: one before a block hides it
/// from rustls and Go, and two files that each have one may have been joined. A tab becomes a space: the parser here
/// passes over one and not over the other. Within a marker it stays: no parser takes that for one.
pub fn without_marks(text: &[u8]) -> Cow<'_, [u8]> {
    if find(text, MARK).is_none() && !text.contains(&b'\t') {
        return Cow::Borrowed(text);
    }
    let mut kept = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let line = line.strip_prefix(MARK).unwrap_or(line);
        let last = line.iter().rposition(|byte| *byte == b'-');
        let (marker, rest) = line.split_at(last.filter(|_| mentions_marker(line)).unwrap_or(0));
        kept.extend_from_slice(marker);
        let spaced = |byte: &u8| if *byte == b'\t' { b' ' } else { *byte };
        kept.extend(rest.iter().map(spaced));
    }
    Cow::Owned(kept)
}

// ANCHOR: whole
/// Checks that all blocks of a file are whole, of a known kind, and hold one key at most.
///
/// # Errors
/// `truncated` where the rest may still come, `malformed` otherwise. Bytes of the file are not
/// repeated: it may hold a key.
pub fn whole(text: &[u8], file: &Path) -> Result<(), Rejected> {
    if let Some(what) = kinds::no_pem(text) {
        return Err(reject(Reason::Malformed, file, &what));
    }
    let blocks = blocks(text).map_err(|(reason, detail)| reject(reason, file, &detail))?;
    let keys = blocks.iter().filter(|block| block.is_key()).count();
    if keys > 1 {
        return Err(reject(Reason::Malformed, file, &"more than one key"));
    }
    for (number, block) in (1..).zip(&blocks) {
        block.parse().map_err(|what| {
            let detail = format!("block {number} of {}: {what}", blocks.len());
            reject(Reason::Malformed, file, &detail)
        })?;
    }
    Ok(())
}
// ANCHOR_END: whole

// ANCHOR: blocks
/// The blocks of a text, or why one of them is not whole.
fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, (Reason, String)> {
    let truncated = |detail: &str| Err((Reason::Truncated, detail.to_owned()));
    // A bundle of a system has thousands of lines.
    let malformed = |detail: &str, at: usize| {
        let line = number(text, at);
        Err((Reason::Malformed, format!("{detail} (line {line})")))
    };

    let (mut open, mut found, mut at) = (None, Vec::new(), 0);
    let mut lines = lines(text).peekable();
    while let Some(line) = lines.next() {
        let begins = at;
        at += line.len() + 1;
        // What follows the last line break. It is empty in a file that ends as text files do.
        let unfinished = lines.peek().is_none();
        match (marker(line), open) {
            (Some(Marker::Begin(label)), None) => match kinds::stranger(label) {
                None => open = Some((label, begins)),
                Some(what) => return malformed(what, begins),
            },
            (Some(Marker::Begin(_)), Some(_)) => return truncated("a PEM block has no end"),
            (Some(Marker::End(label)), Some((begun, from))) if label == begun => {
                let text = &text[from..begins + line.len()];
                found.push(Block { label, text });
                open = None;
            }
            (Some(Marker::End(_)), _) => {
                return malformed("a PEM block ends that did not begin", begins);
            }
            (None, _) if unfinished && line.starts_with(b"-") => {
                return truncated(
                    "the file ends in a dash without a line break: a line that marks a PEM block \
                     may have been cut. If it is text, end the line",
                );
            }
            (None, _) if mentions_marker(line) => {
                let what = "a line that marks a PEM block holds something else, too";
                return malformed(what, begins);
            }
            (None, Some(_)) if line.contains(&b':') => {
                return malformed(kinds::header(line), begins);
            }
            (None, _) => {}
        }
    }
    match open {
        Some(_) => truncated("a PEM block has no end"),
        None => Ok(found),
    }
}
// ANCHOR_END: blocks

/// In which line something begins, counted from 1.
fn number(text: &[u8], at: usize) -> usize {
    // An old Mac ends lines by the one, and Windows by both.
    let end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    1 + text[..at].iter().filter(|byte| **byte == end).count()
}

/// A block with its two markers. No `Debug`: it may be a key.
struct Block<'a> {
    label: &'a [u8],
    text: &'a [u8],
}

impl Block<'_> {
    fn is_key(&self) -> bool {
        self.label.ends_with(b"PRIVATE KEY")
    }

    /// What stands in it must be what its label says. Parameters are not looked at: nobody uses them.
    fn parse(&self) -> Result<(), String> {
        if self.is_key() {
            // What the parser says may repeat bytes of the key.
            let key = PrivateKeyDer::from_pem_slice(self.text).map(drop);
            key.map_err(|_| "the base64 of the key does not decode")?;
            return self.padded();
        }
        if self.label != b"CERTIFICATE" {
            return Ok(());
        }
        let certificate = CertificateDer::from_pem_slice(self.text)
            .map_err(|_| "the base64 of a CERTIFICATE block does not decode")?;
        chain::parse(&certificate).map_err(|why| {
            format!("a CERTIFICATE block holds something else than one certificate ({why})")
        })?;
        self.padded()
    }

    /// Whether its base64 is filled up to whole groups of four letters (RFC 4648, section 3.2).
    fn padded(&self) -> Result<(), String> {
        let of_content = lines(self.text).filter(|line| !line.starts_with(b"-----"));
        let letters = of_content
            .flatten()
            .filter(|byte| !byte.is_ascii_whitespace());
        if letters.count().is_multiple_of(4) {
            return Ok(());
        }
        let label = String::from_utf8_lossy(self.label);
        let what = format!(
            "the base64 of {label} lacks `=` at its end, and parsers of OpenSSL and Go do not decode that"
        );
        Err(what)
    }
}

/// The same rejection with what the file holds instead, where it has no block of the right kind.
pub(crate) fn explain(rejected: Rejected, text: &[u8]) -> Rejected {
    let found = match rejected.reason {
        // What was cut has been told before.
        Reason::Truncated => blocks(text).unwrap_or_default(),
        _ => return rejected,
    };
    // The labels are known ones: others have been refused.
    let labels: Vec<_> = found.iter().map(|block| block.label).collect();
    Rejected {
        detail: kinds::lacking(&labels),
        ..rejected
    }
}

/// SHA-256 of the first certificate of a text, where that can be read.
pub(crate) fn leaf(text: &[u8]) -> Option<String> {
    let text = without_marks(text);
    let leaf = CertificateDer::pem_slice_iter(&text).next()?.ok()?;
    Some(chain::sha256(&leaf))
}

/// Whether a text holds a private key, in whatever form a PEM block can have.
pub fn holds_key(text: &[u8]) -> bool {
    lines(text).any(|line| matches!(marker(line), Some(Marker::Begin(label)) if label.ends_with(b"PRIVATE KEY")))
}

/// The lines of a text. Those that end as on Windows have an empty one between.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    let ends = memchr2_iter(b'\n', b'\r', text).chain([text.len()]);
    ends.map(move |end| {
        let line = &text[from..end];
        from = end + 1;
        line
    })
}

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
    let mentions = |marker: &[u8]| find(line, marker).is_some();
    // Almost every line is base64, and has no dash.
    line.contains(&b'-') && (mentions(b"--BEGIN") || mentions(b"--END"))
}
