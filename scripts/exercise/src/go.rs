//! Answers in Go, tried with `go test`. The standard library is all that they may use, so nothing is fetched.

mod module;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tempfile::NamedTempFile;

use crate::held::Held;
use crate::left::Run;
use crate::printed::{self, Printed};
use crate::program::Check;
use crate::target;

use module::{ALL, SEAL};
pub use module::{copy, equip};

/// By this variable the answer's program is given the mark of its run: see [`BOUNDED`].
const MARK: &str = "EXERCISE_MARK";

/// What came of `go test`.
#[derive(Debug, Default)]
pub struct Tested {
    /// By the name of its test: whether it passed, and what it said.
    pub tests: BTreeMap<String, Test>,
    /// What the answer itself printed.
    pub printed: Printed,
    /// Whether it was built and started.
    pub built: bool,
    /// Whether Go ended well. What it says of each test an answer can print, too; this it cannot.
    pub succeeded: bool,
    /// What the tests print before the first of them.
    seal: Option<String>,
    /// Whether they have.
    begun: bool,
    /// Whether all of them have run.
    ended: bool,
    /// Whether one has begun twice, which only an answer says.
    twice: bool,
    /// Whether Go gave up waiting for what held the tests' output.
    held_open: bool,
    /// What the compiler said, where no test ran.
    pub refused: String,
    /// What the answer had left running, which was ended: a command line for each.
    pub left: Vec<String>,
    /// Of this answer.
    run: Option<Run>,
}

/// One test.
#[derive(Debug, Default)]
pub struct Test {
    /// Whether Go says that it was started. An answer can print what Go prints of a test that passed.
    pub began: bool,
    /// `None` where the program ended in it.
    pub passed: Option<bool>,
    /// Why it did not pass, in words.
    pub words: String,
    /// File and line.
    pub at: Option<String>,
}

/// A line of `go test -json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    action: String,
    test: Option<String>,
    #[serde(default)]
    output: String,
}

/// Every check in the text of an `answer_test.go`: each test, with the comment above it.
pub fn checks(test: &str) -> Vec<Check> {
    let (mut found, mut comment) = (Vec::new(), Vec::new());
    for line in test.lines() {
        if let Some(words) = line.strip_prefix("// ") {
            comment.push(words.trim());
            continue;
        }
        if let Some(rest) = line.strip_prefix("func ")
            && let Some((name, _)) = rest.split_once("(t *testing.T)")
            && name.starts_with("Test")
        {
            found.push(Check::new(name, comment.join(" ")));
        }
        comment.clear();
    }
    found
}

/// Starts an answer's tests with 4 GiB of memory at most, as those of the other languages: one that takes more is to
/// end, before it takes the machine. Where a system knows no such limit, there is none. The answer bears the mark of its run, and Go does
/// not: what Go leaves running is its own. Go waits for all who hold its pipe, so that the answer has ended is said by a line.
const BOUNDED: &str = "sh -c 'ulimit -v 4194304 2>/dev/null; EXERCISE_RUN=$EXERCISE_MARK \"$0\" \"$@\"; ended=$?; \
                       printf \"\\n%s\\n\" \"$EXERCISE_MARK has ended\"; exit $ended'";

/// How long the tests of one answer may take. Each check has a bound of its own, which is shorter.
pub const ONE_ANSWER: Duration = Duration::from_secs(60);

/// When a test's program has ended, Go waits for all who hold its output, and says that the test has failed where one holds it for a
/// tenth of `-timeout`. Six seconds are too few for a slow machine, on which what an answer left running is still looked for. So Go
/// is told a longer time than the tests are.
const OF_GO: u32 = 10;

/// How long Go may take until the tests begin: its first build on a slow machine.
const BUILD: Duration = Duration::from_secs(14 * 60);

/// Runs the tests of the module in this folder. Go ends them after `bound`.
///
/// # Errors
/// When Go cannot be started, and when it does not end.
pub fn test(folder: &Path, bound: Duration) -> io::Result<Tested> {
    let seal = format!("{:x}", RandomState::new().hash_one(folder));
    // All that the answer writes and leaves behind goes with it.
    let held = Held::new()?;
    // The tests remove it, before the answer runs.
    let sealed = NamedTempFile::new_in(held.path())?;
    fs::write(sealed.path(), &seal)?;
    let run = Run::next();
    let mark = run.mark().to_owned();
    let mut tested = Tested {
        seal: Some(seal),
        run: Some(run),
        ..Tested::default()
    };
    let read = |stdout: &mut dyn Read| {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            match serde_json::from_str(&line) {
                Ok(line) => tested.note(folder, line),
                // Before Go 1.24 the compiler's words were no JSON.
                Err(_) => tested.refused += &format!("{line}\n"),
            }
        }
    };
    let mut command = go(folder);
    command
        .args(["test", "-json", "-count=1"])
        .arg(format!("-timeout={}s", (bound * OF_GO).as_secs()))
        .args(["-exec", BOUNDED, ".", "-args"])
        .arg(format!("-test.timeout={}s", bound.as_secs()))
        .env("TMPDIR", held.path())
        .env(SEAL, sealed.path())
        .env(MARK, mark);
    let ended = printed::run_and_read(&mut command, BUILD + bound, read);
    tested.end_what_is_left();
    let (said, status) = ended?;
    tested.refused += &said;
    tested.succeeded = status.success();
    if tested.succeeded
        && let Some(said) = without_checks(folder)?
    {
        tested.refused = said;
        tested.built = false;
        tested.tests.clear();
    }
    Ok(tested)
}

/// Go, for the module in this folder, with nothing but what is there.
fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(folder)
        .env("GOFLAGS", "-mod=readonly -trimpath")
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off");
    // Cargo names a folder in the checkout, which may be read-only.
    if let Some(named) = target::elsewhere() {
        command.env("GOCACHE", named.join("go-cache"));
    }
    command
}

/// What the compiler says of an answer without its checks, with which it shares a package: it could name their variables, and set
/// them. Nothing where it compiles by itself.
fn without_checks(folder: &Path) -> io::Result<Option<String>> {
    let mut command = go(folder);
    let ended = command.args(["build", "."]).stdin(Stdio::null()).output()?;
    Ok((!ended.status.success()).then(|| {
        let said = String::from_utf8_lossy(&ended.stderr);
        format!(
            "{said}With its checks it compiles, and without them it does not: it uses a name that is theirs.\n"
        )
    }))
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held.
    Held,
    /// It did not: what was said, and where.
    Failed {
        /// In words.
        words: String,
        /// File and line.
        at: Option<String>,
    },
    /// The program ended before.
    NotReached,
}

/// What is said of each check where what is said of tests is not all said by Go.
const NOT_BELIEVED: &str = "Nothing can be said of this check: the answer prints what tests print, and what Go says of them cannot be told from it. Take out what it prints, and a call that ends the program.";

/// What Go prints where it waits no longer for what holds the tests' output.
const GAVE_UP: &str = "*** Test I/O incomplete ";

/// What is said of each check then.
const HELD_OPEN: &str = "Nothing can be said of this check: when the tests had ended, a process that the answer had started held their output for so long that Go gave up. End what the answer starts, and wait for it.";

/// What came of all checks, by what Go said of their tests.
pub fn outcomes(tested: &mut Tested, checks: Vec<Check>) -> Vec<(Check, Outcome)> {
    let of = |check: Check| {
        let outcome = outcome(tested.tests.remove(&check.name));
        (check, outcome)
    };
    let mut all: Vec<_> = checks.into_iter().map(of).collect();
    let held = |(_, outcome): &(Check, Outcome)| *outcome == Outcome::Held;
    let whole = tested.succeeded && tested.ended;
    if tested.twice || (!whole && all.iter().all(held)) {
        let words = if tested.held_open && !tested.twice {
            HELD_OPEN
        } else {
            NOT_BELIEVED
        };
        for (_, outcome) in &mut all {
            let words = words.into();
            *outcome = Outcome::Failed { words, at: None };
        }
    } else if !tested.ended {
        // Tests run in turn: behind the one in which the program ended there was none.
        let behind = all.iter_mut().skip_while(|check| held(check)).skip(1);
        behind.for_each(|(_, outcome)| *outcome = Outcome::NotReached);
    }
    all
}

/// What came of a check, by what Go said of its test.
pub fn outcome(test: Option<Test>) -> Outcome {
    match test {
        Some(Test {
            began: true,
            passed: Some(true),
            ..
        }) => Outcome::Held,
        Some(Test {
            passed: Some(false),
            words,
            at,
            ..
        }) => Outcome::Failed { words, at },
        _ => Outcome::NotReached,
    }
}

impl Tested {
    fn end_what_is_left(&mut self) {
        self.left.extend(self.run.iter().flat_map(Run::end_marked));
    }

    /// Whether this line says that the answer's program has ended.
    fn is_its_end(&self, line: &Line) -> bool {
        let mark = line.output.trim().strip_suffix(" has ended");
        line.action == "output" && mark.is_some() && mark == self.run.as_ref().map(Run::mark)
    }

    /// Whether this line is of those that tests print before the first of them and after the last. It is noted.
    fn is_seal(&mut self, line: &Line) -> bool {
        let said = self.seal.as_deref().filter(|_| line.action == "output");
        match said.and_then(|seal| line.output.trim().strip_prefix(seal)) {
            Some("") => self.begun = true,
            Some(ALL) => self.ended = true,
            _ => return false,
        }
        true
    }

    fn note(&mut self, folder: &Path, line: Line) {
        if self.is_its_end(&line) {
            self.end_what_is_left();
            return;
        }
        if self.is_seal(&line) {
            return;
        }
        self.held_open |= line.output.starts_with(GAVE_UP);
        if !self.begun && line.test.is_some() {
            self.printed.note(line.output.as_bytes());
            return;
        }
        let Some(name) = line.test else {
            match line.action.as_str() {
                "build-output" => self.refused += &line.output,
                "start" => self.built = self.refused.is_empty(),
                // Of what ran before the first test.
                "output" if self.tests.is_empty() => self.printed.note(line.output.as_bytes()),
                _ => {}
            }
            return;
        };
        let test = self.tests.entry(name).or_default();
        match line.action.as_str() {
            "run" => {
                self.twice |= test.began;
                test.began = true;
            }
            // What has failed does not pass any more, whatever is printed afterwards.
            "pass" => test.passed = test.passed.or(Some(true)),
            "fail" => test.passed = Some(false),
            "output" => {
                let said = line.output.trim();
                // The book's own gate puts the same checks into a file of the other name: see `tests/track`.
                let of_test = ["answer_test.go:", "checks.go:"]
                    .iter()
                    .find_map(|file| said.strip_prefix(file));
                match of_test.and_then(|rest| rest.split_once(": ")) {
                    Some((number, words)) => {
                        test.words = printed::capped(words);
                        let file = folder.join("answer_test.go");
                        test.at = Some(format!("{}:{number}", file.display()));
                    }
                    None if said.starts_with("=== ") || said.starts_with("--- ") => {}
                    None => self.printed.note(line.output.as_bytes()),
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of these lines of `go test -json`, where Go ends so.
    fn tested(lines: &[(&str, &str)], succeeded: bool) -> Vec<Outcome> {
        let mut tested = Tested {
            succeeded,
            begun: true,
            ended: succeeded,
            ..Tested::default()
        };
        for (action, test) in lines {
            let line = Line {
                action: (*action).into(),
                test: Some((*test).into()),
                output: String::new(),
            };
            tested.note(Path::new("."), line);
        }
        let checks = ["TestA", "TestB"].map(|name| Check::new(name, String::new()));
        let all = outcomes(&mut tested, checks.into()).into_iter();
        all.map(|(_, outcome)| outcome).collect()
    }

    const HELD: [(&str, &str); 4] = [
        ("run", "TestA"),
        ("pass", "TestA"),
        ("run", "TestB"),
        ("pass", "TestB"),
    ];

    /// From inside of a check, an answer can print what Go prints of tests that passed.
    #[test]
    fn a_test_that_begins_twice_is_one_that_the_answer_prints() {
        for (of_go, succeeded) in [("fail", true), ("fail", false), ("pass", true)] {
            let real = [("run", "TestA"), (of_go, "TestA")];
            let forged = [&real[..], &HELD].concat();
            for outcome in tested(&forged, succeeded) {
                assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
            }
        }
    }

    #[test]
    fn what_has_failed_does_not_pass_any_more() {
        let forged = [HELD[0], ("fail", "TestA"), HELD[1], HELD[2], HELD[3]];
        let [first, second] = tested(&forged, true).try_into().unwrap();
        assert!(matches!(first, Outcome::Failed { .. }), "{first:?}");
        assert_eq!(second, Outcome::Held);
    }

    /// Where the program ends in a check, what is said of those behind it is said by the answer.
    #[test]
    fn behind_the_check_in_which_the_program_ends_there_is_none() {
        let forged = [HELD[0], ("fail", "TestA"), HELD[2], HELD[3]];
        let [first, second] = tested(&forged, false).try_into().unwrap();
        assert!(matches!(first, Outcome::Failed { .. }), "{first:?}");
        assert_eq!(second, Outcome::NotReached);
    }

    #[test]
    fn how_go_ends_outweighs_what_each_test_claims() {
        assert_eq!(tested(&HELD, true), [Outcome::Held, Outcome::Held]);
        for outcome in tested(&HELD, false) {
            let Outcome::Failed { words, .. } = outcome else {
                panic!("{outcome:?}");
            };
            assert!(words.contains("prints what tests print"), "{words}");
        }
        // Where one failed, Go ends so in any case.
        let one = [
            ("run", "TestA"),
            ("pass", "TestA"),
            ("run", "TestB"),
            ("fail", "TestB"),
        ];
        assert_eq!(tested(&one, false)[0], Outcome::Held);
    }
}
