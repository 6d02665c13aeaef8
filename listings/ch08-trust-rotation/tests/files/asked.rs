//! What one library alone asks of a chain: OpenSSL of the mail in a subject and of extensions of old, and rustls of names
//! that an issuer constrains.

use super::kinds::Made;
use super::primes::rsa;
use super::raw::{Raw, Tree, dns, extension, sequence, text, tlv};

/// The names that an issuer may issue for, and those that it may not.
const PERMITS: u8 = 0xa0;
const EXCLUDES: u8 = 0xa1;

const HOST: u8 = 0x82;
const MAIL: u8 = 0x81;
const URI: u8 = 0x86;

/// An intermediate with one constraint of names (RFC 5280, section 4.2.1.10).
fn constrained(tree: &mut Tree, side: u8, tag: u8, name: &[u8]) {
    let trees = tlv(side, &sequence(&[&tlv(tag, name)]));
    let constraints = extension(&[0x55, 0x1d, 30], true, &sequence(&[&trees]));
    tree.middle.extensions.push(constraints);
}

/// A leaf whose subject has an address of mail in this type of string.
fn with_mail(tree: &mut Tree, string: u8) {
    let attribute = |id: &[u8], value: &[u8]| tlv(0x31, &sequence(&[id, value]));
    let name = attribute(&[6, 3, 0x55, 4, 3], &tlv(0x0c, b"a leaf"));
    let mail = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    let mail = attribute(&mail, &tlv(string, b"ops@example.org"));
    tree.leaf.subject = sequence(&[&name, &mail]);
}

/// The mail in the subject of a leaf, and what its issuer may issue for.
pub fn mail(kind: &str, made: &mut Made<'_>) -> bool {
    const IA5: u8 = 0x16;
    const UTF8: u8 = 0x0c;
    let mut tree = Tree::new();
    with_mail(&mut tree, IA5);
    match kind {
        "subject-mail-permitted" => constrained(&mut tree, PERMITS, MAIL, b"example.org"),
        "subject-mail-below-permitted" => constrained(&mut tree, PERMITS, MAIL, b".org"),
        "subject-mail-not-permitted" => constrained(&mut tree, PERMITS, MAIL, b"example.com"),
        "subject-mail-excluded" => constrained(&mut tree, EXCLUDES, MAIL, b"example.org"),
        "subject-mail-utf8" => {
            with_mail(&mut tree, UTF8);
            constrained(&mut tree, PERMITS, HOST, b"localhost");
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// Names beside the right one, and what the issuer may issue for.
pub fn names(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let (tag, beside) = match kind {
        "constrained-uri" => (URI, tlv(URI, b"spiffe://example.org/shop")),
        "constrained-mail" => (MAIL, tlv(MAIL, b"ops@example.org")),
        "constrained-port" => (HOST, dns(b"localhost:443")),
        "constrained-wildcard" => (HOST, dns(b"*.example.org")),
        _ => return false,
    };
    tree.leaf.named(&[dns(b"localhost"), beside]);
    constrained(&mut tree, EXCLUDES, tag, b"example.com");
    tree.lay(made);
    true
}

/// Extensions that OpenSSL reads and the others pass over, and an authority that went from RSA to ECDSA.
pub fn passed_over(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let it = match kind {
        "proxy" => {
            let any = [6, 8, 0x2b, 6, 1, 5, 5, 7, 21, 1];
            let proxy = sequence(&[&sequence(&[&any])]);
            extension(&[0x2b, 6, 1, 5, 5, 7, 1, 14], false, &proxy)
        }
        "addresses-of-leaf" => {
            let prefix = sequence(&[&[3, 3, 0, 0xc0, 0]]);
            let family = sequence(&[&[4, 2, 0, 1], &prefix]);
            extension(&[0x2b, 6, 1, 5, 5, 7, 1, 7], false, &sequence(&[&family]))
        }
        "netscape-type-broken" => {
            let id = [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1];
            extension(&id, false, &[0xff; 3])
        }
        "leaf-may-agree" => extension(&[0x55, 0x1d, 15], true, &[3, 2, 3, 8]),
        "roots-of-one-name-rsa" => {
            let mut old = Raw::authority("Raw root");
            old.key = rsa();
            tree.lay(made);
            let all = [old.signed(&old), tree.root.signed(&tree.root)];
            made.roots(all.map(|der| text(&der)).concat());
            return true;
        }
        _ => return false,
    };
    tree.leaf.extensions.push(it);
    tree.lay(made);
    true
}
