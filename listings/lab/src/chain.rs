//! What a certificate chain says of itself, for logs and for assertions.

use std::fmt;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::parse_x509_certificate;

/// The facts by which people and tests tell one chain from another. No secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The leaf's serial number, lower-case hex without leading zeros.
    pub serial: String,
    /// The leaf's notBefore, RFC 3339, UTC.
    pub not_before: String,
    /// The leaf's notAfter, RFC 3339, UTC.
    pub not_after: String,
    /// SHA-256 over the DER of every certificate in order, lower-case hex. Two chains that differ
    /// only in an intermediate differ here.
    pub chain_sha256: String,
}

/// Why a chain has no facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no certificate in it.
    Empty,
    /// The leaf, or the PEM around it, does not parse.
    Malformed(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no certificate in the chain"),
            Self::Malformed(error) => write!(f, "certificate does not parse: {error}"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// Reads the facts of a chain, leaf first.
pub fn facts(chain: &[CertificateDer<'_>]) -> Result<Facts, Unreadable> {
    let leaf = chain.first().ok_or(Unreadable::Empty)?;
    let (_, parsed) =
        parse_x509_certificate(leaf).map_err(|e| Unreadable::Malformed(e.to_string()))?;
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for certificate in chain {
        hash.update(certificate);
    }
    let validity = parsed.validity();
    Ok(Facts {
        serial: serial(parsed.raw_serial()),
        not_before: rfc3339(validity.not_before.to_datetime()),
        not_after: rfc3339(validity.not_after.to_datetime()),
        chain_sha256: hex(hash.finish().as_ref()),
    })
}

/// Parses a certificate whole: it is X.509, and nothing follows it. [`facts`] looks at the leaf alone.
///
/// # Errors
/// Where it is not.
pub fn parse(certificate: &CertificateDer<'_>) -> Result<(), Unreadable> {
    match parse_x509_certificate(certificate) {
        Ok(([], _)) => Ok(()),
        Ok(_) => Err(Unreadable::Malformed("something follows it".into())),
        Err(error) => Err(Unreadable::Malformed(error.to_string())),
    }
}

/// Reads the facts of a chain in PEM.
pub fn facts_of_pem(pem: &[u8]) -> Result<Facts, Unreadable> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|e| Unreadable::Malformed(e.to_string()))?;
    facts(&chain)
}

/// A serial number (the bytes of an ASN.1 INTEGER) in hex, as OpenSSL shows it: one that is negative
/// has a minus sign. RFC 5280, section 4.1.2.2, forbids those, and they are met.
fn serial(bytes: &[u8]) -> String {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    if !negative {
        let digits = hex(bytes);
        let shown = digits.trim_start_matches('0');
        return if shown.is_empty() {
            "0".into()
        } else {
            shown.into()
        };
    }
    // Two's complement: every bit is turned over, and one is added.
    let mut magnitude: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    for byte in magnitude.iter_mut().rev() {
        let (sum, carried) = byte.overflowing_add(1);
        *byte = sum;
        if !carried {
            break;
        }
    }
    format!("-{}", hex(&magnitude).trim_start_matches('0'))
}

/// The name by which people know a certificate: its subject's common name, or the whole subject
/// where there is none.
pub fn common_name(certificate: &CertificateDer<'_>) -> Result<String, Unreadable> {
    let (_, parsed) =
        parse_x509_certificate(certificate).map_err(|e| Unreadable::Malformed(e.to_string()))?;
    let subject = parsed.subject();
    let name = subject.iter_common_name().find_map(|cn| cn.as_str().ok());
    Ok(name.map_or_else(|| subject.to_string(), str::to_owned))
}

/// What a trust anchor is to those who validate by it (RFC 5280, section 6.1.1): its name and its
/// public key, as one SHA-256. A root that is renewed with both is the same anchor.
///
/// # Errors
/// When the certificate does not parse.
pub fn anchor_sha256(certificate: &CertificateDer<'_>) -> Result<String, Unreadable> {
    let (_, parsed) =
        parse_x509_certificate(certificate).map_err(|e| Unreadable::Malformed(e.to_string()))?;
    // Both are DER and say their own length: no two pairs run together into the same bytes.
    let both = [parsed.subject().as_raw(), parsed.public_key().raw].concat();
    Ok(sha256(&both))
}

/// These bytes in lower-case hex, two digits each, without separators.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 (FIPS 180-4) of these bytes, in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

/// Seconds since 1970 as RFC 3339, UTC.
pub fn date(seconds: u64) -> String {
    let at = i64::try_from(seconds).map(OffsetDateTime::from_unix_timestamp);
    at.map_or_else(
        |_| seconds.to_string(),
        |at| at.map_or_else(|_| seconds.to_string(), rfc3339),
    )
}

fn rfc3339(at: OffsetDateTime) -> String {
    // Years beyond 9999 are the only thing RFC 3339 cannot say.
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
