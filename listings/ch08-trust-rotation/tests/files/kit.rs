//! What the files are made from: one authority of our own, and leaves with keys of every kind.

use std::fmt::Write;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509Name};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber,
    SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

use super::primes::rsa;

/// A root, an intermediate, and a leaf under it.
pub struct Kit {
    pub root: String,
    pub intermediate: String,
    pub leaf: String,
    /// The leaf's key: PKCS #8, in PEM.
    pub key: String,
    issuer: Issuer<'static, KeyPair>,
    /// The intermediate's key, for OpenSSL to sign with.
    issuer_key: String,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Two authorities of one name would be taken for each other by OpenSSL.
fn key_id(key: &KeyPair) -> String {
    lab::chain::sha256(key.public_key_raw())[..8].to_owned()
}

impl Kit {
    pub fn new() -> Self {
        Self::changed(|_, _| ())
    }

    /// The same, with a root and an intermediate that are changed before they are signed.
    pub fn changed(change: impl Fn(&str, &mut CertificateParams)) -> Self {
        Self::signing_with(&rcgen::PKCS_ECDSA_P256_SHA256, change)
    }

    /// The same, with an intermediate that signs with a key of this algorithm.
    pub fn signing_with(
        algorithm: &'static SignatureAlgorithm,
        change: impl Fn(&str, &mut CertificateParams),
    ) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let mut root_params = authority(&format!("Root {}", key_id(&root_key)));
        change("root", &mut root_params);
        let root = root_params.self_signed(&root_key).unwrap();
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = authority("Intermediate");
        change("intermediate", &mut params);
        let by = Issuer::new(root_params, root_key);
        let intermediate = params.signed_by(&key, &by).unwrap();
        let issuer_key = key.serialize_pem();
        let issuer = Issuer::new(params, key);
        let (leaf, key) = issue(&issuer, KeyPair::generate().unwrap(), |_| ());
        Self {
            root: root.pem(),
            intermediate: intermediate.pem(),
            leaf,
            key,
            issuer,
            issuer_key,
        }
    }

    /// The same with another leaf, and its key.
    pub fn with_key(&mut self, algorithm: &'static SignatureAlgorithm) {
        let key = KeyPair::generate_for(algorithm).unwrap();
        (self.leaf, self.key) = issue(&self.issuer, key, |_| ());
    }

    /// The same with a leaf that is changed before it is signed.
    pub fn with_leaf(&mut self, change: impl FnOnce(&mut CertificateParams)) {
        (self.leaf, self.key) = issue(&self.issuer, KeyPair::generate().unwrap(), change);
    }

    /// The same with a leaf whose serial number is negative, which OpenSSL makes: rcgen does not.
    pub fn with_negative_serial(&mut self) {
        self.with_openssl(true, MessageDigest::sha256());
    }

    /// The same with a leaf that is signed with SHA-1.
    pub fn with_sha1(&mut self) {
        self.with_openssl(false, MessageDigest::sha1());
    }

    /// The same with a leaf that names another key than its issuer's (authority key identifier).
    pub fn with_another_key_named(&mut self) {
        let mut params = authority("Intermediate");
        params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1; 20]);
        let key = KeyPair::from_pem(&self.issuer_key).unwrap();
        (self.leaf, self.key) = issue(
            &Issuer::new(params, key),
            KeyPair::generate().unwrap(),
            |leaf| leaf.use_authority_key_identifier_extension = true,
        );
    }

    /// The same with a leaf whose issuer has this common name, in this type of string.
    pub fn with_issuer_renamed(&mut self, name: rcgen::DnValue) {
        let mut params = authority("Intermediate");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::from_pem(&self.issuer_key).unwrap();
        let issuer = Issuer::new(params, key);
        (self.leaf, self.key) = issue(&issuer, KeyPair::generate().unwrap(), |_| ());
    }

    /// The same with a leaf whose serial number begins with a zero too many, which no library makes: the bytes
    /// are put there, and signed again.
    pub fn with_padded_serial(&mut self) {
        // A number of its own would be a hash, whose first bytes may be zeros, which rcgen leaves out.
        self.with_leaf(|leaf| leaf.serial_number = Some(SerialNumber::from(vec![0x41; 20])));
        let der = der(&self.leaf);
        let [0x30, 0x82, _, _, 0x30, 0x82, high, low, ..] = der[..] else {
            panic!("rcgen makes a shorter certificate");
        };
        let end = 8 + usize::from(u16::from_be_bytes([high, low]));
        let mut body = der[4..end].to_vec();
        // Version 3, and a serial number of 20 bytes.
        let begins = [0xa0, 3, 2, 1, 2, 2, 20];
        assert_eq!(body[4..11], begins, "rcgen begins in another way");
        body[11..13].fill(0);
        let key = PKey::private_key_from_pem(self.issuer_key.as_bytes()).unwrap();
        let mut signer = openssl::sign::Signer::new(MessageDigest::sha256(), &key).unwrap();
        let signature = signer.sign_oneshot_to_vec(&body).unwrap();
        // ECDSA and SHA-256, and a string of bits without a remainder.
        body.extend(b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x03");
        body.extend([u8::try_from(signature.len() + 1).unwrap(), 0]);
        body.extend(signature);
        let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
        let whole = [&[0x30, 0x82, high, low], &body[..]].concat();
        self.leaf = block("CERTIFICATE", &whole, 64);
    }

    fn with_openssl(&mut self, negative: bool, digest: MessageDigest) {
        let mut serial = BigNum::from_u32(0x1001).unwrap();
        serial.set_negative(negative);
        let issuer = X509::from_pem(self.intermediate.as_bytes()).unwrap();
        let issuer_key = PKey::private_key_from_pem(self.issuer_key.as_bytes()).unwrap();
        let mut leaf = X509::builder().unwrap();
        leaf.set_version(2).unwrap();
        let serial = serial.to_asn1_integer().unwrap();
        leaf.set_serial_number(&serial).unwrap();
        leaf.set_issuer_name(issuer.subject_name()).unwrap();
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_text("CN", "a leaf").unwrap();
        leaf.set_subject_name(&name.build()).unwrap();
        leaf.set_pubkey(&self.openssl_key()).unwrap();
        let days = |days| Asn1Time::days_from_now(days).unwrap();
        leaf.set_not_before(&days(0)).unwrap();
        leaf.set_not_after(&days(1)).unwrap();
        let mut names = SubjectAlternativeName::new();
        let names = names.dns("localhost");
        let names = names
            .build(&leaf.x509v3_context(Some(&issuer), None))
            .unwrap();
        leaf.append_extension(names).unwrap();
        leaf.sign(&issuer_key, digest).unwrap();
        let pem = leaf.build().to_pem().unwrap();
        self.leaf = String::from_utf8(pem).unwrap();
    }

    /// The same with a leaf that has signed itself, and is the authority.
    pub fn with_self_signed(&mut self, is_ca: IsCa) {
        let key = KeyPair::generate().unwrap();
        let mut params = for_a_server();
        params.is_ca = is_ca;
        self.leaf = params.self_signed(&key).unwrap().pem();
        self.root = self.leaf.clone();
        self.key = key.serialize_pem();
    }

    /// The same with an RSA key, which OpenSSL makes.
    pub fn with_rsa(&mut self, bits: u32) {
        let key = match bits {
            2048 => rsa(),
            _ => PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap(),
        };
        let pem = key.private_key_to_pem_pkcs8();
        let pem = String::from_utf8(pem.unwrap()).unwrap();
        (self.leaf, self.key) = issue(&self.issuer, KeyPair::from_pem(&pem).unwrap(), |_| ());
    }

    /// What OpenSSL makes of the key.
    pub fn openssl_key(&self) -> PKey<Private> {
        PKey::private_key_from_pem(self.key.as_bytes()).unwrap()
    }

    pub fn chain(&self) -> String {
        format!("{}{}", self.leaf, self.intermediate)
    }

    pub fn revoked(&self) -> String {
        let now = OffsetDateTime::now_utc();
        let list = CertificateRevocationListParams {
            this_update: now - Duration::HOUR,
            next_update: now + Duration::HOUR,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    pub fn request(&self) -> String {
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let key = KeyPair::from_pem(&self.key).unwrap();
        params.serialize_request(&key).unwrap().pem().unwrap()
    }
}

fn for_a_server() -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params
}

fn issue(
    issuer: &Issuer<'_, KeyPair>,
    key: KeyPair,
    change: impl FnOnce(&mut CertificateParams),
) -> (String, String) {
    let mut params = for_a_server();
    change(&mut params);
    let leaf = params.signed_by(&key, issuer).unwrap();
    (leaf.pem(), key.serialize_pem())
}

/// So many authorities of no other use, all with one key.
pub fn authorities(count: usize) -> String {
    let key = KeyPair::generate().unwrap();
    let mut all = String::new();
    for number in 0..count {
        let name =
            format!("Authority number {number:04} of a company with a rather long name, Inc.");
        all += &authority(&name).self_signed(&key).unwrap().pem();
    }
    all
}

/// A block of these bytes, in lines of so many characters.
pub fn block(label: &str, der: &[u8], columns: usize) -> String {
    let text = openssl::base64::encode_block(der).replace('\n', "");
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(columns) {
        writeln!(pem, "{}", String::from_utf8_lossy(line)).unwrap();
    }
    pem + &format!("-----END {label}-----\n")
}

/// What is in the first block of a text.
pub fn der(pem: &str) -> Vec<u8> {
    let lines = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"));
    let text: String = lines
        .skip(1)
        .take_while(|line| !line.starts_with('-'))
        .collect();
    openssl::base64::decode_block(&text).unwrap()
}
