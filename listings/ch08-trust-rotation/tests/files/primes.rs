//! RSA keys that many kinds share.

use std::array;
use std::cell::Cell;
use std::sync::LazyLock;

use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

/// An RSA key of 2,048 bits. To find primes takes long, so there are four, and each call takes the next.
pub fn rsa() -> PKey<Private> {
    static KEYS: LazyLock<[PKey<Private>; 4]> =
        LazyLock::new(|| array::from_fn(|_| PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()));
    thread_local!(static NEXT: Cell<usize> = const { Cell::new(0) });
    let next = NEXT.replace(NEXT.get() + 1);
    KEYS[next % KEYS.len()].clone()
}
