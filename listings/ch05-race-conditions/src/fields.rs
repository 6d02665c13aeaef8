//! The fields of a certificate that rustls leaves unread, as the parsers of Go and OpenSSL read them.

use std::collections::HashSet;
use std::net::IpAddr;

use x509_parser::asn1_rs::Tag;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{
    GeneralName, GeneralSubtree, NameConstraints, ParsedExtension, PolicyInformation, X509Extension,
};
use x509_parser::x509::X509Name;

use crate::uri;

// ANCHOR: fields
/// Why clients of OpenSSL or Go do not read a field of this certificate, if so.
pub(crate) fn objection(certificate: &X509Certificate<'_>) -> Option<String> {
    let named = [certificate.subject(), certificate.issuer()];
    if let Some(what) = named.into_iter().find_map(string) {
        return Some(format!("a name in it {what}"));
    }
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Some(
            "it names two algorithms for its signature, and clients of rustls and Go take none of them".into(),
        );
    }
    let mut seen = HashSet::new();
    for it in certificate.extensions() {
        let id = &it.oid;
        if !seen.insert(id) {
            return Some(format!(
                "clients of Go do not parse an extension that is there twice ({id})"
            ));
        }
        if it.critical && NEVER_CRITICAL.contains(&id.to_id_string().as_str()) {
            return Some(format!(
                "its extension {id} is marked critical, which RFC 5280 forbids, and clients of Go do not parse that"
            ));
        }
        if let Some(what) = extension(it) {
            return Some(format!("{what}, and clients of Go do not parse that"));
        }
    }
    None
}
// ANCHOR_END: fields

/// The identifiers of keys, and where to ask about a certificate (RFC 5280, sections 4.2.1.1, 4.2.1.2, 4.2.2.1).
const NEVER_CRITICAL: [&str; 3] = ["2.5.29.14", "2.5.29.35", "1.3.6.1.5.5.7.1.1"];

/// Those that Go reads, whether anything asks for them or not.
const READ: [&str; 13] = [
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.35",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.54",
    "1.3.6.1.5.5.7.1.1",
];

/// X.680, section 41: what may stand in a string of each type. Go takes `*` and `&` as well.
fn string(name: &X509Name<'_>) -> Option<&'static str> {
    let printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(byte);
    let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b' ';
    name.iter_attributes().find_map(|attribute| {
        let value = attribute.attr_value();
        match value.tag() {
            Tag::PrintableString if !value.data.iter().all(printable) => Some(
                "is a PrintableString with a character that it cannot have, and clients of Go do not parse that",
            ),
            Tag::Ia5String if !value.data.is_ascii() => {
                Some("is an IA5String that is not ASCII, and clients of Go do not parse that")
            }
            Tag::NumericString if !value.data.iter().all(digit) => {
                Some("is a NumericString with a letter, and clients of Go do not parse that")
            }
            Tag::Utf8String if str::from_utf8(value.data).is_err() => {
                Some("is a UTF8String that is no UTF-8, and clients of OpenSSL and Go do not parse that")
            }
            Tag::BmpString if value.data.len() % 2 != 0 => {
                Some("is a BMPString that is cut, and clients of OpenSSL and Go do not parse that")
            }
            Tag::BmpString if value.data.chunks(2).any(reserved) => Some(
                "is a BMPString with a character that it cannot have, and clients of OpenSSL and Go do not \
                 parse that",
            ),
            tag if STRINGS.contains(&tag) => None,
            _ => Some("is none of the types of string that clients of OpenSSL parse there"),
        }
    })
}

/// The types of a value in a name that OpenSSL parses.
pub(crate) const STRINGS: [Tag; 8] = [
    Tag::BitString,
    Tag::Utf8String,
    Tag::NumericString,
    Tag::PrintableString,
    Tag::T61String,
    Tag::Ia5String,
    Tag::UniversalString,
    Tag::BmpString,
];

/// Whether these two bytes of a BMPString are none of its characters: a half of a pair of UTF-16, say.
fn reserved(two: &[u8]) -> bool {
    let last = two.get(1).copied().unwrap_or_default();
    matches!(u16::from_be_bytes([two[0], last]), 0xd800..=0xdfff | 0xfdd0..=0xfdef | 0xfffe..)
}

fn extension(it: &X509Extension<'_>) -> Option<String> {
    match it.parsed_extension() {
        ParsedExtension::ParseError { .. } if READ.contains(&it.oid.to_id_string().as_str()) => {
            Some(format!("its extension {} is broken", it.oid))
        }
        ParsedExtension::SubjectAlternativeName(names) => names
            .general_names
            .iter()
            .find_map(alternative)
            .map(Into::into),
        ParsedExtension::NameConstraints(constraints) => {
            constrained(constraints, it.critical).map(Into::into)
        }
        ParsedExtension::CertificatePolicies(policies) => {
            let mut seen = HashSet::new();
            let mut ids = policies
                .iter()
                .map(|it: &PolicyInformation<'_>| &it.policy_id);
            let twice = ids.any(|id| !seen.insert(id));
            twice.then(|| "it names one policy twice".into())
        }
        _ => None,
    }
}

/// What stands among its names, those that nobody asks for as well.
fn alternative(name: &GeneralName<'_>) -> Option<&'static str> {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) if !name.is_ascii() => {
            Some("one of its names is not ASCII (of a host it would be xn--…)")
        }
        GeneralName::Invalid(..) => Some("one of its names is broken"),
        GeneralName::URI(text) if !uri::parses(text) => Some("one of its names is a broken URI"),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => None,
            16 if bytes[..12] == MAPPED => {
                Some("one of its names is an address of IPv4 in the form of IPv6")
            }
            16 => None,
            _ => Some("one of its names is an IP address of another length than 4 or 16 bytes"),
        },
        _ => None,
    }
}

/// RFC 5280, section 4.2.1.10.
fn constrained(constraints: &NameConstraints<'_>, critical: bool) -> Option<&'static str> {
    let both = [
        &constraints.permitted_subtrees,
        &constraints.excluded_subtrees,
    ];
    let mut all = both.into_iter().flatten().flatten().peekable();
    if all.peek().is_none() {
        return Some("its constraints of names are empty");
    }
    all.find_map(|GeneralSubtree { base }| match base {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name)
            if !name.is_ascii() =>
        {
            Some("it constrains a name that is not ASCII")
        }
        GeneralName::DNSName(name) if !is_host(name) => Some(NO_HOST),
        GeneralName::RFC822Name(name) => match name.rsplit_once('@') {
            Some((user, host)) if !is_user(user) || !is_host(host) => {
                Some("it constrains an address of mail that is none")
            }
            None if !is_host(name) => Some(NO_HOST),
            _ => None,
        },
        GeneralName::URI(host) if !is_host(host) || host.parse::<IpAddr>().is_ok() => Some(NO_HOST),
        GeneralName::IPAddress(bytes) => addresses(bytes),
        GeneralName::DNSName(_) | GeneralName::URI(_) => None,
        _ => critical.then_some(
            "it constrains names of a kind that Go does not know, and is marked critical",
        ),
    })
}

const NO_HOST: &str = "it constrains the name of a host, and that is none";

/// What Go asks of what stands before the `@` (RFC 5321, section 4.1.2): atoms with dots between, or a text in quotation
/// marks, into which this does not look.
fn is_user(user: &str) -> bool {
    let atom = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&it);
    let mut atoms = user.split('.');
    user.starts_with('"') || atoms.all(|it| !it.is_empty() && it.bytes().all(atom))
}

/// What Go asks of the name of a host in a constraint. A dot may stand before it: then it is for those below.
fn is_host(name: &str) -> bool {
    let labels = name.strip_prefix('.').unwrap_or(name);
    let mut labels = labels.split('.');
    name.is_empty() || labels.all(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_graphic()))
}

/// Addresses of IPv4 or IPv6, and their mask behind them.
fn addresses(bytes: &[u8]) -> Option<&'static str> {
    if ![8, 32].contains(&bytes.len()) {
        return Some("it constrains addresses without their mask");
    }
    if bytes.len() == 32 && bytes[..12] == MAPPED {
        return Some("it constrains addresses of IPv4 in the form of IPv6");
    }
    let mask = bytes[bytes.len() / 2..].iter();
    let (mut ended, mut gap) = (false, false);
    for bit in mask.flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1)) {
        gap |= ended && bit;
        ended |= !bit;
    }
    gap.then_some("it constrains addresses by a mask with a gap")
}

/// How an address of IPv4 begins where it is written as one of IPv6.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
