//! What `cargo benchmark --itself` measures is true: of a program whose costs and verdicts are known.

use std::path::PathBuf;

use zdr::benchmark::itself::{Case, alone, beside_loops};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// It takes 0.3 s of processor time, as much in a child, and 64 MiB, and fails.
const KNOWN: &str = "
import os, sys, time
def burn():
    until = time.process_time() + 0.3
    while time.process_time() < until: pass
held = b'1' * (64 << 20)
if os.fork() == 0:
    burn()
    os._exit(0)
os.wait()
burn()
time.sleep(0.2)
sys.exit(1)
";

#[test]
fn a_run_costs_what_its_program_and_its_children_take() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let run = alone(&python, &words(&["-c", KNOWN])).unwrap();
    assert!((0.6..1.2).contains(&run.processor_seconds), "{run:?}");
    assert!(run.seconds >= 0.8, "each after the other: {run:?}");
    let mib = run.peak_memory >> 20;
    assert!((64..128).contains(&mib), "{mib} MiB");
    assert_eq!(run.verdict, "failed");
    let missing = alone(&PathBuf::from("/no/such/program"), &[]);
    assert!(missing.is_err());
}

/// A shell stands for `zdr`, and ends as it is told.
#[test]
fn verdicts_are_counted_by_kind_and_the_first_wrong_one_is_kept() {
    let case = |name: &str, ends: &str, right| Case {
        name: name.to_owned(),
        server: words(&[ends]),
        right,
    };
    let cases = [
        case("sound", "exit 0", "passed"),
        case("broken", "exit 1", "failed"),
        case("missed", "echo missed it; exit 0", "failed"),
        case("not started", "exit 3", "passed"),
        case("killed", "kill -9 $$", "passed"),
    ];
    let shell = PathBuf::from("/bin/sh");
    let all = beside_loops(&shell, &words(&["-c"]), &cases, 4, 3, 2).unwrap();
    let counts: Vec<_> = all
        .iter()
        .map(|of| {
            (
                of.counts.clone().into_iter().collect::<Vec<_>>(),
                of.wrong(),
            )
        })
        .collect();
    let once = |verdict: &str, wrong| (vec![(verdict.to_owned(), 4)], wrong);
    let wanted = [
        once("passed", 0),
        once("failed", 0),
        once("passed", 4),
        once("no verdict", 4),
        once("ended by a signal", 4),
    ];
    assert_eq!(counts, wanted);
    assert_eq!(all[2].wrong.as_deref(), Some("missed it\n"));
    assert_eq!(all[0].wrong, None);
}
