//! Memory that a server needs to warm up is no leak, and what each reload leaves behind is one.

use zdr::report::Code;

use super::Folder;

/// Six rotations of the bundled server, and what is said of its memory; or what it used, where nothing is said.
fn memory_grows(how: &str) -> Result<String, String> {
    let folder = Folder::new();
    let toml = format!(
        "command = [\"broken\", \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \
         \"{{roots}}\", \"--port\", \"{{port}}\", \"{how}\"]\n[ready]\nevent = \"listening\"\n"
    );
    let options = "--classes full --rate 10 --patience-ms 20000 --rotations 6 --interval-ms 100 --steady-ms 300 \
                   --no-scenarios --quiet";
    let options: Vec<_> = options.split_ascii_whitespace().collect();
    folder.check(&toml, &options).end().says(0, &[]);
    let report = folder.report();
    let used = format!("{:?} in {:?}", report.resources, report.rotations);
    let mut findings = report.findings.into_iter();
    let found = findings.find(|found| found.code == Code::MemoryGrows);
    found.map(|found| found.words).ok_or(used)
}

#[test]
fn a_server_that_warms_up_is_told_from_one_that_leaks() {
    let warm = memory_grows("--unusual=warms-up");
    assert!(warm.is_err(), "{warm:?}");
    let words = memory_grows("--defect=leaks-memory").expect("no leak is told");
    assert!(words.contains("Its memory grew from"), "{words}");
}
