//! What a learner sees, from the first command to the first exercise that is done.

use std::fs;

use snapbox::Data;
use snapbox::assert::Assert;

use super::{Learner, root, text};

/// Runs each command of the transcript again, and compares. With `SNAPSHOTS=overwrite`, which `cargo record`
/// sets, writes it instead.
///
/// A learner's folder is shown as `exercises`, where it lies unless another one is named.
#[test]
fn a_session_shows_what_it_showed() {
    let path = root().join("scripts/exercise/transcripts/session.console");
    let recorded = fs::read_to_string(&path).unwrap();
    let learner = Learner::new();
    let folder = learner.path().to_str().unwrap();
    let mut shown = String::new();
    for line in recorded.lines() {
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        let words = shlex::split(command).unwrap();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let said = match words[..] {
            ["cargo", "exercise", ref words @ ..] => text(&learner.run(words)),
            ["cp", from, to] => {
                let to = to.strip_prefix("exercises").unwrap();
                fs::copy(root().join(from), format!("{folder}{to}")).unwrap();
                String::new()
            }
            _ => panic!("`{command}` is no command of this transcript"),
        };
        let said = said.replace(&format!(" --folder {folder}"), "");
        shown += &format!("{line}\n{}", said.replace(folder, "exercises"));
    }
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.eq(shown, Data::read_from(&path, None).raw());
}
