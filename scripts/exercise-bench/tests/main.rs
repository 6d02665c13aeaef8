//! The gate of the exercises, in one program: each starter fails for the stated reason, each solution passes,
//! each wrong answer is caught by the check and in the words that are stated, and an unusual one that is right
//! passes.
//!
//! The build writes a module with a test for each answer: see `build.rs`.

// The checks of an exercise are compiled with each of its answers.
#![allow(clippy::duplicate_mod)]

mod set;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use exercise::held::{self, Held};
use exercise::set::{Exercise, Set};
use exercise_bench::{Bounds, Check, try_all};
use lab::BOUND;

include!(concat!(env!("OUT_DIR"), "/answers.rs"));

/// A wrong answer never brings what is waited for. What a check computes takes longer beside others.
const OF_WRONG: Bounds = Bounds {
    patience: Duration::from_secs(1),
    check: Duration::from_secs(600),
};
const OF_RIGHT: Bounds = Bounds {
    patience: BOUND,
    check: BOUND.saturating_mul(2),
};

fn of_the_book() -> Set {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Set::read(here.ancestors().nth(2).unwrap()).unwrap()
}

/// What all answers write. A wrong one may never end, and its folders stay: the next run of these tests removes them.
static WRITTEN: LazyLock<Option<Held>> = LazyLock::new(|| {
    held::remove_left();
    let written = Held::new().ok()?;
    // Where a folder was chosen before, it stays.
    tempfile::env::override_temp_dir(written.path()).ok()?;
    Some(written)
});

/// Tries one answer, and holds what came of it against what the exercise says.
fn judge(listing: &str, folder: &str, answer: &str, checks: &[Check]) {
    LazyLock::force(&WRITTEN);
    let set = of_the_book();
    let is_it = |one: &&Exercise| one.listing == listing && one.folder.ends_with(folder);
    let exercise = set.exercises.iter().find(is_it).unwrap();
    assert!(!checks.is_empty(), "{folder} has no check");
    let is_wrong = answer == "starter" || answer.starts_with("wrong");
    let outcome = try_all(checks, if is_wrong { OF_WRONG } else { OF_RIGHT });
    let failed: Vec<_> = outcome
        .into_iter()
        .filter_map(|(check, failure)| Some((check, failure?)))
        .collect();
    if !is_wrong {
        assert!(
            failed.is_empty(),
            "{folder}/{answer} is right, and failed: {failed:#?}"
        );
        return;
    }
    if answer == "starter" {
        assert_eq!(
            failed.len(),
            checks.len(),
            "{folder}: a check passes with the starter"
        );
        for (check, failure) in &failed {
            let stated = failure.words.contains(&exercise.about.starter);
            assert!(
                stated,
                "{folder}: {check} fails otherwise than stated: {failure:?}"
            );
        }
        return;
    }
    let stated = exercise.about.wrong.iter();
    let mut stated = stated.filter(|wrong| answer == format!("wrong/{}", wrong.file));
    let stated = stated
        .next()
        .expect("a wrong answer that the exercise does not state");
    let Some((check, failure)) = failed.first() else {
        panic!("{folder}/{answer} is wrong, and passes");
    };
    assert_eq!(
        (*check, failure.words.contains(&stated.says)),
        (stated.caught_by.as_str(), true),
        "{folder}/{answer} is caught otherwise than stated ({:?}): {failed:#?}",
        stated.says
    );
}
