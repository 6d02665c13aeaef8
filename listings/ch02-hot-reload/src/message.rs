//! How large a chain may be: the limit is the clients', and they do not say it.

use rustls::pki_types::CertificateDer;

/// The largest body of a Certificate message (RFC 9846) that a chain may make, in bytes: 60 KiB. A
/// rustls client buffers 65,535 bytes, in which the rest of the server's flight must find room, too.
/// OpenSSL's default is 102,400 bytes (`SSL_MAX_CERT_LIST_DEFAULT`), so what passes here passes there.
pub const LARGEST: usize = 60 << 10;

/// The body of the Certificate message by which a TLS 1.3 server shows `chain`, in bytes: an empty
/// context, and for each certificate its length and no extension. TLS 1.2 needs a little less.
pub fn length(chain: &[CertificateDer<'_>]) -> usize {
    let entry = |certificate: &CertificateDer<'_>| 3 + certificate.len() + 2;
    1 + 3 + chain.iter().map(entry).sum::<usize>()
}

/// Checks that clients take `chain` in one message. The error says by how much they do not.
pub(crate) fn fits(chain: &[CertificateDer<'_>]) -> Result<(), String> {
    let (length, certificates) = (length(chain), chain.len());
    if length <= LARGEST {
        return Ok(());
    }
    Err(format!(
        "its {certificates} certificates make a message of {length} bytes, and clients take \
         {LARGEST} (rustls) to 102400 (OpenSSL): the file holds the leaf and its intermediates \
         alone, no bundle of roots"
    ))
}
