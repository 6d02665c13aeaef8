//! Certificates of old and home-made authorities, by hand: what few libraries write, and some read.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;

use super::kinds::Made;
use super::primes::rsa;
use super::raw::{CONSTRAINTS, Raw, Signature, Tree, common_name, extension, sequence, tlv};

pub const NULL: &[u8] = &[5, 0];

/// An algorithm of PKCS #1 (RFC 8017) by the last byte of its identifier, and its parameters.
pub fn pkcs1(last: u8, parameters: &[u8]) -> Vec<u8> {
    let id = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last];
    sequence(&[&id, parameters])
}

/// RSASSA-PSS (RFC 4055) with SHA-256 and a salt of so many bytes. The mask has this digest.
fn pss(salt: u8, mask: &[u8]) -> Signature {
    let sha256 = sequence(&[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], NULL]);
    let salted = match salt {
        0x80.. => vec![2, 2, 0, salt],
        _ => vec![2, 1, salt],
    };
    let parameters = sequence(&[
        &tlv(0xa0, &sha256),
        &tlv(0xa1, &pkcs1(8, mask)),
        &tlv(0xa2, &salted),
    ]);
    Signature {
        algorithm: pkcs1(10, &parameters),
        digest: MessageDigest::sha256(),
        salt: Some(salt.into()),
    }
}

/// How an issuer signs.
pub fn signatures(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let sha256 = sequence(&[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], NULL]);
    let sha1 = sequence(&[&[6, 5, 0x2b, 0x0e, 3, 2, 0x1a], NULL]);
    let ecdsa = |last| [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last];
    let by = |algorithm: Vec<u8>, digest| Signature {
        algorithm,
        digest,
        salt: None,
    };
    let (sha_224, sha_256) = (MessageDigest::sha224(), MessageDigest::sha256());
    let rsa_224 = || by(pkcs1(14, NULL), sha_224);
    let signature = match kind {
        "signed-ecdsa-sha224" => by(sequence(&[&ecdsa(1)]), sha_224),
        "signed-ecdsa-with-null" => by(sequence(&[&ecdsa(2), NULL]), sha_256),
        "signed-ed25519-with-null" => {
            tree.middle.key = PKey::generate_ed25519().unwrap();
            by(sequence(&[&[6, 3, 0x2b, 0x65, 0x70], NULL]), sha_256)
        }
        "signed-rsa-sha224" | "root-rsa-sha224" | "intermediate-rsa-sha224" => rsa_224(),
        "signed-rsa-without-null" => by(pkcs1(11, &[]), sha_256),
        "signed-pss" => pss(32, &sha256),
        "signed-pss-no-salt" => pss(0, &sha256),
        "signed-pss-salt-20" | "intermediate-pss-salt-20" => pss(20, &sha256),
        "signed-pss-salt-222" => pss(222, &sha256),
        "signed-pss-mask-sha1" => pss(32, &sha1),
        _ => return false,
    };
    let of = match kind {
        "signed-ecdsa-sha224" | "signed-ecdsa-with-null" | "signed-ed25519-with-null" => {
            &mut tree.leaf
        }
        "root-rsa-sha224" => {
            tree.root.key = rsa();
            &mut tree.root
        }
        "intermediate-rsa-sha224" | "intermediate-pss-salt-20" => {
            tree.root.key = rsa();
            &mut tree.middle
        }
        _ => {
            tree.middle.key = rsa();
            &mut tree.leaf
        }
    };
    of.signature = Some(signature);
    tree.lay(made);
    true
}

const SERVER: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
/// Server gated crypto, of the time when strong encryption was a licence: Netscape's and Microsoft's.
const GATED: [&[u8]; 2] = [
    &[6, 9, 0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1],
    &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3],
];

/// What a certificate is for.
pub fn uses(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let uses = |critical, ids: &[&[u8]]| extension(&[0x55, 0x1d, 37], critical, &sequence(ids));
    let unknown: &[u8] = &[6, 3, 0x2a, 3, 4];
    let (of, it) = match kind {
        "gated-by-netscape" => (&mut tree.leaf, uses(false, &[GATED[0]])),
        "gated-by-microsoft" => (&mut tree.leaf, uses(false, &[GATED[1]])),
        "gated-beside" => (
            &mut tree.leaf,
            uses(false, &[GATED[0], GATED[1], SERVER, CLIENT]),
        ),
        "intermediate-gated" => (&mut tree.middle, uses(false, &GATED)),
        "root-gated" => (&mut tree.root, uses(false, &GATED)),
        "uses-critical" => (&mut tree.leaf, uses(true, &[SERVER, CLIENT])),
        "uses-none" => (&mut tree.leaf, uses(false, &[])),
        "uses-unknown" => (&mut tree.leaf, uses(false, &[unknown])),
        "intermediate-uses-none" => (&mut tree.middle, uses(false, &[])),
        _ => return false,
    };
    of.extensions.push(it);
    tree.lay(made);
    true
}

/// What an authority asks of policies (RFC 5280, sections 4.2.1.4, 4.2.1.5, 4.2.1.11 and 4.2.1.14).
pub fn policies(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let it = |last, critical, value: &[u8]| extension(&[0x55, 0x1d, last], critical, value);
    let policy = sequence(&[&sequence(&[&[6, 2, 0x2a, 3]])]);
    let mapping = sequence(&[&sequence(&[&[6, 2, 0x2a, 3], &[6, 2, 0x2a, 4]])]);
    let required = sequence(&[&[0x80, 1, 0]]);
    let (of, it) = match kind {
        "leaf-critical-policy" => (&mut tree.leaf, it(32, true, &policy)),
        "policy-required" => (&mut tree.middle, it(36, false, &required)),
        "policy-required-critical" => (&mut tree.middle, it(36, true, &required)),
        "policy-required-by-root" => (&mut tree.root, it(36, true, &required)),
        "policy-mapped" => (&mut tree.middle, it(33, false, &mapping)),
        "policy-mapped-critical" => (&mut tree.middle, it(33, true, &mapping)),
        "policy-required-later" => (&mut tree.middle, it(36, false, &sequence(&[&[0x80, 1, 2]]))),
        "policy-required-and-had" | "policy-required-and-any-had" => {
            let any = sequence(&[&sequence(&[&[6, 4, 0x55, 0x1d, 32, 0]])]);
            let had = if kind == "policy-required-and-had" {
                &policy
            } else {
                &any
            };
            tree.middle.extensions.push(it(32, false, had));
            tree.leaf.extensions.push(it(32, false, &policy));
            (&mut tree.middle, it(36, false, &required))
        }
        "policy-required-and-another-had" => {
            let other = sequence(&[&sequence(&[&[6, 2, 0x2a, 4]])]);
            tree.middle.extensions.push(it(32, false, &policy));
            tree.leaf.extensions.push(it(32, false, &other));
            (&mut tree.middle, it(36, false, &required))
        }
        "policy-any-inhibited" => (&mut tree.middle, it(54, true, &[2, 1, 0])),
        _ => return false,
    };
    of.extensions.push(it);
    tree.lay(made);
    true
}

/// Extensions that do not hold what they are for.
pub fn broken(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let broken = |last| extension(&[0x55, 0x1d, last], false, NULL);
    let access: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
    let mut stranger = Raw::authority("Another");
    let limits = |value: &[u8]| extension(CONSTRAINTS, true, &sequence(&[value]));
    match kind {
        "key-id-broken" => tree.leaf.extensions.push(broken(14)),
        "usage-broken" => tree.leaf.extensions.push(broken(15)),
        "constraints-of-leaf-broken" => tree.leaf.extensions.push(broken(19)),
        "policies-broken" => tree.leaf.extensions.push(broken(32)),
        "policy-mapping-broken" => tree.leaf.extensions.push(broken(33)),
        "authority-key-broken" => tree.leaf.extensions.push(broken(35)),
        "policy-required-broken" => tree.leaf.extensions.push(broken(36)),
        "uses-broken" => tree.leaf.extensions.push(broken(37)),
        "policy-any-broken" => tree.leaf.extensions.push(broken(54)),
        "access-broken" => tree.leaf.extensions.push(extension(access, false, NULL)),
        "stamps-broken" => {
            let stamps: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
            tree.leaf.extensions.push(extension(stamps, false, NULL));
        }
        "key-id-broken-behind" => {
            stranger.extensions.push(broken(14));
            tree.behind.push(stranger.signed(&stranger));
        }
        "access-broken-behind" => {
            stranger.extensions.push(extension(access, false, NULL));
            tree.behind.push(stranger.signed(&stranger));
        }
        "leaf-one-below" => tree.leaf.extensions.push(limits(&[2, 1, 1])),
        "intermediate-none-below" => tree.middle.extensions = vec![limits(&[1, 1, 0xff, 2, 1, 0])],
        "intermediate-less-below" => {
            tree.middle.extensions = vec![limits(&[1, 1, 0xff, 2, 1, 0xff])];
        }
        "usage-long" => {
            let usage = extension(&[0x55, 0x1d, 15], true, &[3, 3, 0, 0x80, 0]);
            tree.leaf.extensions.push(usage);
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// The names that an intermediate may issue for.
pub fn constraints(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let subtree = |value: &[u8]| {
        let permitted = tlv(0xa1, &sequence(&[value]));
        extension(&[0x55, 0x1d, 30], true, &sequence(&[&permitted]))
    };
    let excluded = |tag, value: &[u8]| subtree(&tlv(tag, value));
    let mapped = [
        &[0; 10][..],
        &[0xff, 0xff, 10, 0, 0, 0],
        &[0xff; 13],
        &[0; 3],
    ]
    .concat();
    let it = match kind {
        "constraints-mail" => excluded(0x81, b"example.org"),
        "constraints-mail-broken" => excluded(0x81, b"me@@example.org"),
        "constraints-dot" => excluded(0x82, b".example.org"),
        "constraints-name-broken" => excluded(0x82, b"example..org"),
        "constraints-wildcard" => excluded(0x82, b"*.example.org"),
        "constraints-address-mapped" => excluded(0x87, &mapped),
        "constraints-uri-address" => excluded(0x86, b"10.0.0.1"),
        "constraints-uri-broken" => excluded(0x86, b"http://example.org/"),
        "constraints-minimum" => {
            let name = tlv(0x82, b"example.org");
            subtree(&[&name[..], &[0x80, 1, 1]].concat())
        }
        "constraints-directory-critical" => excluded(0xa4, &common_name(0x0c, b"another")),
        "constraints-registered" => excluded(0x88, &[0x2a, 3]),
        "constraints-user" => {
            let user = [6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];
            let user = [&user[..], &tlv(0xa0, &tlv(0x0c, b"me@example.org"))].concat();
            excluded(0xa0, &user)
        }
        _ => return false,
    };
    tree.middle.extensions.push(it);
    tree.lay(made);
    true
}
