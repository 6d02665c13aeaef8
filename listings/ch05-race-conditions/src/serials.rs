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
    let others = |at: usize| chain[at + 1..].iter().chain(&identity.anchors);
    let mut pairs = (0..chain.len()).flat_map(|at| iter::repeat(at).zip(others(at)));
    match pairs.find(|(at, other)| same(&chain[*at], other)) {
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

fn same(one: &CertificateDer<'_>, other: &CertificateDer<'_>) -> bool {
    let (Ok((_, first)), Ok((_, second))) =
        (parse_x509_certificate(one), parse_x509_certificate(other))
    else {
        return false;
    };
    one != other && first.issuer() == second.issuer() && first.raw_serial() == second.raw_serial()
}
