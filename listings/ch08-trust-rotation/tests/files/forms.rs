//! Identifiers, frames and keys in forms that OpenSSL and rustls read, and Go or Java does not.

use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;

use super::kinds::Made;
use super::rare::NULL;
use super::raw::{CONSTRAINTS, Raw, Tree, extension, sequence, text, tlv};

/// 2.25 and a UUID (X.667), as an identifier of one's own.
const OF_UUID: [u8; 20] = [
    0x69, 0x83, 0xf8, 0x8d, 0xba, 0xbf, 0xa0, 0xb9, 0xf4, 0xb7, 0xaa, 0x96, 0xb3, 0xd1, 0xb3, 0xbb,
    0xa5, 0xec, 0xd9, 0x76,
];

/// Identifiers that have a number of over 31 bits.
pub fn identifiers(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let uuid = tlv(6, &OF_UUID);
    let own = extension(&OF_UUID, false, NULL);
    let mut stranger = Raw::authority("Another");
    match kind {
        "identifier-of-uuid" => tree.leaf.extensions.push(own),
        "use-of-uuid" => {
            let servers = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
            let uses = sequence(&[&servers, &uuid]);
            let uses = extension(&[0x55, 0x1d, 37], false, &uses);
            tree.leaf.extensions.push(uses);
        }
        "subject-of-uuid" => {
            let pair = sequence(&[&uuid, &tlv(0x0c, b"a leaf")]);
            tree.leaf.subject = sequence(&[&tlv(0x31, &pair)]);
        }
        "policy-of-uuid" => {
            let policies = sequence(&[&sequence(&[&uuid])]);
            let policies = extension(&[0x55, 0x1d, 32], false, &policies);
            tree.leaf.extensions.push(policies);
        }
        "root-identifier-of-uuid" => tree.root.extensions.push(own),
        "behind-identifier-of-uuid" => {
            stranger.extensions.push(own);
            tree.behind.push(stranger.signed(&stranger));
        }
        "beside-identifier-of-uuid" => {
            stranger.extensions.push(own);
            beside(&tree, &stranger, made);
            return true;
        }
        "beside-brainpool" => {
            let group = EcGroup::from_curve_name(Nid::BRAINPOOL_P256R1).unwrap();
            let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
            stranger.public = Some(key.public_key_to_der().unwrap());
            beside(&tree, &stranger, made);
            return true;
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// Another authority before the right one.
pub fn beside(tree: &Tree, stranger: &Raw, made: &mut Made<'_>) {
    tree.lay(made);
    let all = [stranger.signed(stranger), tree.root.signed(&tree.root)];
    made.roots(all.map(|der| text(&der)).concat());
}

/// Serial numbers that an authority has given twice.
pub fn serials(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    match kind {
        "serial-of-its-issuer" => tree.middle.serial = tree.root.serial.clone(),
        "serial-given-twice" => {
            let mut other = Raw::leaf();
            other.serial = tree.leaf.serial.clone();
            tree.behind.push(other.signed(&tree.middle));
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// What stands behind the chain, and is parsed all the same.
pub fn behind(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let mut stranger = Raw::authority("Another");
    let key = |parts: &[&[u8]], bytes: &[u8]| {
        let algorithm = sequence(parts);
        Some(sequence(&[&algorithm, &tlv(3, &[&[0], bytes].concat())]))
    };
    let authority = sequence(&[&[1, 1, 0xff]]);
    match kind {
        "behind-part-too-many" => {
            let parts: [&[u8]; 3] = [&[6, 3, 0x2a, 3, 4], &[4, 2, 5, 0], NULL];
            stranger.extensions.push(sequence(&parts));
        }
        "behind-constraints-and-more" => {
            let value = [&authority[..], NULL].concat();
            stranger.extensions = vec![extension(CONSTRAINTS, true, &value)];
        }
        "behind-constraints-by-one" => {
            let value = sequence(&[&[1, 1, 1]]);
            stranger.extensions = vec![extension(CONSTRAINTS, true, &value)];
        }
        "behind-place-relative" => {
            let pair = sequence(&[&[6, 3, 0x55, 4, 3], &tlv(0x0c, b"list")]);
            let point = sequence(&[&tlv(0xa0, &tlv(0xa1, &pair))]);
            let points = extension(&[0x55, 0x1d, 31], false, &sequence(&[&point]));
            stranger.extensions.push(points);
        }
        "behind-point-short" => {
            let whole = stranger.key.public_key_to_der().unwrap();
            let algorithm = &whole[4..23];
            stranger.public = key(&[algorithm], &whole[26..whole.len() - 1]);
        }
        "behind-ed25519-short" => stranger.public = key(&[&[6, 3, 0x2b, 0x65, 0x70]], &[9; 31]),
        "behind-ed25519-with-null" => {
            stranger.public = key(&[&[6, 3, 0x2b, 0x65, 0x70], NULL], &[9; 32]);
        }
        "behind-since-1949" => stranger.dates[0] = tlv(0x18, b"19490101000000Z"),
        _ => return false,
    }
    tree.behind.push(stranger.signed(&stranger));
    tree.lay(made);
    true
}
