//! The OCSP response that comes with a certificate (stapling): whether it speaks of that certificate. A client that
//! asks for one has to check it, and to end the handshake if it will not do (RFC 6066, section 8).

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::load::verifier::Verifier;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const OID: u8 = 0x06;
/// What is tagged by the number 0.
const ZEROTH: u8 = 0xa0;

/// The serial numbers of which a response speaks (RFC 6960, section 4.2.1). `None` where it is no response that tells.
fn serials(response: &[u8]) -> Option<Vec<&[u8]>> {
    let (response, _) = take(SEQUENCE, response)?;
    let (status, rest) = take(ENUMERATED, response)?;
    // "successful": others carry no answer.
    (status == [0]).then_some(())?;
    let (tagged, _) = take(ZEROTH, rest)?;
    let (bytes, _) = take(SEQUENCE, tagged)?;
    let (_, rest) = take(OID, bytes)?;
    let (basic, _) = take(OCTETS, rest)?;
    let (basic, _) = take(SEQUENCE, basic)?;
    let (data, _) = take(SEQUENCE, basic)?;
    // The version, where it is not the default.
    let data = take(ZEROTH, data).map_or(data, |(_, rest)| rest);
    let (_, _, rest) = any(data)?;
    let (_, _, rest) = any(rest)?;
    let (mut each, _) = take(SEQUENCE, rest)?;
    let mut serials = Vec::new();
    while !each.is_empty() {
        let (single, rest) = take(SEQUENCE, each)?;
        let (id, _) = take(SEQUENCE, single)?;
        let (_, id) = take(SEQUENCE, id)?;
        let (_, id) = take(OCTETS, id)?;
        let (_, id) = take(OCTETS, id)?;
        serials.push(take(INTEGER, id)?.0);
        each = rest;
    }
    Some(serials)
}

/// The content of the first element, which has this tag, and what follows it.
fn take(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any(der)?;
    (found == tag).then_some((content, rest))
}

/// The tag and the content of the first element, and what follows it.
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// What is wrong with a response that comes with this certificate: it speaks of others. One that cannot be read, or
/// none, is not judged.
fn amiss(leaf: &[u8], response: &[u8]) -> Option<String> {
    let serials = serials(response)?;
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let serial = leaf.raw_serial();
    let other = serials.first().filter(|_| !serials.contains(&serial))?;
    let (serial, other) = (lab::chain::hex(serial), lab::chain::hex(other));
    Some(format!(
        "of the certificate with serial {other} beside the one with serial {serial}"
    ))
}

/// What is wrong with the last response, if anything is.
pub(crate) type Remembered = Arc<Mutex<Option<String>>>;

/// Verifies as others do, and remembers a response that speaks of another certificate.
pub(crate) struct Stapling {
    judge: Verifier,
    amiss: Remembered,
}

impl Stapling {
    /// With where it remembers that.
    pub fn new(judge: Verifier) -> (Self, Remembered) {
        let amiss = Arc::default();
        let stapling = Self {
            judge,
            amiss: Arc::clone(&amiss),
        };
        (stapling, amiss)
    }
}

impl fmt::Debug for Stapling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stapling")
    }
}

impl ServerCertVerifier for Stapling {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.amiss.lock() = amiss(leaf, ocsp);
        self.judge.verify_server_cert(leaf, rest, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use lab::authority::{Authority, LeafRequest};
    use rustls::pki_types::pem::PemObject;

    use super::*;

    /// Of the serial numbers 1001 and ff02, in hex, made by `openssl ocsp` 3.0. In PEM for the sake of its bytes.
    const RESPONSE: &str = "-----BEGIN CERTIFICATE-----
MIIBjQoBAKCCAYYwggGCBgkrBgEFBQcwAQEEggFzMIIBbzCCARWhDzANMQswCQYDVQQDDAJjYRgPMjAyNjExMjgxODQ0MTNaMIHLMGMwOzAJBgUr
DgMCGgUABBQRBIzSDLNZIwfQGf0IiVYrYtNkkgQUEdHZFACAjU+LYZ+lPiPfUXsqhtkCAhABgAAYDzIwMjYxMTI4MTg0NDEzWqARGA8yMDI2MTIw
MTE4NDQxM1owZDA8MAkGBSsOAwIaBQAEFBEEjNIMs1kjB9AZ/QiJViti02SSBBQR0dkUAICNT4thn6U+I99ReyqG2QIDAP8CggAYDzIwMjYxMTI4
MTg0NDEzWqARGA8yMDI2MTIwMTE4NDQxM1qhIzAhMB8GCSsGAQUFBzABAgQSBBAsmnRODc5xmhCCJ5vsd2abMAoGCCqGSM49BAMCA0gAMEUCIAZr
1iOU1u+FI/sIEsej3M+0V/90xnmo2oht7QvhsNISAiEAwVq/8r5fGIpri5ql0rHehvHqbPXrLQvGCCL/eq7T7bs=
-----END CERTIFICATE-----
";

    fn response() -> Vec<u8> {
        let bytes = CertificateDer::from_pem_slice(RESPONSE.as_bytes());
        bytes.unwrap().to_vec()
    }

    fn leaf() -> CertificateDer<'static> {
        let mut authority = Authority::new().unwrap();
        let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
        CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap()
    }

    #[test]
    fn a_response_tells_of_which_certificates_it_speaks() {
        let of: [&[u8]; 2] = [&[0x10, 0x01], &[0x00, 0xff, 0x02]];
        assert_eq!(serials(&response()).unwrap(), of);
    }

    /// Whatever the server sends: what is no whole response is not judged, and ends nothing.
    #[test]
    fn what_is_no_response_is_not_judged() {
        let (leaf, response) = (leaf(), response());
        for end in 0..response.len() {
            assert_eq!(amiss(&leaf, &response[..end]), None, "{end}");
        }
        let mut try_later = response.clone();
        try_later[6] = 3;
        assert_eq!(amiss(&leaf, &try_later), None);
        for at in 0..response.len() {
            for byte in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut other = response.clone();
                other[at] = byte;
                let _ = amiss(&leaf, &other);
            }
        }
        assert!(amiss(b"no certificate", &response).is_none());
    }

    #[test]
    fn a_response_of_other_certificates_is_told_from_one_of_this() {
        let (leaf, mut response) = (leaf(), response());
        let (_, parsed) = X509Certificate::from_der(&leaf).unwrap();
        assert_eq!(parsed.raw_serial(), [0x10, 0x01], "as in the response");
        assert_eq!(amiss(&leaf, &response), None);
        let serial = [0x02, 0x02, 0x10, 0x01];
        let at = response.windows(4).position(|of| of == serial).unwrap();
        response[at + 3] = 0x02;
        let said = amiss(&leaf, &response).unwrap();
        let words = "of the certificate with serial 1002 beside the one with serial 1001";
        assert_eq!(said, words);
    }
}
