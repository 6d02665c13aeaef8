//! Authorities that some library passes over, and what stands at the edge of RFC 5280 in a certificate.

use super::forms::beside;
use super::kinds::Made;
use super::raw::{Raw, Tree, common_name, extension, sequence, text, tlv};

const PLACES: [u8; 3] = [0x55, 0x1d, 31];
const MAPPINGS: [u8; 3] = [0x55, 0x1d, 33];
const ACCESS: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 1, 1];

/// Makes the files of this kind.
pub fn make(kind: &str, made: &mut Made<'_>) -> bool {
    strangers(kind, made) || roots(kind, made) || leaves(kind, made)
}

/// A name whose first part is a set of nothing.
fn part_of_nothing(name: &[u8]) -> Vec<u8> {
    let pair = sequence(&[&[6, 3, 0x55, 4, 3], &tlv(0x0c, name)]);
    sequence(&[&tlv(0x31, &[]), &tlv(0x31, &pair)])
}

/// An extension that no library knows, of so many bytes.
fn large(bytes: usize) -> Vec<u8> {
    let text = tlv(0x0c, &vec![b'a'; bytes]);
    extension(&[0x2a, 3, 4], false, &text)
}

/// A place of revocation lists at this address.
fn place(address: &[u8]) -> Vec<u8> {
    let point = tlv(0xa0, &tlv(0xa0, &tlv(0x86, address)));
    extension(&PLACES, false, &sequence(&[&sequence(&[&point])]))
}

/// Another name of the issuer (issuerAltName).
fn issuer_named(name: &[u8]) -> Vec<u8> {
    extension(&[0x55, 0x1d, 18], false, &sequence(&[name]))
}

/// A constraint of names of this tag: 0xa0 permits, 0xa1 excludes.
fn constrains(tag: u8, name: &[u8]) -> Vec<u8> {
    let trees = tlv(tag, &sequence(&[name]));
    extension(&[0x55, 0x1d, 30], false, &sequence(&[&trees]))
}

/// Another authority before the right one.
fn strangers(kind: &str, made: &mut Made<'_>) -> bool {
    let mut stranger = Raw::authority("Another");
    match kind {
        "beside-part-of-nothing" => stranger.subject = part_of_nothing(b"Another"),
        "beside-version-1-said" => {
            stranger.version = Some(0);
            stranger.extensions.clear();
        }
        "beside-version-2" => stranger.version = Some(1),
        "beside-unique-ids" => stranger.between = tlv(0x81, &[0, 1]),
        "beside-large" => stranger.extensions.push(large(70_000)),
        "beside-version-1-extended" => stranger.version = None,
        "beside-two-algorithms" => {
            let sha384 = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
            stranger.claimed = Some(sequence(&[&sha384]));
        }
        "beside-issuer-named-x400" => stranger.extensions.push(issuer_named(&tlv(0xa3, &[]))),
        "beside-twice" => {
            let again = stranger.extensions[0].clone();
            stranger.extensions.push(again);
        }
        "beside-32-bits-cut" => stranger.subject = common_name(0x1c, b"abc"),
        "beside-february-30" => stranger.dates[0] = tlv(0x17, b"260230000000Z"),
        "beside-places-utf-8" => {
            let address = "http://example.org/B\u{fc}cher.crl";
            stranger.extensions.push(place(address.as_bytes()));
        }
        _ => return false,
    }
    beside(&Tree::new(), &stranger, made);
    true
}

/// The authority that has issued.
fn roots(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    match kind {
        "root-version-1-said" => {
            tree.root.version = Some(0);
            tree.root.extensions.clear();
        }
        "root-version-2" => tree.root.version = Some(1),
        "root-version-1-extended" => tree.root.version = None,
        "root-large" => tree.root.extensions.push(large(70_000)),
        "root-places-utf-8" => {
            let address = "http://example.org/B\u{fc}cher.crl";
            tree.root.extensions.push(place(address.as_bytes()));
        }
        "root-without-issuer" => {
            tree.lay(made);
            let mut nobody = Raw::authority("");
            nobody.subject = sequence(&[]);
            nobody.key = tree.root.key.clone();
            made.roots(text(&tree.root.signed(&nobody)));
            return true;
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// What stands in a leaf.
fn leaves(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let mut behind = Raw::leaf();
    let (leaf, middle) = (&mut tree.leaf, &mut tree.middle);
    let uri = "http://example.org/B\u{fc}cher";
    match kind {
        "behind-version-1-extended" => {
            behind.version = None;
            tree.behind.push(behind.signed(&tree.middle));
        }
        "behind-february-30" => {
            behind.dates[0] = tlv(0x17, b"260230000000Z");
            tree.behind.push(behind.signed(&tree.middle));
        }
        "issuer-named-x400" => leaf.extensions.push(issuer_named(&tlv(0xa3, &[]))),
        "issuer-named-by-nothing" => leaf.extensions.push(issuer_named(&tlv(0x82, &[]))),
        "issuer-named-otherwise-too" => {
            leaf.extensions
                .push(issuer_named(&tlv(0x82, b"example.org")));
        }
        "constraints-registered-not-critical" => {
            middle
                .extensions
                .push(constrains(0xa1, &[0x88, 2, 0x2a, 3]));
        }
        "constraints-mail-in-brackets" => {
            let mail = tlv(0x81, b"<someone@example.org>");
            middle.extensions.push(constrains(0xa0, &mail));
        }
        "subject-part-of-nothing" => leaf.subject = part_of_nothing(b"a leaf"),
        "subject-32-bits-cut" => leaf.subject = common_name(0x1c, b"abc"),
        "places-utf-8" => leaf.extensions.push(place(uri.as_bytes())),
        "places-none" => {
            let none = extension(&PLACES, false, &sequence(&[]));
            leaf.extensions.push(none);
        }
        "access-none" => {
            let none = extension(&ACCESS, false, &sequence(&[]));
            leaf.extensions.push(none);
        }
        "access-utf-8" => {
            let ocsp: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
            let asked = sequence(&[ocsp, &tlv(0x86, uri.as_bytes())]);
            let access = extension(&ACCESS, false, &sequence(&[&asked]));
            leaf.extensions.push(access);
        }
        "mappings-none" => {
            let none = extension(&MAPPINGS, false, &sequence(&[]));
            leaf.extensions.push(none);
        }
        _ => return false,
    }
    tree.lay(made);
    true
}
