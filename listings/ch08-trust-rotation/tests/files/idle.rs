//! Certificates that no path needs: behind the chain, where clients parse them all the same, and beside the
//! authority. And the algorithms, numbers and dates of those that a path needs.

use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use super::kinds::Made;
use super::primes::rsa;
use super::rare::{NULL, pkcs1};
use super::raw::{
    CONSTRAINTS, Raw, Signature, Tree, common_name, date, dns, extension, names, sequence, text,
    tlv,
};
use super::shapes::rsa_public;

/// A public key of this algorithm, which has no parameters.
fn public(id: &[u8], key: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&tlv(6, id)]), &tlv(3, &[&[0], key].concat())])
}

fn on(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn spki(key: &PKey<Private>) -> Vec<u8> {
    key.public_key_to_der().unwrap()
}

/// A key on P-256 whose public part ends in a zero: only that may be said to be none of it.
fn with_last_bit_off() -> PKey<Private> {
    let mut keys = std::iter::repeat_with(super::raw::p256);
    let even = |key: &PKey<Private>| spki(key).last().is_some_and(|last| last % 2 == 0);
    keys.find(even).unwrap()
}

/// The same public key, with a point beside its curve.
fn off(public: &[u8]) -> Vec<u8> {
    let (last, rest) = public.split_last().unwrap();
    [rest, &[last ^ 1]].concat()
}

/// A modulus as DER has it, with a zero before the first bit.
fn modulus(key: &PKey<Private>) -> Vec<u8> {
    [&[0], &key.rsa().unwrap().n().to_vec()[..]].concat()
}

/// RSA with this modulus and exponent.
fn numbers(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    rsa_public(&pkcs1(1, NULL), modulus, exponent, &[])
}

/// The public key of a certificate that no path needs.
fn unneeded_key(kind: &str) -> Option<Vec<u8>> {
    let f4: &[u8] = &[1, 0, 1];
    let key = rsa();
    let n = modulus(&key);
    let own = spki(&with_last_bit_off());
    Some(match kind {
        "behind-ed448" | "beside-ed448" => spki(&PKey::generate_ed448().unwrap()),
        "beside-x25519" => spki(&PKey::generate_x25519().unwrap()),
        "beside-x25519-short" => public(&[0x2b, 0x65, 0x6e], &[9; 31]),
        "beside-ml-dsa" => public(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17], &[7; 1312]),
        "beside-unknown-key" => public(&[0x2a, 3, 4], &[7; 32]),
        "behind-p192" => spki(&on(Nid::X9_62_PRIME192V1)),
        "behind-p224" | "beside-p224" => spki(&on(Nid::SECP224R1)),
        "behind-off-p256" => off(&spki(&super::raw::p256())),
        "behind-off-p384" => off(&spki(&on(Nid::SECP384R1))),
        "behind-off-p521" => off(&spki(&on(Nid::SECP521R1))),
        "behind-brainpool" => spki(&on(Nid::BRAINPOOL_P256R1)),
        "beside-rsa-512" => spki(&PKey::from_rsa(Rsa::generate(512).unwrap()).unwrap()),
        "behind-modulus-padded" => numbers(&[&[0], &n[..]].concat(), f4),
        "behind-modulus-negative" => numbers(&n[1..], f4),
        "behind-modulus-even" | "beside-modulus-even" => {
            numbers(&[&n[..n.len() - 1], &[2]].concat(), f4)
        }
        "behind-exponent-1" | "beside-exponent-1" => numbers(&n, &[1]),
        "behind-exponent-even" | "beside-exponent-even" => numbers(&n, &[4]),
        "behind-exponent-negative" => numbers(&n, &[0xff]),
        "behind-exponent-65-bits" => numbers(&n, &[1, 0, 0, 0, 0, 0, 0, 0, 1]),
        "behind-unused-bits" => {
            let mut der = own.clone();
            let at = der.len() - 66;
            der[at] = 1;
            der
        }
        _ => return None,
    })
}

/// A certificate that no path needs, wrong in another way than its key.
fn unneeded(kind: &str, stranger: &mut Raw) -> bool {
    let (utc, generalized) = (0x17, 0x18);
    match kind {
        "behind-expired" => stranger.dates = [date(-30), date(-1)],
        "behind-tomorrow" => stranger.dates = [date(1), date(30)],
        "behind-serial-negative" => stranger.serial = vec![0x80, 1],
        "behind-serial-none" | "beside-serial-none" => stranger.serial = Vec::new(),
        "behind-version-4" => stranger.version = Some(3),
        "behind-without-seconds" | "beside-without-seconds" => {
            stranger.dates[1] = tlv(utc, b"4912312359Z");
        }
        "beside-since-1960" => {
            stranger.dates[0] = tlv(generalized, b"19600101000000Z");
        }
        "behind-md5" | "beside-md5" => {
            stranger.key = rsa();
            stranger.signature = Some(Signature {
                algorithm: pkcs1(4, NULL),
                digest: MessageDigest::sha256(),
                salt: None,
            });
        }
        "behind-two-algorithms" => {
            let sha384 = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
            stranger.claimed = Some(sequence(&[&sha384]));
        }
        "behind-twice" => {
            for _ in 0..2 {
                stranger
                    .extensions
                    .push(extension(&[0x2a, 3, 4], false, NULL));
            }
        }
        "behind-critical" | "beside-critical" => {
            stranger
                .extensions
                .push(extension(&[0x2a, 3, 4], true, NULL));
        }
        "behind-names-broken" => {
            stranger
                .extensions
                .push(extension(&[0x55, 0x1d, 17], false, NULL));
        }
        "behind-uri-broken" => {
            let uri = tlv(0x86, b"http://example.org/%zz");
            stranger.extensions.push(names(&[uri]));
        }
        "behind-leaf" | "beside-leaf" => {
            stranger.extensions = vec![names(&[dns(b"elsewhere.example")])];
        }
        _ => return false,
    }
    true
}

/// The plain files, and one certificate more.
pub fn strangers(kind: &str, made: &mut Made<'_>) -> bool {
    let mut stranger = Raw::authority("Another");
    match unneeded_key(kind) {
        Some(key) => stranger.public = Some(key),
        None if unneeded(kind, &mut stranger) => {}
        None => return false,
    }
    let stranger = text(&stranger.signed(&stranger));
    match kind.starts_with("behind-") {
        true => made.chain(made.kit.chain() + &stranger),
        false => made.roots(made.kit.root.clone() + &stranger),
    }
    true
}

/// Which key signs with which digest. Each pair has a name in RFC 5758, and few have one in RFC 9846.
pub fn digests(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let (curve, digest) = match kind {
        "by-p384-sha256" => (Nid::SECP384R1, MessageDigest::sha256()),
        "by-p384-sha512" => (Nid::SECP384R1, MessageDigest::sha512()),
        "by-p521-sha256" => (Nid::SECP521R1, MessageDigest::sha256()),
        "by-p521-sha384" => (Nid::SECP521R1, MessageDigest::sha384()),
        "by-p521-sha512" => (Nid::SECP521R1, MessageDigest::sha512()),
        _ => return false,
    };
    tree.middle.key = on(curve);
    tree.leaf.digest = digest;
    tree.lay(made);
    true
}

/// A leaf with a key of RSA whose numbers are written or chosen in an odd way.
pub fn leaf_keys(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let key = rsa();
    let n = modulus(&key);
    let f4: &[u8] = &[1, 0, 1];
    let with_exponent = |text: &str| {
        let exponent = BigNum::from_hex_str(text).unwrap();
        PKey::from_rsa(Rsa::generate_with_e(2048, &exponent).unwrap()).unwrap()
    };
    match kind {
        "rsa-modulus-padded" => {
            tree.leaf.public = Some(numbers(&[&[0], &n[..]].concat(), f4));
            tree.leaf.key = key;
        }
        "rsa-modulus-negative" => {
            tree.leaf.public = Some(numbers(&n[1..], f4));
            tree.leaf.key = key;
        }
        "rsa-exponent-padded" => {
            tree.leaf.public = Some(numbers(&n, &[0, 1, 0, 1]));
            tree.leaf.key = key;
        }
        "rsa-exponent-33-bits" => tree.leaf.key = with_exponent("100000001"),
        "rsa-exponent-34-bits" => tree.leaf.key = with_exponent("200000001"),
        "leaf-ed448" => tree.leaf.key = PKey::generate_ed448().unwrap(),
        "leaf-p224" => tree.leaf.key = on(Nid::SECP224R1),
        "issued-by-ed448" => tree.middle.key = PKey::generate_ed448().unwrap(),
        "root-ed448" => tree.root.key = PKey::generate_ed448().unwrap(),
        "key-unused-bits" => {
            tree.leaf.key = with_last_bit_off();
            let mut der = spki(&tree.leaf.key);
            let at = der.len() - 66;
            der[at] = 1;
            tree.leaf.public = Some(der);
        }
        "intermediate-modulus-padded" => {
            tree.middle.public = Some(numbers(&[&[0], &n[..]].concat(), f4));
            tree.middle.key = key;
        }
        "intermediate-exponent-3" => tree.middle.key = with_exponent("3"),
        "intermediate-exponent-33-bits" => tree.middle.key = with_exponent("100000001"),
        "intermediate-exponent-34-bits" => tree.middle.key = with_exponent("200000001"),
        "root-exponent-3" => tree.root.key = with_exponent("3"),
        _ => return false,
    }
    tree.lay(made);
    true
}

/// Numbers and dates of leaf, intermediate and root.
pub fn numbered(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let (utc, generalized) = (0x17, 0x18);
    let limit = |length: &[u8]| {
        let value = sequence(&[&[1, 1, 0xff], &tlv(2, length)]);
        extension(CONSTRAINTS, true, &value)
    };
    match kind {
        "serial-21" => tree.leaf.serial = vec![0x7f; 21],
        "serial-none" => tree.leaf.serial = Vec::new(),
        "serial-with-first-bit" => tree.leaf.serial = [&[0][..], &[0xff; 20]].concat(),
        "intermediate-serial-negative" => tree.middle.serial = vec![0x80, 1],
        "root-serial-negative" => tree.root.serial = vec![0x80, 1],
        "root-serial-zero" => tree.root.serial = vec![0],
        "year-49" => tree.leaf.dates[1] = tlv(utc, b"491231235959Z"),
        "year-50" => tree.leaf.dates[1] = tlv(utc, b"500101000000Z"),
        "year-2050" => tree.leaf.dates[1] = tlv(generalized, b"20500101000000Z"),
        "year-10000" => tree.leaf.dates[1] = tlv(generalized, b"100000101000000Z"),
        "day-29-of-february" => tree.leaf.dates[1] = tlv(utc, b"470229000000Z"),
        "zone-in-lower-case" => tree.leaf.dates[1] = tlv(utc, b"491231235959z"),
        "since-1970" => tree.leaf.dates[0] = tlv(utc, b"700101000000Z"),
        "intermediate-tomorrow" => tree.middle.dates = [date(1), date(30)],
        "intermediate-since-1960" => tree.middle.dates[0] = tlv(generalized, b"19600101000000Z"),
        "intermediate-without-seconds" => tree.middle.dates[1] = tlv(utc, b"4912312359Z"),
        "root-without-seconds" => tree.root.dates[1] = tlv(utc, b"4912312359Z"),
        "root-since-1960" => tree.root.dates[0] = tlv(generalized, b"19600101000000Z"),
        "ends-after-its-issuer" => tree.leaf.dates[1] = date(60),
        "intermediate-many-below" => {
            tree.middle.extensions = vec![limit(&[0x7f, 0xff, 0xff, 0xff])];
        }
        "intermediate-very-many-below" => tree.middle.extensions = vec![limit(&[0x7f; 9])],
        "intermediate-not-critical" => {
            tree.middle.extensions =
                vec![extension(CONSTRAINTS, false, &sequence(&[&[1, 1, 0xff]]))];
        }
        "subject-of-two-in-a-set" => {
            let pair =
                |last: u8, text: &[u8]| sequence(&[&[6, 3, 0x55, 4, last], &tlv(0x0c, text)]);
            let set = [pair(3, b"a leaf"), pair(10, b"two")].concat();
            tree.leaf.subject = sequence(&[&tlv(0x31, &set)]);
        }
        "subject-of-4000-letters" => tree.leaf.subject = common_name(0x0c, &[b'a'; 4000]),
        "names-1000" => {
            let mut all = vec![dns(b"localhost")];
            all.extend((0..1000).map(|at| dns(format!("host-{at}.example.org").as_bytes())));
            tree.leaf.named(&all);
        }
        "signature-damaged" => {
            let mut leaf = tree.leaf.signed(&tree.middle);
            tree.lay(made);
            *leaf.last_mut().unwrap() ^= 1;
            made.chain(text(&leaf) + &text(&tree.middle.signed(&tree.root)));
            return true;
        }
        _ => return false,
    }
    tree.lay(made);
    true
}
