//! Numbers of a certificate at the bounds between what clients parse and what they do not.

use openssl::bn::BigNum;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;

use crate::fields::{Changed, each};

fn number(hex: &str) -> BigNum {
    BigNum::from_hex_str(hex).unwrap()
}

/// A number in DER begins with a zero byte only where its first bit would be a sign (X.690,
/// section 8.3).
#[test]
fn serial_numbers() {
    const PADDED: &str = "begins with a byte too many";
    let with = |hex: &str| Changed {
        serial: number(hex),
        ..Changed::default()
    };
    let written_as = |bytes: [u8; 2]| Changed {
        patch: Some(([2, 2, 0x4a, 0x3b], [2, 2, bytes[0], bytes[1]])),
        ..with("4A3B")
    };
    each([
        (with("7F"), "", "127".to_owned()),
        (with("80"), "", "128, which has a byte before it".into()),
        (with("-80"), "is negative", "-128".into()),
        (with("-81"), "is negative", "-129, two bytes".into()),
        (written_as([0, 0x7f]), PADDED, "127 in two bytes".into()),
        (written_as([0xff, 0x80]), PADDED, "-128 in two bytes".into()),
    ]);
}

/// Go parses an exponent of up to 63 bits, and verifies signatures by one of up to 31.
#[test]
fn exponents() {
    let of_leaf = |exponent: &str| {
        let key = Rsa::generate_with_e(2048, &number(exponent)).unwrap();
        Changed {
            key: Some(PKey::from_rsa(key).unwrap()),
            ..Changed::default()
        }
    };
    let modulus = Rsa::generate(2048).unwrap().n().to_owned().unwrap();
    let behind = |exponent: &str| {
        let key = Rsa::from_public_components(modulus.to_owned().unwrap(), number(exponent));
        let key: PKey<Public> = PKey::from_rsa(key.unwrap()).unwrap();
        Changed {
            behind: Some(key),
            ..Changed::default()
        }
    };
    each([
        (of_leaf("7FFFFFFF"), "", "a leaf's of 31 bits".to_owned()),
        (
            of_leaf("8000000B"),
            "an exponent of 32 bits",
            "a leaf's of 32 bits".into(),
        ),
        (
            behind("7FFFFFFFFFFFFFFF"),
            "",
            "one of 63 bits, which no path needs".into(),
        ),
        (
            behind("8000000000000001"),
            "certificate 3 of 3: its RSA key has an exponent of over 63 bits",
            "one of 64 bits, which no path needs".into(),
        ),
    ]);
}
