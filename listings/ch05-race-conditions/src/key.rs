//! Why a key or a pair was rejected, in the words of whoever made it.
//!
//! rustls says "failed to parse private key" and "inconsistent keys". That is all it needs to know.

use crate::algorithms::{RSA_BITS, TAKEN, ml_dsa};
use ch02_hot_reload::identity::{Contents, Identity, Reason, Rejected, Source, reject};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::der_parser::ber::BerObject;
use x509_parser::der_parser::der::parse_der;

/// The same rejection, with what the key is or where the leaf stands, where that is the cause.
pub(crate) fn explain(rejected: Rejected, source: &Source, contents: &Contents) -> Rejected {
    if rejected.file != source.files.key {
        return rejected;
    }
    let Ok(key) = PrivateKeyDer::from_pem_slice(&contents.key) else {
        return rejected;
    };
    match rejected.reason {
        Reason::Malformed => Rejected {
            detail: match describe(&key) {
                Some(what) if what.starts_with("an RSA key") && is_taken(&what) => format!(
                    "{what} that does not parse: it was cut, or is of more than two primes, or its \
                     primes and what follows from them are missing or wrong, or its private and its \
                     public part are of two keys"
                ),
                Some(what) if is_taken(&what) => format!(
                    "{what} that does not parse: it was cut, or is not written as RFC 5958 has it, or \
                     its private and its public part are of two keys"
                ),
                Some(what) => format!("{what}: {TAKEN}"),
                None => "it is no private key: it was cut, or its label is that of another format \
                         (PRIVATE KEY is PKCS #8, EC PRIVATE KEY is SEC 1, RSA PRIVATE KEY is PKCS #1)"
                    .into(),
            },
            ..rejected
        },
        Reason::PairMismatch => match place(&key, &contents.certificate) {
            Some((at, of)) => Rejected {
                reason: Reason::ChainBroken,
                file: source.files.certificate.clone(),
                detail: format!(
                    "the key belongs to certificate {at} of {of} in the file: the leaf comes \
                     first, then the certificate of its issuer"
                ),
                ..rejected
            },
            None => rejected,
        },
        _ => rejected,
    }
}

/// Checks that the key signs, once for each set: what is served has signed. A key that parses may not. One of RSA whose
/// private exponent has more bits than its modulus does not, and each handshake would end.
///
/// # Errors
/// `malformed`, of the file of the key.
pub(crate) fn signs(
    source: &Source,
    identity: &Identity,
    serving: Option<&Identity>,
) -> Result<(), Rejected> {
    if serving.is_some_and(|serving| serving.set_sha256 == identity.set_sha256) {
        return Ok(());
    }
    let known = default_provider().signature_verification_algorithms;
    let key = &identity.certified.key;
    let signer = key.choose_scheme(&known.supported_schemes());
    match signer.map(|signer| signer.sign(b"a trial")) {
        Some(Err(_)) => Err(reject(Reason::Malformed, &source.files.key, &MUTE)),
        Some(Ok(_)) | None => Ok(()),
    }
}

const MUTE: &str = "it parses, and does not sign: a number of it is wrong (a private exponent of RSA that has more bits \
                    than the modulus, say). Have another key made";

/// Checks that a key on a curve is written as its label says, and names its curve: Go and OpenSSL read no other,
/// and aws-lc does.
///
/// # Errors
/// `malformed`, of the file of the key.
pub(crate) fn written_as_labelled(source: &Source, contents: &Contents) -> Result<(), Rejected> {
    let Ok(key) = PrivateKeyDer::from_pem_slice(&contents.key) else {
        return Ok(());
    };
    let named = |key: &PrivateKeyDer<'_>| {
        let (_, outer) = parse_der(key.secret_der()).ok()?;
        let fields = outer.as_sequence().ok()?;
        match key {
            PrivateKeyDer::Sec1(_) => {
                let (_, curve) = parse_der(fields.get(2)?.as_slice().ok()?).ok()?;
                oid(&curve)
            }
            PrivateKeyDer::Pkcs8(_) => {
                let algorithm = fields.get(1)?.as_sequence().ok()?;
                let curve = algorithm.get(1).and_then(oid);
                curve.or_else(|| oid(algorithm.first()?).filter(|id| id != "1.2.840.10045.2.1"))
            }
            _ => Some(String::new()),
        }
    };
    match named(&key) {
        Some(_) => Ok(()),
        None => Err(reject(Reason::Malformed, &source.files.key, &UNNAMED)),
    }
}

const UNNAMED: &str = "a key that does not name its curve, or its label is that of another format (PRIVATE KEY is \
                       PKCS #8, EC PRIVATE KEY is SEC 1): `openssl pkey -in OLD -out NEW -ec_param_enc named_curve` \
                       rewrites it. One that says nothing of its curve, as `certtool --key-info` prints it, nothing reads: \
                       take the file that it was printed from";

/// Which certificate of the chain the key belongs to, counted from 1, where it is not the first.
fn place(key: &PrivateKeyDer<'static>, chain: &[u8]) -> Option<(usize, usize)> {
    let key = any_supported_type(key).ok()?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .ok()?;
    let belongs = |certificate: &CertificateDer<'static>| {
        let pair = CertifiedKey::new(vec![certificate.clone()], key.clone());
        pair.keys_match().is_ok()
    };
    let at = chain.iter().position(belongs)?;
    (at > 0).then_some((at + 1, chain.len()))
}

/// What the key is, by what stands in its DER. `None` where that does not parse.
fn describe(key: &PrivateKeyDer<'_>) -> Option<String> {
    let (_, outer) = parse_der(key.secret_der()).ok()?;
    let fields = outer.as_sequence().ok()?;
    match key {
        // RFC 8017, appendix A.1.2: version, modulus.
        PrivateKeyDer::Pkcs1(_) => Some(rsa(fields.get(1)?)?),
        // RFC 5915: version, key, [0] curve.
        PrivateKeyDer::Sec1(_) => {
            let (_, curve) = parse_der(fields.get(2)?.as_slice().ok()?).ok()?;
            Some(format!("an ECDSA key on {}", curve_name(&oid(&curve)?)))
        }
        // RFC 5958: version, algorithm, key.
        _ => {
            let algorithm = fields.get(1)?.as_sequence().ok()?;
            let name = oid(algorithm.first()?)?;
            Some(match name.as_str() {
                "1.2.840.113549.1.1.1" => {
                    let (_, inner) = parse_der(fields.get(2)?.as_slice().ok()?).ok()?;
                    rsa(inner.as_sequence().ok()?.get(1)?)?
                }
                "1.2.840.10045.2.1" => {
                    let curve = algorithm.get(1).and_then(oid)?;
                    format!("an ECDSA key on {}", curve_name(&curve))
                }
                "1.2.840.113549.1.1.10" => "a key for RSA-PSS alone (id-RSASSA-PSS)".into(),
                "1.3.101.112" => "an Ed25519 key".into(),
                "1.3.101.113" => "an Ed448 key".into(),
                "1.3.101.110" | "1.3.101.111" => "a key for key exchange (X25519 or X448)".into(),
                "1.2.840.10040.4.1" => "a DSA key".into(),
                other => match ml_dsa(other) {
                    Some(name) => format!("an {name} key"),
                    None => format!("a key of algorithm {other}"),
                },
            })
        }
    }
}

/// Whether this describes a key that rustls signs with, so that something else is wrong with it.
fn is_taken(what: &str) -> bool {
    let bits = what
        .strip_prefix("an RSA key of ")
        .and_then(|rest| rest.strip_suffix(" bits"));
    let bits = bits.and_then(|bits| bits.parse::<usize>().ok());
    bits.is_some_and(|bits| RSA_BITS.contains(&bits))
        || matches!(
            what,
            "an ECDSA key on P-256" | "an ECDSA key on P-384" | "an ECDSA key on P-521"
        )
        || what == "an Ed25519 key"
}

fn rsa(modulus: &BerObject<'_>) -> Option<String> {
    let bits = bits(modulus.as_slice().ok()?)?;
    Some(format!("an RSA key of {bits} bits"))
}

/// How many bits a number has.
pub(crate) fn bits(bytes: &[u8]) -> Option<usize> {
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some((bytes.len() - first) * 8 - bytes[first].leading_zeros() as usize)
}

fn oid(object: &BerObject<'_>) -> Option<String> {
    Some(object.as_oid().ok()?.to_id_string())
}

pub(crate) fn curve_name(oid: &str) -> String {
    match oid {
        "1.2.840.10045.3.1.7" => "P-256".into(),
        "1.3.132.0.34" => "P-384".into(),
        "1.3.132.0.35" => "P-521".into(),
        "1.3.132.0.10" => "secp256k1".into(),
        "1.3.132.0.33" => "P-224".into(),
        "1.2.840.10045.3.1.1" => "P-192".into(),
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1".into(),
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1".into(),
        other => format!("the curve {other}"),
    }
}
