//! Certificates that an authority might make, and that one parser or another does not take.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;

use super::kinds::Made;
use super::primes::rsa;
use super::raw::{
    CONSTRAINTS, NAMES, Raw, Tree, common_name, dns, extension, names, sequence, tlv,
};

/// Numbers, versions and dates.
pub fn fields(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let generalized = |date: &str| tlv(0x18, date.as_bytes());
    match kind {
        "serial-zero" => tree.leaf.serial = vec![0],
        "serial-20" => tree.leaf.serial = vec![0x7f; 20],
        "serial-40" => tree.leaf.serial = vec![0x7f; 40],
        "leaf-version-1" => {
            tree.leaf.version = None;
            tree.leaf.extensions.clear();
        }
        "intermediate-version-1" => {
            tree.middle.version = None;
            tree.middle.extensions.clear();
        }
        "root-version-1" => {
            tree.root.version = None;
            tree.root.extensions.clear();
        }
        "leaf-never-ends" => tree.leaf.dates[1] = generalized("99991231235959Z"),
        "root-never-ends" => tree.root.dates[1] = generalized("99991231235959Z"),
        "dates-generalized" => tree.leaf.dates[1] = generalized("20490101000000Z"),
        "dates-backwards" => tree.leaf.dates.swap(0, 1),
        "subject-empty" => tree.leaf.subject = sequence(&[]),
        "subject-empty-critical" => {
            tree.leaf.subject = sequence(&[]);
            let name = sequence(&[&dns(b"localhost")]);
            tree.leaf.extensions = vec![extension(NAMES, true, &name)];
        }
        "root-without-name" => tree.root.subject = sequence(&[]),
        "subject-not-printable" => tree.leaf.subject = common_name(0x13, b"team_a@example"),
        "root-not-printable" => tree.root.subject = common_name(0x13, b"team_a@example"),
        "subject-latin-1" => tree.leaf.subject = common_name(0x14, b"B\xfccher"),
        "subject-not-utf-8" => tree.leaf.subject = common_name(0x0c, b"B\xfccher"),
        "subject-16-bits" => tree.leaf.subject = common_name(0x1e, b"\0B\0\xfc"),
        "two-algorithms" => {
            let sha384 = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
            tree.leaf.claimed = Some(sequence(&[&sha384]));
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// What stands among the names of a leaf.
pub fn named(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let beside = |other| [dns(b"localhost"), other];
    let uri = |text: &str| beside(tlv(0x86, text.as_bytes()));
    match kind {
        "ip-alone" => tree.leaf.named(&[tlv(0x87, &[127, 0, 0, 1])]),
        "ip-beside" => tree.leaf.named(&beside(tlv(0x87, &[127, 0, 0, 1]))),
        "ip-of-five" => tree.leaf.named(&beside(tlv(0x87, &[127, 0, 0, 1, 5]))),
        "ip-mapped" => {
            let mapped = [&[0; 10][..], &[0xff, 0xff, 127, 0, 0, 1]].concat();
            tree.leaf.named(&beside(tlv(0x87, &mapped)));
        }
        "wildcard-beside" => tree.leaf.named(&beside(dns(b"*.example.org"))),
        "wildcard-alone" => tree.leaf.named(&[dns(b"*.localhost")]),
        "punycode-beside" => tree.leaf.named(&beside(dns(b"xn--bcher-kva.example"))),
        "underscore-beside" => tree.leaf.named(&beside(dns(b"team_a.example"))),
        "dot-beside" => tree.leaf.named(&beside(dns(b"localhost."))),
        "dot-alone" => tree.leaf.named(&[dns(b"localhost.")]),
        "name-not-ascii" => tree.leaf.named(&beside(dns("bücher.example".as_bytes()))),
        "mail-not-ascii" => {
            tree.leaf
                .named(&beside(tlv(0x81, "bücher@example.org".as_bytes())));
        }
        "name-of-nothing" => tree.leaf.named(&beside(dns(b""))),
        "name-with-nul" => tree.leaf.named(&beside(dns(b"localhost\0.example"))),
        "names-none" => tree.leaf.named(&[]),
        "name-of-user" => {
            let user = [6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];
            let user = [&user[..], &tlv(0xa0, &tlv(0x0c, b"me@example.org"))].concat();
            tree.leaf.named(&beside(tlv(0xa0, &user)));
        }
        "uri-percent" => tree.leaf.named(&uri("http://example.org/%zz")),
        "uri-port" => tree.leaf.named(&uri("http://example.org:http/")),
        "uri-labels" => tree.leaf.named(&uri("http://example..org/")),
        "uri-dot" => tree.leaf.named(&uri("http://example.org./")),
        "uri-no-scheme" => tree.leaf.named(&uri(":example")),
        "uri-scheme" => tree.leaf.named(&uri("1st:example")),
        "uri-address" => tree.leaf.named(&uri("http://[::1]:443/a?b=c#d")),
        "uri-of-a-name" => tree
            .leaf
            .named(&uri("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6")),
        "names-twice" => {
            let all = names(&[dns(b"localhost")]);
            tree.leaf.extensions = vec![all.clone(), all];
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// Extensions that are marked in another way than RFC 5280 has it.
pub fn marked(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let key_id = extension(&[0x55, 0x1d, 14], true, &[4, 4, 1, 2, 3, 4]);
    let access: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
    let mut add = |it: Vec<u8>| tree.leaf.extensions.push(it);
    match kind {
        "authority-key-critical" => {
            let named = sequence(&[&[0x80, 1, 1]]);
            add(extension(&[0x55, 0x1d, 35], true, &named));
        }
        "key-critical" => add(key_id),
        "root-key-critical" => tree.root.extensions.push(key_id),
        "access-critical" => add(extension(access, true, &sequence(&[]))),
        "precertificate" => {
            let poison = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3];
            add(extension(&poison, true, &[5, 0]));
        }
        "not-critical-in-full" => {
            let value = [6, 3, 0x2a, 3, 4, 1, 1, 0, 4, 2, 5, 0];
            add(sequence(&[&value]));
        }
        "critical-by-one" => {
            let value = [6, 3, 0x55, 0x1d, 15, 1, 1, 1, 4, 4, 3, 2, 7, 0x80];
            add(sequence(&[&value]));
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// Extensions that are broken, there twice, or empty.
pub fn extensions(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let points = extension(&[0x55, 0x1d, 31], false, &[5, 0]);
    let no_usage = extension(&[0x55, 0x1d, 15], true, &[3, 2, 7, 0]);
    let features = |of: &[u8]| extension(&[0x2b, 6, 1, 5, 5, 7, 1, 24], false, of);
    let version_2 = features(&sequence(&[&[2, 1, 17]]));
    let mut stranger = Raw::authority("Another");
    let mut add = |it: Vec<u8>| tree.leaf.extensions.push(it);
    match kind {
        "extension-twice" => (0..2).for_each(|_| add(extension(&[0x2a, 3, 4], false, &[5, 0]))),
        "must-staple" => {
            add(features(&sequence(&[&[2, 1, 5]])));
        }
        "must-staple-long" => add(features(&sequence(&[&[2, 2, 0, 5]]))),
        "intermediate-features" => tree.middle.extensions.push(version_2),
        "root-features" => tree.root.extensions.push(version_2),
        "features-of-both" => {
            add(version_2.clone());
            tree.middle.extensions.push(version_2);
        }
        "root-features-of-leaf" => {
            add(version_2.clone());
            tree.root.extensions.push(version_2);
        }
        "intermediate-features-broken" => tree.middle.extensions.push(features(&[5, 0])),
        "intermediate-features-tagged" => {
            let tagged = features(&[0xb0, 3, 2, 1, 17]);
            tree.middle.extensions.push(tagged);
        }
        "features-broken" => add(features(&[5, 0])),
        "points-broken" => add(points),
        "points-broken-behind" => {
            stranger.extensions.push(points);
            tree.behind.push(stranger.signed(&stranger));
        }
        "policy-twice" => {
            let policy = sequence(&[&[6, 2, 0x2a, 3]]);
            let policies = sequence(&[&policy, &policy]);
            add(extension(&[0x55, 0x1d, 32], false, &policies));
        }
        "usage-of-nothing" => add(no_usage),
        "issuer-usage-of-nothing" => tree.middle.extensions.push(no_usage),
        "no-authority-in-full" => add(extension(CONSTRAINTS, true, &sequence(&[&[1, 1, 0]]))),
        "extensions-empty" => {
            stranger.extensions = vec![Vec::new()];
            tree.behind.push(stranger.signed(&stranger));
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// What an authority says of those below it, and how it signs.
pub fn issuers(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let constrained = |kind: u8, tag: u8, value: &[u8]| {
        let subtrees = tlv(kind, &sequence(&[&tlv(tag, value)]));
        extension(&[0x55, 0x1d, 30], true, &sequence(&[&subtrees]))
    };
    let usage = |last: u8| {
        let id = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, last];
        extension(&[0x55, 0x1d, 37], false, &sequence(&[&id]))
    };
    let middle = &mut tree.middle.extensions;
    match kind {
        "constraints-permit" => middle.push(constrained(0xa0, 0x82, b"localhost")),
        "constraints-permit-another" => middle.push(constrained(0xa0, 0x82, b"example.org")),
        "constraints-exclude" => middle.push(constrained(0xa1, 0x82, b"localhost")),
        "constraints-address" => {
            middle.push(constrained(0xa0, 0x87, &[10, 0, 0, 0, 255, 0, 0, 0]));
        }
        "constraints-mask" => {
            middle.push(constrained(0xa0, 0x87, &[10, 0, 0, 0, 255, 0, 255, 0]));
        }
        "constraints-uri" => middle.push(constrained(0xa1, 0x86, b".example.org")),
        "constraints-directory" => {
            let base = tlv(0xa4, &common_name(0x0c, b"another subject"));
            let permitted = tlv(0xa0, &sequence(&[&base]));
            middle.push(extension(
                &[0x55, 0x1d, 30],
                false,
                &sequence(&[&permitted]),
            ));
        }
        "constraints-empty" => {
            middle.push(extension(&[0x55, 0x1d, 30], true, &sequence(&[])));
        }
        "root-constraints" => {
            tree.root
                .extensions
                .push(constrained(0xa0, 0x82, b"example.org"));
        }
        "intermediate-for-clients" => middle.push(usage(2)),
        "intermediate-for-code" => middle.push(usage(3)),
        "intermediate-any-usage" => {
            let any = sequence(&[&[6, 4, 0x55, 0x1d, 37, 0]]);
            middle.push(extension(&[0x55, 0x1d, 37], false, &any));
        }
        "root-any-usage" => {
            let any = sequence(&[&[6, 4, 0x55, 0x1d, 37, 0]]);
            tree.root
                .extensions
                .push(extension(&[0x55, 0x1d, 37], false, &any));
        }
        "signed-sha384" => tree.leaf.digest = MessageDigest::sha384(),
        "signed-sha512" => tree.leaf.digest = MessageDigest::sha512(),
        "intermediate-sha1" => tree.middle.digest = MessageDigest::sha1(),
        "root-sha1" => tree.root.digest = MessageDigest::sha1(),
        "issued-by-rsa" => {
            tree.middle.key = rsa();
            tree.leaf.digest = MessageDigest::sha512();
        }
        "issued-by-ed25519" => tree.middle.key = PKey::generate_ed25519().unwrap(),
        _ => return false,
    }
    tree.lay(made);
    true
}
