//! A trust anchor that has expired.
//!
//! rustls asks an anchor for no dates, and RFC 5280, section 6.1.1, has none in one. Clients of OpenSSL
//! and Go look at its dates as well, and refuse every chain that leads to it. So a chain must lead to
//! an anchor that is in force, and one that ends while a server runs is told.

use std::path::{Path, PathBuf};
use std::slice;

use ch02_hot_reload::identity::{
    Identity, Peers, Reason, Rejected, Source, reject, validate_chain,
};
use lab::chain;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::parse_x509_certificate;
use x509_parser::time::ASN1Time;

// ANCHOR: in_force
/// Checks that the chain leads to a trust anchor whose dates are valid at the time `now`.
///
/// # Errors
/// `expired` or `not_yet_valid`, of the file of the anchors, where it leads to others alone.
pub(crate) fn leads_to_one_in_force(
    source: &Source,
    identity: &Identity,
    peers: Peers,
    now: UnixTime,
) -> Result<(), Rejected> {
    let in_force = |anchor: &&CertificateDer<'_>| is_in_force(anchor, now);
    let current: Vec<_> = identity.anchors.iter().filter(in_force).cloned().collect();
    if current.len() == identity.anchors.len() {
        return Ok(());
    }
    let chain = &identity.certified.cert;
    let leads_to = |anchors: &[_]| {
        !anchors.is_empty() && validate_chain(peers, source, chain, anchors, now).is_ok()
    };
    if leads_to(&current) {
        return Ok(());
    }
    let ended =
        |anchor: &&CertificateDer<'_>| has_ended(&source.files.roots, anchor, now).is_some();
    let others = identity.anchors.iter();
    let others: Vec<_> = others.filter(|it| !ended(it)).cloned().collect();
    let (reason, what) = match leads_to(&others) {
        true => (Reason::NotYetValid, "is not valid yet"),
        false => (Reason::Expired, "has expired"),
    };
    let detail = format!(
        "the authority that the chain leads to {what}: rustls does not look at its dates, and OpenSSL \
         and Go do"
    );
    Err(reject(reason, &source.files.roots, &detail))
}
// ANCHOR_END: in_force

/// A trust anchor whose notAfter has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The file that lists it.
    pub file: PathBuf,
    /// Its common name.
    pub root: String,
    /// SHA-256 of its DER, in hex.
    pub root_sha256: String,
    /// Its notAfter, RFC 3339, UTC.
    pub not_after: String,
}

// ANCHOR: ended
/// The anchors of an identity that have expired by the time `now`: of those that judge its chain, and
/// of those that judge its peers.
pub(crate) fn ended(source: &Source, identity: &Identity, now: UnixTime) -> Vec<Ended> {
    let own = (&source.files.roots, &identity.anchors);
    let peers = source
        .peer_roots
        .as_ref()
        .zip(identity.peer_anchors.as_ref());
    let files = [Some(own), peers].into_iter().flatten();
    let all = files.flat_map(|(file, anchors)| anchors.iter().map(move |anchor| (file, anchor)));
    all.filter_map(|(file, anchor)| has_ended(file, anchor, now))
        .collect()
}
// ANCHOR_END: ended

fn has_ended(file: &Path, anchor: &CertificateDer<'_>, now: UnixTime) -> Option<Ended> {
    let (_, parsed) = parse_x509_certificate(anchor).ok()?;
    let end = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    // notAfter itself is the last second (RFC 5280, section 4.1.2.5).
    if now.as_secs() <= end {
        return None;
    }
    Some(Ended {
        file: file.to_owned(),
        root: chain::common_name(anchor).unwrap_or_default(),
        root_sha256: chain::sha256(anchor),
        not_after: chain::facts(slice::from_ref(anchor)).ok()?.not_after,
    })
}

/// Whether its dates are valid at the time `now`.
pub(crate) fn is_in_force(anchor: &CertificateDer<'_>, now: UnixTime) -> bool {
    let now = i64::try_from(now.as_secs()).ok();
    let now = now.and_then(|now| ASN1Time::from_timestamp(now).ok());
    let (Ok((_, anchor)), Some(now)) = (parse_x509_certificate(anchor), now) else {
        return false;
    };
    anchor.validity().is_valid_at(now)
}
