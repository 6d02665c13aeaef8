//! A trust anchor that has expired.
//!
//! rustls asks an anchor for its name and its key, and nothing else, as RFC 5280, section 6.1.1,
//! describes one. Clients of OpenSSL and Go look at its dates as well, and refuse every chain that
//! leads to it. So a chain must lead to an anchor that is in force.

use ch02_hot_reload::identity::{
    Identity, Peers, Reason, Rejected, Source, reject, validate_chain,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::parse_x509_certificate;
use x509_parser::time::ASN1Time;

// ANCHOR: in_force
/// Checks that the chain leads to a trust anchor whose dates are valid at the time `now`.
///
/// # Errors
/// `expired`, of the file of the anchors, where it leads to others alone.
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
    if !current.is_empty() && validate_chain(peers, source, chain, &current, now).is_ok() {
        return Ok(());
    }
    let detail = "the authority that the chain leads to has expired, or is not valid yet: rustls does \
                  not look at its dates, and OpenSSL and Go do";
    Err(reject(Reason::Expired, &source.files.roots, &detail))
}
// ANCHOR_END: in_force

fn is_in_force(anchor: &CertificateDer<'_>, now: UnixTime) -> bool {
    let now = i64::try_from(now.as_secs()).ok();
    let now = now.and_then(|now| ASN1Time::from_timestamp(now).ok());
    let (Ok((_, anchor)), Some(now)) = (parse_x509_certificate(anchor), now) else {
        return false;
    };
    anchor.validity().is_valid_at(now)
}
