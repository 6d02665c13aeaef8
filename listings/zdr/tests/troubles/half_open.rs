//! Clients that never complete their handshakes, and a reload that waits for them.

use zdr::report::{Code, Outcome};

use super::{Folder, PATIENT};

/// What asks for the reload is answered when that is done: from then on every handshake shows the new certificate, and
/// the wait was before.
#[test]
fn a_reload_that_ends_after_the_half_open_clients_is_late() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/strangers/waits_for_half_open.py"
    );
    let told = |instead: &str| {
        format!(
            "command = [{python:?}, {server:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\", \"{{dir}}/told\"{instead}]\n\
         protocol = \"any_http\"\n\
         [reload]\nsocket = {{ path = \"{{dir}}/told\", send = [\"reload\"], expect = [\"done\"] }}\n"
        )
    };
    // It waits for three seconds: for handshakes, or for the request behind each.
    for (instead, limit, outcome) in [
        ("", 1000, Outcome::Failed),
        ("", 20_000, Outcome::Passed),
        (", \"requests\"", 1000, Outcome::Failed),
    ] {
        let folder = Folder::new();
        let toml = told(instead);
        let toml = format!("{toml}[limits]\nreload_within_ms = {limit}\n");
        let arguments = [&PATIENT[..], &["--scenarios", "half-open"]].concat();
        let done = folder.check(&toml, &arguments).end();
        done.says(i32::from(outcome == Outcome::Failed), &[]);
        let report = folder.report();
        assert_eq!(report.scenarios[0].outcome, outcome, "{}", done.out);
        let late = |code| {
            report
                .findings
                .iter()
                .any(|of| of.code == code && of.fails())
        };
        assert_eq!(late(Code::NotPickedUp), outcome == Outcome::Failed);
    }
}

/// Its files are stuck for as long as it takes to look, and then for longer than a client waits.
#[test]
fn a_server_that_looks_a_second_later_is_seen_to_wait_for_a_stuck_file() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/strangers/reloads_later.py"
    );
    let toml = format!(
        "command = [{python:?}, {server:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
         protocol = \"any_http\"\n[reload]\nsignal = \"HUP\"\n"
    );
    let folder = Folder::new();
    let arguments = [&PATIENT[..], &["--scenarios", "stalled"]].concat();
    let done = folder.check(&toml, &arguments).end();
    done.says(1, &[]);
    let report = folder.report();
    assert_eq!(report.scenarios[0].outcome, Outcome::Failed, "{}", done.out);
}
