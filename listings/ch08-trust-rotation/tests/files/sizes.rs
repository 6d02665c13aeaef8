//! Chains and lists of authorities of every size.

use openssl::pkey::PKey;

use super::kinds::Made;
use super::kit::authorities;
use super::raw::{Raw, Tree, extension, text};

/// From one kilobyte to two hundred, and from one authority to a thousand.
pub fn make(kind: &str, made: &mut Made<'_>) -> bool {
    match kind {
        "certificates-10" => made.certificates(10),
        "certificates-11" => made.certificates(11),
        "chain-16k" => exactly(16 << 10, made),
        "chain-40k" => exactly(40 << 10, made),
        "chain-60k" => exactly(60 << 10, made),
        "chain-100k" => made.padded(100 << 10),
        "chain-200k" => made.padded(200 << 10),
        "chain-exactly" => exactly(32 << 10, made),
        "chain-a-byte-more" => exactly((32 << 10) + 1, made),
        "chain-of-client-exactly" => exactly(30 << 10, made),
        "chain-of-client-a-byte-more" => exactly((30 << 10) + 1, made),
        "roots-10" => made.roots(authorities(9) + &made.kit.root),
        "roots-150" => made.roots(authorities(149) + &made.kit.root),
        "roots-150-chain-32k" => {
            exactly(32 << 10, made);
            let all = [authorities(149).as_bytes(), &made.roots].concat();
            made.roots(all);
        }
        "roots-1000" => made.roots(authorities(999) + &made.kit.root),
        "roots-over-a-megabyte" => {
            made.roots(made.kit.root.clone() + "\n" + &".".repeat(1 << 20) + "\n");
        }
        "roots-of-a-megabyte" => {
            let dots = (1 << 20) - made.kit.root.len() - 1;
            made.roots(made.kit.root.clone() + &".".repeat(dots) + "\n");
        }
        "over-a-megabyte" => made.chain(".".repeat(1 << 20) + "\n" + &made.kit.chain()),
        _ => return false,
    }
    true
}

/// A chain that makes a Certificate message (RFC 9846, section 4.5.1) of just so many bytes: an empty context, and
/// for each certificate its length and no extension.
fn exactly(bytes: usize, made: &mut Made<'_>) {
    let tree = Tree::new();
    tree.lay(made);
    let leaf = tree.leaf.signed(&tree.middle);
    let middle = tree.middle.signed(&tree.root);
    // A signature of Ed25519 has always the same length.
    let mut behind = Raw::authority("Behind");
    behind.key = PKey::generate_ed25519().unwrap();
    let mut padded = |by: usize| {
        behind.extensions.truncate(1);
        let padding = vec![0; by];
        behind
            .extensions
            .push(extension(&[0x2a, 3, 4], false, &padding));
        behind.signed(&behind)
    };
    let message = |last: &[u8]| {
        4 + [&leaf, &middle, last]
            .map(|der| der.len() + 5)
            .iter()
            .sum::<usize>()
    };
    let some = 1 << 10;
    let more = bytes - message(&padded(some));
    let last = padded(some + more);
    assert_eq!(message(&last), bytes);
    made.chain([leaf, middle, last].map(|der| text(&der)).concat());
}
