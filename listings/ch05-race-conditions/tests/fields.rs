//! Fields that rustls leaves unread: what is refused because other clients do not parse it, and beside
//! each of these what they do parse, which is served.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use ch02_hot_reload::identity::{Reason, Source};
use ch05_race_conditions::{Options, Reader};
use lab::agent::Files;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time, Asn1Type};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, PKey, Private, Public};
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509, X509Builder, X509Extension, X509Name};

/// An extension: its identifier, whether it is critical, and its content in DER.
pub type Extension = (&'static str, bool, Vec<u8>);

const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
const NAME_CONSTRAINTS: &str = "2.5.29.30";
const POLICIES: &str = "2.5.29.32";

pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    // Each is short: its length is one byte.
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80);
    [&[tag, length], content].concat()
}

// The general names of RFC 5280, section 4.2.1.6.
fn mail(text: &str) -> Vec<u8> {
    value(0x81, text.as_bytes())
}

fn dns(text: &str) -> Vec<u8> {
    value(0x82, text.as_bytes())
}

/// An object identifier in the place of a name (registeredID).
fn registered() -> Vec<u8> {
    value(0x88, &[0x2a, 3])
}

fn uri(text: &str) -> Vec<u8> {
    value(0x86, text.as_bytes())
}

fn ip(bytes: &[u8]) -> Vec<u8> {
    value(0x87, bytes)
}

/// A leaf for `localhost`, and for this.
fn named(other: Vec<u8>) -> Extension {
    let names = [dns("localhost"), other].concat();
    (SUBJECT_ALTERNATIVE_NAME, false, value(0x30, &names))
}

/// An intermediate that may issue for all but this.
fn but(excluded: Vec<u8>, critical: bool) -> Extension {
    let subtree = value(0xa1, &value(0x30, &excluded));
    (NAME_CONSTRAINTS, critical, value(0x30, &subtree))
}

/// Policies with these identifiers: 1.2.N each.
fn policies(numbers: &[u8]) -> Extension {
    let each = numbers
        .iter()
        .map(|number| value(0x30, &value(6, &[0x2a, *number])));
    (
        POLICIES,
        false,
        value(0x30, &each.collect::<Vec<_>>().concat()),
    )
}

/// What is changed in a root, an intermediate and a leaf, and what stands behind these.
pub struct Changed {
    pub subject: X509Name,
    pub begins: i64,
    pub of_leaf: Extension,
    pub of_intermediate: Option<Extension>,
    /// The leaf's serial number.
    pub serial: BigNum,
    /// The leaf's key, if it is another than one on P-256.
    pub key: Option<PKey<Private>>,
    /// The key of a certificate behind them that no path needs.
    pub behind: Option<PKey<Public>>,
    /// Bytes of the leaf, and what stands in their place once it is signed.
    pub patch: Option<([u8; 4], [u8; 4])>,
}

impl Default for Changed {
    fn default() -> Self {
        Self {
            subject: name("A leaf", Asn1Type::UTF8STRING),
            begins: 1_000_000_000,
            of_leaf: named(Vec::new()),
            of_intermediate: None,
            serial: BigNum::from_u32(1).unwrap(),
            key: None,
            behind: None,
            patch: None,
        }
    }
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub fn name(text: &str, of_type: Asn1Type) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_nid_with_type(Nid::COMMONNAME, text, of_type)
        .unwrap();
    name.build()
}

/// A certificate by this issuer. It has no key identifier, so each certificate with the issuer's name may be the
/// issuer.
fn issued(
    subject: &X509Name,
    key: &PKey<impl HasPublic>,
    issuer: &X509Name,
    by: &PKey<Private>,
    change: impl FnOnce(&mut X509Builder),
) -> String {
    let mut it = X509::builder().unwrap();
    it.set_version(2).unwrap();
    // An authority gives each number once, its own as well.
    let itself = subject.to_der().unwrap() == issuer.to_der().unwrap();
    let serial = BigNum::from_u32(if itself { 2 } else { 1 }).unwrap();
    let serial = serial.to_asn1_integer().unwrap();
    it.set_serial_number(&serial).unwrap();
    it.set_subject_name(subject).unwrap();
    it.set_issuer_name(issuer).unwrap();
    it.set_pubkey(key).unwrap();
    it.set_not_before(&Asn1Time::from_unix(1_000_000_000).unwrap())
        .unwrap();
    it.set_not_after(&Asn1Time::from_unix(4_000_000_000).unwrap())
        .unwrap();
    change(&mut it);
    it.sign(by, MessageDigest::sha256()).unwrap();
    String::from_utf8(it.build().to_pem().unwrap()).unwrap()
}

fn extend(it: &mut X509Builder, (id, critical, content): &Extension) {
    let id = Asn1Object::from_str(id).unwrap();
    let content = Asn1OctetString::new_from_bytes(content).unwrap();
    let extension = X509Extension::new_from_der(&id, *critical, &content).unwrap();
    it.append_extension(extension).unwrap();
}

fn authority(it: &mut X509Builder) {
    let ca = BasicConstraints::new().critical().ca().build().unwrap();
    it.append_extension(ca).unwrap();
}

/// The same certificate with other bytes, which OpenSSL itself might not parse.
fn patched(pem: &str, (from, to): ([u8; 4], [u8; 4])) -> String {
    let mut der = X509::from_pem(pem.as_bytes()).unwrap().to_der().unwrap();
    let at = der.windows(4).position(|bytes| bytes == from).unwrap();
    der[at..at + 4].copy_from_slice(&to);
    let text = openssl::base64::encode_block(&der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// What the reader says of it, where it does not take it. Another root, which no path needs, stands in
/// the file of anchors before the right one.
fn refused(changed: &Changed) -> Option<(Reason, String)> {
    let utf8 = |text| name(text, Asn1Type::UTF8STRING);
    let (other, top, middle) = (utf8("Other"), utf8("Root"), utf8("Intermediate"));
    let [other_key, top_key, middle_key, leaf_key] = [(); 4].map(|()| self::key());
    let roots = [
        issued(&other, &other_key, &other, &other_key, authority),
        issued(&top, &top_key, &top, &top_key, authority),
    ];
    let intermediate = issued(&middle, &middle_key, &top, &top_key, |it| {
        authority(it);
        if let Some(extension) = &changed.of_intermediate {
            extend(it, extension);
        }
    });
    let leaf_key = changed.key.as_ref().unwrap_or(&leaf_key);
    let leaf = issued(&changed.subject, leaf_key, &middle, &middle_key, |it| {
        let serial = changed.serial.to_asn1_integer().unwrap();
        it.set_serial_number(&serial).unwrap();
        let begins = Asn1Time::from_unix(changed.begins).unwrap();
        it.set_not_before(&begins).unwrap();
        extend(it, &changed.of_leaf);
        if changed.of_leaf.0 != SUBJECT_ALTERNATIVE_NAME {
            extend(it, &named(Vec::new()));
        }
    });
    let directory = lab::directory().unwrap();
    let [certificate, key, roots_file] =
        ["tls.crt", "tls.key", "ca.crt"].map(|name| directory.path().join(name));
    let mut file = fs::OpenOptions::new();
    let mut file = file
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&key)
        .unwrap();
    file.write_all(&leaf_key.private_key_to_pem_pkcs8().unwrap())
        .unwrap();
    let files = Files {
        certificate,
        key,
        roots: roots_file,
    };
    let leaf = changed
        .patch
        .map_or(leaf.clone(), |patch| patched(&leaf, patch));
    let behind = changed.behind.as_ref();
    let behind = behind.map(|key| {
        issued(&utf8("Behind"), key, &top, &top_key, |it| {
            let serial = BigNum::from_u32(3).unwrap().to_asn1_integer().unwrap();
            it.set_serial_number(&serial).unwrap();
        })
    });
    let chain = leaf + &intermediate + &behind.unwrap_or_default();
    fs::write(&files.certificate, chain).unwrap();
    fs::write(&files.roots, roots.concat()).unwrap();
    let read = Reader::new(Options::default()).read(&Source::localhost(files), None);
    read.err()
        .map(|rejected| (rejected.reason, rejected.detail))
}

/// Of each, what is said; nothing where it is served.
pub fn each(all: impl IntoIterator<Item = (Changed, &'static str, String)>) {
    let mut wrong = Vec::new();
    for (changed, says, what) in all {
        let found = refused(&changed);
        let right = match &found {
            Some((Reason::Malformed | Reason::ChainBroken, detail)) => {
                !says.is_empty() && detail.contains(says)
            }
            Some(_) => false,
            None => says.is_empty(),
        };
        if !right {
            wrong.push(format!("{what}: {found:?} instead of {says:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const V6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const MAPPED: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];

#[test]
fn alternative_names() {
    let all = [
        (mail("me@example.org"), ""),
        (mail("mé@example.org"), "not ASCII"),
        (dns("other.example"), ""),
        (dns("öther.example"), "not ASCII"),
        (value(0x86, &[0xff]), "one of its names is broken"),
        (ip(&[10, 0, 0, 1]), ""),
        (ip(&V6), ""),
        (ip(&MAPPED), "an address of IPv4 in the form of IPv6"),
        (
            ip(&[10, 0, 0, 1, 1]),
            "of another length than 4 or 16 bytes",
        ),
    ];
    each(all.map(|(name, says)| {
        let what = format!("{name:02x?}");
        let of_leaf = named(name);
        let changed = Changed {
            of_leaf,
            ..Changed::default()
        };
        (changed, says, what)
    }));
}

/// The name of a user, say: an identifier of its type, and a value.
fn other(content: &[&[u8]]) -> Vec<u8> {
    value(0xa0, &content.concat())
}

/// The name of a directory, with one string of this type.
fn directory(tag: u8, text: &[u8]) -> Vec<u8> {
    directory_of(&[&value(6, &[0x55, 4, 3]), &value(tag, text)])
}

/// The name of a directory, with one pair of these.
fn directory_of(pair: &[&[u8]]) -> Vec<u8> {
    let pair = value(0x30, &pair.concat());
    value(0xa4, &value(0x30, &value(0x31, &pair)))
}

/// OpenSSL parses each general name, also of a kind that nobody asks for, and wherever it stands.
#[test]
fn general_names() {
    const BROKEN: &str = "a general name in it is broken";
    let (id, me) = (value(6, &[0x2b, 6, 1]), value(0x0c, b"me"));
    let twice = [&me[..], &me].concat();
    let all = [
        (registered(), ""),
        (value(0x88, &[]), BROKEN),
        (value(0x88, &[0x2a, 0x83]), BROKEN),
        (value(0x88, &[0x2a, 0x80, 1]), BROKEN),
        (other(&[&id, &value(0xa0, &me)]), ""),
        (other(&[&id]), BROKEN),
        (other(&[&id, &me]), BROKEN),
        (other(&[&id, &value(0xa0, &[])]), BROKEN),
        (other(&[&id, &value(0xa0, &twice)]), BROKEN),
        (other(&[]), BROKEN),
        (directory(0x0c, "é".as_bytes()), ""),
        (directory(0x0c, &[0xe9]), BROKEN),
        (directory(0x1e, &[0]), BROKEN),
        (directory(0x1b, b"x"), BROKEN),
        (value(0xa4, &[]), BROKEN),
        (directory_of(&[]), BROKEN),
        (directory_of(&[&id]), BROKEN),
        (directory_of(&[&id, &me, &me]), BROKEN),
        (directory_of(&[&value(6, &[]), &me]), BROKEN),
        (directory(0x1c, b"x"), BROKEN),
        (value(0x84, &value(0x30, &[])), BROKEN),
        (value(0xa8, &value(6, &[0x2a])), BROKEN),
        (other(&[&id, &value(0x80, &me)]), BROKEN),
        (other(&[&id, &value(0xa0, &value(2, &[]))]), BROKEN),
        (value(0xa5, &[]), BROKEN),
        (value(0x89, b"x"), BROKEN),
        (mail(""), "one of its names is empty"),
        (value(0xa2, &value(0x16, b"x")), "not in DER"),
        (value(0xa7, &value(4, b"ip")), "not in DER"),
        (value(0xa3, &value(0x30, &[])), "none but OpenSSL reads"),
    ];
    let broken = all.iter().filter(|(_, says)| *says == BROKEN);
    let elsewhere = broken.flat_map(|(name, says)| {
        let place = value(0x30, &value(0xa0, &value(0xa0, name)));
        let issuer = value(0xa1, name);
        let leaf = |id, content: &[u8]| Changed {
            of_leaf: (id, false, value(0x30, content)),
            ..Changed::default()
        };
        let intermediate = Changed {
            of_intermediate: Some(but(name.clone(), false)),
            ..Changed::default()
        };
        let all = [
            ("places", leaf("2.5.29.31", &place)),
            ("issuer", leaf("2.5.29.35", &issuer)),
            ("constraints", intermediate),
        ];
        all.map(|(at, changed)| (changed, *says, format!("{at}, {name:02x?}")))
    });
    let elsewhere: Vec<_> = elsewhere.collect();
    let beside = all.map(|(name, says)| {
        let what = format!("{name:02x?}");
        let of_leaf = named(name);
        let changed = Changed {
            of_leaf,
            ..Changed::default()
        };
        (changed, says, what)
    });
    each(beside.into_iter().chain(elsewhere));
}

/// As Go's `url.Parse`, and what it then asks of the host.
#[test]
fn uris() {
    const BROKEN: &str = "a broken URI";
    let all = [
        // Go takes it, and Java finds no name in the certificate then.
        ("", "one of its names is empty"),
        ("spiffe://example.org/ns/shop", ""),
        ("urn:a-._~:/?#@!$&'()*+,;=%41", ""),
        ("a+b-c.1:x", ""),
        ("a/b:c", ""),
        ("https://me:secret@example.org:443/a?b#c", ""),
        ("https://[2001:db8::1]:443/", ""),
        ("https://[2001:db8::1]", ""),
        ("https://example.org:", ""),
        ("https://", ""),
        ("a b", BROKEN),
        ("a\"b", BROKEN),
        ("a%4", BROKEN),
        ("a%4x", BROKEN),
        ("1a:b", BROKEN),
        (":b", BROKEN),
        ("https://[2001:db8::x]/", BROKEN),
        ("https://[2001:db8::1]x/", BROKEN),
        ("https://[2001:db8::1]:x/", BROKEN),
        ("https://example.org:8x/", BROKEN),
        ("https://example..org/", BROKEN),
        ("https://exa%41mple.org/", BROKEN),
        ("https://exa]mple.org/", BROKEN),
        ("https://m[e@example.org/", BROKEN),
    ];
    each(all.map(|(text, says)| {
        let of_leaf = named(uri(text));
        let changed = Changed {
            of_leaf,
            ..Changed::default()
        };
        (changed, says, text.to_owned())
    }));
}

#[test]
fn constraints() {
    const NO_HOST: &str = "the name of a host, and that is none";
    const GAP: &str = "a mask with a gap";
    const NO_MAIL: &str = "an address of mail that is none";
    let v6 = |mask: u8| ip(&[&V6[..], &[0xff, 0xff, 0xff, mask], &[0; 12]].concat());
    let all = [
        (dns("other.example"), true, ""),
        (dns(".other.example"), true, ""),
        (dns("other..example"), true, NO_HOST),
        (dns("other example"), true, NO_HOST),
        (dns("öther.example"), true, "not ASCII"),
        (mail("me@other.example"), true, ""),
        (mail("other.example"), true, ""),
        (mail(".other.example"), true, ""),
        (mail("@other.example"), true, NO_MAIL),
        (mail("me@me@other.example"), true, NO_MAIL),
        (mail("me@other..example"), true, NO_MAIL),
        (mail("other..example"), true, NO_HOST),
        (uri("other.example"), true, ""),
        (uri(".other.example"), true, ""),
        (uri("other..example"), true, NO_HOST),
        (uri("10.0.0.1"), true, NO_HOST),
        (ip(&[10, 0, 0, 0, 255, 0, 0, 0]), true, ""),
        (ip(&[10, 0, 0, 1, 255, 255, 255, 255]), true, ""),
        (ip(&[10, 0, 0, 0, 255, 0, 255, 0]), true, GAP),
        // The gap is the first bit of its byte.
        (ip(&[10, 0, 0, 0, 255, 127, 0, 0]), true, GAP),
        (ip(&[10, 0, 0, 0]), true, "without their mask"),
        (v6(0xfe), true, ""),
        (v6(0xfd), true, GAP),
        (
            ip(&[MAPPED, [0xff; 16]].concat()),
            true,
            "addresses of IPv4 in the form of IPv6",
        ),
        (registered(), true, "of a kind that Go does not know"),
        (
            registered(),
            false,
            "of a kind that clients of GnuTLS do not compare",
        ),
    ];
    each(all.map(|(name, critical, says)| {
        let what = format!("{critical}, {name:02x?}");
        let of_intermediate = Some(but(name, critical));
        let changed = Changed {
            of_intermediate,
            ..Changed::default()
        };
        (changed, says, what)
    }));
}

#[test]
fn strings() {
    let all = [
        ("A leaf'()+,-./:=?*&", Asn1Type::PRINTABLESTRING, ""),
        (
            "A_leaf",
            Asn1Type::PRINTABLESTRING,
            "a PrintableString with a character",
        ),
        ("A_leaf@", Asn1Type::IA5STRING, ""),
        (
            "A léaf",
            Asn1Type::IA5STRING,
            "an IA5String that is not ASCII",
        ),
        ("1 2", Asn1Type::NUMERICSTRING, ""),
        (
            "1 B",
            Asn1Type::NUMERICSTRING,
            "a NumericString with a letter",
        ),
        ("A léaf", Asn1Type::UTF8STRING, ""),
        ("A léaf", Asn1Type::T61STRING, ""),
        ("\0A\0_", Asn1Type::BMPSTRING, ""),
    ];
    each(all.map(|(text, of_type, says)| {
        let subject = name(text, of_type);
        let what = format!("{text:?}, {of_type:?}");
        let changed = Changed {
            subject,
            ..Changed::default()
        };
        (changed, says, what)
    }));
}

/// Two bytes are one character of a BMPString, the higher one first. The low byte of one character and the high byte
/// of the next are none, though they look like half a pair (`d8 00`).
#[test]
fn wide_strings() {
    const NO_CHARACTER: &str = "a BMPString with a character that it cannot have";
    let all: [(&[u8], _); 4] = [
        (&[0, 0xd8, 0, b'_'], ""),
        (&[0, b'A', 0xfd, 0xd0], NO_CHARACTER),
        (&[0, b'A', 0xfd, 0xef], NO_CHARACTER),
        (&[0, b'A', 0xfd, 0xf0], ""),
    ];
    each(all.map(|(text, says)| {
        let common_name = value(6, &[0x55, 4, 3]);
        let attribute = value(0x30, &[common_name, value(0x1e, text)].concat());
        let subject = X509Name::from_der(&value(0x30, &value(0x31, &attribute))).unwrap();
        let changed = Changed {
            subject,
            ..Changed::default()
        };
        (changed, says, format!("{text:02x?}"))
    }));
}

#[test]
fn dates_and_policies() {
    let begun = |begins| Changed {
        begins,
        ..Changed::default()
    };
    let under = |numbers: &[u8]| Changed {
        of_leaf: policies(numbers),
        ..Changed::default()
    };
    each([
        (begun(0), "", "the first second of 1970".to_owned()),
        (
            begun(-1),
            "certificate 1 of 2: its dates begin before 1970",
            "the one before".into(),
        ),
        (under(&[3, 4]), "", "two policies".into()),
        (
            under(&[3, 4, 3]),
            "one policy twice",
            "two, of which one twice".into(),
        ),
    ]);
}
