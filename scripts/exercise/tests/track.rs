//! The track in Go: the same gate as for Rust, and the same words in the terminal.

use std::env;
use std::fs;
use std::path::PathBuf;

use exercise::attempt::{Attempt, Outcome, attempt};
use exercise::folder::Folder;
use exercise::set::{Exercise, Set, Track};

use super::{Learner, root};

/// Whether Go is there. Where the tests are obliged to run, it has to be.
fn go() -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    let there = env::split_paths(&paths).any(|folder| folder.join("go").is_file());
    if !there {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "go not found");
        println!("skipped: go not found");
    }
    there
}

/// Tries an answer of the book: the check that caught it first, and its words.
fn tried(set: &Set, exercise: &Exercise, answer: &PathBuf) -> Vec<(String, String)> {
    let learner = Learner::new();
    let folder = Folder::new(learner.path());
    folder.begin(exercise).unwrap();
    fs::copy(answer, folder.answer(exercise)).unwrap();
    let Attempt::Ran(ran) = attempt(set, &folder, exercise).unwrap() else {
        panic!("{} does not compile", answer.display());
    };
    assert!(!ran.checks.is_empty());
    let failed = ran
        .checks
        .into_iter()
        .filter_map(|(check, outcome)| match outcome {
            Outcome::Held => None,
            Outcome::Failed { words, .. } => Some((check.name, words)),
            Outcome::NotReached => Some((check.name, "not reached".into())),
        });
    failed.collect()
}

#[test]
fn the_gate_has_three_sides_in_go_as_well() {
    if !go() {
        return;
    }
    let set = Set::of_track(&root(), Track::Go).unwrap();
    assert!(!set.exercises.is_empty());
    for exercise in &set.exercises {
        let (id, checks) = (&exercise.id, exercise.checks().unwrap());
        let file = |name: &str| exercise.folder.join(name);
        let of_starter = tried(&set, exercise, &file("starter.go"));
        assert_eq!(
            of_starter.len(),
            checks.len(),
            "{id}: a check passes with the starter"
        );
        for (check, words) in &of_starter {
            assert!(
                words.contains(&exercise.about.starter),
                "{id}: {check}: {words}"
            );
        }
        assert_eq!(tried(&set, exercise, &file("solution.go")), [], "{id}");
        for right in fs::read_dir(file("right")).unwrap() {
            assert_eq!(tried(&set, exercise, &right.unwrap().path()), [], "{id}");
        }
        assert!(!exercise.about.wrong.is_empty());
        for wrong in &exercise.about.wrong {
            let failed = tried(&set, exercise, &file(&format!("wrong/{}.go", wrong.file)));
            let (check, words) = failed.first().expect("a wrong answer passes");
            assert_eq!(*check, wrong.caught_by, "{id}, {}: {words}", wrong.file);
            assert!(words.contains(&wrong.says), "{id}, {}: {words}", wrong.file);
        }
        let kept = fs::read_dir(file("wrong")).unwrap().count();
        assert_eq!(
            kept,
            exercise.about.wrong.len(),
            "{id}: each wrong answer is stated"
        );
    }
}

/// What a check in Rust wants, the check in Go wants in the same words, but for what is called otherwise there.
#[test]
fn both_tracks_want_the_same() {
    let (rust, go) = (
        Set::read(&root()).unwrap(),
        Set::of_track(&root(), Track::Go).unwrap(),
    );
    for exercise in &go.exercises {
        let twin = rust.find(exercise.shared_id()).unwrap();
        let words = |of: &Exercise| {
            let checks = of.checks().unwrap().into_iter();
            checks
                .map(|check| check.words.to_lowercase())
                .collect::<Vec<_>>()
        };
        assert_eq!(words(exercise), words(twin), "{}", exercise.id);
    }
}

#[test]
fn a_learner_solves_in_go_beside_rust() {
    if !go() {
        return;
    }
    let learner = Learner::new();
    let track = ["--track", "go"];
    let of = |words: &[&'static str]| [words, &track].concat();
    let said = learner.says(&of(&["next", "resolver"]));
    assert!(said.contains("ch03/resolver-go/answer.go"), "{said}");
    assert!(said.contains("--track go"), "{said}");
    let said = super::text(&learner.run(&of(&["run", "resolver"])));
    assert!(said.contains("This is still the starter"), "{said}");

    learner.write(
        "ch03/resolver-go/answer.go",
        "package answer\n\nfunc Hook() int { return \"no number\" }\n",
    );
    let said = super::text(&learner.run(&of(&["run", "resolver"])));
    assert!(
        said.contains("It does not compile") && said.contains("answer.go:3"),
        "{said}"
    );

    let kept = learner.read("ch03/resolver-go/answer.go");
    learner.says(&of(&["reset", "resolver"]));
    assert_eq!(learner.read("kept/ch03-resolver-go-1.go"), kept);

    let solution = root().join("listings/ch03-handshake-hook/exercises/1-resolver/go/solution.go");
    fs::copy(solution, learner.path().join("ch03/resolver-go/answer.go")).unwrap();
    // The checks are the book's, whatever lies beside the answer.
    learner.write("ch03/resolver-go/answer_test.go", "package answer\n");
    let said = learner.says(&of(&["run", "resolver-go"]));
    assert!(
        said.contains("Done.") && said.matches("  ok  ").count() == 4,
        "{said}"
    );
    // The record has both tracks, each by itself.
    assert!(learner.says(&of(&["list"])).contains("1 of 1 done"));
    assert!(learner.says(&["list"]).contains("0 of "));
}
