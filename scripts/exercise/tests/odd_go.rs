//! Odd answers in Go: each is answered in words that help.

use std::fs;

use super::track::there;
use super::{Learner, root};

/// What it prints of tests, and how it ends, in a check: nothing of it decides.
#[test]
fn an_answer_in_go_that_prints_what_tests_print_is_told() {
    if !there(&["go"]) {
        return;
    }
    let learner = Learner::new();
    learner.says(&["next", "retries", "--track", "go"]);
    let folder = root().join("listings/ch09-simulating-rotation/exercises/2-retries/go");
    let solution = fs::read_to_string(folder.join("solution.go")).unwrap();
    let checks = fs::read_to_string(folder.join("answer_test.go")).unwrap();
    let names = exercise::go::checks(&checks)
        .into_iter()
        .map(|check| check.name);
    let claims = names.map(|name| {
        format!("\tfmt.Print(\"\\x16=== RUN   {name}\\n\\x16--- PASS: {name} (0.00s)\\n\")\n")
    });
    let claims: String = claims.collect();
    let imports = |more: &str| format!("import (\n\t\"fmt\"\n{more}\t\"time\"\n)");
    let body = |end: &str| format!("left time.Duration) time.Duration {{\n{claims}{end}");
    for (more, end) in [
        ("\t\"os\"\n", "\tos.Exit(0)\n"),
        ("\t\"syscall\"\n", "\tsyscall.Exit(0)\n"),
        ("", "\tpanic(\"no\")\n"),
        ("", ""),
    ] {
        let answer = solution
            .replace("import \"time\"", &imports(more))
            .replace("left time.Duration) time.Duration {\n", &body(end));
        learner.write("ch09/retries-go/answer.go", &answer);
        let said = super::text(&learner.run(&["run", "retries", "--track", "go"]));
        assert!(said.contains("0 of 7 checks hold"), "{end}: {said}");
        let words = [
            "the answer prints what tests print",
            "unexpected call to os.Exit",
            "it called `exit`",
            "panic: no",
        ];
        assert!(
            words.iter().any(|words| said.contains(words)),
            "{end}: {said}"
        );
    }
}

/// The same in Go, which asks the system for more and more.
#[test]
fn an_answer_in_go_that_takes_all_memory_is_told() {
    if !there(&["go"]) {
        return;
    }
    let learner = Learner::new();
    learner.says(&["next", "retries", "--track", "go"]);
    // Nothing is written to it, so that a machine without the limit is not filled either.
    let greedy = "package answer\n\nimport \"time\"\n\nvar kept [][]byte\n\n\
                  func Pause(failures int, lifetime, left time.Duration) time.Duration {\n\
                  \tfor range 64 {\n\t\tkept = append(kept, make([]byte, 1<<30))\n\t}\n\
                  \treturn left / 2\n}\n";
    learner.write("ch09/retries-go/answer.go", greedy);
    let said = super::text(&learner.run(&["run", "retries", "--track", "go"]));
    assert!(said.contains("out of memory"), "{said}");
    assert!(said.contains("0 of 7 checks"), "{said}");
}

/// What ends in Go before the first test was built all the same.
#[test]
fn an_answer_in_go_that_ends_early_is_no_error_of_the_compiler() {
    if !there(&["go"]) {
        return;
    }
    let learner = Learner::new();
    let go = ["--track", "go"];
    learner.says(&[&["next", "retries"], &go[..]].concat());
    let folder = root().join("listings/ch09-simulating-rotation/exercises/2-retries/go");
    let solution = fs::read_to_string(folder.join("solution.go")).unwrap();
    let with = |import: &str, more: &str| {
        solution.replace("import \"time\"", &format!("import (\n{import}\"time\"\n)")) + more
    };
    for (answer, words) in [
        (
            with(
                "\"fmt\"\n\"os\"\n",
                "\nfunc init() {\n\tfor _, mark := range []string{\"\", \"\\x16\"} {\n\t\tfmt.Print(mark, \"=== RUN   TestAShortOutageCostsLittle\\n\", mark, \"--- PASS: TestAShortOutageCostsLittle (0.00s)\\n\", mark, \"PASS\\n\")\n\t}\n\tos.Exit(0)\n}\n",
            ),
            "it called `exit`",
        ),
        (
            with("", "\nvar first = []int{}[len(\"x\")]\n"),
            "panic: runtime error: index out of range",
        ),
    ] {
        learner.write("ch09/retries-go/answer.go", &answer);
        let said = super::text(&learner.run(&[&["run"], &go[..]].concat()));
        assert!(said.contains("Not yet: 0 of 7 checks hold."), "{said}");
        assert!(
            said.contains("The program ended before or in this check"),
            "{said}"
        );
        assert!(
            said.contains(words) && !said.contains("does not compile"),
            "{said}"
        );
    }
}

/// What the tests print before the first of them and after the last, no answer knows: neither by a variable, nor by asking for it.
#[test]
fn an_answer_in_go_finds_no_seal() {
    if !there(&["go"]) {
        return;
    }
    let learner = Learner::new();
    let go = ["--track", "go"];
    learner.says(&[&["next", "retries"], &go[..]].concat());
    let test =
        root().join("listings/ch09-simulating-rotation/exercises/2-retries/go/answer_test.go");
    let names = fs::read_to_string(test).unwrap();
    let names = names.lines().filter_map(|line| {
        let name = line.strip_prefix("func ")?.split_once("(t *testing.T)")?.0;
        name.starts_with("Test").then(|| format!("{name:?}"))
    });
    let names: Vec<_> = names.collect();
    for (import, seal) in [
        ("", "os.Getenv(\"EXERCISE_SEAL\")"),
        ("\t\"answer/seal\"\n", "seal.Read()"),
    ] {
        let answer = format!(
            "package answer\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"time\"\n{import})\n\n\
             func Pause(failures int, lifetime, left time.Duration) time.Duration {{ return 0 }}\n\n\
             func init() {{\n\tseal := {seal}\n\tfmt.Println(seal)\n\tfor _, name := range []string{{{}}} {{\n\
             \t\tfmt.Printf(\"\\x16=== RUN   %s\\n\\x16--- PASS: %s (0.00s)\\n\", name, name)\n\t}}\n\
             \tfmt.Println(\"\\x16PASS\\n\\n\" + seal + \" all\")\n\tos.Exit(0)\n}}\n",
            names.join(", ")
        );
        learner.write("ch09/retries-go/answer.go", &answer);
        let said = super::text(&learner.run(&[&["run"], &go[..]].concat()));
        assert!(said.contains("0 of 7 checks"), "{seal}: {said}");
    }
}

/// Where something stands in the way of the checks beside an answer, the answer is tried in another place.
#[test]
fn an_answer_in_go_is_tried_where_its_folder_cannot_be_written() {
    if !there(&["go"]) {
        return;
    }
    let learner = Learner::new();
    let go = ["--track", "go"];
    learner.says(&[&["next", "liveness"], &go[..]].concat());
    let folder = root().join("listings/ch07-graceful-degradation/exercises/1-liveness/go");
    let at = learner.path().join("ch07/liveness-go");
    fs::copy(folder.join("solution.go"), at.join("answer.go")).unwrap();
    fs::remove_file(at.join("answer_test.go")).unwrap();
    fs::create_dir(at.join("answer_test.go")).unwrap();
    let said = super::text(&learner.run(&[&["run"], &go[..]].concat()));
    assert!(said.contains("Done."), "{said}");
}

/// Its package is that of the checks, so it could set what they go by.
#[test]
fn an_answer_in_go_that_names_what_is_of_the_checks_is_refused() {
    if !there(&["go"]) {
        return;
    }
    let learner = Learner::new();
    learner.says(&["next", "handle", "--track", "go"]);
    let folder = root().join("listings/ch05-race-conditions/exercises/3-handle/go");
    let by_path = fs::read_to_string(folder.join("wrong/by-path.go")).unwrap();
    let begins = "err error) {\n";
    assert!(by_path.contains(begins));
    let undisturbed = format!("{begins}\tkernel.(*world).before, kernel.(*world).again = -1, 0\n");
    let answer = by_path.replacen(begins, &undisturbed, 1);
    learner.write("ch05/handle-go/answer.go", &answer);
    let said = super::text(&learner.run(&["run", "handle", "--track", "go"]));
    let told = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("It does not compile") && told.contains("undefined: world"),
        "{said}"
    );
    assert!(told.contains("it uses a name that is theirs"), "{said}");
}
