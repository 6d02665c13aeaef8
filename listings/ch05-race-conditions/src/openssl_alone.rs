//! What OpenSSL alone asks of a path: certificates of a proxy, resources of the net, Netscape's type, and the address of
//! mail in a subject. rustls and Go pass over all of these.

use x509_parser::asn1_rs::Tag;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints, ParsedExtension};
use x509_parser::x509::AttributeTypeAndValue;

/// RFC 3820, section 3.8.
const PROXY: &str = "1.3.6.1.5.5.7.1.14";

/// RFC 3779, sections 2.2.1 and 3.2.1: addresses, and autonomous systems.
const RESOURCES: [&str; 2] = ["1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8"];

const NETSCAPE_TYPE: &str = "2.16.840.1.113730.1.1";

// ANCHOR: objection
/// Why clients of OpenSSL take no such path, if so, and which certificate of it they object to. A path begins
/// with the leaf, and ends with its anchor.
pub(crate) fn objection(path: &[&X509Certificate<'_>]) -> Option<(usize, &'static str)> {
    for (at, certificate) in path.iter().enumerate() {
        if let Some(what) = by_itself(certificate) {
            return Some((at, what));
        }
        // An authority that has issued itself is not constrained (RFC 5280, section 4.2.1.10).
        let itself = at > 0 && certificate.subject() == certificate.issuer();
        let above = path[at + 1..].iter().filter(|_| !itself);
        if above
            .filter_map(|it| constraints(it))
            .any(|it| forbids_mail(it, certificate))
        {
            return Some((at, MAIL));
        }
    }
    let leaf = path.first()?;
    let nested = |id| !has(leaf, id) || path.iter().all(|it| has(it, id));
    (!RESOURCES.into_iter().all(nested)).then_some((0, UNNESTED))
}
// ANCHOR_END: objection

const MAIL: &str = "the address of mail in its subject (emailAddress) is none that an issuer may issue for, or is no \
                    IA5String (name constraints)";

const UNNESTED: &str =
    "it has addresses or autonomous systems (RFC 3779) that its issuers do not have";

fn by_itself(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    if has(certificate, PROXY) {
        return Some("it is a certificate of a proxy (RFC 3820)");
    }
    let broken = certificate.extensions().iter().any(|it| {
        let unread = matches!(it.parsed_extension(), ParsedExtension::ParseError { .. });
        unread && it.oid.to_id_string() == NETSCAPE_TYPE
    });
    broken.then_some("its Netscape type (nsCertType) is broken")
}

fn has(certificate: &X509Certificate<'_>, id: &str) -> bool {
    let mut all = certificate.extensions().iter();
    all.any(|it| it.oid.to_id_string() == id)
}

fn constraints<'a>(of: &'a X509Certificate<'_>) -> Option<&'a NameConstraints<'a>> {
    of.extensions()
        .iter()
        .find_map(|it| match it.parsed_extension() {
            ParsedExtension::NameConstraints(constraints) => Some(constraints),
            _ => None,
        })
}

/// Whether these constraints do not let it have the addresses of mail that are in its subject.
fn forbids_mail(constraints: &NameConstraints<'_>, of: &X509Certificate<'_>) -> bool {
    let permitted = of_mail(constraints.permitted_subtrees.as_deref());
    let excluded = of_mail(constraints.excluded_subtrees.as_deref());
    of.subject().iter_email().any(|mail| {
        // This is asked where names of any kind are constrained.
        let Some(mail) = ascii(mail) else { return true };
        let constrained = !permitted.is_empty() || !excluded.is_empty();
        let within = |all: &[&str]| all.iter().any(|base| is_within(mail, base));
        let outside = !permitted.is_empty() && !within(&permitted);
        constrained && (outside || within(&excluded) || !mail.contains('@'))
    })
}

fn of_mail<'a>(trees: Option<&'a [GeneralSubtree<'a>]>) -> Vec<&'a str> {
    let trees = trees.unwrap_or_default().iter();
    trees
        .filter_map(|tree| match tree.base {
            GeneralName::RFC822Name(base) => Some(base),
            _ => None,
        })
        .collect()
}

fn ascii<'a>(mail: &'a AttributeTypeAndValue<'_>) -> Option<&'a str> {
    let value = mail.attr_value();
    let value = Some(value).filter(|value| value.tag() == Tag::Ia5String)?;
    str::from_utf8(value.data).ok()
}

/// RFC 5280, section 4.2.1.10: one address, all of a host, or all of the hosts below one.
fn is_within(mail: &str, base: &str) -> bool {
    let Some((user, host)) = mail.rsplit_once('@') else {
        return false;
    };
    match base.rsplit_once('@') {
        Some((named, at)) => (named.is_empty() || named == user) && at.eq_ignore_ascii_case(host),
        None if base.starts_with('.') => {
            let end = mail.len().checked_sub(base.len()).filter(|end| *end > 0);
            let end = end.and_then(|end| mail.get(end..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(base))
        }
        None => base.eq_ignore_ascii_case(host),
    }
}
