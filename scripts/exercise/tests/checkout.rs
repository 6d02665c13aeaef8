//! Odd checkouts: checks that were edited or removed, another attempt under way, and nothing that could be built.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use exercise::original::{AS_THEY_ARE, digest};
use exercise::set::{Set, Track};
use snapbox::Data;
use snapbox::assert::Assert;

use super::track::there;
use super::{Learner, root};

const LIVENESS: &str = "listings/ch07-graceful-degradation/exercises/1-liveness";
const TRACK: [&str; 2] = ["--track", "python"];

/// A checkout with one exercise, and a learner who works in it.
struct Checkout {
    learner: Learner,
    root: PathBuf,
}

impl Checkout {
    fn with(exercise: &str) -> Self {
        let learner = Learner::new();
        let root = learner.path().join("book");
        copy(&super::root().join(exercise), &root.join(exercise));
        Self { learner, root }
    }

    fn git(&self, words: &[&str]) {
        let who = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
        let mut git = Command::new("git");
        let git = git.arg("-C").arg(&self.root).args(who).args(words);
        let said = git.output().unwrap();
        assert!(said.status.success(), "{words:?}: {}", super::text(&said));
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.learner.command(words);
        command.env("ZERO_DOWNTIME_CHECKOUT", &self.root);
        command
    }

    fn says(&self, words: &[&str]) -> String {
        super::text(&self.command(&[words, &TRACK].concat()).output().unwrap())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        match from.is_dir() {
            true => copy(&from, &to),
            false => fs::copy(&from, &to).map(drop).unwrap(),
        }
    }
}

/// Whoever has made the checks easier is told, and the committed ones count.
#[test]
fn checks_that_were_edited_or_removed_count_as_the_book_has_them() {
    if !there(&["python3", "git"]) {
        return;
    }
    let checkout = Checkout::with(LIVENESS);
    let test = checkout.root.join(LIVENESS).join("python/answer_test.py");
    let original = fs::read_to_string(&test).unwrap();
    checkout.says(&["next", "liveness"]);
    // Without git nothing says what the book has, but that it is another.
    let said = checkout.says(&["run"]);
    assert!(!said.contains("note: "), "{said}");
    let easy = "def test_it_is_there():\n    \"\"\"It is there.\"\"\"\n";
    fs::write(&test, easy).unwrap();
    let said = checkout.says(&["run"]);
    let words = format!("note: {LIVENESS}/python/answer_test.py is not as the book has it");
    assert!(said.contains("Done.") && said.contains(&words), "{said}");

    fs::write(&test, original.replace('\n', "\r\n")).unwrap();
    let said = checkout.says(&["run", "liveness"]);
    assert!(!said.contains("note: "), "{said}");
    fs::write(&test, &original).unwrap();
    checkout.git(&["init", "--quiet"]);
    checkout.git(&["add", "listings"]);
    checkout.git(&["commit", "--quiet", "-m", "The book."]);
    for remove in [false, true] {
        fs::write(&test, easy).unwrap();
        if remove {
            fs::remove_file(&test).unwrap();
        }
        let said = checkout.says(&["run", "liveness"]);
        assert!(said.contains("This is still the starter"), "{said}");
        let words = format!(
            "The checks count as the book has them: `git checkout -- {LIVENESS}/python/answer_test.py`"
        );
        assert!(said.contains(&words), "{said}");
        // A teacher's JSON stays one.
        let words = [&["progress", "--json", "--check"], &TRACK[..]].concat();
        let output = checkout.command(&words).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["exercises"][0]["passes"], false, "{report}");
    }
    // An author says so, and is told as well.
    fs::write(&test, easy).unwrap();
    let words = [&["run", "liveness"], &TRACK[..]].concat();
    let mut command = checkout.command(&words);
    let said = super::text(&command.env(AS_THEY_ARE, "1").output().unwrap());
    assert!(
        said.contains("Done.") && said.contains("was edited, and counts as it is"),
        "{said}"
    );
    checkout.git(&["checkout", "--quiet", "--", "listings"]);
    assert!(!checkout.says(&["run", "liveness"]).contains("note: "));
}

/// With `SNAPSHOTS=overwrite` they are written.
#[test]
fn the_digests_of_the_checks_are_those_of_the_book() {
    let mut digests = Vec::new();
    for track in [Track::Rust, Track::Go, Track::Python] {
        for exercise in Set::of_track(&root(), track).unwrap().exercises {
            let file = exercise.folder.join(track.test());
            let digest = digest(&fs::read_to_string(&file).unwrap());
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            digests.push(format!("{digest}  {name}\n"));
        }
    }
    digests.sort_by(|one, other| one[18..].cmp(&other[18..]));
    let path = root().join("scripts/exercise/checks.digests");
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.eq(digests.concat(), Data::read_from(&path, None).raw());
}

/// One attempt waits for another and says so; and where cargo builds nothing, it is not the answer that is blamed.
#[test]
fn what_is_waited_for_and_what_was_not_built_is_said() {
    let checkout = Checkout::with("listings/ch01-restart-baseline/exercises/1-cost");
    checkout.command(&["next", "cost"]).output().unwrap();
    fs::create_dir(checkout.root.join("target")).unwrap();
    let lock = File::create(checkout.root.join("target/exercise.lock")).unwrap();
    lock.lock().unwrap();
    let mut command = checkout.command(&["run", "cost"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = said.next().unwrap().unwrap();
    assert!(
        first.contains("Another attempt is under way in this checkout"),
        "{first}"
    );
    drop(lock);
    let rest: Vec<_> = said.map_while(Result::ok).collect();
    let rest = rest.join("\n");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(
        rest.contains("could not find `Cargo.toml`") && rest.contains("your answer was not tried"),
        "{rest}"
    );
}

/// A folder that may be read and not written: of a teacher who looks, or on another medium.
#[test]
fn a_folder_that_cannot_be_written_is_read_and_what_came_of_an_answer_is_shown() {
    if !there(&["python3"]) {
        return;
    }
    let learner = Learner::new();
    let answers = learner.path().join("answers");
    let run = |words: &[&str], before: &str| {
        let mut command = Command::new("unshare");
        let script = format!("{before} && exec \"$@\"");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .arg(&answers)
            .arg(env!("CARGO_BIN_EXE_exercise"))
            .args(words)
            .args(TRACK)
            .arg("--folder")
            .arg(&answers)
            .env("ZERO_DOWNTIME_CHECKOUT", root());
        command.output().unwrap()
    };
    let read_only = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    fs::create_dir(&answers).unwrap();
    if !run(&["list"], read_only).status.success() {
        println!("skipped: this system lets no user mount a folder");
        return;
    }
    assert!(run(&["next", "liveness"], "true").status.success());
    fs::copy(
        root().join(LIVENESS).join("python/solution.py"),
        answers.join("ch07/liveness-python.py"),
    )
    .unwrap();
    let said = run(&["progress", "--json", "--check"], read_only);
    let report: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let mut of = report["exercises"].as_array().unwrap().iter();
    let liveness = of.find(|one| one["exercise"] == "liveness-python").unwrap();
    assert_eq!(liveness["passes"], true);
    let said = super::text(&run(&["run", "liveness"], read_only));
    assert!(said.contains("Done."), "{said}");
    assert!(
        said.contains("progress.json: Read-only file system") && said.contains("`--folder`"),
        "{said}"
    );
    let said = super::text(&run(&["next", "stable"], read_only));
    assert!(said.contains("with `--folder` you name a folder"), "{said}");
}

/// A checkout on a medium that may be read and not written. Cargo can be told to build in another place, and so can this.
#[test]
fn a_checkout_that_cannot_be_written_is_told_of_and_another_folder_is_used() {
    let checkout = Checkout::with("listings/ch01-restart-baseline/exercises/1-cost");
    checkout.command(&["next", "cost"]).output().unwrap();
    let built = checkout.learner.path().join("built");
    let run = |target: &str| {
        let mut command = Command::new("unshare");
        let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .arg(&checkout.root)
            .arg(env!("CARGO_BIN_EXE_exercise"))
            .args(["run", "cost", "--folder"])
            .arg(checkout.learner.path())
            .current_dir(checkout.learner.path())
            .env("CARGO_TARGET_DIR", target)
            .env("ZERO_DOWNTIME_CHECKOUT", &checkout.root);
        super::text(&command.output().unwrap())
    };
    let said = run("");
    if said.contains("unshare: ") || said.contains("mount: ") {
        println!("skipped: this system lets no user mount a folder");
        return;
    }
    assert!(
        said.contains("target: Read-only file system")
            || said.contains("exercise.lock: Read-only file system"),
        "{said}"
    );
    let words = "`CARGO_TARGET_DIR=~/built cargo exercise run --folder ~/answers`";
    assert!(said.contains(words), "{said}");
    // It comes to cargo, for which this checkout has nothing to build.
    let said = run("built");
    assert!(said.contains("could not find `Cargo.toml`"), "{said}");
    assert!(
        built.join("exercise-programs/ch01-cost.rs").is_file(),
        "{said}"
    );
}

/// A teacher sees what each exercise is for.
#[test]
fn the_table_of_outcomes_names_each_exercise() {
    let page = fs::read_to_string(root().join("src/teaching.md")).unwrap();
    let set = Set::read(&root()).unwrap();
    let missing = set.exercises.iter().map(|one| one.id.as_str());
    let missing: Vec<_> = missing
        .filter(|id| !page.contains(&format!("`{id}`")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "src/teaching.md");
}

/// A speaker shows them all.
#[test]
fn each_deck_lists_the_exercises_of_its_chapter() {
    let set = Set::read(&root()).unwrap();
    for number in 1..=11 {
        let chapter = format!("ch{number:02}");
        let deck = fs::read_to_string(root().join(format!("src/slides/{chapter}.md"))).unwrap();
        let (_, slide) = deck.split_once("## Exercise\n").unwrap();
        let slide = slide.split("\n---\n").next().unwrap();
        let listed = slide.lines().filter(|line| line.starts_with("- "));
        let of_it = set.exercises.iter().filter(|one| one.chapter == chapter);
        assert_eq!(listed.count(), of_it.count(), "src/slides/{chapter}.md");
    }
}
