//! What is wanted of `stable`. Each function is a check, and its comment says what has to hold.
//!
//! A writer is played by what it leaves behind at each look, so it is at work for as long as a check wants.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};

use super::exercise::{LOOKS, Seen, stable};

/// What a writer has left behind.
#[derive(Clone, Copy)]
enum Left {
    /// Files that hold this, and are so old in seconds.
    Files(&'static str, u64),
    /// No file.
    Nothing,
    /// The certificate, without its key.
    NoKey,
    /// A file that cannot be read yet.
    Closed,
    /// A pair of two generations.
    Torn,
}
use Left::{Closed, Files, NoKey, Nothing, Torn};

/// Looks while a writer leaves this behind at each look; the last stays forever. Returns what the files are said to
/// hold, or the word for the reason, and how often they were looked at.
fn read(left: &[Left]) -> (String, usize) {
    let mut looks = 0;
    let read = stable(|| {
        let left = left[looks.min(left.len() - 1)];
        looks += 1;
        assert!(
            looks <= LOOKS,
            "The files were looked at for the {looks}th time: at most {LOOKS} looks are wanted. A reader that looks until a writer rests may look \
             forever, and everything else waits for it."
        );
        look(left)
    });
    let said = match read {
        Ok(seen) => String::from_utf8(seen.bytes).unwrap(),
        Err(rejected) => rejected.reason.name().to_owned(),
    };
    (said, looks)
}

fn look(left: Left) -> Result<Seen, Rejected> {
    match left {
        Files(text, modified) => Ok(Seen {
            bytes: text.into(),
            modified,
        }),
        Nothing => Err(reject(
            Reason::Missing,
            Path::new("tls.crt"),
            &"no such file",
        )),
        NoKey => Err(reject(
            Reason::Missing,
            Path::new("tls.key"),
            &"no such file",
        )),
        Torn => Err(reject(
            Reason::Torn,
            Path::new("tls.key"),
            &"it is not the key of the certificate",
        )),
        Closed => Err(reject(
            Reason::Unreadable,
            Path::new("tls.crt"),
            &"permission denied",
        )),
    }
}

/// Files that rest are read.
pub fn files_that_rest_are_read() {
    let (read, looks) = read(&[Files("chain 1002, key 1002", 60)]);
    assert!(
        read == "chain 1002, key 1002",
        "The files rest, and hold `chain 1002, key 1002`. The answer is `{read}` (looks: {looks})."
    );
}

/// A writer that is at work is waited for.
pub fn a_writer_at_work_is_waited_for() {
    let (read, looks) = read(&[
        Files("chain 10", 60),
        Files("chain 1002, ke", 61),
        Files("chain 1002, key 1002", 62),
    ]);
    assert!(
        read == "chain 1002, key 1002",
        "A writer was at work during the first looks, and then done. The answer is `{read}` (looks: {looks}). One look cannot tell whether it \
         came in the middle of a write, and a pause before it moves the moment and no more: a writer is as slow as its disk. What tells is whether two looks \
         in a row agree."
    );
}

/// Two looks that agree follow one another.
pub fn looks_that_agree_follow_one_another() {
    let (read, looks) = read(&[
        Files("chain 1001, key 1001", 60),
        Files("chain 1002, key 1001", 61),
        Files("chain 1001, key 1001", 60),
        Files("chain 1002, key 1002", 63),
    ]);
    assert!(
        read == "chain 1002, key 1002",
        "A writer put the old certificate back for a moment, with its date, so the third look saw what the first had seen, and something else had been there in \
         between. The answer is `{read}` (looks: {looks}). Files that rest look the same at two looks of which one follows the other."
    );
}

/// Two looks within one tick of the clock are told apart.
pub fn bytes_are_compared_and_not_dates() {
    let (read, _) = read(&[
        Files("chain 1002", 60),
        Files("chain 1002, ke", 60),
        Files("chain 1002, key 1002", 60),
    ]);
    assert!(
        read == "chain 1002, key 1002",
        "A writer wrote several times within one tick of the clock, so the date stayed as it was. The answer is `{read}`. Compare the bytes: dates miss \
         what happens within one tick."
    );
    let (read, _) = self::read(&[
        Files("chain 1001, key 1001", 60),
        Files("chain 1002, key 1001", 60),
        Files("chain 1002, key 1002", 60),
    ]);
    assert!(
        read == "chain 1002, key 1002",
        "A writer replaced the certificate and then the key, both by one of the same length and within one tick of the clock. The answer is `{read}`. Date and \
         length together miss this as well: compare the bytes."
    );
}

/// A file that is missing for a moment is waited for.
pub fn a_file_that_is_missing_for_a_moment_is_waited_for() {
    let (read, _) = read(&[
        Files("chain 1001, key 1001", 60),
        Nothing,
        Files("chain 1002, key 1002", 61),
    ]);
    assert!(
        read == "chain 1002, key 1002",
        "A writer removed a file and made it anew, and at one look it was missing. The answer is `{read}`. One look that finds an error is no \
         more to be believed than one that finds half a file: look again, and compare errors as well."
    );
    let (read, _) = self::read(&[Nothing, Closed, Files("chain 1002, key 1002", 61)]);
    assert!(
        read == "chain 1002, key 1002",
        "At one look a file was missing, and at the next one it was there and could not be read yet: two errors, and not the same. The answer is `{read}`. Between the \
         two looks a writer did something, so look again: errors agree where they are equal."
    );
    let (read, _) = self::read(&[Nothing, NoKey, Files("chain 1002, key 1002", 61)]);
    assert!(
        read == "chain 1002, key 1002",
        "At one look the certificate was missing, and at the next one it was there and the key was missing: a writer is making them anew. The answer is `{read}`. The reason of both errors is the same, and what \
         they say is not: compare the errors as a whole."
    );
    let (read, _) = self::read(&[Nothing, Files("", 60), Files("chain 1002, key 1002", 61)]);
    assert!(
        read == "chain 1002, key 1002",
        "At one look a file was missing, and at the next one it was there and empty: a writer has just made it. The answer is `{read}`. A look that finds an error and a look that finds nothing in the files do not agree, though neither \
         has any content: compare the errors as well, and take what a look has found as it is."
    );
    let (read, looks) = self::read(&[
        Files("chain 1001, key 1001", 60),
        Files("", 61),
        Files("chain 1001, key 1001", 60),
        Files("chain 1002, key 1002", 63),
    ]);
    assert!(
        read == "chain 1002, key 1002",
        "At the second look the files were empty, and the third saw what the first had seen. The answer is `{read}` (looks: {looks}). A look that finds empty files is a look as well: the first and the third do not follow one another, and in \
         between a writer was at work."
    );
    for (second, what) in [
        (Nothing, "a file was missing"),
        (Torn, "the files were torn"),
    ] {
        let (read, looks) = self::read(&[
            Files("chain 1001, key 1001", 60),
            second,
            Files("chain 1001, key 1001", 60),
            Files("chain 1002, key 1002", 63),
        ]);
        assert!(
            read == "chain 1002, key 1002",
            "At the second look {what}, and the third saw what the first had seen. The answer is `{read}` (looks: {looks}). A look that finds an error is a look as well: \
             the first and the third do not follow one another, and in between a writer was at work."
        );
    }
}

/// Files that stay missing are an error.
pub fn files_that_stay_missing_are_an_error() {
    let (read, _) = read(&[Nothing]);
    assert!(
        read == "missing",
        "A file is missing at each look. Two looks agree on that, and the reason to tell is `missing`. The answer is `{read}`."
    );
}

/// A writer that does not rest has nothing published.
pub fn a_writer_that_does_not_rest_has_nothing_published() {
    let (read, looks) = read(&[
        Files("chain 1002", 60),
        Files("chain 1002, ", 61),
        Files("chain 1002, k", 62),
        Files("chain 1002, ke", 63),
        Files("chain 1002, key", 64),
        Files("chain 1002, key 1002", 65),
    ]);
    assert!(
        read == "torn",
        "A writer was at work during each of {looks} looks, and the answer is `{read}`. Half a file is not whole because the tries are used up. \
         The reason is `torn`, the server goes on with what it has, and the next tick looks again."
    );
    let (read, _) = self::read(&[
        Files("chain 1001, key 1001", 60),
        Files("chain 10", 61),
        Files("chain 1002", 62),
        Files("chain 1002, key", 63),
        Nothing,
    ]);
    assert!(
        read == "torn",
        "A writer was at work during each look, and at the last one a file was missing. The answer is `{read}`. One look has found that, and no other agrees with \
         it: what all looks together say is `torn`."
    );
    let [one, other] = [
        Files("chain 1001, key 1001", 60),
        Files("chain 1002, key 1001", 61),
    ];
    let (read, _) = self::read(&[one, other, one, other, one]);
    assert!(
        read == "torn",
        "Two writers were at work, and at each look the files were those of the other one. The answer is `{read}`, though no two looks in a row have agreed. What was seen most often is no sign of rest, nor is what \
         was seen at every other look."
    );
}
