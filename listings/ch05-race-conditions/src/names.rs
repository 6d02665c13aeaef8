//! Names that were served, and that the next certificate does not have.

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

// ANCHOR: lost
/// The names of `served` (subjectAltName, RFC 5280, section 4.2.1.6) for which `next` is not
/// valid. A name that a wildcard of `next` covers is not lost.
pub fn lost(served: &CertificateDer<'_>, next: &CertificateDer<'_>) -> Vec<String> {
    let Ok(parsed) = ParsedCertificate::try_from(next) else {
        return Vec::new();
    };
    let has = names(next);
    let keeps = |name: &String| {
        let asked = ServerName::try_from(name.as_str());
        has.contains(name) || asked.is_ok_and(|asked| verify_server_name(&parsed, &asked).is_ok())
    };
    let mut lost = names(served);
    lost.retain(|name| !keeps(name));
    lost
}
// ANCHOR_END: lost

/// DNS names, wildcards as they stand, IP addresses, and by what a peer is let in with mTLS: URIs as those of
/// SPIFFE, and addresses of mail.
fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = parse_x509_certificate(certificate) else {
        return Vec::new();
    };
    let Ok(Some(alternative)) = parsed.subject_alternative_name() else {
        return Vec::new();
    };
    let names = alternative.value.general_names.iter();
    let text = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::URI(name) | GeneralName::RFC822Name(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let address: std::net::IpAddr = match bytes.len() {
                4 => <[u8; 4]>::try_from(*bytes).ok()?.into(),
                _ => <[u8; 16]>::try_from(*bytes).ok()?.into(),
            };
            Some(address.to_string())
        }
        _ => None,
    });
    text.collect()
}
