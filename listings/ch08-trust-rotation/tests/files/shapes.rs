//! Public keys, dates, fields and names in forms that one library reads and another does not.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{Asn1Flag, EcGroup, EcKey, PointConversionForm};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};

use super::kinds::Made;
use super::kit::block;
use super::primes::rsa;
use super::rare::{NULL, pkcs1};
use super::raw::{Raw, Tree, common_name, extension, sequence, tlv};

const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

/// A public key of RSA with this algorithm, modulus and exponent, and what stands behind them.
pub fn rsa_public(algorithm: &[u8], modulus: &[u8], exponent: &[u8], behind: &[u8]) -> Vec<u8> {
    let numbers = sequence(&[&tlv(2, modulus), &tlv(2, exponent), behind]);
    sequence(&[algorithm, &tlv(3, &[&[0], &numbers[..]].concat())])
}

/// Public keys that are written in another way than usual, or of another kind.
pub fn keys(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let mut stranger = Raw::authority("Another");
    let own = tree.leaf.key.public_key_to_der().unwrap();
    let with_null = sequence(&[RSA, NULL]);
    let key = rsa();
    let modulus = [&[0], &key.rsa().unwrap().n().to_vec()[..]].concat();
    let f4: &[u8] = &[1, 0, 1];
    match kind {
        "point-compressed" => tree.leaf.public = Some(ec_public(&tree.leaf.key, true)),
        "curve-explicit" => tree.leaf.public = Some(ec_public(&tree.leaf.key, false)),
        "intermediate-curve-explicit" => {
            tree.middle.public = Some(ec_public(&tree.middle.key, false));
        }
        "stranger-curve-explicit" => {
            stranger.public = Some(ec_public(&stranger.key, false));
            tree.behind.push(stranger.signed(&stranger));
        }
        "public-with-bytes-behind" => tree.leaf.public = Some(sequence(&[&own[2..], NULL])),
        "rsa-public-without-null" => {
            tree.leaf.public = Some(rsa_public(&sequence(&[RSA]), &modulus, f4, &[]));
            tree.leaf.key = key;
        }
        "issued-by-rsa-pss" => {
            tree.middle.public = Some(rsa_public(&pkcs1(10, &[]), &modulus, f4, &[]));
            tree.middle.key = key;
        }
        "stranger-rsa-without-null" => {
            stranger.public = Some(rsa_public(&sequence(&[RSA]), &modulus, f4, &[]));
            tree.behind.push(stranger.signed(&stranger));
        }
        "stranger-exponent-33-bits" => {
            stranger.public = Some(rsa_public(&with_null, &modulus, &[1, 0, 0, 0, 1], &[]));
            tree.behind.push(stranger.signed(&stranger));
        }
        "stranger-of-no-curve" => {
            let id: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
            let public = sequence(&[&sequence(&[id]), &tlv(3, &[0; 58])]);
            stranger.public = Some(public);
            tree.behind.push(stranger.signed(&stranger));
        }
        "three-primes" => {
            tree.leaf.public = Some(Vec::new());
            let (public, private) = three_primes();
            tree.leaf.public = Some(public);
            tree.lay(made);
            made.key(block("RSA PRIVATE KEY", &private, 64));
            return true;
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// The public key of a pair: its point compressed, or its curve described and not named.
fn ec_public(of: &PKey<Private>, compressed: bool) -> Vec<u8> {
    let key = of.ec_key().unwrap();
    if compressed {
        let mut context = BigNumContext::new().unwrap();
        let form = PointConversionForm::COMPRESSED;
        let point = key.public_key().to_bytes(key.group(), form, &mut context);
        let point = [&[0], &point.unwrap()[..]].concat();
        let own = of.public_key_to_der().unwrap();
        return sequence(&[&own[2..23], &tlv(3, &point)]);
    }
    let mut group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let explicit = EcKey::from_public_key(&group, key.public_key()).unwrap();
    PKey::from_ec_key(explicit)
        .unwrap()
        .public_key_to_der()
        .unwrap()
}

/// RSA of three primes (RFC 8017, section 3): the public key, and the private one in PKCS #1.
fn three_primes() -> (Vec<u8>, Vec<u8>) {
    let mut context = BigNumContext::new().unwrap();
    let number = |value| BigNum::from_u32(value).unwrap();
    let (one, e) = (number(1), number(65537));
    let primes: [BigNum; 3] = std::array::from_fn(|_| {
        let mut prime = BigNum::new().unwrap();
        // Two bits on at the top, so that the product has all its bits, or one less.
        prime.generate_prime(683, false, None, None).unwrap();
        prime
    });
    let [p, q, r] = &primes;
    let less = primes.each_ref().map(|prime| prime - &one);
    let pq = p * q;
    let (n, phi) = (&pq * r, &(&less[0] * &less[1]) * &less[2]);
    let mut inverse = |of: &BigNum, by: &BigNum| {
        let mut found = BigNum::new().unwrap();
        found.mod_inverse(of, by, &mut context).unwrap();
        found
    };
    let d = inverse(&e, &phi);
    let (i, t) = (inverse(q, p), inverse(&pq, r));
    let integer = |it: &BigNum| {
        let bytes = it.to_vec();
        let zero: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        tlv(2, &[zero, &bytes].concat())
    };
    let third = sequence(&[&integer(r), &integer(&(&d % &less[2])), &integer(&t)]);
    let numbers = [&n, &e, &d, p, q].map(integer).concat();
    let exponents = [&(&d % &less[0]), &(&d % &less[1]), &i]
        .map(integer)
        .concat();
    let private = sequence(&[&[2, 1, 1], &numbers, &exponents, &sequence(&[&third])]);
    let public = sequence(&[&[integer(&n), integer(&e)].concat()]);
    let bits = tlv(3, &[&[0], &public[..]].concat());
    (sequence(&[&sequence(&[RSA, NULL]), &bits]), private)
}

/// Dates in forms that RFC 5280, section 4.1.2.5, does not allow, and other standards do.
pub fn dates(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let (utc, generalized) = (0x17, 0x18);
    let (tag, text) = match kind {
        "dates-fraction" => (generalized, "20491231235959.5Z"),
        "dates-without-seconds" => (utc, "4912312359Z"),
        "dates-offset" => (utc, "491231235959+0000"),
        "dates-offset-generalized" => (generalized, "20491231235959+0100"),
        "dates-local" => (generalized, "20491231235959"),
        "dates-second-60" => (utc, "491231235960Z"),
        "dates-hour-24" => (utc, "491231240000Z"),
        "dates-day-32" => (utc, "491232000000Z"),
        _ => return false,
    };
    tree.leaf.dates[1] = tlv(tag, text.as_bytes());
    tree.lay(made);
    true
}

/// The frame of a certificate.
pub fn forms(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let id: &[u8] = &[0x81, 2, 0, 1];
    match kind {
        "unique-ids" => tree.leaf.between = [id, &[0x82, 2, 0, 1]].concat(),
        "version-2" => tree.leaf.version = Some(1),
        "version-2-and-no-extensions" => {
            tree.leaf.version = Some(1);
            tree.leaf.extensions.clear();
        }
        "version-4" => tree.leaf.version = Some(3),
        "version-1-in-full" => tree.leaf.version = Some(0),
        "intermediate-version-4" => tree.middle.version = Some(3),
        "root-version-4" => tree.root.version = Some(3),
        "root-unique-ids" => tree.root.between = id.to_vec(),
        "bytes-within" => {
            let mut body = tree.leaf.extensions.concat();
            body = tlv(0xa3, &tlv(0x30, &body));
            tree.leaf.between = [&body[..], NULL].concat();
            tree.leaf.extensions.clear();
        }
        "length-in-full" | "length-open" => {
            tree.lay(made);
            let der = tree.leaf.signed(&tree.middle);
            let body = &der[4..];
            let der = match kind {
                "length-in-full" => [&[0x30, 0x83, 0], &der[2..]].concat(),
                _ => [&[0x30, 0x80], body, &[0, 0]].concat(),
            };
            let middle = tree.middle.signed(&tree.root);
            made.chain(
                [der, middle]
                    .map(|der| block("CERTIFICATE", &der, 64))
                    .concat(),
            );
            return true;
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// Names of subjects and issuers.
pub fn names(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let raw = |pair: &[u8]| sequence(&[&tlv(0x31, pair)]);
    match kind {
        "subject-16-bits-cut" => tree.leaf.subject = common_name(0x1e, b"\0B\0"),
        "subject-16-bits-surrogate" => tree.leaf.subject = common_name(0x1e, b"\xd8\x3d\xde\0"),
        "intermediate-16-bits" => tree.middle.subject = common_name(0x1e, b"\0C\0A"),
        "root-16-bits" => tree.root.subject = common_name(0x1e, b"\0C\0A"),
        "subject-32-bits" => tree.leaf.subject = common_name(0x1c, b"\0\0\0B"),
        "subject-ia5-not-ascii" => tree.leaf.subject = common_name(0x16, b"B\xfccher"),
        "subject-digits-with-letters" => tree.leaf.subject = common_name(0x12, b"12a"),
        "subject-visible" => tree.leaf.subject = common_name(0x1a, b"a leaf"),
        "subject-general" => tree.leaf.subject = common_name(0x1b, b"a leaf"),
        "subject-number" => tree.leaf.subject = common_name(2, &[5]),
        "subject-of-nothing" => tree.leaf.subject = common_name(0x0c, b""),
        "subject-set-of-nothing" => tree.leaf.subject = raw(&[]),
        "subject-not-printable-behind" => {
            let mut stranger = Raw::authority("Another");
            stranger.subject = common_name(0x13, b"team_a@example");
            tree.behind.push(stranger.signed(&stranger));
        }
        "names-broken" => {
            let names = extension(&[0x55, 0x1d, 17], false, NULL);
            tree.leaf.extensions = vec![names];
        }
        "names-critical" => {
            let localhost = sequence(&[&tlv(0x82, b"localhost")]);
            tree.leaf.extensions = vec![extension(&[0x55, 0x1d, 17], true, &localhost)];
        }
        "names-in-capitals" => tree.leaf.named(&[tlv(0x82, b"LOCALHOST")]),
        "name-with-space" => tree
            .leaf
            .named(&[tlv(0x82, b"localhost"), tlv(0x82, b"a b")]),
        "name-of-64-letters" => {
            tree.leaf
                .named(&[tlv(0x82, b"localhost"), tlv(0x82, &[b'a'; 64])]);
        }
        _ => return false,
    }
    tree.lay(made);
    true
}
