//! What is wanted of `write`. Each function is a check, and its comment says what has to hold.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use tempfile::TempDir;

use super::exercise::{New, write};

const OLD: New<'static> = New {
    chain: "old leaf, old issuer\n",
    issuer: "old issuer\n",
    key: "old key\n",
};
/// Not each text ends with one line break.
const NEW: New<'static> = New {
    chain: "new leaf, new issuer\n",
    issuer: "new issuer\n\n",
    key: "new key",
};
const FILES: [&str; 3] = ["localhost.crt", "localhost.issuer.crt", "localhost.key"];

/// A directory in which the tool has written once. Since then its operator has given the web server's group access.
fn written() -> TempDir {
    let directory = lab::directory().unwrap();
    for (name, text) in FILES.iter().zip([OLD.chain, OLD.issuer, OLD.key]) {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
    }
    directory
}

/// Writes, and calls this after each step.
fn written_anew(directory: &Path, mut between: impl FnMut()) {
    let written = write(directory, NEW, &mut between);
    written.unwrap_or_else(|error| {
        panic!("The directory can be written, and `write` returned: {error}.")
    });
}

/// The state of the three files, in words.
fn state(directory: &Path) -> String {
    let held = |name: &str, old: &str, new: &str| match fs::read_to_string(directory.join(name)) {
        Err(_) => "missing",
        Ok(text) if text.is_empty() => "empty",
        Ok(text) if text == old => "old",
        Ok(text) if text == new => "new",
        Ok(_) => "something else",
    };
    let [chain, issuer, key] = FILES;
    format!(
        "chain {}, issuer {}, key {}",
        held(chain, OLD.chain, NEW.chain),
        held(issuer, OLD.issuer, NEW.issuer),
        held(key, OLD.key, NEW.key)
    )
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The files are written in place: after a renewal the same ones stand at their paths.
pub fn the_same_files_are_written_again() {
    let directory = written();
    let inode = |name| fs::metadata(directory.path().join(name)).unwrap().ino();
    let before = FILES.map(inode);
    // While a file is open, no other file gets its inode.
    let _open = FILES.map(|name| File::open(directory.path().join(name)).unwrap());
    written_anew(directory.path(), || ());
    for (name, (before, after)) in FILES.iter().zip(before.iter().zip(FILES.map(inode))) {
        assert!(
            *before == after,
            "After the write, another file stands at its path, `{name}`: it was removed or renamed over. The tool opens the file that \
             is there, and truncates it. A rename is kinder: no reader meets an empty file. A test with your writer would be about \
             another tool."
        );
    }
    each_file_is_closed(&directory);
}

/// A tool that runs for months renews again and again.
fn each_file_is_closed(directory: &TempDir) {
    let within = directory.path().canonicalize().unwrap();
    // Where the system has no such list, nothing is open.
    let open = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let open = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    let of_it = open.filter(|path| path.starts_with(&within)).count();
    // As many as there are files, the check itself holds open.
    assert!(
        of_it <= FILES.len(),
        "`write` has returned, and {} of the files that it has opened are still open: each renewal leaves some more, until the agent can open none. `os.WriteFile` closes its file, as Rust does when a `File` is dropped.",
        of_it - FILES.len()
    );
}

/// A reader meets each state that the tool leaves between its steps, in order, and no other.
pub fn a_reader_meets_each_state_of_the_tool() {
    let of_the_tool = [
        "chain old, issuer old, key old",
        "chain empty, issuer old, key old",
        "chain new, issuer old, key old",
        "chain new, issuer empty, key old",
        "chain new, issuer new, key old",
        "chain new, issuer new, key empty",
        "chain new, issuer new, key new",
    ];
    let directory = written();
    let mut met = vec![state(directory.path())];
    written_anew(directory.path(), || met.push(state(directory.path())));
    met.dedup();
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
    no_other_file_is_there(&directory);
}

/// A reader of the directory meets the tool's files alone.
fn no_other_file_is_there(directory: &TempDir) {
    let (mut found, directory) = (Vec::new(), directory.path());
    written_anew(directory, || {
        for entry in fs::read_dir(directory).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            if !FILES.contains(&name.as_str()) && !found.contains(&name) {
                found.push(name);
            }
        }
    });
    assert!(
        found.is_empty(),
        "Beside the three files a reader meets others in the directory: {}. The tool makes no copy and no file to rename. A copy of a key is one more place from which it can leak, and a server that reads \
         all files of a directory reads these as well.",
        found.join(", ")
    );
}

/// What has not changed is written like the rest.
pub fn what_has_not_changed_is_written_again() {
    let directory = written();
    let same_issuer = New {
        issuer: OLD.issuer,
        ..NEW
    };
    let mut met = Vec::new();
    write(directory.path(), same_issuer, &mut || {
        met.push(state(directory.path()));
    })
    .unwrap();
    let wanted = "chain new, issuer empty, key old";
    assert!(
        met.iter().any(|met| met == wanted),
        "The issuer is the same as at the last renewal, as it mostly is, and a reader beside your writer never meets it empty: {}. The tool          does not compare: it truncates and writes each file, so a reader meets \"{wanted}\" at every renewal.",
        met.join("; then ")
    );
}

/// An error ends it, and is returned.
pub fn an_error_ends_it_and_is_returned() {
    written_anew(written().path(), || ());
    let directory = written();
    let issuer = directory.path().join(FILES[1]);
    fs::remove_file(&issuer).unwrap();
    fs::create_dir(issuer).unwrap();
    let written = panic::catch_unwind(AssertUnwindSafe(|| {
        write(directory.path(), NEW, &mut || ())
    }));
    assert!(
        matches!(written, Ok(Err(_))),
        "A directory stands where the issuer's certificate belongs, so it cannot be opened. `write` {}: the error has to be returned, as \
         the tool returns it, or an agent cannot tell that it has to try again.",
        if written.is_ok() {
            "returned `Ok`"
        } else {
            "panicked"
        }
    );
    let state = state(directory.path());
    assert!(
        state == "chain new, issuer missing, key old",
        "The issuer's certificate could not be opened. The tool ends there: the chain is new, and the key stays old. Beside your writer: \
         {state}. (missing: it is no file.)"
    );
    let missing = directory.path().join("missing");
    let written = write(&missing, NEW, &mut || ());
    assert!(
        written.is_err() && !missing.exists(),
        "The directory is not there, as where a disk was not mounted, and `write` returned {written:?}. `os.WriteFile` makes a file and no directory: its open fails. A writer that makes the directory \
         puts the set where no server looks, and no error is returned."
    );
}

/// A file that is there keeps its mode.
pub fn a_file_that_is_there_keeps_its_mode() {
    for (given, who) in [(0o640, "the web server's group"), (0o644, "everybody")] {
        let directory = written();
        let paths = FILES.map(|name| directory.path().join(name));
        for path in &paths {
            fs::set_permissions(path, Permissions::from_mode(given)).unwrap();
        }
        written_anew(directory.path(), || {
            for (name, path) in FILES.iter().zip(&paths) {
                let mode = mode(path);
                assert!(
                    mode == given,
                    "`{name}` had mode {given:o}, since its operator let {who} read it. After the write it has mode {mode:o}. \
                     `os.WriteFile` leaves the mode of a file that is there. With your writer the server could not read its files after the \
                     first renewal, and with the tool it can."
                );
            }
        });
    }
}

/// A new file is closed to others from the beginning.
pub fn a_new_file_is_closed_from_the_beginning() {
    let directory = lab::directory().unwrap();
    let path = |name| directory.path().join(name);
    let mut met = 0;
    written_anew(directory.path(), || {
        for path in FILES.map(path).iter().filter(|path| path.exists()) {
            let (name, mode) = (path.file_name().unwrap_or_default(), mode(path));
            met += 1;
            assert!(
                mode == 0o600,
                "At the first write, a reader meets {name:?} with mode {mode:o}. The tool makes a file with mode 600: at no moment could \
                 another user open it. A process that has opened a key once can read it forever."
            );
        }
    });
    assert!(
        met > 0,
        "At the first write, `between` was not called while a file was there, so that no reader could look."
    );
}

/// A link is followed, as the tool does.
pub fn a_link_is_followed() {
    let directory = written();
    let key = directory.path().join(FILES[2]);
    let elsewhere = directory.path().join("elsewhere.key");
    fs::rename(&key, &elsewhere).unwrap();
    symlink(&elsewhere, &key).unwrap();
    written_anew(directory.path(), || ());
    let behind = fs::read_to_string(elsewhere).unwrap();
    assert!(
        key.is_symlink() && behind == NEW.key,
        "Its operator has put a link at `localhost.key`, to a file that another program reads. After the write there is {}, and the file behind it holds the {} key. The tool opens \
         the path, and the kernel follows the link.",
        if key.is_symlink() {
            "still a link"
        } else {
            "a plain file in its place"
        },
        if behind == NEW.key { "new" } else { "old" }
    );
}

/// A write that fails is an error as well.
pub fn a_write_that_fails_is_an_error() {
    written_anew(written().path(), || ());
    // Where there is one, a file of the kernel that takes nothing but a number.
    let full = Path::new("/proc/self/oom_score_adj");
    if !full.exists() {
        return;
    }
    let directory = written();
    let issuer = directory.path().join(FILES[1]);
    fs::remove_file(&issuer).unwrap();
    symlink(full, issuer).unwrap();
    let written = write(directory.path(), NEW, &mut || ());
    let key = fs::read_to_string(directory.path().join(FILES[2])).unwrap();
    let (chain, issuer) = (
        directory.path().join(FILES[0]),
        directory.path().join(FILES[1]),
    );
    assert!(
        issuer.is_symlink() && fs::read_to_string(chain).is_ok_and(|chain| chain == NEW.chain),
        "The issuer's certificate can be opened, and takes no text, as where the disk is full. Your writer has removed it, or has put back the chain. The tool tidies nothing up: what was truncated stays there, and a server has to live with it."
    );
    assert!(
        written.is_err() && key == OLD.key,
        "The issuer's certificate can be opened, and takes no text, as where the disk is full. `write` returned {written:?}, and the key is {}. A write \
         that fails ends the tool as an open that fails does. Where the text goes through a buffer, an error comes when that is flushed, and is lost when it is dropped.",
        if key == OLD.key { "old" } else { "new" }
    );
}

/// A write that takes a part of the text is no whole one.
pub fn a_part_of_the_text_is_not_the_whole() {
    written_anew(written().path(), || ());
    // Where there is one, a file of the kernel that takes twelve bytes at a time, of which each time has to be a number.
    let by_twelve = Path::new("/proc/self/oom_score_adj");
    let held = fs::read_to_string(by_twelve).unwrap_or_default();
    let text = format!("{:>12}the rest\n", held.trim());
    let taken = File::options().write(true).open(by_twelve);
    let taken = taken.and_then(|mut file| file.write(text.as_bytes()));
    if !taken.is_ok_and(|taken| taken < text.len()) {
        return;
    }
    let directory = written();
    let issuer = directory.path().join(FILES[1]);
    fs::remove_file(&issuer).unwrap();
    symlink(by_twelve, issuer).unwrap();
    let new = New {
        issuer: &text,
        ..NEW
    };
    let written = write(directory.path(), new, &mut || ());
    assert!(
        written.is_err(),
        "The issuer's certificate has {} bytes. The file took 12 of them, as on a disk that is nearly full, and takes no more. `write` \
         returned `Ok`, and the caller does not learn that half a certificate is there. `File::write` may write a part, and returns how many bytes that \
         was; `write_all` goes on until all of them are written, or one cannot be.",
        text.len()
    );
}
