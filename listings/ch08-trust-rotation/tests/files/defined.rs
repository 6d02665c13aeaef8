//! Fields that are not as RFC 5280 defines them. Each library parses some of them strictly, and each one others.

use super::kinds::Made;
use super::rare::NULL;
use super::raw::{Raw, Tree, common_name, dns, extension, sequence, tlv};

/// A name whose attribute has a part too many.
fn of_three(name: &[u8]) -> Vec<u8> {
    let pair = sequence(&[&[6, 3, 0x55, 4, 3], &tlv(0x0c, name), NULL]);
    sequence(&[&tlv(0x31, &pair)])
}

/// A place of revocation lists, of these parts.
fn place(parts: &[&[u8]]) -> Vec<u8> {
    extension(&[0x55, 0x1d, 31], false, &sequence(&[&sequence(parts)]))
}

/// An identifier of a key whose length is written in a byte too many, which is BER.
fn key_id() -> Vec<u8> {
    let value: Vec<u8> = [&[4, 0x81, 20][..], &[7; 20]].concat();
    extension(&[0x55, 0x1d, 14], false, &value)
}

/// Makes the files of this kind.
pub fn make(kind: &str, made: &mut Made<'_>) -> bool {
    texts(kind, made)
        || extensions(kind, made)
        || names(kind, made)
        || super::passed::make(kind, made)
}

/// Texts that look like PEM, and what others write in its place.
fn texts(kind: &str, made: &mut Made<'_>) -> bool {
    let (chain, key) = (made.kit.chain(), made.kit.key.clone());
    let begun_by = |dashes: &str| chain.replace("-----BEGIN", &format!("{dashes}BEGIN"));
    match kind {
        "tab-in-marker" => made.chain(chain.replace("BEGIN ", "BEGIN\t")),
        "key-padding-too-much" => made.key(key.replace("\n-----END", "====\n-----END")),
        "soft-hyphens" => made.chain(begun_by(&"\u{ad}".repeat(5))),
        "hyphens-of-unicode" => made.chain(chain.replace('-', "\u{2010}")),
        "tar" => {
            let mut head = [0; 512];
            head[..7].copy_from_slice(b"tls.key");
            head[257..262].copy_from_slice(b"ustar");
            made.key([&head[..], key.as_bytes(), &[0; 1024]].concat());
        }
        "spaces-at-end" => made.chain(chain + &" ".repeat(1_000_000)),
        "beginnings-alone" => made.chain("-----BEGIN CERTIFICATE-----\n".repeat(37_000)),
        "no-value" => made.chain("<no value>\n"),
        "salted" => made.key("U2FsdGVkX19kZWZpbmVkIGJ5IG5vYm9keSBhdCBhbGw=\n"),
        _ => return false,
    }
    true
}

/// What extensions hold.
fn extensions(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let uri = |uri: &[u8]| tlv(0xa0, &tlv(0xa0, &tlv(0x86, uri)));
    let point = uri(b"http://example.org/list.crl");
    let it = |id: &[u8], value: &[u8]| extension(id, false, &sequence(&[value]));
    let added = match kind {
        "places-reasons-broken" => place(&[&point, &tlv(0x81, b"*")]),
        "places-part-too-many" => place(&[&point, &tlv(4, b"more")]),
        "places-of-nothing" => place(&[]),
        "places-latin-1" => place(&[&uri(b"http://example.org/B\xfccher.crl")]),
        "places-of-issuer" => place(&[&tlv(0xa2, &tlv(0xa4, &tree.root.subject))]),
        "authority-key-part-too-many" => {
            let parts = [tlv(0x80, &[7; 20]), tlv(4, b"more")].concat();
            it(&[0x55, 0x1d, 35], &parts)
        }
        "key-id-length-in-full" => key_id(),
        "policy-as-text" => it(&[0x55, 0x1d, 32], &sequence(&[&tlv(0x0c, b"a policy")])),
        "access-as-text" => {
            let parts = [tlv(0x0c, b"ocsp"), tlv(0x86, b"http://example.org")].concat();
            it(&[0x2b, 6, 1, 5, 5, 7, 1, 1], &sequence(&[&parts]))
        }
        "uses-as-text" => {
            let servers: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
            let uses = [servers, &tlv(0x0c, b"servers")].concat();
            it(&[0x55, 0x1d, 37], &uses)
        }
        _ => return false,
    };
    tree.leaf.extensions.push(added);
    tree.lay(made);
    true
}

/// Names, and authorities that have such.
fn names(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let mut stranger = Raw::authority("Another");
    match kind {
        "subject-compound" => tree.leaf.subject = common_name(0x2c, b"a leaf"),
        "subject-part-too-many" => tree.leaf.subject = of_three(b"a leaf"),
        "subject-length-in-full" => {
            let text: Vec<u8> = [&[0x0c, 0x81, 6][..], b"a leaf"].concat();
            let pair = sequence(&[&[6, 3, 0x55, 4, 3], &text]);
            tree.leaf.subject = sequence(&[&tlv(0x31, &pair)]);
        }
        "behind-subject-part-too-many" => {
            stranger.subject = of_three(b"Another");
            tree.behind.push(stranger.signed(&stranger));
        }
        "root-usage-alone" | "intermediate-usage-alone" => {
            let usage = extension(&[0x55, 0x1d, 15], true, &[3, 2, 2, 4]);
            let of = match kind {
                "root-usage-alone" => &mut tree.root,
                _ => &mut tree.middle,
            };
            of.extensions = vec![usage];
        }
        "behind-subject-empty" => {
            stranger.subject = sequence(&[]);
            tree.behind.push(stranger.signed(&tree.root));
        }
        "root-subject-part-too-many" => tree.root.subject = of_three(b"Raw root"),
        "beside-subject-part-too-many" => {
            stranger.subject = of_three(b"Another");
            super::forms::beside(&tree, &stranger, made);
            return true;
        }
        "root-key-id-length-in-full" => tree.root.extensions.push(key_id()),
        "user-latin-1" => {
            let user: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];
            let text = tlv(0xa0, &tlv(0x0c, b"B\xfccher@example.org"));
            let user = tlv(0xa0, &[user, &text].concat());
            tree.leaf.named(&[dns(b"localhost"), user]);
        }
        _ => return false,
    }
    tree.lay(made);
    true
}
