//! The tracks in Go and Python: the same gate as for Rust, and the same words in the terminal.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use exercise::attempt::{Outcome, outcomes};
use exercise::go;
use exercise::program::Check;
use exercise::python;
use exercise::set::{Exercise, Set, Track};

use super::{Learner, root};

/// Whether these programs are there. Where the tests are obliged to run, they have to be.
pub(crate) fn there(programs: &[&str]) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    programs.iter().all(|program| {
        let there = env::split_paths(&paths).any(|folder| folder.join(program).is_file());
        if !there {
            assert_ne!(env::var("CI").as_deref(), Ok("true"), "{program} not found");
            println!("skipped: {program} not found");
        }
        there
    })
}

/// An answer of the book: its exercise, its name below the exercise's folder, and its file.
struct Answer<'a> {
    exercise: &'a Exercise,
    name: String,
    file: PathBuf,
}

/// All answers of a track.
fn answers(set: &Set) -> Vec<Answer<'_>> {
    let mut found = Vec::new();
    for exercise in &set.exercises {
        let extension = exercise.track.extension();
        let mut add = |name: String| {
            let file = exercise.folder.join(&name).with_extension(extension);
            found.push(Answer {
                exercise,
                name,
                file,
            });
        };
        add("starter".into());
        add("solution".into());
        for kind in ["right", "wrong"] {
            for file in fs::read_dir(exercise.folder.join(kind)).unwrap() {
                let file = file.unwrap().path();
                let name = file.file_stem().unwrap().to_string_lossy().into_owned();
                add(format!("{kind}/{name}"));
            }
        }
    }
    assert!(found.len() > 3);
    found
}

/// Holds what came of an answer against what its exercise says.
fn judge(answer: &Answer<'_>, outcome: Vec<(Check, Outcome)>) {
    let Answer { exercise, name, .. } = answer;
    let (about, at) = (&exercise.about, format!("{}, {name}", exercise.id));
    let of = outcome.len();
    assert!(of > 0, "{at}");
    let failed = outcome
        .into_iter()
        .filter_map(|(check, outcome)| match outcome {
            Outcome::Held => None,
            Outcome::Failed { words, .. } => Some((check.name, words)),
            Outcome::NotReached => Some((check.name, "not reached".into())),
        });
    let failed: Vec<_> = failed.collect();
    if name == "starter" {
        assert_eq!(failed.len(), of, "{at}: a check passes");
        for (check, words) in &failed {
            assert!(words.contains(&about.starter), "{at}: {check}: {words}");
        }
    } else if let Some(file) = name.strip_prefix("wrong/") {
        let stated = about.wrong.iter().find(|wrong| wrong.file == file);
        let stated = stated.unwrap_or_else(|| panic!("{at} is not stated"));
        let (check, words) = failed.first().unwrap_or_else(|| panic!("{at} passes"));
        assert_eq!(*check, stated.caught_by, "{at}: {words}");
        assert!(words.contains(&stated.says), "{at}: {words}");
    } else {
        assert_eq!(failed, [], "{at}");
    }
}

/// One program holds all answers, each in a package of its own, so that Go links once.
#[test]
fn the_gate_has_three_sides_in_go_as_well() {
    if !there(&["go"]) {
        return;
    }
    let set = Set::of_track(&root(), Track::Go).unwrap();
    let answers = answers(&set);
    let module = tempfile::tempdir().unwrap();
    let (mut imports, mut calls) = (String::new(), String::new());
    for (number, answer) in answers.iter().enumerate() {
        let package = module.path().join(format!("a{number}"));
        let test = answer.exercise.text(Track::Go.test()).unwrap();
        fs::create_dir(&package).unwrap();
        fs::copy(&answer.file, package.join("answer.go")).unwrap();
        fs::write(package.join("checks.go"), &test).unwrap();
        writeln!(imports, "\ta{number} \"answer/a{number}\"").unwrap();
        writeln!(
            calls,
            "\tt.Run(\"a{number}\", func(t *testing.T) {{\n\t\tt.Parallel()"
        )
        .unwrap();
        if test.contains("\nvar Patience") {
            let seconds = if answer.name.starts_with("wrong") {
                1
            } else {
                60
            };
            writeln!(calls, "\t\ta{number}.Patience = {seconds} * time.Second").unwrap();
        }
        for Check { name, .. } in go::checks(&test) {
            writeln!(calls, "\t\tt.Run(\"{name}\", a{number}.{name})").unwrap();
        }
        calls += "\t})\n";
    }
    let gate = format!(
        "package gate\n\nimport (\n\t\"testing\"\n\t\"time\"\n\n\t_ \"answer/lab\"\n{imports})\n\nvar _ time.Duration\n\nfunc TestGate(t *testing.T) {{\n{calls}}}\n"
    );
    go::equip(module.path(), &gate).unwrap();
    // All answers share two cores with the tests beside them.
    let bound = go::ONE_ANSWER * u32::try_from(answers.len()).unwrap();
    let mut tested = go::test(module.path(), bound).unwrap();
    assert!(!tested.tests.is_empty(), "{}", tested.refused);
    for (number, answer) in answers.iter().enumerate() {
        let outcome = answer.exercise.checks().unwrap().into_iter().map(|check| {
            let test = tested
                .tests
                .remove(&format!("TestGate/a{number}/{}", check.name));
            let outcome = go::outcome(test);
            (check, outcome)
        });
        judge(answer, outcome.collect());
    }
}

/// One interpreter tries all answers. The command `openssl` issues what chapter 4's checks need.
#[test]
fn the_gate_has_three_sides_in_python_as_well() {
    if !there(&[python::PROGRAM, "openssl"]) {
        return;
    }
    let set = Set::of_track(&root(), Track::Python).unwrap();
    let answers = answers(&set);
    let checks = |answer: &Answer<'_>| answer.exercise.folder.join(Track::Python.test());
    let files: Vec<_> = answers
        .iter()
        .map(|one| (one.file.clone(), checks(one)))
        .collect();
    let tried = python::test(&files).unwrap();
    for (answer, said) in answers.iter().zip(&tried.outcomes) {
        assert!(
            python::imported(said),
            "{}: {}",
            answer.file.display(),
            tried.printed
        );
        judge(answer, outcomes(said, answer.exercise.checks().unwrap()));
    }
}

/// Checks that ask for nothing in another language: an exercise there, the words of the check, and why.
const NOT_ASKED: &[(&str, &str, &str)] = &[
    (
        "tickets-go",
        "no worker remembers a session of before that has no ticket.",
        "a server of Go's library remembers no session",
    ),
    (
        "tickets-python",
        "all else that a worker is configured with goes on.",
        "a context of this exercise has nothing else",
    ),
    (
        "strict-python",
        "a comment is bytes, and need not be utf-8.",
        "the answer is given text",
    ),
    (
        "context-python",
        "each certificate of a longer chain is sent.",
        "one call loads the file as a whole",
    ),
    (
        "context-python",
        "a chain of which half is written changes nothing.",
        "one call loads the file as a whole",
    ),
];

/// What a check in Rust wants, the check in another language wants in the same words, but for what is called otherwise
/// there; and each exercise of a track is as whole, with three wrong answers or more and one that is right in another way.
#[test]
fn all_tracks_want_the_same() {
    let rust = Set::read(&root()).unwrap();
    for track in Track::OTHERS {
        for exercise in &Set::of_track(&root(), track).unwrap().exercises {
            let (twin, id) = (rust.find(exercise.shared_id()).unwrap(), &exercise.id);
            let words = |of: &Exercise| {
                let checks = of.checks().unwrap().into_iter();
                checks
                    .map(|check| check.words.to_lowercase())
                    .collect::<Vec<_>>()
            };
            let mut wanted = words(twin);
            wanted.retain(|words| {
                !NOT_ASKED
                    .iter()
                    .any(|(of, check, _)| of == id && check == words)
            });
            assert_eq!(words(exercise), wanted, "{id}");
            let files = |kind: &str| fs::read_dir(exercise.folder.join(kind)).unwrap().count();
            assert_eq!(exercise.about.wrong.len(), files("wrong"), "{id}");
            assert!(files("wrong") >= 3 && files("right") >= 1, "{id}");
            assert!((2..=3).contains(&exercise.about.hints.len()), "{id}");
            let starter = exercise.starter().unwrap();
            assert!(starter.contains("This is the starter."), "{id}");
            assert!(!exercise.solution().unwrap().is_empty(), "{id}");
            for wrong in &exercise.about.wrong {
                let file = format!("wrong/{}.{}", wrong.file, track.extension());
                assert!(
                    Path::new(&exercise.folder).join(file).is_file(),
                    "{id}: {}",
                    wrong.file
                );
            }
        }
    }
}

#[test]
fn a_learner_solves_in_go_beside_rust() {
    if !there(&["go"]) {
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
        said.contains("Done.") && said.matches("  ok  ").count() == 6,
        "{said}"
    );
    assert!(
        said.contains("not those of the book, which count")
            && said.contains("answer_test.go.kept-1"),
        "{said}"
    );
    assert_eq!(
        learner.read("ch03/resolver-go/answer_test.go.kept-1"),
        "package answer\n"
    );
    // The record has both tracks, each by itself.
    assert!(learner.says(&of(&["list"])).contains("1 of "));
    assert!(learner.says(&["list"]).contains("0 of "));
}

#[test]
fn a_learner_solves_in_python_beside_rust() {
    if !there(&[python::PROGRAM]) {
        return;
    }
    let learner = Learner::new();
    let of = |words: &[&'static str]| [words, &["--track", "python"]].concat();
    let said = learner.says(&of(&["next", "liveness"]));
    assert!(
        said.contains("ch07/liveness-python.py") && said.contains("--track python"),
        "{said}"
    );
    let said = super::text(&learner.run(&of(&["run", "liveness"])));
    assert!(
        said.contains("This is still the starter") && said.contains("`raise`"),
        "{said}"
    );

    learner.write(
        "ch07/liveness-python.py",
        "def ready(state):\nreturn True\n",
    );
    let said = super::text(&learner.run(&of(&["run", "liveness"])));
    assert!(
        said.contains("It cannot be imported") && said.contains("liveness-python.py\", line 2"),
        "{said}"
    );
    let folder = root().join("listings/ch07-graceful-degradation/exercises/1-liveness/python");
    let wrong = fs::read_to_string(folder.join("wrong/says-nothing.py")).unwrap();
    learner.write(
        "ch07/liveness-python.py",
        &format!("{wrong}\nprint(\"seen\")\n"),
    );
    let said = super::text(&learner.run(&of(&["run", "liveness-python"])));
    assert!(
        said.contains("returned `None`") && said.contains("seen"),
        "{said}"
    );

    learner.says(&of(&["reset", "liveness"]));
    assert!(
        learner
            .read("kept/ch07-liveness-python-1.py")
            .contains("seen")
    );
    fs::copy(
        folder.join("solution.py"),
        learner.path().join("ch07/liveness-python.py"),
    )
    .unwrap();
    let said = learner.says(&of(&["run", "ch07/liveness-python.py"]));
    assert!(
        said.contains("Done.") && said.matches("  ok  ").count() == 8,
        "{said}"
    );
    let report = learner.says(&of(&["progress", "--json"]));
    assert!(report.contains("\"track\": \"python\""), "{report}");
    assert!(learner.says(&["list"]).contains("0 of "));
}

/// What a learner can do next is said with the option of the track.
#[test]
fn what_a_track_does_not_have_is_said() {
    let learner = Learner::new();
    let said = learner.refused(&["next", "handover", "--track", "python"]);
    assert!(said.contains("no exercise `handover` in Python"), "{said}");
    assert!(
        said.contains("`handover` in Python, but in Rust. `cargo"),
        "{said}"
    );
    let said = learner.refused(&["next", "context", "--track", "go"]);
    assert!(
        said.contains("`context` in Go, but in Rust and Python. `cargo"),
        "{said}"
    );
    let said = learner.refused(&["next", "handover", "--track", "python"]);
    let option = format!("--folder {} --track python`", learner.path().display());
    assert!(
        said.contains(&format!("`cargo exercise list {option}")),
        "{said}"
    );
    let said = learner.refused(&["reset", "liveness", "--track", "python"]);
    let next = format!("`cargo exercise next liveness-python {option}");
    assert!(said.contains(&next), "{said}");
}
