//! The ASN.1 of a certificate, where one parser takes a form and another does not: identifiers, frames, keys.

use x509_parser::asn1_rs::{Any, FromDer, Tag};
use x509_parser::certificate::X509Certificate;

/// The values that stand one after another.
pub(crate) fn items(mut rest: &[u8]) -> Vec<Any<'_>> {
    let mut found = Vec::new();
    while let Ok((behind, it)) = Any::from_der(rest) {
        found.push(it);
        rest = behind;
    }
    found
}

/// What is wrong with an object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identifier {
    /// It is not in DER (X.690, section 8.19).
    Broken,
    /// It has a number that needs more than 31 bits.
    Large,
}

impl Identifier {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Broken => {
                "an object identifier in it is not in DER (X.690), and clients of OpenSSL, Go and Java do not parse that"
            }
            Self::Large => {
                "an object identifier in it has a number of over 31 bits, as one that is made from a UUID, and \
                 clients of Go and GnuTLS do not parse that: have it issued with another"
            }
        }
    }

    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.last().is_none_or(|last| *last >= 0x80) {
            return Some(Self::Broken);
        }
        let mut number = 0u64;
        for (at, byte) in bytes.iter().enumerate() {
            let begins = at == 0 || bytes[at - 1] < 0x80;
            if begins && *byte == 0x80 {
                return Some(Self::Broken);
            }
            let before = if begins { 0 } else { number << 7 };
            number = before | u64::from(byte & 0x7f);
            if number >> 31 > 0 {
                return Some(Self::Large);
            }
        }
        None
    }
}

/// So deep are values within values looked for. OpenSSL follows 30. A certificate has room for 15,000, and to follow these
/// takes more stack than a thread has.
const DEEPEST: u8 = 32;

/// The first thing that is wrong with an identifier in these values, at any depth but the [`DEEPEST`]. Strings of bytes
/// are not looked into.
fn within(der: &[u8], deeper: u8) -> Option<Identifier> {
    let inner = deeper.checked_sub(1)?;
    items(der).iter().find_map(|it| match it.tag() {
        Tag::Oid if it.header.is_universal() => Identifier::of(it.data),
        _ if it.header.is_constructed() => within(it.data, inner),
        _ => None,
    })
}

/// What is wrong with the identifiers of a certificate: of algorithms, names and extensions, and of uses and places
/// within extensions. Those of policies every parser takes.
pub(crate) fn identifier(certificate: &X509Certificate<'_>) -> Option<Identifier> {
    const LOOKED_INTO: [&str; 2] = ["2.5.29.37", "1.3.6.1.5.5.7.1.1"];
    within(certificate.tbs_certificate.as_ref(), DEEPEST).or_else(|| {
        let mut all = certificate.extensions().iter();
        all.find_map(|it| {
            let looks = LOOKED_INTO.contains(&it.oid.to_id_string().as_str());
            looks.then(|| within(it.value, DEEPEST)).flatten()
        })
    })
}

/// What stands in the frame of an extension or of a key, and is none of it.
pub(crate) fn frame(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    const READ_TO_THE_END: [&str; 4] = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30"];
    let body = items(certificate.tbs_certificate.as_ref());
    let fields = items(body.first()?.data);
    let all = fields.iter().filter(|it| it.tag() == Tag(3));
    let mut all = all
        .flat_map(|it| items(it.data))
        .flat_map(|it| items(it.data));
    let ends = |it: Any<'_>| items(it.data).last().map(|last| last.tag()) == Some(Tag::OctetString);
    if !all.all(ends) {
        return Some("an extension has a part too many, and clients of OpenSSL do not parse that");
    }
    let mut behind = certificate.extensions().iter().filter(|it| {
        let more = Any::from_der(it.value).is_ok_and(|(rest, _)| !rest.is_empty());
        more && READ_TO_THE_END.contains(&it.oid.to_id_string().as_str())
    });
    if behind.next().is_some() {
        return Some(
            "something stands behind the value of an extension, and clients of Java and GnuTLS do not parse that",
        );
    }
    let value = |id: &str| {
        let mut all = certificate.extensions().iter();
        let found = all.find(|it| it.oid.to_id_string() == id);
        found.and_then(|it| items(it.value).first().map(|it| items(it.data)))
    };
    let places = value("2.5.29.31").unwrap_or_default();
    let places = places.iter().flat_map(|place| items(place.data));
    let mut names = places
        .filter(|it| it.tag() == Tag(0))
        .flat_map(|it| items(it.data));
    if names.any(|it| it.tag() == Tag(1)) {
        return Some(
            "it names a place of revocation lists relative to its issuer, and clients of Go do not parse that",
        );
    }
    let first = value("2.5.29.19").and_then(|all| all.first().cloned());
    first
        .filter(|it| it.tag() == Tag::Boolean && !matches!(it.data, [0 | 0xff]))
        .map(|_| "its basic constraints are not in DER, and clients of Go do not parse that")
}

/// Keys that rustls leaves unread, and that are none of their kind.
pub(crate) fn key(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let public = certificate.public_key();
    let (algorithm, bytes) = (&public.algorithm, &public.subject_public_key.data);
    let parameters = algorithm.parameters.as_ref();
    let curve = parameters.filter(|it| it.tag() == Tag::Oid);
    let curve = curve.and_then(|it| Some(it.as_oid().ok()?.to_id_string()));
    let of_length = |length: usize| bytes.len() == length;
    let whole = match (
        algorithm.algorithm.to_id_string().as_str(),
        curve.as_deref(),
    ) {
        (_, Some("1.3.132.0.33")) => of_length(57),
        (_, Some("1.2.840.10045.3.1.7")) => of_length(65),
        (_, Some("1.3.132.0.34")) => of_length(97),
        (_, Some("1.3.132.0.35")) => of_length(133),
        ("1.3.101.112", _) => of_length(32) && parameters.is_none(),
        ("1.3.101.110", _) => of_length(32),
        ("2.16.840.1.101.3.4.3.17", _) => of_length(1312) && parameters.is_none(),
        ("2.16.840.1.101.3.4.3.18", _) => of_length(1952) && parameters.is_none(),
        ("2.16.840.1.101.3.4.3.19", _) => of_length(2592) && parameters.is_none(),
        ("1.2.840.113549.1.1.1", _) => Any::from_der(bytes)
            .is_ok_and(|(rest, numbers)| rest.is_empty() && items(numbers.data).len() == 2),
        _ => true,
    };
    (!whole).then_some(
        "its key has another length than keys of its kind, or something stands beside it, and clients of Go or \
         Java do not parse that",
    )
}

#[cfg(test)]
mod tests {
    use super::{DEEPEST, Identifier, within};

    /// Sequences within sequences, and in the last one this.
    fn nested(innermost: &[u8], depth: usize) -> Vec<u8> {
        let mut length = innermost.len();
        let mut turned: Vec<u8> = innermost.iter().rev().copied().collect();
        for _ in 0..depth {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            let head = match (high, low) {
                (0, 0..0x80) => vec![low, 0x30],
                (0, _) => vec![low, 0x81, 0x30],
                _ => vec![low, high, 0x82, 0x30],
            };
            length += head.len();
            turned.extend(head);
        }
        turned.reverse();
        turned
    }

    #[test]
    fn values_within_values_do_not_overflow_the_stack() {
        const EMPTY: &[u8] = &[6, 0];
        assert_eq!(
            within(&nested(EMPTY, 20), DEEPEST),
            Some(Identifier::Broken)
        );
        assert_eq!(within(&nested(EMPTY, 15_000), DEEPEST), None);
    }
}
