//! What each exercise must have, and that the gate itself can fail.

use super::*;

#[test]
fn each_chapter_has_three_exercises_or_more() {
    let set = of_the_book();
    for number in 1..=11 {
        let chapter = format!("ch{number:02}");
        let of_it = set.exercises.iter().filter(|one| one.chapter == chapter);
        assert!(of_it.count() >= 3, "{chapter}");
    }
}

/// The build looks for exercises where there were some when it last ran.
#[test]
fn each_exercise_is_tried() {
    let set = of_the_book();
    let there = set.exercises.iter().map(|one| one.folder.file_name());
    let there: Vec<_> = there.flatten().collect();
    assert_eq!(
        TRIED, there,
        "the build has not seen all exercises: `touch scripts/exercise-bench/build.rs`"
    );
}

/// The gate is built with all features. A learner's answer is built with those of its chapter alone.
#[test]
fn each_answer_uses_what_its_chapter_may_use() {
    for one in &of_the_book().exercises {
        let chapter = one.chapter.as_str();
        let files = ["starter.rs", "solution.rs"].map(|file| one.folder.join(file));
        let kept = ["right", "wrong"].map(|kind| one.folder.join(kind));
        let kept = kept.iter().flat_map(fs::read_dir).flatten();
        for file in files
            .into_iter()
            .chain(kept.map(|file| file.unwrap().path()))
        {
            let text = fs::read_to_string(&file).unwrap();
            for (name, may) in [
                ("openssl::", chapter == "ch04"),
                ("hyper::", chapter >= "ch06"),
                ("hyper_util::", chapter >= "ch06"),
                ("fastrand::", chapter >= "ch09"),
            ] {
                let uses = text.contains(&format!("use {name}"));
                assert!(may || !uses, "{}: {name}", file.display());
            }
        }
    }
}

#[test]
fn each_exercise_is_whole() {
    for one in &of_the_book().exercises {
        let (id, about) = (&one.id, &one.about);
        assert!(
            (2..=3).contains(&about.hints.len()),
            "{id}: two or three hints"
        );
        assert!(
            (10..=60).contains(&about.minutes),
            "{id}: ten minutes to an hour"
        );
        assert!(!about.wrong.is_empty(), "{id}: no wrong answer");
        let starter = fs::read_to_string(one.folder.join("starter.rs")).unwrap();
        assert!(
            starter.contains("This is the starter."),
            "{id}: it does not say so"
        );
        assert!(
            starter.contains(&about.starter),
            "{id}: it does not fail so"
        );
        let solution = fs::read_to_string(one.folder.join("solution.rs")).unwrap();
        assert!(
            solution.contains("// ANCHOR: solution"),
            "{id}: nothing of it is shown"
        );
        // Checks that a reader has edited are compiled as they were, in another folder.
        let test = fs::read_to_string(one.folder.join("test.rs")).unwrap();
        assert!(
            !test.contains("include_str!(\""),
            "{id}: its checks read a file by where they lie: `concat!(env!(\"CARGO_MANIFEST_DIR\"), …)`"
        );
        // A page shows so many columns.
        let shown = one.solution().unwrap();
        let wide = shown.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{id}: a line of its solution is too wide");
        for check in one.checks().unwrap() {
            assert!(
                check.words.ends_with('.'),
                "{id}: {} has no words",
                check.name
            );
        }
    }
}

/// Each file of a wrong answer is stated, and each that is stated is there.
#[test]
fn wrong_answers_are_stated_and_there() {
    for one in &of_the_book().exercises {
        let stated: BTreeSet<_> = one
            .about
            .wrong
            .iter()
            .map(|wrong| wrong.file.clone())
            .collect();
        let files = fs::read_dir(one.folder.join("wrong")).unwrap();
        let files = files.map(|file| file.unwrap().path().with_extension(""));
        let files: BTreeSet<_> = files
            .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(stated, files, "{}", one.id);
    }
}

#[test]
fn a_check_does_not_hold_in_words() {
    fn holds() {}
    fn does_not() {
        panic!("In words.");
    }
    let checks = [
        Check {
            name: "holds",
            run: holds,
        },
        Check {
            name: "does_not",
            run: does_not,
        },
    ];
    let outcome = try_all(&checks, OF_WRONG);
    assert_eq!(outcome[0], ("holds", None));
    let failure = outcome[1].1.clone().unwrap();
    assert_eq!(failure.words, "In words.");
    assert!(failure.at.unwrap().contains("tests/set.rs:"));
}

/// A learner who has locked themselves out is told so, and does not wait forever.
#[test]
fn a_check_that_does_not_end_is_told() {
    let checks = [Check {
        name: "waits",
        run: || std::thread::park(),
    }];
    let check = Duration::from_millis(10);
    let bounds = Bounds { check, ..OF_WRONG };
    let failure = try_all(&checks, bounds)[0].1.clone().unwrap();
    assert!(
        failure.words.contains("It had not ended after 0 s"),
        "{failure:?}"
    );
    assert_eq!(failure.at, None);
}

#[test]
#[should_panic(expected = "is right, and failed")]
fn a_solution_that_fails_fails_the_gate() {
    let failing: fn() = || panic!("It is not.");
    let checks = [Check {
        name: "one",
        run: failing,
    }];
    judge("ch01-restart-baseline", "1-cost", "solution", &checks);
}

#[test]
#[should_panic(expected = "is wrong, and passes")]
fn a_wrong_answer_that_passes_fails_the_gate() {
    let checks = [Check {
        name: "one",
        run: || (),
    }];
    judge(
        "ch01-restart-baseline",
        "1-cost",
        "wrong/whole-file",
        &checks,
    );
}

#[test]
#[should_panic(expected = "caught otherwise than stated")]
fn a_wrong_answer_that_is_caught_in_other_words_fails_the_gate() {
    let failing: fn() = || panic!("Something else.");
    let name = "what_the_client_already_had_was_sent_for_nothing";
    let checks = [Check { name, run: failing }];
    judge(
        "ch01-restart-baseline",
        "1-cost",
        "wrong/whole-file",
        &checks,
    );
}

#[test]
#[should_panic(expected = "caught otherwise than stated")]
fn a_wrong_answer_that_is_caught_by_another_check_fails_the_gate() {
    let failing: fn() = || panic!("For comparison, the field `of` is the whole file.");
    let checks = [Check {
        name: "one",
        run: failing,
    }];
    judge(
        "ch01-restart-baseline",
        "1-cost",
        "wrong/whole-file",
        &checks,
    );
}

#[test]
#[should_panic(expected = "fails otherwise than stated")]
fn a_starter_that_fails_in_other_words_fails_the_gate() {
    let failing: fn() = || panic!("Something else.");
    let checks = [Check {
        name: "one",
        run: failing,
    }];
    judge("ch01-restart-baseline", "1-cost", "starter", &checks);
}

#[test]
#[should_panic(expected = "a check passes with the starter")]
fn a_starter_that_passes_fails_the_gate() {
    let checks = [Check {
        name: "one",
        run: || (),
    }];
    judge("ch01-restart-baseline", "1-cost", "starter", &checks);
}
