//! What the server's process and its output tell.

use crate::judge::findings::finding;
use crate::report::{Code, Finding, Severity};
use crate::server::Server;
use crate::server::error::it_said_last;

/// Whether it has ended by itself, and whether it has printed bytes of a key.
pub(crate) fn of_server(server: &mut Server, scenario: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    // One that went into the background has not ended, and ends the run.
    if let Some(status) = server.ended().filter(|_| !server.is_in_background()) {
        let said = it_said_last(&server.output().last());
        let ended = match server.has_ended_by_its_signal() {
            Some((name, ..)) => {
                format!("was ended by SIG{name}, the signal that tells it of new files")
            }
            None => "ended by itself".into(),
        };
        let words = format!("The server {ended} ({status}). {said}");
        found.push(finding(Severity::Failure, Code::Stopped, scenario, words));
    }
    let leaks = server.output().leaks();
    if leaks > 0 {
        let words = format!("{leaks} lines of its output hold bytes of a private key.");
        found.push(finding(Severity::Failure, Code::KeyInLog, scenario, words));
    }
    let leaks = server.output().leaks_of_commands();
    if leaks > 0 {
        let words = format!(
            "{leaks} lines that the `command` of `[reload]` printed hold bytes of a private key. What it prints \
             goes where your own reloads are logged."
        );
        found.push(finding(Severity::Failure, Code::KeyInLog, scenario, words));
    }
    found
}
