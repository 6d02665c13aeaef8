//! Policies that an issuer asks for (RFC 5280, section 4.2.1.11). Go looks for them unasked, and rustls and
//! OpenSSL do not.

use std::collections::HashSet;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

/// Why clients of Go take no such path, if so: from the leaf to the last one below an anchor. A policy that an
/// issuer calls by another name (section 4.2.1.5) is not followed.
pub(crate) fn objection(path: &[&X509Certificate<'_>]) -> Option<&'static str> {
    let asked = path.iter().enumerate().any(|(below, it)| asks(it, below));
    (asked && !shared(path)).then_some(
        "an issuer asks for a policy (policyConstraints), and the certificates below it have none in common",
    )
}

/// Whether it asks for a policy of the leaf, which has so many certificates above it up to this one.
fn asks(of: &X509Certificate<'_>, below: usize) -> bool {
    of.extensions()
        .iter()
        .any(|it| match it.parsed_extension() {
            ParsedExtension::PolicyConstraints(asked) => {
                let skipped = asked.require_explicit_policy;
                skipped.is_some_and(|skipped| skipped as usize <= below)
            }
            _ => false,
        })
}

/// Whether they have a policy in common. One may have any.
fn shared(path: &[&X509Certificate<'_>]) -> bool {
    const ANY: &str = "2.5.29.32.0";
    let mut common: Option<HashSet<String>> = None;
    for it in path {
        let has: HashSet<_> = policies(it).collect();
        if has.contains(ANY) {
            continue;
        }
        common = Some(match common {
            Some(common) => common.intersection(&has).cloned().collect(),
            None => has,
        });
    }
    common.is_none_or(|common| !common.is_empty())
}

fn policies(of: &X509Certificate<'_>) -> impl Iterator<Item = String> {
    let all = of
        .extensions()
        .iter()
        .filter_map(|it| match it.parsed_extension() {
            ParsedExtension::CertificatePolicies(policies) => Some(policies),
            _ => None,
        });
    all.flatten().map(|it| it.policy_id.to_id_string())
}
