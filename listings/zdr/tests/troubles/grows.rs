//! Memory that a server needs to warm up is no leak, and what each reload leaves behind is one. The same of work.

use zdr::report::Code;

use super::Folder;

/// Rotations of the bundled server, and what is said by this finding; or what it used, where nothing is said.
fn said(code: Code, how: &str, options: &str) -> Result<String, String> {
    let folder = Folder::new();
    let toml = format!(
        "command = [\"broken\", \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \
         \"{{roots}}\", \"--port\", \"{{port}}\", \"{how}\"]\n[ready]\nevent = \"listening\"\n"
    );
    let options =
        format!("--classes full --rate 10 --patience-ms 20000 --no-scenarios --quiet {options}");
    let options: Vec<_> = options.split_ascii_whitespace().collect();
    folder.check(&toml, &options).end().says(0, &[]);
    let report = folder.report();
    let used = format!("{:?} in {:?}", report.resources, report.rotations);
    let mut findings = report.findings.into_iter();
    let found = findings.find(|found| found.code == code);
    found.map(|found| found.words).ok_or(used)
}

fn memory_grows(how: &str) -> Result<String, String> {
    let options = "--rotations 6 --interval-ms 100 --steady-ms 1000";
    said(Code::MemoryGrows, how, options)
}

fn processor_grows(how: &str, options: &str) -> Result<String, String> {
    said(Code::ProcessorGrows, how, options)
}

#[test]
fn a_server_that_warms_up_is_told_from_one_that_leaks() {
    let warm = memory_grows("--unusual=warms-up");
    assert!(warm.is_err(), "{warm:?}");
    // Where the machine is slow, what a reload has added may be there only after the look that follows it.
    let mut tries = (0..5).map(|_| memory_grows("--defect=leaks-memory"));
    let words = tries.find_map(Result::ok).expect("no leak is told");
    assert!(words.contains("Its memory grew from"), "{words}");
}

/// A run as short as it can be, and one that lasts for some reloads.
const RUNS: [&str; 2] = [
    "--rotations 1 --interval-ms 50 --steady-ms 500",
    "--rotations 3 --interval-ms 300 --steady-ms 1000",
];

#[test]
fn work_that_each_reload_leaves_behind_is_told() {
    let [_, run] = RUNS;
    // Where the machine has no time for threads that spin, there are none to be seen.
    let mut tries = (0..5).map(|_| processor_grows("--defect=leaves-work", run));
    let words = tries.find_map(Result::ok).expect("no work is told");
    assert!(
        words.contains("processors busy before the first"),
        "{words}"
    );
}

/// One is busy all the time, one after each reload: for longer than it is watched after the last, unless it is
/// waited for.
#[test]
fn a_server_that_is_busy_and_sound_is_not_said_to_leave_work_behind() {
    for run in RUNS {
        for how in ["--unusual=always-busy", "--unusual=works-on-reload"] {
            let said = processor_grows(how, run);
            assert!(said.is_err(), "{how} {run}: {said:?}");
        }
    }
}
