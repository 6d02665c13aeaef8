//! General names (RFC 5280, section 4.2.1.6) that OpenSSL parses and others pass over: beside the right name, in
//! constraints, in places of revocation lists, and of the issuer's issuer.

use super::kinds::Made;
use super::raw::{Tree, common_name, dns, extension, sequence, tlv};

/// The type of the name of a user of Windows (UPN).
const USER: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];

const DIRECTORY: u8 = 0xa4;

/// Such a name without what it is.
fn user_without_value() -> Vec<u8> {
    tlv(0xa0, USER)
}

/// A name beside the right one.
fn beside(kind: &str) -> Option<Vec<u8>> {
    let me = tlv(0x0c, b"me@example.org");
    Some(match kind {
        "registered-of-nothing" => tlv(0x88, &[]),
        "registered-cut" => tlv(0x88, &[0x2a, 0x83]),
        "user-without-value" => user_without_value(),
        "user-of-two" => tlv(0xa0, &[USER, &tlv(0xa0, &[&me[..], &me].concat())].concat()),
        "directory-latin-1" => tlv(DIRECTORY, &common_name(0x0c, b"B\xfccher")),
        "directory-of-two" => {
            let name = common_name(0x0c, b"a directory");
            tlv(DIRECTORY, &[&name[..], &name].concat())
        }
        "mail-of-nothing" => tlv(0x81, &[]),
        "uri-of-nothing" => tlv(0x86, &[]),
        "name-in-parts" => tlv(0xa2, &tlv(0x16, b"www.example.org")),
        "party-of-edi" => tlv(0xa5, &tlv(0xa1, &tlv(0x0c, b"a party"))),
        _ => return None,
    })
}

/// Names that one library parses and another does not.
pub fn names(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let it = |last, value: &[u8]| extension(&[0x55, 0x1d, last], false, value);
    let excludes = |name: &[u8]| {
        let trees = tlv(0xa1, &sequence(&[name]));
        it(30, &sequence(&[&trees]))
    };
    match kind {
        "places-broken-name" => {
            let place = tlv(0xa0, &tlv(0xa0, &user_without_value()));
            let places = it(31, &sequence(&[&sequence(&[&place])]));
            tree.leaf.extensions.push(places);
        }
        "places-critical" | "intermediate-places-critical" => {
            let uri = tlv(0x86, b"http://example.org/list.crl");
            let place = sequence(&[&tlv(0xa0, &tlv(0xa0, &uri))]);
            let places = extension(&[0x55, 0x1d, 31], true, &sequence(&[&place]));
            let of = match kind {
                "places-critical" => &mut tree.leaf,
                _ => &mut tree.middle,
            };
            of.extensions.push(places);
        }
        "authority-key-broken-name" => {
            let number = tlv(0x82, &tree.middle.serial);
            let issuer = tlv(0xa1, &user_without_value());
            let named = it(35, &sequence(&[&issuer, &number]));
            tree.leaf.extensions.push(named);
        }
        "constraints-broken-name" => {
            let constraints = excludes(&user_without_value());
            tree.middle.extensions.push(constraints);
        }
        "constraints-exclude-directory" => {
            let constraints = excludes(&tlv(DIRECTORY, &common_name(0x0c, b"another")));
            tree.middle.extensions.push(constraints);
        }
        _ => match beside(kind) {
            Some(name) => tree.leaf.named(&[dns(b"localhost"), name]),
            None => return false,
        },
    }
    tree.lay(made);
    true
}
