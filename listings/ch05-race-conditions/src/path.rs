//! The path from a leaf to a trust anchor, as clients of other libraries build it and judge it.
//!
//! rustls asks an anchor for its name, its key and its constraints on names, and for nothing else. It
//! tries each issuer that has the right name, and looks at no key usage. OpenSSL and Go look at what an
//! anchor says of itself, too, and OpenSSL takes one issuer at each step and tries no other. A chain
//! that rustls validates may therefore fail at every other client.

use std::path::Path;

use ch02_hot_reload::identity::{
    Identity, Peers, Reason, Rejected, Source, reject, validate_chain,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{AuthorityKeyIdentifier, GeneralName, ParsedExtension};
use x509_parser::parse_x509_certificate;
use x509_parser::x509::X509Version;

use crate::algorithms::RSA_BITS;
use crate::ended::is_in_force;
use crate::{features, general, java, openssl_alone, parsed, policies};

/// A certificate, and the file that it is from.
struct Link<'a> {
    der: &'a CertificateDer<'static>,
    parsed: X509Certificate<'a>,
    file: &'a Path,
    in_force: bool,
}

// ANCHOR: path
/// Checks that clients of OpenSSL and Go take the chain, too, which rustls has validated.
///
/// # Errors
/// `chain_broken`, of the file whose certificate they object to.
pub(crate) fn taken_by_all(
    source: &Source,
    identity: &Identity,
    peers: Peers,
    now: UnixTime,
) -> Result<(), Rejected> {
    let files = &source.files;
    let chain = links(&identity.certified.cert, &files.certificate, now);
    let anchors = links(&identity.anchors, &files.roots, now);
    let Some(leaf) = chain.first() else {
        return Ok(());
    };
    if signed_itself(&leaf.parsed) && !identity.anchors.contains(leaf.der) {
        let what = "its issuer has the name that it has itself, so it seems to have signed itself";
        return Err(others(leaf, what));
    }
    let path = build(leaf, &chain[1..], &anchors)?;
    let (end, before) = path.split_last().expect("it begins with the leaf");
    if !before.is_empty() {
        let chain: Vec<_> = before.iter().map(|link| link.der.clone()).collect();
        let anchor = [end.der.clone()];
        validate_chain(peers, source, &chain, &anchor, now).map_err(|why| {
            let names: Vec<_> = path.iter().map(|link| link.parsed.subject().to_string()).collect();
            let what = format!(
                "of the certificates that have the name of an issuer they try one and no other, here \
                 {} ({})",
                names.join(" < "),
                why.detail
            );
            others(leaf, &what)
        })?;
    }
    let below: Vec<_> = before.iter().map(|link| &link.parsed).collect();
    if let Some(what) = policies::objection(&below) {
        return Err(others(leaf, what));
    }
    if let Some(what) = parsed::exponent(&leaf.parsed) {
        return Err(others(leaf, &what));
    }
    let whole: Vec<_> = path.iter().map(|link| &link.parsed).collect();
    if let Some((at, what)) = openssl_alone::objection(&whole) {
        return Err(others(path[at], what));
    }
    leaf_may_sign(leaf)?;
    features_are_given(&path, peers)?;
    leaf_is_of_type(leaf, peers)?;
    let mut shown = before.iter().filter(|link| link.file == files.certificate);
    if let Some(link) = shown.find(|link| java::has_critical_places(&link.parsed)) {
        return Err(reject(Reason::ChainBroken, link.file, &PLACES));
    }
    for (below, issuer) in path.iter().skip(1).enumerate() {
        may_issue(issuer, below, peers)?;
    }
    Ok(())
}
// ANCHOR_END: path

// ANCHOR: build
/// The path that OpenSSL builds: at each step an anchor where one fits, else a certificate of the
/// chain, and one that is in force before one that is not.
fn build<'a>(
    leaf: &'a Link<'a>,
    chain: &'a [Link<'a>],
    anchors: &'a [Link<'a>],
) -> Result<Vec<&'a Link<'a>>, Rejected> {
    let (mut path, mut trusted) = (vec![leaf], false);
    // It ends: it visits each certificate once at the most.
    loop {
        let last = path[path.len() - 1];
        if signed_itself(&last.parsed) {
            break;
        }
        let next = issuer(last, anchors).or_else(|| issuer(last, chain).filter(|_| !trusted));
        match next {
            Some(next) if path.iter().any(|link| link.der == next.der) => {
                return Err(others(last, CIRCLE));
            }
            Some(next) => {
                trusted |= next.file == anchors[0].file;
                path.push(next);
            }
            // An anchor that another authority has issued: some clients take it as the end.
            None if trusted => break,
            None => {
                let what = "no certificate here has its issuer's name and fits its authority key \
                            identifier: a key, or an issuer and a serial number (RFC 5280, section \
                            4.2.1.1)";
                return Err(others(last, what));
            }
        }
    }
    Ok(path)
}
// ANCHOR_END: build

const STAPLE: &str = "the leaf asks for a stapled answer of OCSP (must-staple, RFC 7633), and this server gives none: \
                      clients of GnuTLS refuse it";

const PLACES: &str = "the places of revocation lists in a certificate (cRLDistributionPoints) are marked critical, and \
                      clients of Java do not know that, unless they check revocation";

/// Authorities that have issued each other, as bridges between two do.
const CIRCLE: &str = "it leads in a circle: these authorities have issued each other, and the certificate that \
                      one of them has signed itself is missing or stands behind them";

// ANCHOR: weak
/// The same rejection, in the words of whoever made the issuer's key, where clients verify no signature by
/// it: rustls calls the signature bad.
pub(crate) fn explain(
    rejected: Rejected,
    source: &Source,
    chain: &[CertificateDer<'static>],
    anchors: &[CertificateDer<'static>],
    now: UnixTime,
) -> Rejected {
    if rejected.reason != Reason::ChainBroken {
        return rejected;
    }
    let mut all = links(chain, &source.files.certificate, now);
    all.extend(links(anchors, &source.files.roots, now));
    // A thousand authorities may have one name: each is looked at once for each step, and its key once at all.
    let weak: Vec<_> = all.iter().map(weak_bits).collect();
    let (mut last, mut visited) = (0, vec![false; all.len()]);
    while all
        .get(last)
        .is_some_and(|last| !signed_itself(&last.parsed))
    {
        visited[last] = true;
        let issued = |at: &usize| all[*at].parsed.subject() == all[last].parsed.issuer();
        let mut fitting = (0..all.len()).filter(|at| !visited[*at] && issued(at));
        let strong = fitting.clone().find(|at| weak[*at].is_none());
        match (strong, fitting.next()) {
            (Some(next), _) => last = next,
            (None, Some(at)) => {
                let (name, bits) = (all[at].parsed.subject(), weak[at].unwrap_or(0));
                let detail = format!(
                    "the certificate of \"{name}\" has issued another, and its RSA key has {bits} bits: \
                     clients verify signatures by RSA of 2048 to 8192 bits"
                );
                return Rejected { detail, ..rejected };
            }
            (None, None) => break,
        }
    }
    match all.get(last) {
        Some(end) => unknown(rejected, end, (last + 1, chain.len()), anchors),
        None => rejected,
    }
}

/// The same rejection, with the certificate at which the path ends, where rustls says `UnknownIssuer` alone. It stands
/// at this place of so many in the chain.
fn unknown(
    rejected: Rejected,
    end: &Link<'_>,
    (at, of): (usize, usize),
    anchors: &[CertificateDer<'static>],
) -> Rejected {
    let (subject, issuer) = (end.parsed.subject(), end.parsed.issuer());
    let what = match signed_itself(&end.parsed) {
        true if anchors.contains(end.der) => return rejected,
        true => format!(
            "certificate {at} of {of}, \"{subject}\", has issued itself, and is none of the authorities"
        ),
        false if at > of => format!(
            "no certificate here has the name of the authority that has issued \"{subject}\""
        ),
        false => format!(
            "no certificate of \"{issuer}\", which has issued certificate {at} of {of}, stands in the chain or among \
             the authorities"
        ),
    };
    if !rejected.detail.ends_with("UnknownIssuer") {
        return rejected;
    }
    let detail = format!("{}: {what}", rejected.detail);
    Rejected { detail, ..rejected }
}

/// How many bits its RSA key has, where clients verify no signature by that.
fn weak_bits(link: &Link<'_>) -> Option<usize> {
    parsed::rsa_bits(&link.parsed).filter(|bits| !RSA_BITS.contains(bits))
}
// ANCHOR_END: weak

fn links<'a>(all: &'a [CertificateDer<'static>], file: &'a Path, now: UnixTime) -> Vec<Link<'a>> {
    let link = |der: &'a CertificateDer<'static>| {
        let (_, parsed) = parse_x509_certificate(der).ok()?;
        Some(Link {
            der,
            parsed,
            file,
            in_force: is_in_force(der, now),
        })
    };
    all.iter().filter_map(link).collect()
}

fn issuer<'a>(of: &Link<'_>, among: &'a [Link<'a>]) -> Option<&'a Link<'a>> {
    let fits = |link: &&Link<'_>| {
        link.parsed.subject() == of.parsed.issuer()
            && identified(&of.parsed, &link.parsed)
            && may_have_signed(&of.parsed, &link.parsed)
    };
    let mut fitting = among.iter().filter(fits);
    let first = fitting.clone().next();
    fitting.find(|link| link.in_force).or(first)
}

/// Whether the issuer's key is of the kind that has signed. OpenSSL passes over one of another kind, as when an
/// authority keeps its name and goes from RSA to ECDSA.
fn may_have_signed(of: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let signed = of.signature_algorithm.algorithm.to_id_string();
    let key = issuer.public_key().algorithm.algorithm.to_id_string();
    match key.as_str() {
        "1.2.840.113549.1.1.1" => signed.starts_with("1.2.840.113549.1.1."),
        "1.2.840.10045.2.1" => signed.starts_with("1.2.840.10045.4."),
        // One identifier for both, as with Ed25519.
        _ => signed == key,
    }
}

/// What OpenSSL takes for self-signed. No signature is looked at, only its kind.
fn signed_itself(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject() == certificate.issuer()
        && identified(certificate, certificate)
        && may_have_signed(certificate, certificate)
}

/// Whether the issuer is the one that the certificate names by key, by serial number, and by the name of
/// its own issuer. What one of them does not say is not asked.
fn identified(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let Some(named) = authority_key(certificate) else {
        return true;
    };
    let has = issuer
        .iter_extensions()
        .find_map(|it| match it.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => Some(key),
            _ => None,
        });
    let by_key = named.key_identifier.as_ref().zip(has);
    let names = named.authority_cert_issuer.iter().flatten();
    let mut names = names.filter_map(|name| match name {
        GeneralName::DirectoryName(name) => Some(name),
        _ => None,
    });
    by_key.is_none_or(|(named, has)| named == has)
        && names.next().is_none_or(|name| name == issuer.issuer())
        && (named.authority_cert_serial).is_none_or(|serial| serial == issuer.raw_serial())
}

fn authority_key<'a>(of: &'a X509Certificate<'_>) -> Option<&'a AuthorityKeyIdentifier<'a>> {
    of.iter_extensions()
        .find_map(|it| match it.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(key) => Some(key),
            _ => None,
        })
}

/// What a key may be used for (RFC 5280, section 4.2.1.3). This server signs each handshake, in TLS 1.2 as well: it
/// has no exchange of keys by RSA. OpenSSL is content with two other usages in TLS 1.3, and neither rustls nor Go
/// asks.
fn leaf_may_sign(leaf: &Link<'_>) -> Result<(), Rejected> {
    let Ok(Some(usage)) = leaf.parsed.key_usage() else {
        return Ok(());
    };
    if usage.value.digital_signature() {
        return Ok(());
    }
    let detail = format!(
        "the certificate of \"{}\": its key usage has no digitalSignature, and its key signs each handshake. \
         Clients of Java and GnuTLS refuse it",
        leaf.parsed.subject()
    );
    Err(reject(Reason::ChainBroken, leaf.file, &detail))
}

/// Whether no certificate asks for more than there is (RFC 7633). A stapled answer of OCSP is none of what this
/// server sends.
fn features_are_given(path: &[&Link<'_>], peers: Peers) -> Result<(), Rejected> {
    let leaf = path[0];
    if peers == Peers::Clients && features::must_staple(&leaf.parsed) {
        return Err(reject(Reason::ChainBroken, leaf.file, &STAPLE));
    }
    let whole: Vec<_> = path.iter().map(|link| &link.parsed).collect();
    let Some((at, what)) = features::objection(&whole) else {
        return Ok(());
    };
    let (name, file) = (path[at].parsed.subject(), path[at].file);
    let detail = format!(
        "the certificate of \"{name}\": {what}, and clients of GnuTLS refuse what is below it"
    );
    Err(reject(Reason::ChainBroken, file, &detail))
}

/// Netscape's type of certificate, from before RFC 2459 had the extended key usage. OpenSSL still asks it.
fn leaf_is_of_type(leaf: &Link<'_>, peers: Peers) -> Result<(), Rejected> {
    let types = leaf.parsed.iter_extensions();
    let mut types = types.filter_map(|it| match it.parsed_extension() {
        ParsedExtension::NSCertType(types) => Some(types),
        _ => None,
    });
    let of_type = types.next().is_none_or(|types| match peers {
        Peers::Clients => types.ssl_server(),
        Peers::Servers => types.ssl_client(),
    });
    match of_type {
        true => Ok(()),
        false => Err(others(leaf, "its Netscape type (nsCertType) is another")),
    }
}

/// Whether a certificate says of itself that it may issue, with so many intermediates below it.
fn may_issue(link: &Link<'_>, below: usize, peers: Peers) -> Result<(), Rejected> {
    let certificate = &link.parsed;
    let unread = parsed::unparsed(certificate);
    if let Some(what) = unread.or_else(|| parsed::exponent(certificate)) {
        return Err(others(link, &what));
    }
    if general::constrains_others(certificate) {
        let what = "it constrains names of a kind that clients of GnuTLS do not compare: they take nothing below it";
        return Err(others(link, what));
    }
    let strange = |it: &&x509_parser::extensions::X509Extension<'_>| {
        it.critical && !KNOWN.contains(&it.oid.to_id_string().as_str())
    };
    if let Some(strange) = certificate.iter_extensions().find(strange) {
        let what = format!(
            "it has a critical extension that they do not know ({})",
            strange.oid
        );
        return Err(others(link, &what));
    }
    // A certificate of the first version has no extensions, and is an authority where it is trusted.
    let first_version = certificate.version() == X509Version::V1;
    let constraints = certificate.basic_constraints().ok().flatten();
    let constraints = constraints.map(|constraints| constraints.value);
    if !first_version && !constraints.is_some_and(|constraints| constraints.ca) {
        let what = "it does not say that it is an authority (basicConstraints, CA:TRUE)";
        return Err(others(link, what));
    }
    let bound = constraints.and_then(|constraints| constraints.path_len_constraint);
    if bound.is_some_and(|bound| below > bound as usize) {
        let what = "more intermediates are below it than it allows (pathlen)";
        return Err(others(link, what));
    }
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(others(link, "its key usage has no keyCertSign"));
    }
    let purpose = certificate.extended_key_usage().ok().flatten();
    let serves = purpose.is_none_or(|purpose| {
        // OpenSSL does not take anyExtendedKeyUsage for it.
        match peers {
            Peers::Clients => purpose.value.server_auth,
            Peers::Servers => purpose.value.client_auth,
        }
    });
    match serves {
        true => Ok(()),
        false => Err(others(
            link,
            "its extended key usage does not have what the leaf is for",
        )),
    }
}

/// The extensions that OpenSSL and Go know (RFC 5280, section 4.2): key identifiers and usages, names
/// and their constraints, policies, lists of revocation.
const KNOWN: [&str; 12] = [
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
];

fn others(link: &Link<'_>, what: &str) -> Rejected {
    let name = link.parsed.subject();
    let detail = format!(
        "rustls takes it, and clients of OpenSSL or Go do not. The certificate of \"{name}\": {what}"
    );
    reject(Reason::ChainBroken, link.file, &detail)
}
