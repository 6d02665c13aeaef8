//! A certificate authority that lives for one run: a root, one intermediate, and leaves.

use std::fmt;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use time::OffsetDateTime;

use crate::chain::{self, Facts};

/// What can go wrong while issuing: a name that is not a DNS name, a key that cannot be made.
pub type Error = rcgen::Error;

/// A root and an intermediate, with their keys in memory only.
pub struct Authority {
    root_pem: String,
    intermediate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    now: OffsetDateTime,
    next_serial: u64,
}

/// The kind of key a leaf gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256, what public authorities issue by default.
    #[default]
    EcdsaP256,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA with a 2048-bit modulus. Making one takes a noticeable fraction of a second.
    Rsa2048,
}

impl KeyKind {
    fn generate(self) -> Result<KeyPair, Error> {
        KeyPair::generate_for(match self {
            Self::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
            Self::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        })
    }
}

/// What a leaf is asked to be. Start with [`LeafRequest::new`] and change what matters.
#[derive(Clone, Debug)]
pub struct LeafRequest {
    /// DNS names and IP addresses, each a subjectAltName (RFC 5280, section 4.2.1.6).
    pub names: Vec<String>,
    /// Moved from the authority's clock: positive is later. Lets a test issue a leaf whose
    /// validity has not begun.
    pub starts_after: Duration,
    /// notAfter minus notBefore.
    pub lifetime: Duration,
    /// Chosen serial, or the authority's next one.
    pub serial: Option<u64>,
    /// Kind of the fresh key.
    pub key: KeyKind,
}

impl LeafRequest {
    /// A leaf for one name, valid for an hour from the authority's clock, with a P-256 key.
    pub fn new(name: &str) -> Self {
        Self {
            names: vec![name.to_owned()],
            starts_after: Duration::ZERO,
            lifetime: Duration::from_secs(3600),
            serial: None,
            key: KeyKind::default(),
        }
    }
}

/// A private key in PEM (PKCS#8, RFC 5958). `Debug` never shows its bytes.
#[derive(Clone)]
pub struct PrivateKeyPem(String);

impl PrivateKeyPem {
    /// The PEM text, for the one purpose of writing it to a file with mode 0600.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem(redacted)")
    }
}

/// A leaf with its chain and its key: what an agent writes to disk.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The leaf, then the intermediate, in PEM. The root is not sent (RFC 8446, section 4.4.2).
    pub chain_pem: String,
    /// The leaf's key.
    pub key: PrivateKeyPem,
    /// What the chain says of itself.
    pub facts: Facts,
}

impl Authority {
    /// A new authority whose clock stands at the present.
    pub fn new() -> Result<Self, Error> {
        Self::at(OffsetDateTime::now_utc())
    }

    /// A new authority whose clock stands at `now`. Its own certificates are valid for ten years
    /// from a day before.
    pub fn at(now: OffsetDateTime) -> Result<Self, Error> {
        Self::new_root("Lab Root", now, KeyKind::default())
    }

    /// A new authority whose root has this common name, where there are several.
    pub fn named(root: &str) -> Result<Self, Error> {
        Self::new_root(root, OffsetDateTime::now_utc(), KeyKind::default())
    }

    /// A new authority that signs with a key of this kind. A signature of [`KeyKind::Ed25519`] is
    /// always of the same length, and so are the certificates.
    pub fn signing_with(kind: KeyKind) -> Result<Self, Error> {
        Self::new_root("Lab Root", OffsetDateTime::now_utc(), kind)
    }

    fn new_root(root: &str, now: OffsetDateTime, kind: KeyKind) -> Result<Self, Error> {
        let root_key = kind.generate()?;
        let root_params = ca_params(root, now, BasicConstraints::Constrained(1), &root_key);
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);

        let key = kind.generate()?;
        let params = ca_params(
            "Lab Intermediate",
            now,
            BasicConstraints::Constrained(0),
            &key,
        );
        let intermediate = params.signed_by(&key, &root_issuer)?;
        Ok(Self {
            root_pem: root.pem(),
            intermediate_pem: intermediate.pem(),
            issuer: Issuer::new(params, key),
            now,
            next_serial: 0x1001,
        })
    }

    /// Moves the authority's clock. Later leaves are dated from here.
    pub fn set_clock(&mut self, now: OffsetDateTime) {
        self.now = now;
    }

    /// Where the authority's clock stands.
    pub fn clock(&self) -> OffsetDateTime {
        self.now
    }

    /// The trust anchor, in PEM: what clients are configured with.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Issues a leaf with a fresh key.
    ///
    /// Serials count up from 0x1001, so that a log of two runs reads the same. A public authority
    /// must not do this: it owes 64 unpredictable bits (CA/Browser Forum Baseline Requirements,
    /// section 7.1).
    pub fn issue(&mut self, request: &LeafRequest) -> Result<Issued, Error> {
        let serial = request.serial.unwrap_or_else(|| {
            self.next_serial += 1;
            self.next_serial - 1
        });
        let (key, mut params) = leaf(request, serial, self.now)?;
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer)?;
        Ok(Issued::new(
            format!("{}{}", leaf.pem(), self.intermediate_pem),
            &key,
        ))
    }
}

impl Issued {
    fn new(chain_pem: String, key: &KeyPair) -> Self {
        let facts = chain::facts_of_pem(chain_pem.as_bytes())
            .expect("a chain that was just issued can be read");
        Self {
            chain_pem,
            key: PrivateKeyPem(key.serialize_pem()),
            facts,
        }
    }
}

/// A leaf that no authority has signed but its own key. Its serial is 1, or the chosen one.
pub fn self_signed(request: &LeafRequest) -> Result<Issued, Error> {
    let serial = request.serial.unwrap_or(1);
    let (key, params) = leaf(request, serial, OffsetDateTime::now_utc())?;
    Ok(Issued::new(params.self_signed(&key)?.pem(), &key))
}

fn leaf(
    request: &LeafRequest,
    serial: u64,
    now: OffsetDateTime,
) -> Result<(KeyPair, CertificateParams), Error> {
    let key = request.key.generate()?;
    let mut params = CertificateParams::new(request.names.clone())?;
    params.distinguished_name.remove(DnType::CommonName);
    params.serial_number = Some(SerialNumber::from_slice(&significant(serial)));
    params.not_before = now + request.starts_after;
    params.not_after = params.not_before + request.lifetime;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    Ok((key, params))
}

fn ca_params(
    name: &str,
    now: OffsetDateTime,
    constraints: BasicConstraints,
    key: &KeyPair,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Of the key, so that no two authorities share one; and always of the same length.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.public_key_raw());
    let mut serial = [0x5a; 16];
    serial[1..].copy_from_slice(&digest.as_ref()[..15]);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(constraints);
    // Required of all but self-signed certificates (RFC 5280, section 4.2.1.1); Python 3.13 insists.
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - Duration::from_secs(24 * 3600);
    params.not_after = params.not_before + Duration::from_secs(3650 * 24 * 3600);
    params
}

/// Big-endian bytes without leading zeros, as DER wants an integer.
fn significant(serial: u64) -> Vec<u8> {
    let bytes = serial.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    bytes[first..].to_vec()
}
