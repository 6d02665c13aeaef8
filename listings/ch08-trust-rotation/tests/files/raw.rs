//! Certificates that no library makes: put together byte by byte (X.690), and signed by OpenSSL.

use std::sync::atomic::{AtomicU32, Ordering};

use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use time::{Duration, OffsetDateTime};

use super::kinds::Made;
use super::kit::block;

/// Identifiers of extensions (RFC 5280, section 4.2), as they are encoded.
pub const NAMES: &[u8] = &[0x55, 0x1d, 17];
pub const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];

/// One certificate, before it is signed.
pub struct Raw {
    pub key: PKey<Private>,
    /// Where another public key is to stand than that of `key`: all of its SubjectPublicKeyInfo.
    pub public: Option<Vec<u8>>,
    /// Version 1 has no number and no extensions.
    pub version: Option<u8>,
    pub serial: Vec<u8>,
    pub subject: Vec<u8>,
    pub dates: [Vec<u8>; 2],
    pub extensions: Vec<Vec<u8>>,
    /// By which digest its issuer signs it.
    pub digest: MessageDigest,
    /// The algorithm of the signature that stands in its body, where that is to be another.
    pub claimed: Option<Vec<u8>>,
    /// How its issuer signs it, where that is to be another way.
    pub signature: Option<Signature>,
    /// What stands between its public key and its extensions.
    pub between: Vec<u8>,
}

/// A way to sign: what is said of it, the digest, and for RSASSA-PSS the length of the salt.
pub struct Signature {
    pub algorithm: Vec<u8>,
    pub digest: MessageDigest,
    pub salt: Option<i32>,
}

/// A root, an intermediate, and a leaf. Each has issued the next.
pub struct Tree {
    pub root: Raw,
    pub middle: Raw,
    pub leaf: Raw,
    /// What stands in the chain behind these.
    pub behind: Vec<Vec<u8>>,
}

/// A serial number that no other one has: clients of NSS go by that.
fn number() -> Vec<u8> {
    static NEXT: AtomicU32 = AtomicU32::new(0x0102_0304);
    NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes().to_vec()
}

/// A value of DER.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut all = vec![tag];
    match content.len() {
        short @ ..0x80 => all.push(short as u8),
        long => {
            let length = long.to_be_bytes();
            let length = &length[length.iter().position(|byte| *byte != 0).unwrap()..];
            all.push(0x80 | length.len() as u8);
            all.extend(length);
        }
    }
    all.extend(content);
    all
}

/// A SEQUENCE of these values.
pub fn sequence(values: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &values.concat())
}

pub fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&tlv(6, id), critical, &tlv(4, value)])
}

/// A name with a common name alone, in this type of string.
pub fn common_name(tag: u8, text: &[u8]) -> Vec<u8> {
    let pair = sequence(&[&[6, 3, 0x55, 4, 3], &tlv(tag, text)]);
    sequence(&[&tlv(0x31, &pair)])
}

pub fn p256() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// subjectAltName with these names, each of them encoded.
pub fn names(all: &[Vec<u8>]) -> Vec<u8> {
    let names: Vec<_> = all.iter().map(Vec::as_slice).collect();
    extension(NAMES, false, &sequence(&names))
}

pub fn dns(name: &[u8]) -> Vec<u8> {
    tlv(0x82, name)
}

/// Midnight, in so many days.
pub fn date(days: i64) -> Vec<u8> {
    let at = OffsetDateTime::now_utc() + Duration::days(days);
    let (year, month) = (at.year() % 100, u8::from(at.month()));
    tlv(
        0x17,
        format!("{year:02}{month:02}{:02}000000Z", at.day()).as_bytes(),
    )
}

impl Raw {
    fn new(name: &str) -> Self {
        Self {
            key: p256(),
            public: None,
            version: Some(2),
            serial: number(),
            subject: common_name(0x0c, name.as_bytes()),
            dates: [date(-1), date(30)],
            extensions: Vec::new(),
            digest: MessageDigest::sha256(),
            claimed: None,
            signature: None,
            between: Vec::new(),
        }
    }

    pub fn authority(name: &str) -> Self {
        let ca = extension(CONSTRAINTS, true, &sequence(&[&[1, 1, 0xff]]));
        Self {
            extensions: vec![ca],
            ..Self::new(name)
        }
    }

    pub fn leaf() -> Self {
        Self {
            extensions: vec![names(&[dns(b"localhost")])],
            ..Self::new("a leaf")
        }
    }

    /// The names of a leaf, instead of its own.
    pub fn named(&mut self, all: &[Vec<u8>]) {
        self.extensions = vec![names(all)];
    }

    /// The certificate, signed by this issuer.
    pub fn signed(&self, by: &Self) -> Vec<u8> {
        let algorithm = match &self.signature {
            Some(it) => it.algorithm.clone(),
            None => by.signs_with(self.digest),
        };
        let mut body = Vec::new();
        if let Some(version) = self.version {
            body.extend(tlv(0xa0, &[2, 1, version]));
        }
        body.extend(tlv(2, &self.serial));
        body.extend(self.claimed.as_ref().unwrap_or(&algorithm));
        body.extend(&by.subject);
        body.extend(sequence(&[&self.dates[0], &self.dates[1]]));
        body.extend(&self.subject);
        let own = || self.key.public_key_to_der().unwrap();
        body.extend(self.public.clone().unwrap_or_else(own));
        body.extend(&self.between);
        if !self.extensions.is_empty() {
            body.extend(tlv(0xa3, &tlv(0x30, &self.extensions.concat())));
        }
        let body = tlv(0x30, &body);
        let digest = self.signature.as_ref().map_or(self.digest, |it| it.digest);
        let mut signer = match by.key.id() {
            Id::ED25519 | Id::ED448 => Signer::new_without_digest(&by.key).unwrap(),
            _ => Signer::new(digest, &by.key).unwrap(),
        };
        if let Some(salt) = self.signature.as_ref().and_then(|it| it.salt) {
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            let salt = RsaPssSaltlen::custom(salt);
            signer.set_rsa_pss_saltlen(salt).unwrap();
        }
        let signature = signer.sign_oneshot_to_vec(&body).unwrap();
        sequence(&[&body, &algorithm, &tlv(3, &[&[0], &signature[..]].concat())])
    }

    fn signs_with(&self, digest: MessageDigest) -> Vec<u8> {
        let at = [Nid::SHA1, Nid::SHA256, Nid::SHA384, Nid::SHA512];
        let at = at.iter().position(|nid| *nid == digest.type_()).unwrap();
        match self.key.id() {
            Id::RSA => {
                let last = [5, 11, 12, 13][at];
                sequence(&[
                    &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last],
                    &[5, 0],
                ])
            }
            Id::ED25519 => sequence(&[&[6, 3, 0x2b, 0x65, 0x70]]),
            Id::ED448 => sequence(&[&[6, 3, 0x2b, 0x65, 0x71]]),
            _ if at == 0 => sequence(&[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]]),
            _ => sequence(&[&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, at as u8 + 1]]),
        }
    }
}

impl Tree {
    pub fn new() -> Self {
        Self {
            root: Raw::authority("Raw root"),
            middle: Raw::authority("Raw intermediate"),
            leaf: Raw::leaf(),
            behind: Vec::new(),
        }
    }

    /// Leaf and intermediate, and what is to stand behind them.
    pub fn chain(&self) -> String {
        let (leaf, middle) = (
            self.leaf.signed(&self.middle),
            self.middle.signed(&self.root),
        );
        let all = [leaf, middle]
            .into_iter()
            .chain(self.behind.iter().cloned());
        all.map(|der| text(&der)).collect()
    }

    /// Makes them the files.
    pub fn lay(&self, made: &mut Made<'_>) {
        made.chain(self.chain());
        made.key(self.leaf.key.private_key_to_pem_pkcs8().unwrap());
        made.roots(text(&self.root.signed(&self.root)));
    }
}

/// A certificate in PEM.
pub fn text(der: &[u8]) -> String {
    block("CERTIFICATE", der, 64)
}
