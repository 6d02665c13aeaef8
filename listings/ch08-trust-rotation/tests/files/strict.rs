//! What one library takes and another does not: encodings, algorithms, extensions, depths.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use rcgen::{
    CertificateParams, CustomExtension, DnType, DnValue, ExtendedKeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use super::kinds::Made;
use super::kit::{Kit, block};

/// Certificates that rcgen makes.
pub fn make(kind: &str, made: &mut Made<'_>) -> bool {
    match kind {
        "padded-serial" => made.kit.with_padded_serial(),
        "issuer-named-otherwise" => made.kit.with_leaf(|leaf| {
            // An authority key identifier that names the issuer of the issuer: "Nobody".
            let mut names = vec![0x30, 0x17, 0xa1, 0x15, 0xa4, 0x13, 0x30, 0x11, 0x31, 0x0f];
            names.extend(b"\x30\x0d\x06\x03\x55\x04\x03\x0c\x06Nobody");
            extend(leaf, &[2, 5, 29, 35], names, false);
        }),
        "netscape-type" => made.kit.with_leaf(|leaf| {
            let for_clients = vec![3, 2, 7, 0x80];
            extend(leaf, &[2, 16, 840, 1, 113_730, 1, 1], for_clients, false);
        }),
        "any-usage" => made.kit.with_leaf(|leaf| {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
        }),
        "critical-policy" => {
            made.kit = Kit::changed(|which, params| {
                if which == "intermediate" {
                    let policy = vec![0x30, 6, 0x30, 4, 6, 2, 0x2a, 3];
                    extend(params, &[2, 5, 29, 32], policy, true);
                }
            });
        }
        "before-1970" => made
            .kit
            .with_leaf(|leaf| leaf.not_before = rcgen::date_time_ymd(1960, 1, 1)),
        "name-in-another-string" => made
            .kit
            .with_issuer_renamed(DnValue::PrintableString("Intermediate".try_into().unwrap())),
        "root-tomorrow" => {
            made.kit = Kit::changed(|which, params| {
                if which == "root" {
                    params.not_before = OffsetDateTime::now_utc() + Duration::HOUR;
                }
            });
        }
        "broken-uri" => made.kit.with_leaf(|leaf| named_by(leaf, "http://a b/")),
        "spiffe" => made.kit.with_leaf(|leaf| {
            named_by(leaf, "spiffe://example.org/ns/shop/sa/cart");
        }),
        _ => return false,
    }
    made.as_the_kit_has_it(false);
    true
}

fn extend(params: &mut CertificateParams, id: &[u64], content: Vec<u8>, critical: bool) {
    let mut extension = CustomExtension::from_oid_content(id, content);
    extension.set_criticality(critical);
    params.custom_extensions.push(extension);
}

fn named_by(leaf: &mut CertificateParams, uri: &str) {
    let uri = SanType::URI(uri.try_into().unwrap());
    leaf.subject_alt_names.push(uri);
    leaf.distinguished_name.push(DnType::CommonName, "a leaf");
}

/// Chains that OpenSSL makes: of curves and depths that rcgen does not have.
pub fn chains(kind: &str, made: &mut Made<'_>) -> bool {
    let p256 = Nid::X9_62_PRIME256V1;
    match kind {
        "intermediate-secp256k1" => chain(made, &[Nid::SECP256K1]),
        "intermediate-p224" => chain(made, &[Nid::SECP224R1]),
        "six-intermediates" => chain(made, &[p256; 6]),
        "seven-intermediates" => chain(made, &[p256; 7]),
        "stranger-secp256k1" => {
            let key = key(Nid::SECP256K1);
            let stranger = issued(0, &key, None, true).to_der().unwrap();
            let chain = made.kit.chain() + &block("CERTIFICATE", &stranger, 64);
            made.chain(chain);
        }
        _ => return false,
    }
    true
}

/// A root, intermediates with keys on these curves, and a leaf.
fn chain(made: &mut Made<'_>, curves: &[Nid]) {
    let root_key = key(Nid::X9_62_PRIME256V1);
    let root = issued(0, &root_key, None, true);
    let (mut all, mut by) = (String::new(), (root.clone(), root_key));
    for (at, curve) in (1..).zip(curves) {
        let key = key(*curve);
        let next = issued(at, &key, Some(&by), true);
        all.insert_str(0, &text(&next));
        by = (next, key);
    }
    let leaf_key = key(Nid::X9_62_PRIME256V1);
    all.insert_str(0, &text(&issued(99, &leaf_key, Some(&by), false)));
    made.chain(all);
    made.key(leaf_key.private_key_to_pem_pkcs8().unwrap());
    made.roots(text(&root));
}

fn text(certificate: &X509) -> String {
    String::from_utf8(certificate.to_pem().unwrap()).unwrap()
}

fn key(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn issued(
    number: u32,
    key: &PKey<Private>,
    by: Option<&(X509, PKey<Private>)>,
    authority: bool,
) -> X509 {
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", &format!("Number {number}"))
        .unwrap();
    let name = name.build();
    let mut it = X509::builder().unwrap();
    it.set_version(2).unwrap();
    let serial = BigNum::from_u32(number + 1).unwrap();
    it.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap())
        .unwrap();
    it.set_subject_name(&name).unwrap();
    it.set_issuer_name(by.map_or(&*name, |(by, _)| by.subject_name()))
        .unwrap();
    it.set_pubkey(key).unwrap();
    it.set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    it.set_not_after(&Asn1Time::days_from_now(1).unwrap())
        .unwrap();
    if authority {
        let constraints = BasicConstraints::new().critical().ca().build().unwrap();
        it.append_extension(constraints).unwrap();
    } else {
        let context = it.x509v3_context(by.map(|(by, _)| &**by), None);
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .build(&context);
        it.append_extension(names.unwrap()).unwrap();
    }
    it.sign(by.map_or(key, |(_, key)| key), MessageDigest::sha256())
        .unwrap();
    it.build()
}

/// Keys that are damaged, or not in PEM.
pub fn keys(kind: &str, made: &mut Made<'_>) -> bool {
    let ec = made.kit.openssl_key().ec_key().unwrap();
    let sec1 = ec.private_key_to_der().unwrap();
    match kind {
        "der-sec1-key" => made.key(sec1),
        "jwk" => made.key(r#"{"kty":"EC","crv":"P-256","x":"","y":"","d":""}"#),
        "ssh-public-key" => made.key("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= me\n"),
        "vault-key" => made.key("$ANSIBLE_VAULT;1.1;AES256\n3031\n"),
        "parameters-broken" => {
            let broken = "-----BEGIN EC PARAMETERS-----\n!\n-----END EC PARAMETERS-----\n";
            made.key([broken.as_bytes(), &ec.private_key_to_pem().unwrap()].concat());
        }
        "key-of-two" => {
            // The public part is the last of it: one bit of that is another.
            let mut damaged = sec1;
            *damaged.last_mut().unwrap() ^= 1;
            made.key(block("EC PRIVATE KEY", &damaged, 64));
        }
        "private-of-another" => {
            let another = Kit::new().openssl_key().ec_key().unwrap();
            let another = another.private_key_to_der().unwrap();
            let mut mixed = sec1;
            // Behind the version: the private part.
            mixed[7..39].copy_from_slice(&another[7..39]);
            made.key(block("EC PRIVATE KEY", &mixed, 64));
        }
        "label-of-pkcs1" => {
            made.kit.with_rsa(2048);
            made.as_the_kit_has_it(false);
            made.key(made.kit.key.replace(" PRIVATE", " RSA PRIVATE"));
        }
        _ => return false,
    }
    true
}
