//! The OCSP response that comes with a certificate (stapling): whether it speaks of that certificate, and holds now. A
//! client that asks for one has to check it, and to end the handshake if it will not do (RFC 6066, section 8).

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

/// What a response says of one certificate.
struct Answer<'a> {
    serial: &'a [u8],
    /// What the authority says of it (`certStatus`): 0 for "good", 1 for "revoked", 2 for "unknown".
    status: u32,
    /// From when and until when that holds, where the response says it, in seconds since 1970.
    from: Option<i64>,
    until: Option<i64>,
}

/// By how many seconds clocks may differ: what `openssl ocsp` passes to `OCSP_check_validity`.
const SKEW: i64 = 300;

/// Whether these bytes begin as a response does: with whether there is an answer.
fn is_response(bytes: &[u8]) -> bool {
    let parsed = parse_der(bytes).ok();
    let parts = parsed.as_ref().and_then(|(_, of)| of.as_sequence().ok());
    let first = parts.and_then(|parts| parts.first());
    first.is_some_and(|first| matches!(first.content, Content::Enum(_)))
}

/// What a response says (RFC 6960, section 4.2.1). `None` where it is no response that tells.
fn answers(response: &[u8]) -> Option<Vec<Answer<'_>>> {
    let (_, response) = parse_der(response).ok()?;
    let [status, bytes] = &response.as_sequence().ok()?[..] else {
        return None;
    };
    // "successful": others carry no answer.
    matches!(status.content, Content::Enum(0)).then_some(())?;
    let (_, bytes) = parse_der(tagged(bytes)?).ok()?;
    let (_, basic) = parse_der(bytes.as_sequence().ok()?.get(1)?.as_slice().ok()?).ok()?;
    let data = basic.as_sequence().ok()?.first()?.as_sequence().ok()?;
    // What stands before the answers is tagged by its place, or a date.
    let answers = data.iter().find_map(|part| part.as_sequence().ok())?;
    answers.iter().map(answer).collect()
}

fn answer<'a>(answer: &DerObject<'a>) -> Option<Answer<'a>> {
    let [id, status, from, rest @ ..] = &answer.as_sequence().ok()?[..] else {
        return None;
    };
    let until = rest.first().filter(|of| of.header.tag().0 == 0);
    let until = until.and_then(|of| Some(parse_der(tagged(of)?).ok()?.1));
    Some(Answer {
        serial: id.as_sequence().ok()?.get(3)?.as_slice().ok()?,
        status: status.header.tag().0,
        from: seconds(from),
        until: until.as_ref().and_then(seconds),
    })
}

/// What is tagged by its place, which is not looked into by itself.
fn tagged<'a>(of: &DerObject<'a>) -> Option<&'a [u8]> {
    match &of.content {
        Content::Unknown(any) => Some(any.data),
        _ => None,
    }
}

fn seconds(date: &DerObject<'_>) -> Option<i64> {
    match &date.content {
        Content::GeneralizedTime(date) => Some(date.to_datetime().ok()?.unix_timestamp()),
        _ => None,
    }
}

/// What is wrong with a response that comes with this certificate now: it speaks of others, says that the certificate
/// is not good, or holds no more or not yet. One that says nothing, or none, is not judged.
fn amiss(leaf: &[u8], response: &[u8], now: UnixTime) -> Option<String> {
    if !response.is_empty() && !is_response(response) {
        return Some("that cannot be read".into());
    }
    let answers = answers(response)?;
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let serial = leaf.raw_serial();
    let Some(own) = answers.iter().find(|of| of.serial == serial) else {
        let other = lab::chain::hex(answers.first()?.serial);
        let serial = lab::chain::hex(serial);
        return Some(format!(
            "of the certificate with serial {other} beside the one with serial {serial}"
        ));
    };
    let now = i64::try_from(now.as_secs()).ok()?;
    let over = own.until.map(|until| now - until).filter(|of| *of > SKEW);
    let early = own.from.map(|from| from - now).filter(|of| *of > SKEW);
    match (own.status, over, early) {
        (1, ..) => Some("that says the certificate is revoked".into()),
        (2, ..) => Some("that does not know the certificate".into()),
        (_, Some(over), _) => Some(format!("that expired {} ago", span(over))),
        (_, _, Some(early)) => Some(format!("that is not valid for another {}", span(early))),
        _ => None,
    }
}

/// So many seconds, for a sentence.
fn span(seconds: i64) -> String {
    const HOUR: i64 = 60 * 60;
    match seconds {
        ..7_200 => format!("{seconds} s"),
        7_200..172_800 => format!("{} h", seconds / HOUR),
        _ => format!("{} days", seconds / (24 * HOUR)),
    }
}

/// What is wrong with the last response, if anything is.
pub(crate) type Remembered = Arc<Mutex<Option<String>>>;

/// Verifies as others do, and remembers what is wrong with a response.
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
        *self.amiss.lock() = amiss(leaf, ocsp, now);
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
    use std::time::Duration;

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

    /// What this response says holds from 2026-11-28 18:44:13 UTC, for three days.
    const FROM: u64 = 1_795_891_453;
    const UNTIL: u64 = FROM + 3 * 24 * 60 * 60;

    /// What is wrong so many seconds after 1970.
    fn at(seconds: u64, leaf: &[u8], response: &[u8]) -> Option<String> {
        amiss(
            leaf,
            response,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        )
    }

    /// The response with other bytes at the one place where these are.
    fn with(was: &[u8], is: &[u8]) -> Vec<u8> {
        let mut response = response();
        let at = response.windows(was.len()).position(|of| of == was);
        let at = at.expect("it is there");
        response[at..at + is.len()].copy_from_slice(is);
        response
    }

    #[test]
    fn a_response_tells_of_which_certificates_it_speaks() {
        let response = response();
        let answers = answers(&response).unwrap();
        let serials: Vec<_> = answers.iter().map(|of| of.serial).collect();
        let of: [&[u8]; 2] = [&[0x10, 0x01], &[0x00, 0xff, 0x02]];
        assert_eq!(serials, of);
        // The authority that made it had not issued the second.
        let statuses: Vec<_> = answers.iter().map(|of| of.status).collect();
        assert_eq!(statuses, [0, 2]);
        for answer in answers {
            let times = (answer.from.unwrap(), answer.until.unwrap());
            assert_eq!(times, (FROM as i64, UNTIL as i64));
        }
    }

    /// Whatever the server sends: it ends nothing here.
    #[test]
    fn what_is_no_response_cannot_be_read_and_what_is_none_is_not_judged() {
        let (leaf, response) = (leaf(), response());
        assert_eq!(at(FROM, &leaf, b""), None);
        let unreadable = Some("that cannot be read".to_owned());
        assert_eq!(at(FROM, &leaf, b"stale"), unreadable);
        for end in 1..response.len() {
            assert_eq!(at(FROM, &leaf, &response[..end]), unreadable, "{end}");
        }
        let mut try_later = response.clone();
        try_later[6] = 3;
        assert_eq!(at(FROM, &leaf, &try_later), None);
        assert_eq!(at(FROM, &leaf, &[0x30, 3, 0x0a, 1, 3]), None, "and no more");
        for place in 0..response.len() {
            for byte in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut other = response.clone();
                other[place] = byte;
                let _ = at(FROM, &leaf, &other);
            }
        }
        assert!(at(FROM, b"no certificate", &response).is_none());
    }

    #[test]
    fn a_response_of_other_certificates_is_told_from_one_of_this() {
        let leaf = leaf();
        let (_, parsed) = X509Certificate::from_der(&leaf).unwrap();
        assert_eq!(parsed.raw_serial(), [0x10, 0x01], "as in the response");
        assert_eq!(at(FROM, &leaf, &response()), None);
        let other = with(&[0x02, 0x02, 0x10, 0x01], &[0x02, 0x02, 0x10, 0x02]);
        let said = at(FROM, &leaf, &other).unwrap();
        let words = "of the certificate with serial 1002 beside the one with serial 1001";
        assert_eq!(said, words);
    }

    #[test]
    fn a_response_holds_for_its_time_and_for_five_minutes_on_either_side() {
        let (leaf, response) = (leaf(), response());
        for fine in [FROM - 300, FROM, UNTIL, UNTIL + 300] {
            assert_eq!(at(fine, &leaf, &response), None, "{fine}");
        }
        let over = at(UNTIL + 301, &leaf, &response).unwrap();
        assert_eq!(over, "that expired 301 s ago");
        let early = at(FROM - 301, &leaf, &response).unwrap();
        assert_eq!(early, "that is not valid for another 301 s");
        let long = at(UNTIL + 47 * 3600, &leaf, &response).unwrap();
        assert_eq!(long, "that expired 47 h ago");
        let longer = at(UNTIL + 49 * 3600, &leaf, &response).unwrap();
        assert_eq!(longer, "that expired 2 days ago");
    }

    /// The status stands behind the serial: `80 00` for "good".
    #[test]
    fn a_response_that_says_the_certificate_is_not_good_is_told() {
        let leaf = leaf();
        let good = [0x10, 0x01, 0x80, 0x00];
        let unknown = with(&good, &[0x10, 0x01, 0x82, 0x00]);
        let said = at(FROM, &leaf, &unknown).unwrap();
        assert_eq!(said, "that does not know the certificate");
        // Without the time at which it was, so that its length stays.
        let revoked = with(&good, &[0x10, 0x01, 0x81, 0x00]);
        let said = at(FROM, &leaf, &revoked).unwrap();
        assert_eq!(said, "that says the certificate is revoked");
    }
}
