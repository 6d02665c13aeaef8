//! `cargo exercise watch`, and what the compiler refuses.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::{Learner, of_cost};

/// An attempt builds a program, on a machine that may be slow.
const BOUND: Duration = Duration::from_secs(900);

/// Killed when it is dropped: nothing outlives the test.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(learner: &Learner, words: &[&str]) -> Self {
        let mut command = learner.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
        });
        Self { child, lines }
    }

    /// Waits for a line that begins like this, and returns all up to it.
    fn until(&self, begin: &str) -> String {
        let mut said = String::new();
        loop {
            let line = self.lines.recv_timeout(BOUND);
            let line =
                line.unwrap_or_else(|why| panic!("waited for `{begin}`: {why}. It said:\n{said}"));
            said += &format!("{line}\n");
            if line.starts_with(begin) {
                return said;
            }
        }
    }

    fn type_in(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_change_is_tried_until_it_is_done() {
    let learner = Learner::new();
    let mut watch = Watch::start(&learner, &["watch", "cost"]);
    let said = watch.until("Watching. ");
    assert!(
        said.contains("This is still the starter: nothing is broken"),
        "{said}"
    );
    watch.type_in("h\n");
    watch.until("Hint 1 of 3");

    learner.write("ch01/cost.rs", "pub fn cost() -> u64 { \"no number\" }\n");
    let said = watch.until("Watching. ");
    assert!(said.contains("It does not compile"), "{said}");

    learner.write("ch01/cost.rs", &of_cost("solution.rs"));
    let said = watch.until("Done.");
    assert_eq!(said.matches("  ok  ").count(), 4, "{said}");
    assert!(watch.child.wait().unwrap().success());

    let report: serde_json::Value =
        serde_json::from_str(&learner.says(&["progress", "--json"])).unwrap();
    let cost = &report["exercises"][0];
    assert_eq!(
        (&cost["state"], &cost["runs"], &cost["hints"]),
        (&"done".into(), &3.into(), &1.into())
    );
    assert!(cost["done"].as_str().unwrap().ends_with('Z'), "{cost}");
}

/// What the record says may be old, or not be the learner's: a teacher can ask anew.
#[test]
fn a_record_is_checked_by_trying_again() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    let record = r#"{"format":1,"exercises":{"cost":{"runs":1,"done":"2026-11-27T09:00:00Z"}}}"#;
    learner.write("progress.json", record);
    let report: serde_json::Value =
        serde_json::from_str(&learner.says(&["progress", "--json", "--check"])).unwrap();
    let cost = &report["exercises"][0];
    assert_eq!(
        (&cost["state"], &cost["passes"]),
        (&"done".into(), &false.into())
    );
    assert!(report["exercises"][1].get("passes").is_none());
}

/// Every answer is built to the same file, so attempts at the same time take turns.
#[test]
fn two_attempts_at_once_are_told_of_their_own() {
    let answers = ["solution.rs", "wrong/whole-file.rs"].map(of_cost);
    let learners = answers.map(|answer| {
        let learner = Learner::new();
        learner.says(&["next", "cost"]);
        learner.write("ch01/cost.rs", &answer);
        learner
    });
    let tries: Vec<_> = learners
        .iter()
        .map(|learner| {
            let mut command = learner.command(&["run", "cost"]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let said = tries.into_iter().map(|tried| {
        let output = tried.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    });
    let said: Vec<_> = said.collect();
    assert!(said[0].contains("Done.\n"), "{}", said[0]);
    assert!(
        said[1].contains("Not yet: 3 of 4 checks hold."),
        "{}",
        said[1]
    );
}

/// As in chapter 3: a watch ends with its directory, and another one of that name is not watched.
#[test]
fn a_folder_that_is_removed_and_made_again_is_looked_at() {
    if !super::track::there(&["python3"]) {
        return;
    }
    let learner = Learner::new();
    let mut watch = Watch::start(&learner, &["watch", "liveness", "--track", "python"]);
    watch.until("Watching. ");
    let folder = learner.path().join("ch07");
    fs::remove_dir_all(&folder).unwrap();
    let said = watch.until(&folder.join("liveness-python.py").display().to_string());
    assert!(said.contains(" is gone."), "{said}");
    watch.until("It is tried when it is there again");
    fs::create_dir(&folder).unwrap();
    let solution = "listings/ch07-graceful-degradation/exercises/1-liveness/python/solution.py";
    fs::copy(
        super::root().join(solution),
        folder.join("liveness-python.py"),
    )
    .unwrap();
    watch.until("Done.");
    assert!(watch.child.wait().unwrap().success());
}
