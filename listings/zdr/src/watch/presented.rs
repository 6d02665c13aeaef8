//! What a chain says of itself.

use std::sync::Arc;

use lab::chain::{self, Facts, Unreadable};
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::parse_x509_certificate;

/// A chain that a server presented.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The certificates as they came, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Serial and hash.
    pub facts: Facts,
    /// The leaf's names (subjectAltName).
    pub names: Vec<String>,
    /// The leaf's issuer, by its common name.
    pub issuer: String,
    /// SHA-256 of the leaf's public key.
    pub key_sha256: String,
    /// The leaf's notBefore.
    pub from: OffsetDateTime,
    /// The leaf's notAfter.
    pub until: OffsetDateTime,
    /// How its certificates follow each other.
    pub order: Order,
}

/// How the certificates of a chain follow each other. Each should certify the one before it, and clients of
/// TLS 1.2 may rely on that: there it was a rule (RFC 9846, section 4.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Each certifies the one before it.
    Right,
    /// Each has its issuer in the chain or is the last, but not next to it.
    Shuffled,
    /// One does not certify the one before it, and no other of the chain does.
    Unrelated,
}

impl Presented {
    /// Reads a chain.
    ///
    /// # Errors
    /// When it is empty, or one of its certificates does not parse.
    pub fn read(chain: Vec<CertificateDer<'static>>) -> Result<Arc<Self>, Unreadable> {
        let facts = chain::facts(&chain)?;
        let parsed = chain
            .iter()
            .map(|der| parse_x509_certificate(der).map(|(_, parsed)| parsed))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Unreadable::Malformed(error.to_string()))?;
        let leaf = parsed.first().ok_or(Unreadable::Empty)?;
        let issuer = leaf.issuer();
        let common = issuer.iter_common_name().find_map(|cn| cn.as_str().ok());
        let presented = Self {
            names: names(leaf),
            issuer: common.map_or_else(|| issuer.to_string(), str::to_owned),
            key_sha256: chain::sha256(leaf.public_key().raw),
            from: leaf.validity().not_before.to_datetime(),
            until: leaf.validity().not_after.to_datetime(),
            order: order(&parsed),
            facts,
            chain: chain.clone(),
        };
        Ok(Arc::new(presented))
    }

    /// What tells this chain from another: the hash of all its certificates.
    pub fn id(&self) -> &str {
        &self.facts.chain_sha256
    }

    /// Whether one of its certificates is there twice.
    pub fn repeats(&self) -> bool {
        let mut rest = self.chain.iter().enumerate();
        rest.any(|(at, one)| self.chain[..at].contains(one))
    }

    /// The leaf's names with commas between, at most five of them.
    pub fn names_listed(&self) -> String {
        const SHOWN: usize = 5;
        let first: Vec<_> = self.names.iter().take(SHOWN).map(String::as_str).collect();
        match (self.names.len(), self.names.len().saturating_sub(SHOWN)) {
            (0, _) => "no name at all".into(),
            (_, 0) => first.join(", "),
            (_, more) => format!("{} and {more} more", first.join(", ")),
        }
    }
}

fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(alternative)) = leaf.subject_alternative_name() else {
        return Vec::new();
    };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => Some(std::net::IpAddr::from(<[u8; 4]>::try_from(*bytes).ok()?).to_string()),
            16 => Some(std::net::IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    };
    let mut names: Vec<_> = alternative
        .value
        .general_names
        .iter()
        .filter_map(text)
        .collect();
    names.sort();
    names
}

fn order(chain: &[X509Certificate<'_>]) -> Order {
    let pairs = chain.iter().zip(chain.iter().skip(1));
    if pairs.clone().all(|(below, above)| certifies(above, below)) {
        return Order::Right;
    }
    // All but one may be without an issuer in the chain: the last of the path.
    let issued = |at: usize| {
        let others = chain.iter().enumerate().filter(|(other, _)| *other != at);
        others
            .into_iter()
            .any(|(_, other)| certifies(other, &chain[at]))
    };
    let without = (0..chain.len()).filter(|at| !issued(*at)).count();
    match without {
        0 | 1 => Order::Shuffled,
        _ => Order::Unrelated,
    }
}

/// Whether `above` is named as the issuer of `below`: by its name, and by its key identifier where both
/// tell one (RFC 5280, sections 4.2.1.1 and 4.2.1.2). Authorities change their keys and keep their names.
fn certifies(above: &X509Certificate<'_>, below: &X509Certificate<'_>) -> bool {
    let by_name = below.issuer().as_raw() == above.subject().as_raw();
    let wanted =
        below
            .extensions()
            .iter()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(authority) => {
                    authority.key_identifier.clone()
                }
                _ => None,
            });
    let own = above
        .extensions()
        .iter()
        .find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(own) => Some(own.clone()),
            _ => None,
        });
    by_name && wanted.zip(own).is_none_or(|(wanted, own)| wanted == own)
}
