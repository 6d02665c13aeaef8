//! RSA keys at the bounds of what clients take.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use super::kinds::Made;
use super::kit::block;
use super::primes::rsa;
use super::raw::{Raw, Tree, sequence, tlv};

/// Keys and issuers of so many bits.
pub fn make(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let bits = kind.rsplit('-').next().and_then(|bits| bits.parse().ok());
    match kind {
        "rsa-2047" | "rsa-8192" | "rsa-8193" => tree.leaf.key = key(bits.unwrap()),
        "intermediate-rsa-2047" | "intermediate-rsa-2048" => tree.middle.key = key(bits.unwrap()),
        "intermediate-rsa-8192" | "intermediate-rsa-8193" => tree.middle.key = key(bits.unwrap()),
        "root-rsa-2047" | "root-rsa-2048" => tree.root.key = key(bits.unwrap()),
        "root-rsa-8192" | "root-rsa-8193" => tree.root.key = key(bits.unwrap()),
        "stranger-rsa-2047" | "stranger-rsa-8192" | "stranger-rsa-8193" => {
            let mut stranger = Raw::authority("Another");
            stranger.key = key(bits.unwrap());
            tree.behind.push(stranger.signed(&stranger));
        }
        "rsa-exponent-3" => {
            let three = BigNum::from_u32(3).unwrap();
            let rsa = Rsa::generate_with_e(2048, &three).unwrap();
            tree.leaf.key = PKey::from_rsa(rsa).unwrap();
        }
        "rsa-without-primes" => {
            tree.leaf.key = key(2048);
            tree.lay(made);
            made.key(without_primes(&tree.leaf.key));
            return true;
        }
        "rsa-exponent-over-modulus" => {
            tree.leaf.key = key(2048);
            tree.lay(made);
            made.key(with_large_exponent(&tree.leaf.key));
            return true;
        }
        _ => return false,
    }
    tree.lay(made);
    true
}

/// A number in DER.
fn number(of: &BigNumRef) -> Vec<u8> {
    let bytes = of.to_vec();
    let sign: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
    tlv(2, &[sign, &bytes[..]].concat())
}

/// PKCS #1 with zeros in the place of the primes, and of what follows from them, as converters of JWK write it.
fn without_primes(key: &PKey<Private>) -> String {
    let rsa = key.rsa().unwrap();
    let [n, e, d] = [rsa.n(), rsa.e(), rsa.d()].map(number);
    let zeros = [2, 1, 0].repeat(5);
    let all = sequence(&[&[2, 1, 0], &n, &e, &d, &zeros]);
    block("RSA PRIVATE KEY", &all, 64)
}

/// PKCS #1 with a private exponent that is larger than the modulus. By arithmetic it signs all the same.
fn with_large_exponent(key: &PKey<Private>) -> String {
    let rsa = key.rsa().unwrap();
    let one = BigNum::from_u32(1).unwrap();
    let less = |prime: Option<&BigNumRef>| &prime.unwrap().to_owned().unwrap() - &one;
    let round = &less(rsa.p()) * &less(rsa.q());
    // By more bits than the modulus: aws-lc takes one that is larger by less.
    let d = &rsa.d().to_owned().unwrap() + &(&round << 2);
    let others = [rsa.p(), rsa.q(), rsa.dmp1(), rsa.dmq1(), rsa.iqmp()];
    let others = others.map(|it| number(it.unwrap())).concat();
    let [n, e] = [rsa.n(), rsa.e()].map(number);
    let all = sequence(&[&[2, 1, 0], &n, &e, &number(&d), &others]);
    block("RSA PRIVATE KEY", &all, 64)
}

/// An RSA key of so many bits. A long one is no secret: to find large primes takes long, so these are the
/// largest below a power of two, and below three quarters of one.
fn key(bits: u32) -> PKey<Private> {
    let number = |value| BigNum::from_u32(value).unwrap();
    let below = |times, power, less| &(&number(times) << power) - &number(less);
    let q = match bits {
        8192 => below(3, 4094, 71),
        8193 => below(1, 4097, 783),
        2048 => return rsa(),
        _ => return PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap(),
    };
    of_primes(below(1, 4096, 2549), q)
}

fn of_primes(p: BigNum, q: BigNum) -> PKey<Private> {
    let (one, e) = (
        BigNum::from_u32(1).unwrap(),
        BigNum::from_u32(65537).unwrap(),
    );
    let mut context = BigNumContext::new().unwrap();
    let (less_p, less_q) = (&p - &one, &q - &one);
    let mut inverse = |of: &BigNum, by: &BigNum| {
        let mut found = BigNum::new().unwrap();
        found.mod_inverse(of, by, &mut context).unwrap();
        found
    };
    let d = inverse(&e, &(&less_p * &less_q));
    let i = inverse(&q, &p);
    let (dp, dq) = (&d % &less_p, &d % &less_q);
    let rsa = Rsa::from_private_components(&p * &q, e, d, p, q, dp, dq, i);
    PKey::from_rsa(rsa.unwrap()).unwrap()
}
