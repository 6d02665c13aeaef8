//! An OCSP response, as an authority makes them (RFC 6960, section 4.2.1), but for its signature: who reads it here
//! asks of which certificate it speaks.

use std::sync::Arc;

use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The end of what holds for long.
const LATE: &[u8] = b"20991231235959Z";
/// The end of what holds no more.
const EARLY: &[u8] = b"20260102000000Z";

/// The same pair with a response that speaks of the certificate of another pair, which may be the same.
pub fn with_response(pair: &CertifiedKey, of: &CertifiedKey) -> Arc<CertifiedKey> {
    stapled(pair, of, LATE)
}

/// The same pair with a response that speaks of it, and has expired.
pub fn with_expired(pair: &CertifiedKey) -> Arc<CertifiedKey> {
    stapled(pair, pair, EARLY)
}

/// The same pair with the beginning of a response.
pub fn with_torn(pair: &CertifiedKey) -> Arc<CertifiedKey> {
    let mut torn = CertifiedKey::clone(&with_response(pair, pair));
    torn.ocsp.iter_mut().for_each(|bytes| bytes.truncate(100));
    Arc::new(torn)
}

fn stapled(pair: &CertifiedKey, of: &CertifiedKey, until: &[u8]) -> Arc<CertifiedKey> {
    let leaf = of.cert.first();
    let leaf = leaf.and_then(|leaf| X509Certificate::from_der(leaf).ok());
    let mut stapled = pair.clone();
    stapled.ocsp = leaf.map(|(_, leaf)| response(leaf.raw_serial(), until));
    Arc::new(stapled)
}

/// "good", until then.
fn response(serial: &[u8], until: &[u8]) -> Vec<u8> {
    const SHA1: &[u8] = &[0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a];
    const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
    const ECDSA: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let at = der(0x18, &[b"20260101000000Z"]);
    let (algorithm, hash) = (der(0x30, &[SHA1]), der(0x04, &[&[0; 20]]));
    let id = der(0x30, &[&algorithm, &hash, &hash, &der(0x02, &[serial])]);
    let until = der(0xa0, &[&der(0x18, &[until])]);
    let single = der(0x30, &[&id, &[0x80, 0x00], &at, &until]);
    let responder = der(0xa2, &[&hash]);
    let data = der(0x30, &[&responder, &at, &der(0x30, &[&single])]);
    let signature = der(0x03, &[&[0; 71]]);
    let basic = der(0x30, &[&data, &der(0x30, &[ECDSA]), &signature]);
    let bytes = der(0x30, &[&der(0x06, &[BASIC]), &der(0x04, &[&basic])]);
    der(0x30, &[&[0x0a, 0x01, 0x00], &der(0xa0, &[&bytes])])
}

/// An element with this tag, of which these are the parts.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}
