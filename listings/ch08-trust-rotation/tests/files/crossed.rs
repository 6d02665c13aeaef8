//! Authorities that have issued each other, as when an old one vouches for a new one, and bridges between two.

use std::sync::mpsc::channel;
use std::thread;

use ch02_hot_reload::identity::Source;
use ch05_race_conditions::Reader;
use lab::BOUND;
use openssl::hash::MessageDigest;

use super::chapters::hasty;
use super::kinds::{self, Made};
use super::raw::{Raw, Tree, date, text};

/// Authorities that have issued each other.
pub fn make(kind: &str, made: &mut Made<'_>) -> bool {
    let mut tree = Tree::new();
    let mut other = Raw::authority("Another root");
    let ended = kind == "mutual-expired-first";
    if ended {
        (tree.root.dates[1], other.dates[1]) = (date(-1), date(-1));
        (tree.root.dates[0], other.dates[0]) = (date(-3), date(-3));
    }
    // Each root as the other one has issued it.
    let (root, another) = (&tree.root, &other);
    let by_other = root.signed(another);
    let of_other = another.signed(root);
    if ended {
        (tree.root.dates, other.dates) = ([date(-1), date(30)], [date(-1), date(30)]);
    }
    let (root, another) = (&tree.root, &other);
    let (own, others) = (root.signed(root), another.signed(another));
    tree.behind = match kind {
        "crossed-in-chain" | "crossed-to-the-old" => vec![by_other.clone()],
        "mutual-in-chain" => vec![by_other.clone(), of_other.clone()],
        _ => Vec::new(),
    };
    let roots = match kind {
        "mutual" => vec![by_other, of_other],
        "mutual-sha1" => {
            tree.leaf.digest = MessageDigest::sha1();
            vec![by_other, of_other]
        }
        "mutual-first" | "mutual-expired-first" => vec![by_other, of_other, own, others],
        "mutual-last" => vec![own, others, by_other, of_other],
        "mutual-and-one" => vec![by_other, of_other, others],
        "mutual-in-chain" | "crossed-in-chain" => vec![own],
        "crossed-to-the-old" => vec![others],
        "root-crossed" => vec![by_other],
        "root-renewed" => {
            tree.root.serial = vec![9];
            vec![own, tree.root.signed(&tree.root)]
        }
        _ => return false,
    };
    tree.lay(made);
    made.roots(roots.iter().map(|der| text(der)).collect::<String>());
    true
}

/// A path that followed them would have no end, whether it is built or explained.
#[test]
fn authorities_that_have_issued_each_other_keep_no_reader_busy_forever() {
    for kind in ["mutual", "mutual-and-one", "mutual-first", "mutual-sha1"] {
        let directory = lab::directory().unwrap();
        let source = Source::localhost(kinds::make(kind, directory.path()).unwrap());
        let (sender, read) = channel();
        thread::spawn(move || sender.send(Reader::new(hasty()).read(&source, None).map(drop)));
        let read = read.recv_timeout(BOUND);
        let read = read.unwrap_or_else(|why| panic!("{kind}: the reader does not end: {why}"));
        read.unwrap_err();
    }
}
