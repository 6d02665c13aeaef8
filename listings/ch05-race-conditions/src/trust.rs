//! The trust anchors of a set: those of the chain, and those of its peers.

use std::path::Path;

use ch02_hot_reload::identity::{Identity, Reason, Rejected, Source, reject, trust_anchors};
use rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

use crate::pinned::{Found, Seen};
use crate::{parsed, pem};

type Anchors = Vec<CertificateDer<'static>>;

/// The anchors that are to be used, and why some are not those of their file.
pub(crate) struct Trust {
    pub anchors: Anchors,
    pub peers: Option<Anchors>,
    pub faults: Vec<Rejected>,
}

// ANCHOR: trust
/// What was seen of the trust anchors. A leaf is not held up by what is wrong beside it: the last
/// good anchors judge it.
///
/// # Errors
/// When there are no last good ones.
pub(crate) fn read(
    source: &Source,
    seen: &Seen,
    serving: Option<&Identity>,
) -> Result<Trust, Rejected> {
    let mut faults = Vec::new();
    let mut or_last = |read: Result<Anchors, Rejected>, last: Option<&Anchors>| match (read, last) {
        (Err(fault), Some(last)) => {
            faults.push(stays(fault, last.len()));
            Ok(last.clone())
        }
        (read, _) => read,
    };
    let last = serving.map(|serving| &serving.anchors);
    let anchors = or_last(anchors(&source.files.roots, &seen.roots), last)?;
    let peers = match (&source.peer_roots, &seen.peer_roots) {
        (Some(path), Some(seen)) => {
            let last = serving.and_then(|serving| serving.peer_anchors.as_ref());
            Some(or_last(self::anchors(path, seen), last)?)
        }
        _ => None,
    };
    Ok(Trust {
        anchors,
        peers,
        faults,
    })
}
// ANCHOR_END: trust

/// The same fault, with what is in force instead, and what ends that.
fn stays(fault: Rejected, last: usize) -> Rejected {
    let before = match last {
        1 => "The anchor that was read before stays".to_owned(),
        _ => format!("The {last} anchors that were read before stay"),
    };
    let detail = format!(
        "{}. {before} in force until this file is mended",
        fault.detail
    );
    Rejected { detail, ..fault }
}

/// The anchors in one file that was seen.
pub(crate) fn anchors(path: &Path, seen: &Result<Found, Rejected>) -> Result<Anchors, Rejected> {
    let text = pem::without_marks(&seen.as_ref().map_err(Clone::clone)?.bytes);
    pem::whole(&text, path)?;
    let anchors = trust_anchors(&text, path).map_err(|rejected| pem::explain(rejected, &text))?;
    for (anchor, at) in anchors.iter().zip(1..) {
        let parsed = parse_x509_certificate(anchor).ok();
        let what = parsed.and_then(|(_, parsed)| parsed::form(&parsed));
        let what = what.map(Into::into).or_else(|| parsed::outline(anchor));
        if let Some(what) = what {
            let detail = format!(
                "authority {at} of {}: {what}. Take it out of the file, or have it issued anew",
                anchors.len()
            );
            return Err(reject(Reason::Malformed, path, &detail));
        }
    }
    Ok(anchors)
}
