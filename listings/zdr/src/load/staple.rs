//! The OCSP response that comes with a certificate (stapling): whether it speaks of that certificate. A client that
//! asks for one has to check it, and to end the handshake if it will not do (RFC 6066, section 8).

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::der_parser::ber::BerObjectContent as Content;
use x509_parser::der_parser::der::{DerObject, parse_der};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::load::verifier::Verifier;

/// The serial numbers of which a response speaks (RFC 6960, section 4.2.1). `None` where it is no response that tells.
fn serials<'a>(response: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let (_, response) = parse_der(response).ok()?;
    let [status, bytes] = &response.as_sequence().ok()?[..] else {
        return None;
    };
    // "successful": others carry no answer.
    matches!(status.content, Content::Enum(0)).then_some(())?;
    // What is tagged by its place is not looked into by itself.
    let Content::Unknown(bytes) = &bytes.content else {
        return None;
    };
    let (_, bytes) = parse_der(bytes.data).ok()?;
    let (_, basic) = parse_der(bytes.as_sequence().ok()?.get(1)?.as_slice().ok()?).ok()?;
    let data = basic.as_sequence().ok()?.first()?.as_sequence().ok()?;
    // What stands before the answers is tagged by its place, or a date.
    let answers = data.iter().find_map(|part| part.as_sequence().ok())?;
    let serial = |answer: &DerObject<'a>| {
        let id = answer.as_sequence().ok()?.first()?.as_sequence().ok()?;
        id.get(3)?.as_slice().ok()
    };
    answers.iter().map(serial).collect()
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
