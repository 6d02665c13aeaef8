//! Certificates of every kind: their dates, names, usages, and what an authority says of itself.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

use super::kinds::Made;
use super::kit::Kit;

/// Certificates that are whole, and that some clients do not take.
pub fn make(kind: &str, made: &mut Made<'_>) -> bool {
    let (now, hour) = (OffsetDateTime::now_utc(), Duration::HOUR);
    let ended = |which: &'static str| {
        move |authority: &str, params: &mut CertificateParams| {
            if authority == which {
                params.not_before = now - hour * 2;
                params.not_after = now - hour;
            }
        }
    };
    match kind {
        "leaf-expired" => made.kit.with_leaf(|leaf| {
            leaf.not_before = now - hour * 2;
            leaf.not_after = now - hour;
        }),
        "leaf-tomorrow" => made.kit.with_leaf(|leaf| leaf.not_before = now + hour),
        "intermediate-expired" => made.kit = Kit::changed(ended("intermediate")),
        "root-expired" => made.kit = Kit::changed(ended("root")),
        "roots-one-expired" => made.kit.root += &Kit::changed(ended("root")).root,
        "common-name-alone" => made.kit.with_leaf(|leaf| {
            leaf.subject_alt_names.clear();
            leaf.distinguished_name
                .push(DnType::CommonName, "localhost");
        }),
        "another-name" => made.kit.with_leaf(|leaf| {
            *leaf = CertificateParams::new(["elsewhere.example".to_owned()]).unwrap();
        }),
        "for-clients-alone" => made.kit.with_leaf(|leaf| {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }),
        "negative-serial" => made.kit.with_negative_serial(),
        "signed-with-sha1" => made.kit.with_sha1(),
        "leaf-critical-extension" => made.kit.with_leaf(critical),
        "no-key-usage" => made.kit.with_leaf(|leaf| leaf.extended_key_usages.clear()),
        "self-signed" => made.kit.with_self_signed(IsCa::ExplicitNoCa),
        "self-signed-authority" => {
            let unbounded = BasicConstraints::Unconstrained;
            made.kit.with_self_signed(IsCa::Ca(unbounded));
        }
        _ => return false,
    }
    made.as_the_kit_has_it(kind.starts_with("self-signed"));
    true
}

/// Certificates that some libraries take and others do not.
pub fn disputed(kind: &str, made: &mut Made<'_>) -> bool {
    let root = |change: fn(&mut CertificateParams)| changed("root", change);
    let named = |params: &mut CertificateParams| {
        params.distinguished_name.push(DnType::CommonName, "Root");
    };
    match kind {
        "intermediate-may-not-sign" => {
            made.kit = changed("intermediate", |params| {
                params.key_usages = vec![KeyUsagePurpose::CrlSign];
            });
        }
        "root-may-not-sign" => {
            made.kit = root(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
        }
        "leaf-may-not-sign" => made
            .kit
            .with_leaf(|leaf| leaf.key_usages = vec![KeyUsagePurpose::CrlSign]),
        "leaf-may-encipher" => made
            .kit
            .with_leaf(|leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
        "root-critical-extension" => made.kit = root(critical),
        "root-one-below" => {
            made.kit = root(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
        }
        "root-no-authority" => {
            made.kit = root(|params| {
                params.is_ca = IsCa::NoCa;
                params.key_usages.clear();
            });
        }
        "root-for-clients" => {
            made.kit = root(|params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            });
        }
        "another-key-named" => made.kit.with_another_key_named(),
        "leaf-named-as-issuer" => made.kit.with_leaf(|leaf| {
            let name = DnType::CommonName;
            leaf.distinguished_name.push(name, "Intermediate");
        }),
        "roots-of-one-name" => {
            made.kit = changed("root", named);
            made.kit.root.insert_str(0, &changed("root", named).root);
        }
        "roots-of-one-name-identified" => {
            made.kit = Kit::changed(|which, params| {
                params.use_authority_key_identifier_extension = true;
                if which == "root" {
                    named(params);
                }
            });
            made.kit.root.insert_str(0, &changed("root", named).root);
        }
        "intermediate-trusted" => made.kit.root = made.kit.intermediate.clone(),
        _ => return false,
    }
    made.as_the_kit_has_it(false);
    true
}

fn changed(authority: &str, change: impl Fn(&mut CertificateParams)) -> Kit {
    Kit::changed(|which, params| {
        if which == authority {
            change(params);
        }
    })
}

fn critical(params: &mut CertificateParams) {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4, 5], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
}
