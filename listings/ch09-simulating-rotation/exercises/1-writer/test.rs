//! What is wanted of `write`. Each function is a check, and its comment says what has to hold.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::TempDir;

use super::exercise::{New, write};

const OLD: New<'static> = New {
    key: "old key\n",
    authority: "old authority\n",
    leaf: "old leaf\n",
};
const NEW: New<'static> = New {
    key: "new key\n",
    authority: "new authority\n",
    leaf: "new leaf\n",
};

/// A directory in which the tool has written once.
fn written() -> TempDir {
    let directory = lab::directory().unwrap();
    for (name, text, mode) in [
        ("tls.key", OLD.key.to_owned(), 0o600),
        ("tls.crt", OLD.authority.to_owned() + OLD.leaf, 0o644),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    directory
}

/// What a file holds, in words.
fn held(path: &Path) -> String {
    let Ok(text) = fs::read_to_string(path) else {
        return "is missing".into();
    };
    let chain = |of: New<'_>| of.authority.to_owned() + of.leaf;
    let known = [
        (String::new(), "is empty"),
        (OLD.key.to_owned(), "holds the old key"),
        (NEW.key.to_owned(), "holds the new key"),
        (chain(OLD), "is the old one, whole"),
        (
            NEW.authority.to_owned(),
            "holds the authority's certificate alone",
        ),
        (chain(NEW), "holds the authority's certificate and the leaf"),
        (NEW.leaf.to_owned(), "holds the leaf alone"),
        (
            NEW.leaf.to_owned() + NEW.authority,
            "holds the leaf and the authority's certificate",
        ),
    ];
    let known = known.iter().find(|(content, _)| *content == text);
    known
        .map_or("holds something else", |(_, words)| words)
        .into()
}

/// The state of both files, in words.
fn state(directory: &Path) -> String {
    let [key, certificate] = ["tls.key", "tls.crt"].map(|name| directory.join(name));
    let mode = fs::metadata(&key).map_or(String::new(), |of| {
        format!(", with mode {:o}", of.permissions().mode() & 0o777)
    });
    format!(
        "`tls.key` {}{mode}; `tls.crt` {}",
        held(&key),
        held(&certificate)
    )
}

/// Writes, and returns the states that a reader meets, each once.
fn states(directory: &Path) -> Vec<String> {
    let mut states = vec![state(directory)];
    let written = write(directory, NEW, &mut || states.push(state(directory)));
    written.unwrap_or_else(|error| {
        panic!("The directory can be written, and `write` returned: {error}.")
    });
    states.dedup();
    states
}

/// Compares the states with those of the tool.
fn compare(met: &[String], of_the_tool: &[&str]) {
    for (at, wanted) in of_the_tool.iter().enumerate() {
        let before = of_the_tool[at.saturating_sub(1)];
        let ended = "the writer has ended, or calls `between` no more";
        let met = met.get(at).map_or(ended, |met| met);
        assert!(
            met == *wanted,
            "A reader meets this: {before}. Beside the tool it then meets this: {wanted}. Beside your writer: {met}. Was a step left out, \
             or the call of `between` after it? A server that is tested with this writer never meets what it meets in production."
        );
    }
    assert!(
        met.len() == of_the_tool.len(),
        "After its last step, the tool's files do not change any more. Beside your writer a reader still meets: {}.",
        met[of_the_tool.len()..].join("; then ")
    );
}

/// The files are written in place: after a renewal the same ones stand at their paths.
pub fn the_same_files_are_written_again() {
    let directory = written();
    let inode = |name| fs::metadata(directory.path().join(name)).unwrap().ino();
    let names = ["tls.key", "tls.crt"];
    let before = names.map(inode);
    write(directory.path(), NEW, &mut || ()).unwrap();
    for (name, (before, after)) in names.iter().zip(before.iter().zip(names.map(inode))) {
        assert!(
            *before == after,
            "After the write, another file stands at its path, `{name}`: it was removed or renamed over. The tool opens the file that \
             is there, and truncates it. A rename is kinder: no reader ever meets an empty file, and a watch on the file falls silent. \
             A test with your writer would be about another tool."
        );
    }
}

/// At a renewal, a reader meets each state that the tool leaves between its steps, and no other.
pub fn a_reader_meets_each_state_of_a_renewal() {
    let directory = written();
    compare(
        &states(directory.path()),
        &[
            "`tls.key` holds the old key, with mode 600; `tls.crt` is the old one, whole",
            "`tls.key` is empty, with mode 600; `tls.crt` is the old one, whole",
            "`tls.key` holds the new key, with mode 600; `tls.crt` is the old one, whole",
            "`tls.key` holds the new key, with mode 600; `tls.crt` is empty",
            "`tls.key` holds the new key, with mode 600; `tls.crt` holds the authority's certificate alone",
            "`tls.key` holds the new key, with mode 600; `tls.crt` holds the authority's certificate and the leaf",
        ],
    );
}

/// At the first write, the new key is open to others until its mode is set.
pub fn a_new_key_is_open_to_others_for_a_moment() {
    let directory = lab::directory().unwrap();
    compare(
        &states(directory.path()),
        &[
            "`tls.key` is missing; `tls.crt` is missing",
            "`tls.key` is empty, with mode 644; `tls.crt` is missing",
            "`tls.key` holds the new key, with mode 644; `tls.crt` is missing",
            "`tls.key` holds the new key, with mode 600; `tls.crt` is missing",
            "`tls.key` holds the new key, with mode 600; `tls.crt` is empty",
            "`tls.key` holds the new key, with mode 600; `tls.crt` holds the authority's certificate alone",
            "`tls.key` holds the new key, with mode 600; `tls.crt` holds the authority's certificate and the leaf",
        ],
    );
}
