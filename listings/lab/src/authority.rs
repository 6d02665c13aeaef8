//! A certificate authority that lives for one run: a root, one intermediate, and leaves.

mod kept;
mod public;
mod request;

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use x509_parser::parse_x509_certificate;

use crate::Error;
use crate::chain::{self, Facts};
use crate::name;

use kept::{certificate, files, in_file, write_synced};
use public::Public;
pub use request::{KeyKind, LeafRequest, Usage};

/// A root and an intermediate. Their keys stay in memory, unless [`Authority::save`] is called, which
/// keeps that of the intermediate.
pub struct Authority {
    root_pem: String,
    // `None`: it was loaded, and the root has nothing left to sign.
    root: Option<Issuer<'static, KeyPair>>,
    /// How many intermediates the root has signed.
    intermediates: u32,
    intermediate_pem: String,
    issuer: Issuer<'static, KeyPair>,
    now: OffsetDateTime,
    // `None`: drawn by lot.
    next_serial: Option<u64>,
    /// Of leaves, where their request does not say it.
    key: KeyKind,
}

const INTERMEDIATE: &str = "Lab Intermediate";

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
    /// The leaf, then the intermediate, in PEM. The root is not sent (RFC 9846, section 4.5.1).
    pub chain_pem: String,
    /// The leaf's key. Its `Debug` shows no bytes of it.
    pub key: PrivateKeyPem,
    /// What the chain says of itself.
    pub facts: Facts,
}

impl Authority {
    /// A new authority whose clock stands at the present.
    pub fn new() -> Result<Self, Error> {
        Self::at(present())
    }

    /// A new authority whose clock stands at `now`. Its own certificates are valid for ten years
    /// from a day before.
    pub fn at(now: OffsetDateTime) -> Result<Self, Error> {
        Self::new_root("Lab Root", now, KeyKind::default())
    }

    /// A new authority whose root has this common name, where there are several.
    pub fn named(root: &str) -> Result<Self, Error> {
        Self::new_root(root, present(), KeyKind::default())
    }

    /// A new authority that signs with a key of this kind. A signature of [`KeyKind::Ed25519`] is
    /// always of the same length, and so are the certificates.
    pub fn signing_with(kind: KeyKind) -> Result<Self, Error> {
        Self::new_root("Lab Root", present(), kind)
    }

    fn new_root(root: &str, now: OffsetDateTime, kind: KeyKind) -> Result<Self, Error> {
        let root_key = kind.generate()?;
        // Two intermediates may stand below it: see `lengthen`.
        let root_params = ca_params(root, now, BasicConstraints::Constrained(2), &root_key);
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);

        let key = kind.generate()?;
        let params = ca_params(INTERMEDIATE, now, BasicConstraints::Constrained(0), &key);
        let intermediate = params.signed_by(&key, &root_issuer)?;
        Ok(Self {
            root_pem: root.pem(),
            root: Some(root_issuer),
            intermediates: 1,
            intermediate_pem: intermediate.pem(),
            issuer: Issuer::new(params, key),
            now,
            next_serial: Some(0x1001),
            key: KeyKind::default(),
        })
    }

    /// Issues the next leaves under another intermediate, of another name and key. Public authorities
    /// choose between several at random.
    ///
    /// # Errors
    /// What the library says. Also where the authority was loaded: the root's key is not kept.
    pub fn change_intermediate(&mut self) -> Result<(), Error> {
        self.issue_under(&format!("{INTERMEDIATE} {}", self.intermediates + 1))
    }

    /// Issues the next leaves under an intermediate of the same name, whose key is another. An authority that
    /// renews its key may keep its name, and a chain that is put together by names then holds the wrong one.
    ///
    /// # Errors
    /// As [`Authority::change_intermediate`].
    pub fn rekey_intermediate(&mut self) -> Result<(), Error> {
        let name = self.intermediate_name()?;
        self.issue_under(&name)
    }

    /// A new intermediate of this name.
    fn issue_under(&mut self, name: &str) -> Result<(), Error> {
        let key = KeyKind::default().generate()?;
        let params = ca_params(name, self.now, BasicConstraints::Constrained(0), &key);
        self.intermediate_pem = self.sign_intermediate(&params, &key)?;
        self.issuer = Issuer::new(params, key);
        Ok(())
    }

    /// Issues the next leaves under two intermediates, one below the other: their chains have a certificate more.
    ///
    /// # Errors
    /// As [`Authority::change_intermediate`].
    pub fn lengthen(&mut self) -> Result<(), Error> {
        let [upper_key, key] = [
            KeyKind::default().generate()?,
            KeyKind::default().generate()?,
        ];
        let name = format!("{INTERMEDIATE} {}", self.intermediates + 1);
        let upper_params = ca_params(
            &name,
            self.now,
            BasicConstraints::Constrained(1),
            &upper_key,
        );
        let upper_pem = self.sign_intermediate(&upper_params, &upper_key)?;
        let upper = Issuer::new(upper_params, upper_key);
        let params = ca_params(
            &format!("{name} A"),
            self.now,
            BasicConstraints::Constrained(0),
            &key,
        );
        let lower = params.signed_by(&key, &upper)?;
        self.intermediate_pem = format!("{}{upper_pem}", lower.pem());
        self.issuer = Issuer::new(params, key);
        Ok(())
    }

    /// Signs the present intermediate once more: its name and key stay, its certificate is another.
    /// A leaf that it has issued is as valid with the new chain as with the old one.
    ///
    /// Returns the certificate in PEM. Leaves that are issued later have it in their chains.
    ///
    /// # Errors
    /// As [`Authority::change_intermediate`].
    pub fn reissue_intermediate(&mut self) -> Result<&str, Error> {
        let key = KeyPair::from_pem(&self.issuer.key().serialize_pem())?;
        let name = self.intermediate_name()?;
        let mut params = ca_params(&name, self.now, BasicConstraints::Constrained(0), &key);
        let mut serial = serial_of(key.public_key_raw());
        // No two certificates of one issuer have one number (RFC 5280, section 4.1.2.2).
        serial[1..5].copy_from_slice(&self.intermediates.to_be_bytes());
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        self.intermediate_pem = self.sign_intermediate(&params, &key)?;
        Ok(&self.intermediate_pem)
    }

    fn sign_intermediate(
        &mut self,
        params: &CertificateParams,
        key: &KeyPair,
    ) -> Result<String, Error> {
        let root = self.root.as_ref().ok_or(Error::NoRootKey)?;
        let signed = params.signed_by(key, root)?;
        self.intermediates += 1;
        Ok(signed.pem())
    }

    fn intermediate_name(&self) -> Result<String, Error> {
        let der = CertificateDer::from_pem_slice(self.intermediate_pem.as_bytes())?;
        Ok(chain::common_name(&der)?)
    }

    /// Keeps the authority in `directory`, for a later [`Authority::load`]: `root.crt`,
    /// `intermediate.crt`, and `intermediate.key` with mode 0600. The directory is made, with mode
    /// 0700, or is there and empty.
    ///
    /// The root's key is not kept. There is nothing left for it to sign.
    ///
    /// # Errors
    /// When the directory holds anything, or cannot be written. The file is named.
    pub fn save(&self, directory: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        match builder.recursive(false).mode(0o700).create(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(|error| in_file(directory, &error))?,
        }
        let mut entries = fs::read_dir(directory).map_err(|error| in_file(directory, &error))?;
        if entries.next().is_some() {
            let error = io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it is not empty, and nothing is overwritten",
            );
            return Err(in_file(directory, &error));
        }
        let [root, intermediate, key] = files(directory);
        write_synced(&root, &self.root_pem, 0o644)?;
        write_synced(&intermediate, &self.intermediate_pem, 0o644)?;
        write_synced(&key, &self.issuer.key().serialize_pem(), 0o600)
    }

    /// The authority that [`Authority::save`] has kept in `directory`, with its clock at the
    /// present.
    ///
    /// # Errors
    /// When a file is missing or is not what it should be, when the key can be read by other users,
    /// or belongs to another intermediate. The file is named, and no byte of it is repeated.
    pub fn load(directory: &Path) -> io::Result<Self> {
        let [root, intermediate, key_file] = files(directory);
        let read = |path: &Path| fs::read_to_string(path).map_err(|error| in_file(path, &error));
        let (root_pem, intermediate_pem) = (read(&root)?, read(&intermediate)?);
        certificate(&root, &root_pem)?;
        let public = certificate(&intermediate, &intermediate_pem)?;

        let about = fs::metadata(&key_file).map_err(|error| in_file(&key_file, &error))?;
        let mode = about.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            let exposed = format!("mode {mode:04o}: the key is for its owner alone (0600)");
            return Err(in_file(&key_file, &io::Error::other(exposed)));
        }
        // What the parser says may repeat bytes of the key.
        let key = KeyPair::from_pem(&read(&key_file)?)
            .map_err(|_| in_file(&key_file, &io::Error::other("it holds no key in PEM")))?;
        if key.public_key_raw() != public {
            let error = io::Error::other("it is not the key of the intermediate beside it");
            return Err(in_file(&key_file, &error));
        }
        let now = present();
        let params = ca_params(INTERMEDIATE, now, BasicConstraints::Constrained(0), &key);
        Ok(Self {
            root_pem,
            root: None,
            intermediates: 1,
            intermediate_pem,
            issuer: Issuer::new(params, key),
            now,
            next_serial: None,
            key: KeyKind::default(),
        })
    }

    /// Moves the authority's clock. Later leaves are dated from here.
    pub fn set_clock(&mut self, now: OffsetDateTime) {
        self.now = now;
    }

    /// Where the authority's clock stands: leaves are dated from here.
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
    /// section 7.1). An authority that was loaded from disk draws so many.
    pub fn issue(&mut self, request: &LeafRequest) -> Result<Issued, Error> {
        let key = request.key.unwrap_or(self.key).generate()?;
        self.certify(request, &key, key.serialize_pem())
    }

    /// From now on, leaves whose request does not say it have keys of this kind.
    pub fn set_key_kind(&mut self, kind: KeyKind) {
        self.key = kind;
    }

    /// The kind of such keys.
    pub fn key_kind(&self) -> KeyKind {
        self.key
    }

    /// Issues a leaf for a key that there is already: an agent that keeps its key renews so
    /// (certbot's `--reuse-key`, cert-manager's `rotationPolicy: Never`). `request.key` has no part in it.
    ///
    /// # Errors
    /// As [`Authority::issue`]. Also where the key cannot be read.
    pub fn issue_for(
        &mut self,
        request: &LeafRequest,
        key: &PrivateKeyPem,
    ) -> Result<Issued, Error> {
        let pem = key.expose();
        self.certify(request, &Public::of(pem)?, pem.to_owned())
    }

    fn certify(
        &mut self,
        request: &LeafRequest,
        public: &impl PublicKeyData,
        key_pem: String,
    ) -> Result<Issued, Error> {
        let serial = match (request.serial, &mut self.next_serial) {
            (Some(chosen), _) => chosen,
            (None, Some(next)) => {
                *next += 1;
                *next - 1
            }
            (None, None) => {
                let mut lot = [0; 8];
                aws_lc_rs::rand::fill(&mut lot).map_err(|_| Error::Random)?;
                u64::from_be_bytes(lot)
            }
        };
        let mut params = leaf(request, serial, self.now)?;
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(public, &self.issuer)?;
        let chain_pem = format!("{}{}", leaf.pem(), self.intermediate_pem);
        Ok(Issued::new(chain_pem, key_pem))
    }
}

impl Issued {
    fn new(chain_pem: String, key_pem: String) -> Self {
        let facts = chain::facts_of_pem(chain_pem.as_bytes())
            .expect("a chain that was just issued can be read");
        Self {
            chain_pem,
            key: PrivateKeyPem(key_pem),
            facts,
        }
    }
}

/// The present, for what begins now: a tick of the kernel ago, of the longest. `time`, by which OpenSSL validates, is
/// behind by up to a tick, and so in the second before for a moment. What began in it was not yet valid.
pub fn present() -> OffsetDateTime {
    OffsetDateTime::now_utc() - Duration::from_millis(10)
}

/// A leaf that no authority has signed but its own key. Its serial is 1, or the chosen one.
pub fn self_signed(request: &LeafRequest) -> Result<Issued, Error> {
    let serial = request.serial.unwrap_or(1);
    let key = request.key.unwrap_or_default().generate()?;
    let params = leaf(request, serial, present())?;
    let chain_pem = params.self_signed(&key)?.pem();
    Ok(Issued::new(chain_pem, key.serialize_pem()))
}

fn leaf(
    request: &LeafRequest,
    serial: u64,
    now: OffsetDateTime,
) -> Result<CertificateParams, Error> {
    request.names.iter().try_for_each(|n| name::check(n))?;
    let mut params = CertificateParams::new(request.names.clone())?;
    params.distinguished_name.remove(DnType::CommonName);
    params.serial_number = Some(SerialNumber::from_slice(&significant(serial)));
    params.not_before = now + request.starts_after;
    params.not_after = params.not_before + request.lifetime;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = Usage::purposes(request.usage);
    Ok(params)
}

fn ca_params(
    name: &str,
    now: OffsetDateTime,
    constraints: BasicConstraints,
    key: &KeyPair,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    let serial = serial_of(key.public_key_raw());
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

/// The serial number of an authority's own certificate: of the key, so that no two authorities share
/// one; and always of the same length.
fn serial_of(public_key: &[u8]) -> [u8; 16] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public_key);
    let mut serial = [0x5a; 16];
    serial[1..].copy_from_slice(&digest.as_ref()[..15]);
    serial
}

/// Whether there is a root of such an authority among these trust anchors. It is known by its serial
/// number, which follows from its key.
pub fn holds_lab_root(pem: &str) -> bool {
    let mut roots = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten();
    roots.any(|root| {
        parse_x509_certificate(&root).is_ok_and(|(_, root)| {
            let key = &root.public_key().subject_public_key.data;
            root.raw_serial() == serial_of(key)
        })
    })
}

/// Big-endian bytes without leading zeros, as DER wants an integer.
fn significant(serial: u64) -> Vec<u8> {
    let bytes = serial.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    bytes[first..].to_vec()
}
