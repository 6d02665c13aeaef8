//! How each kind of file is made. `files.toml` has what the reader makes of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use lab::agent::Files;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{HasPrivate, PKey};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::X509;

use super::kit::{Kit, block, der};
use super::primes::rsa;
use super::{
    asked, certificates, crossed, defined, forms, general, handed, idle, odd, rare, rsa, shapes,
    sizes, strict, worn,
};

/// A directory with three files as they are to be: at first right, and plain.
pub struct Made<'a> {
    pub kit: Kit,
    pub chain: Vec<u8>,
    pub key: Vec<u8>,
    pub roots: Vec<u8>,
    /// One file for chain and key.
    bundle: bool,
    modes: [u32; 2],
    at: &'a Path,
}

impl<'a> Made<'a> {
    fn new(at: &'a Path) -> Self {
        let kit = Kit::new();
        Self {
            chain: kit.chain().into(),
            key: kit.key.clone().into(),
            roots: kit.root.clone().into(),
            kit,
            bundle: false,
            modes: [0o644, 0o600],
            at,
        }
    }

    pub fn chain(&mut self, text: impl Into<Vec<u8>>) {
        self.chain = text.into();
    }

    pub fn key(&mut self, text: impl Into<Vec<u8>>) {
        self.key = text.into();
    }

    pub fn roots(&mut self, text: impl Into<Vec<u8>>) {
        self.roots = text.into();
    }

    /// What the kit has now. A leaf that is `alone` has no chain.
    pub fn as_the_kit_has_it(&mut self, alone: bool) {
        self.chain(match alone {
            true => self.kit.leaf.clone(),
            false => self.kit.chain(),
        });
        self.key(self.kit.key.clone());
        self.roots(self.kit.root.clone());
    }

    fn each(&mut self, change: impl Fn(&str) -> Vec<u8>) {
        for file in [&mut self.chain, &mut self.key, &mut self.roots] {
            *file = change(&String::from_utf8(file.clone()).unwrap());
        }
    }

    fn bundle(&mut self, text: String) {
        self.bundle = true;
        self.modes = [0o600, 0o600];
        self.chain(text);
    }

    /// The chain, and copies of the root until it has so many certificates.
    pub fn certificates(&mut self, many: usize) {
        let copies = self.kit.root.repeat(many - 2);
        self.chain(self.kit.chain() + &copies);
    }

    /// The chain, and copies of the root until it is so large.
    pub fn padded(&mut self, bytes: usize) {
        let (chain, root) = (self.kit.chain(), self.kit.root.clone());
        let der = |pem: &str| der(pem).len() + 5;
        let [leaf, intermediate, each] =
            [&self.kit.leaf, &self.kit.intermediate, &root].map(|p| der(p));
        let copies = (bytes - 4 - leaf - intermediate) / each;
        self.chain(chain + &root.repeat(copies));
    }

    pub fn files(&self) -> Files {
        let name = if self.bundle { "tls.crt" } else { "tls.key" };
        Files {
            certificate: self.at.join("tls.crt"),
            key: self.at.join(name),
            roots: self.at.join("ca.crt"),
        }
    }

    fn lay(&self) {
        let write = |path: &Path, bytes: &[u8], mode| {
            fs::write(path, bytes).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let files = self.files();
        if !self.bundle {
            write(&files.key, &self.key, self.modes[1]);
        }
        write(&files.certificate, &self.chain, self.modes[0]);
        write(&files.roots, &self.roots, 0o644);
    }
}

fn pem<K: HasPrivate>(key: &PKey<K>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8().unwrap()
}

fn curve(nid: Nid) -> EcKey<openssl::pkey::Private> {
    EcKey::generate(&EcGroup::from_curve_name(nid).unwrap()).unwrap()
}

/// An RSA key whose algorithm identifier says id-RSASSA-PSS (RFC 4055).
fn rsa_pss() -> String {
    let key = rsa();
    let mut der = key.private_key_to_pkcs8().unwrap();
    let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    let at = der.windows(8).position(|part| part == oid).unwrap();
    der[at + 8] = 0x0a;
    block("PRIVATE KEY", &der, 64)
}

const MARK: &str = "\u{feff}";
const BAG: &str =
    "Bag Attributes\n    localKeyID: 01 02 03\nsubject=CN = leaf\n\nissuer=CN = authority\n";

/// Makes the files of this kind in a directory. `None` where there is no such kind.
pub fn make(kind: &str, at: &Path) -> Option<Files> {
    let mut made = Made::new(at);
    let known = text(kind, &mut made)
        || keys(kind, &mut made)
        || blocks(kind, &mut made)
        || orders(kind, &mut made)
        || sizes::make(kind, &mut made)
        || certificates::make(kind, &mut made)
        || certificates::disputed(kind, &mut made)
        || strict::make(kind, &mut made)
        || strict::chains(kind, &mut made)
        || strict::keys(kind, &mut made)
        || rsa::make(kind, &mut made)
        || crossed::make(kind, &mut made)
        || worn::nearly(kind, &mut made)
        || worn::packed(kind, &mut made)
        || worn::keys(kind, &mut made)
        || odd::fields(kind, &mut made)
        || odd::named(kind, &mut made)
        || odd::marked(kind, &mut made)
        || odd::extensions(kind, &mut made)
        || odd::issuers(kind, &mut made)
        || rare::signatures(kind, &mut made)
        || rare::uses(kind, &mut made)
        || rare::policies(kind, &mut made)
        || rare::broken(kind, &mut made)
        || rare::constraints(kind, &mut made)
        || shapes::keys(kind, &mut made)
        || shapes::dates(kind, &mut made)
        || shapes::forms(kind, &mut made)
        || shapes::names(kind, &mut made)
        || idle::strangers(kind, &mut made)
        || idle::digests(kind, &mut made)
        || idle::leaf_keys(kind, &mut made)
        || idle::numbered(kind, &mut made)
        || handed::chains(kind, &mut made)
        || handed::wrapped(kind, &mut made)
        || handed::others(kind, &mut made)
        || asked::mail(kind, &mut made)
        || asked::names(kind, &mut made)
        || asked::passed_over(kind, &mut made)
        || forms::identifiers(kind, &mut made)
        || forms::serials(kind, &mut made)
        || forms::behind(kind, &mut made)
        || general::names(kind, &mut made)
        || defined::make(kind, &mut made);
    if known {
        made.lay();
        return Some(made.files());
    }
    made.lay();
    let placed =
        places(kind, &mut made) || worn::places(kind, &mut made) || handed::places(kind, &mut made);
    placed.then(|| made.files())
}

/// The same blocks, written in other ways.
fn text(kind: &str, made: &mut Made<'_>) -> bool {
    let (chain, key, root) = (
        made.kit.chain(),
        made.kit.key.clone(),
        made.kit.root.clone(),
    );
    match kind {
        "plain" => {}
        "crlf" => made.each(|text| text.replace('\n', "\r\n").into()),
        "cr" => made.each(|text| text.replace('\n', "\r").into()),
        "mark-chain" => made.chain(format!("{MARK}{chain}")),
        "mark-key" => made.key(format!("{MARK}{key}")),
        "mark-roots" => made.roots(format!("{MARK}{root}")),
        "mark-joined" => made.each(|text| text.replace("-----BEGIN", "\u{feff}-----BEGIN").into()),
        "no-last-line-break" => made.each(|text| text.trim_end().into()),
        "blank-lines" => made.each(|text| text.replace("-----BEGIN", "\n\n-----BEGIN").into()),
        "blank-lines-at-end" => made.each(|text| format!("{text}\n\n\n").into()),
        "spaces-after-markers" => made.each(|text| text.replace("-----\n", "-----  \n").into()),
        "bag-attributes" => made.each(|text| {
            text.replace("-----BEGIN", &format!("{BAG}-----BEGIN"))
                .into()
        }),
        "openssl-text" => {
            let dump = X509::from_pem(made.kit.leaf.as_bytes())
                .unwrap()
                .to_text()
                .unwrap();
            made.chain([dump, chain.into()].concat());
        }
        "utf8-comment" => {
            made.each(|text| format!("# Schlüssel für größere Server\n{text}").into())
        }
        "one-line" => made.chain(
            [&made.kit.leaf, &made.kit.intermediate]
                .map(|pem| block("CERTIFICATE", &der(pem), 100_000))
                .concat(),
        ),
        "columns-76" => made.chain(
            [&made.kit.leaf, &made.kit.intermediate]
                .map(|pem| block("CERTIFICATE", &der(pem), 76))
                .concat(),
        ),
        "dashes-at-end" => made.chain(format!("{chain}---\n")),
        "dashes-cut" => made.chain(format!("{chain}---")),
        "indented" => made.chain(chain.replace("-----B", "  -----B")),
        "quoted" => made.chain(chain.replace('\n', "\\n")),
        "joined-lines" => made.chain(chain.replacen("-----\n-----", "----------", 1)),
        "utf16" => made.chain(
            chain
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>(),
        ),
        "der-chain" => made.chain(der(&made.kit.leaf)),
        "der-key" => made.key(der(&key)),
        "der-roots" => made.roots(der(&root)),
        "page" => made.chain("<!DOCTYPE html>\n<html><body>404</body></html>\n"),
        "empty-chain" => made.chain(""),
        "empty-key" => made.key(""),
        "empty-roots" => made.roots(""),
        _ => return false,
    }
    true
}

/// Keys in each encoding, and of each type.
fn keys(kind: &str, made: &mut Made<'_>) -> bool {
    let openssl = made.kit.openssl_key();
    match kind {
        "sec1" => made.key(openssl.ec_key().unwrap().private_key_to_pem().unwrap()),
        "sec1-parameters" => {
            let sec1 = openssl.ec_key().unwrap().private_key_to_pem().unwrap();
            let named =
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
            made.key([named.as_bytes(), &sec1].concat());
        }
        "pkcs1" => {
            made.kit.with_rsa(2048);
            let rsa = made.kit.openssl_key().rsa().unwrap();
            made.key(rsa.private_key_to_pem().unwrap());
            made.chain(made.kit.chain());
        }
        "ml-dsa-intermediate" => {
            made.kit = Kit::signing_with(&rcgen::PKCS_ML_DSA_44, |_, _| ());
            made.key(made.kit.key.clone());
            made.chain(made.kit.chain());
            made.roots(made.kit.root.clone());
        }
        "p384" | "p521" | "ed25519" | "ml-dsa-44" | "ml-dsa-87" => {
            made.kit.with_key(match kind {
                "ml-dsa-44" => &rcgen::PKCS_ML_DSA_44,
                "ml-dsa-87" => &rcgen::PKCS_ML_DSA_87,
                "p384" => &rcgen::PKCS_ECDSA_P384_SHA384,
                "p521" => &rcgen::PKCS_ECDSA_P521_SHA512,
                _ => &rcgen::PKCS_ED25519,
            });
            made.key(made.kit.key.clone());
            made.chain(made.kit.chain());
        }
        "rsa-2048" | "rsa-3072" => {
            made.kit.with_rsa(kind[4..].parse().unwrap());
            made.key(made.kit.key.clone());
            made.chain(made.kit.chain());
        }
        "rsa-1024" => made.key(pem(&PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap())),
        "rsa-pss" => made.key(rsa_pss()),
        "ed448" => made.key(pem(&PKey::generate_ed448().unwrap())),
        "x25519" => made.key(pem(&PKey::generate_x25519().unwrap())),
        "secp256k1" => made.key(pem(&PKey::from_ec_key(curve(Nid::SECP256K1)).unwrap())),
        "secp256k1-sec1" => made.key(curve(Nid::SECP256K1).private_key_to_pem().unwrap()),
        "brainpool" => made.key(pem(
            &PKey::from_ec_key(curve(Nid::BRAINPOOL_P256R1)).unwrap()
        )),
        "encrypted" => {
            let cipher = Cipher::aes_256_cbc();
            made.key(
                openssl
                    .private_key_to_pem_pkcs8_passphrase(cipher, b"secret")
                    .unwrap(),
            );
        }
        "encrypted-old" => {
            let (ec, cipher) = (openssl.ec_key().unwrap(), Cipher::aes_256_cbc());
            made.key(ec.private_key_to_pem_passphrase(cipher, b"secret").unwrap());
        }
        "key-of-another" => made.key(Kit::new().key),
        "two-keys" => made.key(format!("{}{}", made.kit.key, Kit::new().key)),
        "public-key" => made.key(openssl.public_key_to_pem().unwrap()),
        "certificate-for-key" => made.key(made.kit.leaf.clone()),
        _ => return false,
    }
    true
}

/// Blocks that are of another kind, or broken.
fn blocks(kind: &str, made: &mut Made<'_>) -> bool {
    let (chain, leaf) = (made.kit.chain(), made.kit.leaf.clone());
    let der = der(&leaf);
    match kind {
        "trusted-certificate" => made.chain(chain.replace(" CERT", " TRUSTED CERT")),
        "x509-certificate" => made.chain(chain.replace(" CERT", " X509 CERT")),
        "pkcs7" => made.chain(block("PKCS7", &der, 64)),
        "request" => made.chain(made.kit.request()),
        "openssh-key" => made.key(block("OPENSSH PRIVATE KEY", &[0; 48], 64)),
        "dsa-key" => made.key(block("DSA PRIVATE KEY", &[0x30, 0], 64)),
        "unknown-block" => made.chain(chain + &block("SOMETHING ELSE", &[0; 48], 64)),
        "dh-parameters" => made.chain(chain + &block("DH PARAMETERS", &[0x30, 0], 64)),
        "crl-in-chain" => made.chain(chain + &made.kit.revoked()),
        "page-in-block" => {
            made.chain(chain + &block("CERTIFICATE", b"<!DOCTYPE html><html></html>", 64))
        }
        "zeros-in-block" => made.chain(chain + &block("CERTIFICATE", &[0; 300], 64)),
        "key-in-block" => made.chain(chain + &block("CERTIFICATE", &[0x30, 3, 2, 1, 0], 64)),
        "trailing-bytes" => made.chain(block("CERTIFICATE", &[&der[..], &[0; 3]].concat(), 64)),
        "half-a-certificate" => made.chain(block("CERTIFICATE", &der[..der.len() / 2], 64)),
        "bad-base64" => made.chain(leaf.replacen("-----\nMI", "-----\n*I", 1)),
        "bad-base64-key" => made.key(made.kit.key.replacen("-----\nMI", "-----\n*I", 1)),
        "header-in-block" => made.chain(leaf.replacen("-----\n", "-----\nComment: mine\n\n", 1)),
        "cut-in-block" => made.chain(&chain.as_bytes()[..chain.len() - 200]),
        "cut-in-marker" => made.chain(&chain.as_bytes()[..chain.len() - 5]),
        "no-end" => made.chain(chain.replacen("-----END CERTIFICATE-----\n", "", 1)),
        "no-beginning" => made.chain(chain.split_once('\n').unwrap().1),
        _ => return false,
    }
    true
}

/// What stands where in the chain and in the list of authorities.
fn orders(kind: &str, made: &mut Made<'_>) -> bool {
    let Kit {
        leaf,
        intermediate,
        root,
        key,
        ..
    } = &made.kit;
    let (leaf, intermediate, root, key) = (
        leaf.clone(),
        intermediate.clone(),
        root.clone(),
        key.clone(),
    );
    match kind {
        "root-in-chain" => made.chain(leaf + &intermediate + &root),
        "intermediate-last" => made.chain(leaf + &root + &intermediate),
        "leaf-twice" => made.chain(leaf.repeat(2) + &intermediate),
        "stranger-in-chain" => made.chain(leaf + &intermediate + &Kit::new().root),
        "root-first" => made.chain(root + &intermediate + &leaf),
        "intermediate-first" => made.chain(intermediate + &leaf),
        "no-intermediate" => made.chain(leaf),
        "bundle" => made.bundle(leaf + &intermediate + &key),
        "bundle-key-first" => made.bundle(key + &leaf + &intermediate),
        "bundle-key-between" => made.bundle(leaf + &key + &intermediate),
        "roots-of-another" => made.roots(Kit::new().root),
        "roots-twice" => made.roots(root.repeat(2)),
        "roots-and-stranger" => made.roots(Kit::new().root + &root),
        "roots-and-leaf" => made.roots(root + &leaf),
        "roots-and-crl" => made.roots(root + &made.kit.revoked()),
        "roots-trusted" => made.roots(root.replace(" CERT", " TRUSTED CERT")),
        "roots-page-in-block" => made.roots(root + &block("CERTIFICATE", b"<html></html>", 64)),
        _ => return false,
    }
    true
}

/// Modes, and what stands where a file should. The right files are there already.
fn places(kind: &str, made: &mut Made<'_>) -> bool {
    let Files {
        certificate,
        key,
        roots,
    } = made.files();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let replace = |path: &Path| fs::remove_file(path).unwrap();
    match kind {
        "key-0400" => mode(&key, 0o400),
        "key-0640" => mode(&key, 0o640),
        "key-0644" => mode(&key, 0o644),
        "key-0660" => mode(&key, 0o660),
        "key-empty-0644" => {
            fs::write(&key, "").unwrap();
            mode(&key, 0o644);
        }
        "bundle-beside" => {
            fs::write(&certificate, [&made.chain[..], &made.key].concat()).unwrap();
        }
        "chain-missing" => replace(&certificate),
        "key-missing" => replace(&key),
        "roots-missing" => replace(&roots),
        "chain-directory" => {
            replace(&certificate);
            fs::create_dir(&certificate).unwrap();
        }
        "chain-link" => {
            fs::rename(&certificate, made.at.join("elsewhere")).unwrap();
            symlink("elsewhere", &certificate).unwrap();
        }
        "chain-dangling-link" => {
            replace(&certificate);
            symlink("nowhere", &certificate).unwrap();
        }
        "chain-device" => {
            replace(&certificate);
            symlink("/dev/zero", &certificate).unwrap();
        }
        _ => return false,
    }
    true
}
