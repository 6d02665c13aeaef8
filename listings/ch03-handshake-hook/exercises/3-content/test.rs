//! What is wanted of `Poll`. Each function is a check, and its comment says what has to hold.

use std::fs::{self, File};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::exercise::Poll;

/// Two files with a content each, and a poll that has looked at them.
struct Bench {
    certificate: PathBuf,
    key: PathBuf,
    poll: Poll,
    _directory: TempDir,
}

fn bench() -> Bench {
    let directory = lab::directory().unwrap();
    let [certificate, key] = ["tls.crt", "tls.key"].map(|name| directory.path().join(name));
    fs::write(&certificate, "certificate 1001").unwrap();
    fs::write(&key, "key 1001").unwrap();
    let poll = Poll::start(vec![certificate.clone(), key.clone()]);
    Bench {
        poll: poll
            .unwrap_or_else(|error| panic!("Both files are there, and `start` returned: {error}.")),
        certificate,
        key,
        _directory: directory,
    }
}

impl Bench {
    fn changed(&mut self) -> bool {
        let changed = self.poll.changed();
        changed.unwrap_or_else(|error| {
            panic!("Both files are there, and `changed` returned: {error}.")
        })
    }
}

/// Writes this content, and gives the file this date.
fn write(file: &Path, content: &str, date: SystemTime) {
    fs::write(file, content).unwrap();
    set_date(file, date);
}

fn set_date(file: &Path, date: SystemTime) {
    let opened = File::options().append(true).open(file);
    opened.and_then(|file| file.set_modified(date)).unwrap();
}

fn date(file: &Path) -> SystemTime {
    fs::metadata(file).unwrap().modified().unwrap()
}

/// A change is told once.
pub fn a_change_is_told_once() {
    let mut bench = bench();
    assert!(
        !bench.changed(),
        "Nothing was written, and the first `changed` is `true`."
    );
    let later = date(&bench.certificate) + Duration::from_secs(60);
    write(&bench.certificate, "certificate 1002", later);
    assert!(
        bench.changed(),
        "The certificate was replaced, and `changed` is `false`."
    );
    assert!(
        !bench.changed(),
        "The certificate was replaced once, and `changed` is `true` a second time. After each look, remember what was seen."
    );
}

/// A file that is older than the one before is a change, as `mv`, `tar` and a backup bring it.
pub fn an_older_file_is_a_change() {
    let mut bench = bench();
    write(
        &bench.certificate,
        "certificate 1000",
        SystemTime::UNIX_EPOCH,
    );
    assert!(
        bench.changed(),
        "An older file was put back, with its date of long ago, and `changed` is `false`: newer than is not different from."
    );
}

/// A new date alone is no change.
pub fn a_new_date_alone_is_no_change() {
    let mut bench = bench();
    let later = date(&bench.certificate) + Duration::from_secs(60);
    set_date(&bench.certificate, later);
    assert!(
        !bench.changed(),
        "The certificate was touched: its date is new, and its content the same as before. `changed` is `true`. A generation that \
         differs in nothing throws away the sessions of the one before."
    );
}

/// Two writes within one tick of the clock leave the same date, and are a change.
pub fn a_rewrite_within_one_tick_is_a_change() {
    let mut bench = bench();
    let before = date(&bench.certificate);
    write(&bench.certificate, "certificate 1002", before);
    assert!(
        bench.changed(),
        "The certificate was replaced within the tick of the clock in which it was first written. Date and length are those of \
         before, and the content is not; `changed` is `false`."
    );
}

/// Each of the files counts.
pub fn each_file_counts() {
    let mut bench = bench();
    fs::write(&bench.key, "key 1002").unwrap();
    assert!(
        bench.changed(),
        "The key was replaced, a moment after its certificate had been, and `changed` is `false`. A torn pair is mended only if the second \
         file is looked at as well."
    );
    fs::write(&bench.certificate, "certificate 1003").unwrap();
    fs::write(&bench.key, "key 1003").unwrap();
    let found = [bench.changed(), bench.changed()];
    assert!(
        found == [true, false],
        "Certificate and key were replaced, and then nothing. Two calls of `changed` returned {found:?}, which has to be once `true`. A look that stops \
         at the first difference finds the second one at the next look. Read all files, and compare then."
    );
    let (long, longer) = (
        vec![b'x'; 100_000],
        [&vec![b'x'; 99_999][..], b"y"].concat(),
    );
    type Pair<'a> = [&'a [u8]; 2];
    let mut within = long.clone();
    within[50_000] = b'y';
    let each: [(&str, Pair, Pair); 9] = [
        (
            "The certificate was truncated, and is empty",
            [b"one", b"two"],
            [b"", b"two"],
        ),
        (
            "Certificate and key have changed places",
            [b"one", b"two"],
            [b"two", b"one"],
        ),
        (
            "What was the end of the certificate is now the beginning of the key",
            [b"one", b"two"],
            [b"on", b"etwo"],
        ),
        (
            "Two bytes of the certificate have changed places",
            [b"1029", b"two"],
            [b"1092", b"two"],
        ),
        (
            "One byte of a file that is no text is another one",
            [b"\xff", b"two"],
            [b"\xfe", b"two"],
        ),
        (
            "A line break was added to the end of the certificate",
            [b"one", b"two"],
            [b"one\n", b"two"],
        ),
        (
            "The line breaks of the certificate are those of another system",
            [b"one\none\n", b"two"],
            [b"one\r\none\r\n", b"two"],
        ),
        (
            "The last byte of a file of 100 kB is another one",
            [&long, b"two"],
            [&longer, b"two"],
        ),
        (
            "A byte in the middle of a file of 100 kB is another one",
            [&long, b"two"],
            [&within, b"two"],
        ),
    ];
    for (what, before, after) in each {
        for held in [before, after] {
            fs::write(&bench.certificate, held[0]).unwrap();
            fs::write(&bench.key, held[1]).unwrap();
            let changed = bench.poll.changed();
            assert!(
                matches!(changed, Ok(true)) || (held == before && changed.is_ok()),
                "{what}, and `changed` returned {changed:?}. Compare each file with what that file held before: all bytes of it, and no other file's."
            );
        }
    }
    however_many_there_are();
    what_is_opened_is_closed();
}

/// A clock asks again and again, and a process may open so many files and no more.
fn what_is_opened_is_closed() {
    let mut bench = bench();
    let files = [&bench.certificate, &bench.key].map(|file| file.canonicalize().unwrap());
    for looks in 1..=60 {
        if looks == 30 {
            fs::remove_file(&bench.key).unwrap();
        }
        let _ = bench.poll.changed();
        // Where the system has no such list, nothing is open.
        let open = fs::read_dir("/proc/self/fd")
            .into_iter()
            .flatten()
            .flatten();
        let open = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        let of_them = open.filter(|path| files.contains(path)).count();
        // A poll may keep both.
        assert!(
            of_them <= 4,
            "`changed` was called {looks} times, and the process has its two files open {of_them} times. A poll that leaves open what it opens ends in `too many open files`, and then nothing reads the next renewal. `fs::read` closes what it \
             opens, as Rust does with each `File` that is dropped."
        );
    }
}

/// Two secrets are two directories, and the files in both have the same names.
fn whatever_they_are_called() {
    let directory = lab::directory().unwrap();
    let files = ["server", "client"].map(|of| directory.path().join(of).join("tls.crt"));
    for file in &files {
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(file, "before").unwrap();
    }
    let mut poll = Poll::start(files.to_vec()).unwrap();
    for (file, of) in files.iter().zip(["server", "client"]) {
        fs::write(file, "after").unwrap();
        let changed = poll.changed();
        assert!(
            matches!(changed, Ok(true)),
            "Two directories have a file `tls.crt` each. That of `{of}` was replaced, and `changed` returned {changed:?}. What two files held is remembered for both: a file is known by its whole path, or by its place in the list, \
             and not by its name."
        );
    }
}

/// One file, and four: a server has a list of trust anchors beside its pair, or one file for all.
fn however_many_there_are() {
    whatever_they_are_called();
    for number in [1, 4] {
        let directory = lab::directory().unwrap();
        let names = (0..number).map(|name| directory.path().join(format!("{name}.pem")));
        let files: Vec<_> = names.collect();
        for file in &files {
            fs::write(file, "before").unwrap();
        }
        let poll = panic::catch_unwind(|| Poll::start(files.clone()));
        let mut poll = poll.ok().and_then(Result::ok).unwrap_or_else(|| {
            panic!("How many files there are, `start` is told. Here the number is {number}, all of them are there, and it panicked, or returned an error.")
        });
        for (file, which) in files.iter().zip(1..) {
            fs::write(file, "after").unwrap();
            let changed = panic::catch_unwind(AssertUnwindSafe(|| poll.changed()));
            assert!(
                matches!(changed, Ok(Ok(true))),
                "Of {number} files, the one of number {which} was replaced, and `changed` {}. How many files there are, `start` is told.",
                match changed {
                    Ok(said) => format!("returned {said:?}"),
                    Err(_) => "panicked".to_owned(),
                }
            );
        }
    }
}

/// A missing file is an error, and what was remembered stays.
pub fn a_missing_file_is_an_error_and_forgets_nothing() {
    let mut bench = bench();
    fs::remove_file(&bench.key).unwrap();
    let missing = bench.poll.changed();
    assert!(
        missing.is_err(),
        "The key is missing, and `changed` returned {missing:?}."
    );
    fs::write(&bench.key, "key 1001").unwrap();
    assert!(
        !bench.changed(),
        "The key was missing for a moment, and came back the same as before. `changed` is `true`: an error must not change what \
         is remembered."
    );
    fs::write(&bench.certificate, "certificate 1002").unwrap();
    fs::remove_file(&bench.key).unwrap();
    let _ = bench.poll.changed();
    fs::write(&bench.key, "key 1001").unwrap();
    assert!(
        bench.changed(),
        "The certificate was replaced, and at that look the key was missing. Then the key came back the same as before, and `changed` is `false`: the \
         new certificate was remembered at the look that failed, and the caller was not told of it. Remember all, or nothing."
    );
    fs::remove_file(&bench.key).unwrap();
    fs::create_dir(&bench.key).unwrap();
    let other = bench.poll.changed();
    assert!(
        other.is_err(),
        "A directory stands where the key belongs, so it is there and cannot be read, and `changed` returned {other:?}. A file that is missing is one of many that cannot be read: return the error, whichever it is."
    );
    fs::remove_dir(&bench.key).unwrap();
    let started = Poll::start(vec![bench.certificate.clone(), bench.key.clone()]);
    assert!(
        started.is_err(),
        "The key is missing, and `start` returned a poll. What it remembers is no look at the files: a server that begins so never says that it has no key."
    );
}
