//! How long a chain may be for clients of Java. By default they take less than all others.

use ch02_hot_reload::identity::{Peers, Reason, Rejected, Source, reject};
use ch02_hot_reload::message;
use rustls::pki_types::CertificateDer;

/// `jdk.tls.client.maxInboundCertificateChainLength`. GnuTLS follows 16.
const CERTIFICATES: usize = 10;

/// `jdk.tls.maxHandshakeMessageSize`, in bytes.
const MESSAGE: usize = 32 << 10;

// ANCHOR: fits
/// Checks that clients of Java take this chain, needed or not.
///
/// # Errors
/// `too_large`, of the file of the chain.
pub(crate) fn fits(
    source: &Source,
    chain: &[CertificateDer<'_>],
    peers: Peers,
) -> Result<(), Rejected> {
    let (many, length) = (chain.len(), message::length(chain));
    let what = match peers {
        Peers::Clients if length > MESSAGE => format!(
            "its {many} certificates make a message of {length} bytes, and clients take {MESSAGE} (Java) to 102400 \
             (OpenSSL)"
        ),
        Peers::Clients if many > CERTIFICATES => {
            format!("it holds {many} certificates, and clients of Java take {CERTIFICATES}")
        }
        _ => return Ok(()),
    };
    let detail =
        format!("{what}: the file holds the leaf and its intermediates alone, no bundle of roots");
    Err(reject(Reason::TooLarge, &source.files.certificate, &detail))
}
// ANCHOR_END: fits
