//! A verdict as a gate: what the TOML file and the command line require and allow, of a real server.

use super::{Folder, PATIENT, SOUND};

/// A server that shows an expired certificate when it finds one, as nearly all do.
fn loads_what_is_expired(lines: &str) -> String {
    format!(
        "{lines}\n{}",
        SOUND.replace("\"{port}\"]", "\"{port}\", \"--defect=expired\"]")
    )
}

fn short() -> Vec<&'static str> {
    [&PATIENT[..], &["--scenarios", "expired"]].concat()
}

#[test]
fn the_level_decides_the_exit_code_and_the_headline_names_it() {
    let folder = Folder::new();
    let toml = loads_what_is_expired("require = \"rotation\"");
    let done = folder.check(&toml, &short()).end();
    done.says(0, &[]);
    assert!(
        done.out.starts_with("PASSED  Level `rotation`: "),
        "{}",
        done.out
    );
    let words = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "Not required: it failed 1 of 1 scenario: expired.";
    assert!(words.contains(said), "{words}");
    assert!(
        !words.contains("Not run:"),
        "the level requires no scenario: {words}"
    );
    let plan = folder.report().plan;
    assert_eq!(plan.require, zdr::Level::Rotation);
}

#[test]
fn the_command_line_goes_before_the_file_and_a_waiver_has_an_end() {
    let folder = Folder::new();
    let lines = "require = \"rotation\"\n[allow.expired]\nbecause = \"it comes with spring\"\nuntil = 2027-03-01\n";
    // The tables of the description come before this one's.
    let (level, waiver) = lines.split_once('\n').unwrap();
    let toml = format!("{}\n{waiver}", loads_what_is_expired(level));
    let all = [&short()[..], &["--require", "all", "--today", "2027-03-02"]].concat();
    let done = folder.check(&toml, &all).end();
    done.says(1, &[]);
    assert!(
        done.out.starts_with("FAILED  Level `all`: "),
        "{}",
        done.out
    );
    assert!(done.out.contains("it comes with spring"), "{}", done.out);
    let report = folder.report();
    let over = zdr::report::Code::WaiverOver;
    assert!(report.findings.iter().any(|found| found.code == over));
    let left_out = &report.plan.scenarios_left_out;
    assert!(left_out.contains(&"torn".to_owned()), "{left_out:?}");
    assert!(
        !left_out.contains(&"trust-added".to_owned()),
        "it asks no clients"
    );
}
