//! Serial numbers. An authority gives each one once (RFC 5280, section 4.1.2.2), and clients of NSS go by that.

use std::iter;

use ch02_hot_reload::identity::{Identity, Peers, Reason, Rejected, Source, reject};
use rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

// ANCHOR: once
/// Checks that no certificate of the chain has the issuer and the serial number of another one, or of an
/// authority: Firefox takes none of the two. Authorities that are made by hand give each certificate the
/// number 1.
///
/// # Errors
/// `chain_broken`, of the file of the chain.
pub(crate) fn once(source: &Source, identity: &Identity, peers: Peers) -> Result<(), Rejected> {
    let chain = &identity.certified.cert;
    // Each is parsed once: there may be a thousand authorities.
    let all: Vec<_> = chain.iter().chain(&identity.anchors).collect();
    let known: Vec<_> = all.iter().map(|one| issuer_and_serial(one)).collect();
    let same = |at: usize, other: usize| known[at].is_some() && known[at] == known[other];
    let mut pairs = (0..chain.len()).flat_map(|at| iter::repeat(at).zip(at + 1..all.len()));
    match pairs.find(|(at, other)| same(*at, *other) && all[*at] != all[*other]) {
        Some((at, _)) if peers == Peers::Clients => {
            let detail = format!(
                "certificate {} of {} has the serial number of another one of its issuer, in the chain or among \
                 the authorities: clients of NSS (Firefox) take none of the two. Have it issued with a number of \
                 its own",
                at + 1,
                chain.len()
            );
            Err(reject(
                Reason::ChainBroken,
                &source.files.certificate,
                &detail,
            ))
        }
        _ => Ok(()),
    }
}
// ANCHOR_END: once

fn issuer_and_serial<'a>(one: &'a CertificateDer<'_>) -> Option<(&'a [u8], &'a [u8])> {
    let (_, parsed) = parse_x509_certificate(one).ok()?;
    Some((parsed.tbs_certificate.issuer.as_raw(), parsed.raw_serial()))
}
