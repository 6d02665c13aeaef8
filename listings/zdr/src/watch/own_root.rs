//! A server whose certificate is its own root, as `openssl req -x509` makes them: it says that it may issue. rustls
//! takes no such certificate as a server's; OpenSSL, curl, Go and Python do, if it is among their roots.

use std::collections::HashSet;

use rustls::client::danger::ServerCertVerified;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};
use x509_parser::parse_x509_certificate;

/// The certificates that are trusted, as they are in their files.
pub(super) type Trusted = HashSet<CertificateDer<'static>>;

/// Judges a leaf again of which it was said that it may issue: as clients do that look for it among their roots.
pub(super) fn judged_again(
    judged: Result<ServerCertVerified, Error>,
    (leaf, trusted): (&CertificateDer<'_>, &Trusted),
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    match judged {
        Err(error) if may_issue(&error) => match trusted.contains(leaf) {
            true => by_itself(leaf, name, now),
            false => Err(CertificateError::UnknownIssuer.into()),
        },
        judged => judged,
    }
}

/// How rustls-webpki says it, whose errors rustls passes on without a name of its own.
fn may_issue(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(_)))
        && error.to_string().contains("CaUsedAsEndEntity")
}

fn by_itself(
    leaf: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let (_, parsed) = parse_x509_certificate(leaf).map_err(|_| CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    if now < validity.not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
    Ok(ServerCertVerified::assertion())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// From the first second of its time to the last.
    #[test]
    fn it_is_valid_at_no_other_time() {
        let mut request = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        request.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let begins = time::OffsetDateTime::from_unix_timestamp(2_000_000_000).unwrap();
        request.not_before = begins;
        request.not_after = begins + time::Duration::days(1);
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf = request.self_signed(&key).unwrap().der().clone();
        let name = ServerName::try_from("localhost").unwrap();
        let judged = |at: u64| {
            let now = UnixTime::since_unix_epoch(Duration::from_secs(2_000_000_000 + at - 1));
            by_itself(&leaf, &name, now).map(|_| ())
        };
        assert_eq!(judged(0), Err(CertificateError::NotValidYet.into()));
        assert_eq!(judged(1), Ok(()));
        assert_eq!(judged(86_401), Ok(()));
        assert_eq!(judged(86_402), Err(CertificateError::Expired.into()));
    }
}
