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

/// The largest body that a client's chain may make: 30 KiB. A server that lets clients in by their
/// certificates may seal the chain into each ticket that it gives them. rustls does, gives two, and
/// its client buffers both in the same 65,535 bytes.
pub const LARGEST_OF_CLIENT: usize = 30 << 10;

/// How long a chain may be, and who says so.
pub(crate) struct Limit {
    largest: usize,
    take: &'static str,
}

/// Of a chain that is shown to clients.
pub(crate) const OF_SERVER: Limit = Limit {
    largest: LARGEST,
    take: "clients take 61440 (rustls) to 102400 (OpenSSL)",
};

/// Of a chain that is shown to servers.
pub(crate) const OF_CLIENT: Limit = Limit {
    largest: LARGEST_OF_CLIENT,
    take: "a server that seals it into two tickets takes 30720 of a client (rustls)",
};

/// Checks that peers take `chain` in one message. The error says by how much they do not.
pub(crate) fn fits(chain: &[CertificateDer<'_>], limit: &Limit) -> Result<(), String> {
    let (length, certificates) = (length(chain), chain.len());
    if length <= limit.largest {
        return Ok(());
    }
    let take = limit.take;
    Err(format!(
        "its {certificates} certificates make a message of {length} bytes, and {take}: the file \
         holds the leaf and its intermediates alone, no bundle of roots"
    ))
}
