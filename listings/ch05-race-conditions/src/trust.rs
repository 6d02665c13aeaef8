//! The trust anchors of a set: those of the chain, and those of its peers.

use std::path::Path;

use ch02_hot_reload::identity::{
    Identity, Reason, Rejected, Source, reject, taken_as_anchor, trust_anchors,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;

use crate::pinned::{self, Seen};
use crate::{parsed, pem};

type Anchors = Vec<CertificateDer<'static>>;

/// The anchors of a file that rustls takes, and why it does not take the first of the others, if there is one.
type Found = (Anchors, Option<Rejected>);

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
    let mut or_last = |read: Result<Found, Rejected>, last: Option<&Anchors>| match (read, last) {
        (Err(fault), Some(last)) => {
            faults.push(stays(fault, last.len()));
            Ok(last.clone())
        }
        (Err(fault), None) => Err(fault),
        (Ok((anchors, passed)), _) => {
            faults.extend(passed);
            Ok(anchors)
        }
    };
    let last = serving.map(|serving| &serving.anchors);
    let chain = pem::without_marks(&seen.certificate.bytes);
    let chain: Anchors = CertificateDer::pem_slice_iter(&chain).flatten().collect();
    let anchors = or_last(anchors(&source.files.roots, &seen.roots, &chain), last)?;
    let peers = match (&source.peer_roots, &seen.peer_roots) {
        (Some(path), Some(seen)) => {
            let last = serving.and_then(|serving| serving.peer_anchors.as_ref());
            Some(or_last(self::anchors(path, seen, &[]), last)?)
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

/// The anchors in one file that was seen. One that rustls does not take is passed over, as clients of Go and most of rustls
/// do, unless it has issued a certificate of this chain, or there is no other one.
pub(crate) fn anchors(
    path: &Path,
    seen: &Result<pinned::Found, Rejected>,
    chain: &[CertificateDer<'_>],
) -> Result<Found, Rejected> {
    let text = pem::without_marks(&seen.as_ref().map_err(Clone::clone)?.bytes);
    pem::whole(&text, path)?;
    let all: Anchors = CertificateDer::pem_slice_iter(&text).flatten().collect();
    let shown = chain.iter().filter_map(|it| parsed_one(it));
    let issuers: Vec<_> = shown.map(|it| it.issuer().as_raw().to_vec()).collect();
    let (mut taken, mut passed) = (Anchors::new(), None);
    for (anchor, at) in all.iter().zip(1..) {
        let place = (at, all.len());
        let parsed = parsed_one(anchor);
        if let Some(what) = parsed.as_ref().and_then(parsed::unloaded) {
            return Err(out_with(what, place, path));
        }
        if let Some(what) = parsed::outline(anchor) {
            return Err(out_with(&what, place, path));
        }
        let named = |it: &X509Certificate<'_>| {
            let subject = it.subject().as_raw();
            issuers.iter().any(|name| name == subject)
        };
        match taken_as_anchor(anchor, place, path) {
            Ok(()) => taken.push(anchor.clone()),
            Err(fault) if parsed.as_ref().is_some_and(named) => return Err(fault),
            Err(fault) => passed = passed.or(Some(over(fault))),
        }
    }
    if taken.is_empty() {
        // There is none, or rustls takes none: it says why.
        taken = trust_anchors(&text, path).map_err(|rejected| pem::explain(rejected, &text))?;
    }
    Ok((taken, passed))
}

/// The same fault, and that the other authorities are in force.
fn over(fault: Rejected) -> Rejected {
    let detail = format!(
        "{}. It is passed over, and the others of this file are in force",
        fault.detail
    );
    Rejected { detail, ..fault }
}

fn parsed_one(der: &[u8]) -> Option<X509Certificate<'_>> {
    parse_x509_certificate(der).ok().map(|(_, parsed)| parsed)
}

/// The rejection of a file with an authority for whose sake clients load none of it.
fn out_with(what: &str, (at, of): (usize, usize), path: &Path) -> Rejected {
    let detail =
        format!("authority {at} of {of}: {what}. Take it out of the file, or have it issued anew");
    reject(Reason::Malformed, path, &detail)
}
