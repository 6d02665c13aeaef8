//! Odd states of a learner's folder, and odd answers: each is answered in words that help.

use std::fs;
use std::process::Stdio;
use std::thread;

use super::track::there;
use super::{Learner, root};

const PYTHON: [&str; 2] = ["--track", "python"];

/// A learner who has begun `liveness` in Python.
fn at_liveness() -> Learner {
    let learner = Learner::new();
    learner.says(&[&["next", "liveness"], &PYTHON[..]].concat());
    learner
}

impl Learner {
    /// Writes this answer to `liveness`, and returns what is said when it is tried.
    fn tried(&self, answer: impl AsRef<[u8]>) -> String {
        fs::write(self.path().join("ch07/liveness-python.py"), answer).unwrap();
        super::text(&self.run(&[&["run", "liveness"], &PYTHON[..]].concat()))
    }
}

fn solution() -> String {
    let folder = root().join("listings/ch07-graceful-degradation/exercises/1-liveness/python");
    fs::read_to_string(folder.join("solution.py")).unwrap()
}

/// Who jumps to a chapter stays there: neither `run` nor `next` leads back to the first one.
#[test]
fn without_a_name_the_exercise_is_meant_that_was_begun_last() {
    let learner = Learner::new();
    learner.says(&["next", "writer"]);
    learner.says(&["next", "steps"]);
    let said = learner.says(&["hint"]);
    assert!(said.contains("Hint 1 of "), "{said}");
    let said = learner.says(&["next"]);
    assert!(said.contains("  steps, exercise "), "{said}");
    // To try what has not begun leads nowhere.
    learner.refused(&["run", "cost"]);
    let said = learner.says(&["next"]);
    assert!(said.contains("  steps, exercise "), "{said}");
}

#[test]
fn after_what_is_done_comes_what_is_behind_it_and_then_what_was_left_out() {
    let learner = Learner::new();
    let done = |ids: &[&str]| {
        let of = |id: &&str| format!("\"{id}\": {{\"done\": \"2026-01-01T00:00:00Z\"}}");
        ids.iter().map(of).collect::<Vec<_>>().join(", ")
    };
    for (ids, at, next) in [
        (&["writer"][..], "writer", "retries"),
        (&["writer", "retries"], "writer", "spread"),
        (&["fool"], "fool", "cost"),
        (&["cost", "fool"], "fool", "handover"),
        // Of an exercise that this book does not have any more.
        (&["cost"], "gone", "handover"),
    ] {
        let exercises = done(ids);
        let record = format!(
            "{{\"format\": 1, \"exercises\": {{{exercises}}}, \"at\": {{\"rust\": \"{at}\"}}}}"
        );
        learner.write("progress.json", &record);
        let said = learner.says(&["next"]);
        assert!(
            said.contains(&format!("  {next}, exercise ")),
            "{record}: {said}"
        );
    }
    // A record of before has no place in it.
    learner.write(
        "progress.json",
        &format!("{{\"format\": 1, \"exercises\": {{{}}}}}", done(&["cost"])),
    );
    assert!(learner.says(&["next"]).contains("  handover, exercise "));
}

/// A learner has `watch` in one terminal, and asks for a hint in another.
#[test]
fn commands_at_the_same_time_undo_nothing_of_each_other() {
    let learner = Learner::new();
    let list = learner.says(&["list"]);
    let lines = list.lines().filter_map(|line| line.strip_prefix("  new "));
    let ids: Vec<_> = lines
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(ids.len() > 30);
    thread::scope(|scope| {
        for id in &ids[..16] {
            let mut command = learner.command(&["hint", id]);
            scope.spawn(move || command.stdout(Stdio::null()).status().unwrap());
        }
    });
    let report: serde_json::Value =
        serde_json::from_str(&learner.says(&["progress", "--json"])).unwrap();
    let of = report["exercises"].as_array().unwrap().iter();
    let hinted = of.filter(|exercise| exercise["hints"] == 1).count();
    assert_eq!(hinted, 16, "{report}");
}

#[test]
fn what_an_answer_prints_without_end_fills_no_terminal() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let loud =
        "\nfor number in range(200_000):\n    print('line', number, 'x' * 40)\nprint('y' * 4000)\n";
    let said = learner.tried(solution() + loud);
    assert!(
        said.contains("Done.") && said.contains("  line 39 "),
        "{said}"
    );
    assert!(
        said.contains(" lines are left out)") && !said.contains("line 4000 "),
        "{said}"
    );
    assert!(said.len() < 20_000, "{}", said.len());
    // What was kept ends in words.
    assert!(said.contains(" bytes more)"), "{said}");
    let said = learner
        .tried(solution() + "\nimport sys\nsys.stdout.buffer.write(b'\\xff\\xfe' + b'z' * 4000)\n");
    assert!(
        said.contains("Done.") && said.contains(&format!("{} …", "z".repeat(400))),
        "{said}"
    );
}

/// What an answer prints is shown as such, and is no outcome.
#[test]
fn an_answer_that_says_ok_is_tried_all_the_same() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let fake = "print('{\"check\": \"test_a_dead_watcher_kills_no_process\", \"words\": null}')\nprint('  ok    All.\\n\\nDone.')\n";
    let wrong = solution().replace("return True", "return False");
    let said = learner.tried(wrong + fake);
    assert!(said.contains("Not yet: 5 of 8 checks hold."), "{said}");
    assert!(said.contains("Printed by your answer\n"), "{said}");
}

#[test]
fn an_answer_that_ends_the_program_is_told() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let said = learner.tried(solution().replace("return True", "import os; os._exit(0)"));
    let words = "The program ended before or in this check: it called `exit`";
    assert!(
        said.contains(words) && said.contains("0 of 8 checks"),
        "{said}"
    );
    let said = learner.tried(solution().replace("return True", "raise SystemExit(0)"));
    assert!(
        said.contains("SystemExit: 0") && said.contains("5 of 8 checks"),
        "{said}"
    );
    let said = learner.tried(solution() + "\nraise SystemExit('thank you')\n");
    assert!(
        said.contains("thank you") && said.contains("It cannot be imported"),
        "{said}"
    );
}

/// Who closes all numbers, as a daemon does, closes the file for what came of the checks as well.
#[test]
fn an_answer_in_python_that_closes_what_it_did_not_open_is_told() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let said = learner.tried(solution() + "\nimport os\nos.closerange(3, 64)\n");
    assert!(said.contains("Done."), "{said}");
    let words = "your answer has closed a file that it did not open";
    let at_the_import = solution() + "\nimport os\nos.closerange(3, 4096)\n";
    let in_a_check = "import os; os.closerange(3, 4096); return True";
    for answer in [at_the_import, solution().replace("return True", in_a_check)] {
        let said = learner.tried(answer);
        assert!(
            said.contains(words) && said.contains("0 of 8 checks"),
            "{said}"
        );
        assert!(
            !said.contains("imported") && !said.contains("Traceback"),
            "{said}"
        );
    }
    let said = learner.tried(solution() + "\nimport os\nos._exit(0)\n");
    assert!(
        said.contains("it called `exit`") && !said.contains("imported"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_no_answer_is_told() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let lacking = solution().replace("def live(", "def alive(");
    for (what, answer, words) in [
        (
            "not UTF-8",
            b"name = 'Z\xfcrich'\n".to_vec(),
            "SyntaxError: ",
        ),
        ("empty", Vec::new(), "ImportError: cannot import name "),
        (
            "a name is gone",
            lacking.into_bytes(),
            "ImportError: cannot import name 'live'",
        ),
        (
            "the indent",
            b"def live(state):\nreturn True\n".to_vec(),
            "IndentationError: ",
        ),
    ] {
        let said = learner.tried(answer);
        assert!(said.contains(words), "{what}: {said}");
        assert!(
            said.contains("It cannot be imported: Python's words are above."),
            "{what}: {said}"
        );
        assert!(
            said.contains("otherwise than the starter: a name, an argument."),
            "{what}: {said}"
        );
    }
    // An editor's choice of line ends, and its mark in front of the text, are none of the answer's.
    for text in [
        solution().replace('\n', "\r\n"),
        format!("\u{feff}{}", solution()),
    ] {
        let said = learner.tried(text);
        assert!(said.contains("Done."), "{said}");
    }
}

/// The checks of `spread` read the answer themselves, in order to run it as a thousand processes do.
#[test]
fn an_answer_that_is_read_by_its_checks_may_have_a_mark_in_front() {
    if !there(&["python3"]) {
        return;
    }
    let learner = Learner::new();
    let of = |words: &[&'static str]| [words, &PYTHON].concat();
    learner.says(&of(&["next", "spread"]));
    let folder = root().join("listings/ch09-simulating-rotation/exercises/3-spread/python");
    let solution = fs::read_to_string(folder.join("solution.py")).unwrap();
    learner.write("ch09/spread-python.py", &format!("\u{feff}{solution}"));
    let said = super::text(&learner.run(&of(&["run"])));
    assert!(said.contains("Done."), "{said}");
}

/// Locked out, at the import or in a check: it is told in time, and what is behind it is not waited for.
#[test]
fn an_answer_in_python_that_does_not_end_is_told_once() {
    if !there(&["python3"]) {
        return;
    }
    let waits = "import threading\nlock = threading.Lock()\n\ndef wait():\n    lock.acquire()\n    lock.acquire()\n\n";
    let in_a_check = format!("{waits}{}", solution().replace("return True", "wait()"));
    let at_the_import = format!("{waits}wait()\n{}", solution());
    // Its process does not end by itself either: a thread is left behind.
    let left = format!(
        "{waits}threading.Thread(target=wait).start()\n{}",
        solution()
    );
    let tries = [in_a_check, at_the_import, left].map(|answer| {
        let learner = at_liveness();
        thread::spawn(move || learner.tried(answer))
    });
    let [in_a_check, at_the_import, left] = tries.map(|tried| tried.join().unwrap());
    assert!(
        in_a_check.contains("It had not ended after 20 s"),
        "{in_a_check}"
    );
    assert_eq!(in_a_check.matches("  ?  ").count(), 7, "{in_a_check}");
    let words = "to import it had not ended after 20 s";
    assert!(at_the_import.contains(words), "{at_the_import}");
    assert!(left.contains("Done."), "{left}");
}

/// What takes all memory ends, and is told.
#[test]
fn an_answer_in_python_that_takes_all_memory_is_told() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let said =
        learner.tried(solution().replace("return True", "return len(bytearray(1 << 40)) > 0"));
    assert!(
        said.contains("MemoryError") && said.contains("5 of 8 checks"),
        "{said}"
    );
}

/// A function that says what it likes in place of one that the checks call, or in place of the checks.
#[test]
fn an_answer_in_python_that_replaces_what_the_checks_call_is_told() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let said = learner.tried(
        solution() + "\nimport dataclasses\ndataclasses.replace = lambda state, **_: state\n",
    );
    let words = "Your answer puts something of its own in the place of";
    assert!(
        said.contains(words) && said.contains("`dataclasses.replace`"),
        "{said}"
    );
    assert!(said.contains("0 of 8 checks"), "{said}");
    let in_a_check = "import __main__; __main__.failure = lambda *_: (None, None); return False";
    let said = learner.tried(solution().replace("return True", in_a_check));
    assert!(
        said.contains(words) && said.contains("`__main__.failure`"),
        "{said}"
    );
    // Those that ask for `ready` alone.
    assert!(said.contains("5 of 8 checks"), "{said}");
    // What a program may set.
    let hook = "\nimport sys, threading\nsys.excepthook = threading.excepthook = print\n";
    let said = learner.tried(solution() + hook);
    assert!(said.contains("Done."), "{said}");
}

/// What an answer writes to the file for what came of the checks has no seal.
#[test]
fn an_answer_in_python_that_writes_what_came_of_it_is_not_believed() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let forged = "\nimport os, re\n\
                  for number in os.listdir('/proc/self/fd') if os.path.isdir('/proc/self/fd') else []:\n\
                  \x20   if int(number) > 511:\n\
                  \x20       with open(f'/proc/self/fd/{number}', 'a') as file:\n\
                  \x20           for name in ['', 'test_a_dead_watcher_kills_no_process', 'test_two_faults_at_once_kill_no_process']:\n\
                  \x20               print('{\"check\": \"%s\", \"words\": null}' % name, file=file)\n";
    let said = learner.tried(solution().replace("return True", "return False") + forged);
    assert!(said.contains("5 of 8 checks"), "{said}");
    let through_json = "\nimport __main__\n__main__.json = type('', (), {'dumps': staticmethod(lambda what: '{}')})\n";
    let said = learner.tried(solution() + through_json);
    assert!(said.contains("`__main__.json`"), "{said}");
}

/// A copy of the process would try all checks again, and make a copy at each of them.
#[test]
fn an_answer_in_python_that_copies_its_process_copies_nothing() {
    if !there(&["python3"]) {
        return;
    }
    // What became of its copy is asked at each call.
    let forks = "import os\n\nENDED = []\n\n\ndef fork():\n    if not ENDED:\n        pid = os.fork()\n        \
                 if pid == 0:\n            os._exit(7)\n        \
                 ENDED.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n    \
                 return ENDED == [1]\n\n\n";
    let answer = format!(
        "{forks}{}",
        solution().replace("return True", "return fork()")
    );
    let said = at_liveness().tried(answer);
    assert!(said.contains("Done."), "{said}");
}

/// Its words may be no text, and they may have no end.
#[test]
fn what_an_answer_in_python_raises_is_told_in_a_few_lines() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let raises = |what: &str| learner.tried(solution().replace("return True", what));
    let said = raises(r#"raise ValueError("\udcff")"#);
    assert!(said.contains(r"ValueError: \udcff"), "{said}");
    let said = raises(r#"raise ValueError("x" * 5_000_000)"#);
    assert!(
        said.contains("bytes more)"),
        "{}",
        &said[..said.len().min(4000)]
    );
    assert!(said.len() < 20_000, "{} bytes", said.len());
}

/// A teacher reads why an answer does not pass, and one that is odd hides no other.
#[test]
fn a_report_says_why_an_answer_does_not_pass() {
    if !there(&["python3"]) {
        return;
    }
    let learner = at_liveness();
    let of = |words: &[&'static str]| [words, &PYTHON].concat();
    learner.says(&of(&["next", "stable"]));
    learner.write("ch05/stable-python.py", "def stable(:\n");
    let ends = solution().replace("return True", "import os; os._exit(0)");
    learner.tried(ends);
    let output = learner.run(&of(&["progress", "--json", "--check"]));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let why = |id: &str| {
        let mut of = report["exercises"].as_array().unwrap().iter();
        let one = of.find(|one| one["exercise"] == id).unwrap();
        assert_eq!(one["passes"], false, "{one}");
        one["why"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        why("stable-python"),
        "does not compile, or cannot be imported"
    );
    let ended = "test_no_fault_of_files_or_clock_kills_the_process: the program ended before or in this check";
    assert_eq!(why("liveness-python"), ended);
}

/// A command that is shown can be typed.
#[test]
fn a_folder_with_a_blank_is_shown_as_it_is_typed() {
    if !there(&["python3"]) {
        return;
    }
    let learner = Learner(
        tempfile::Builder::new()
            .prefix("my answers")
            .tempdir()
            .unwrap(),
    );
    let said = learner.says(&[&["next", "liveness"], &PYTHON[..]].concat());
    let folder = format!("--folder '{}' --track python\n", learner.path().display());
    assert!(
        said.contains(&format!(
            "try     cargo exercise run liveness-python {folder}"
        )),
        "{said}"
    );
    assert!(learner.tried(solution()).contains("Done."));
}

#[test]
fn a_language_that_is_not_installed_is_named() {
    let learner = Learner::new();
    for (track, exercise, words) in [
        (
            "python",
            "liveness",
            "python3 cannot be started: No such file",
        ),
        ("go", "swap", "go cannot be started: No such file"),
    ] {
        learner.says(&["next", exercise, "--track", track]);
        let mut command = learner.command(&["run", "--track", track]);
        let said = super::text(&command.env("PATH", learner.path()).output().unwrap());
        assert!(said.contains(words) && said.contains("or newer"), "{said}");
    }
}
