//! A signal that ends what it is sent to reloads nothing: a script that only starts the server, or a server that does
//! not know the signal. Neither is judged, and each is told what to change.

use rustix::process::Signal;
use zdr::gate::code::Code;

use super::{BROKEN, Folder, ONE_ROTATION, at_hup};

/// The bundled server, which follows its files unless it is `--frozen` and knows no SIGHUP, told by that; a shell runs
/// `script` with it.
fn told_by_hup(script: Option<&str>, more: &str) -> String {
    let shell = script.map_or_else(String::new, |script| {
        format!("\"sh\", \"-c\", '''{script}''', ")
    });
    format!(
        "command = [{shell}{BROKEN:?}, \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \
         \"{{roots}}\", \"--port\", \"{{port}}\"{more}]\n[reload]\nsignal = \"HUP\"\n"
    )
}

const FEW: [&str; 7] = [
    "--rate",
    "10",
    "--steady-ms",
    "300",
    "--quiet",
    "--patience-ms",
    "20000",
];

fn is_told(script: Option<&str>, parts: &[&str]) {
    let folder = Folder::idle();
    let toml = told_by_hup(script, ", \"--frozen\"");
    let done = folder.check(&toml, &[&ONE_ROTATION[..], &FEW].concat());
    done.end().says(3, parts);
    assert!(!folder.path("report.json").exists());
}

#[test]
fn a_script_that_only_starts_the_server_is_told_from_it() {
    is_told(
        Some("\"$0\" \"$@\"; exit"),
        &[
            "before anything was rotated: SIGHUP would end the process that starts the server",
            "(broken) listens on 127.0.0.1:",
            "`exec` before its last command",
            "kill -HUP $(cat FILE)",
        ],
    );
}

#[test]
fn a_server_that_does_not_know_the_signal_is_told_so() {
    is_told(
        None,
        &[
            "before anything was rotated: SIGHUP would end the server: it has no handler",
            "each rotation ends it",
            "restart = true",
        ],
    );
}

/// Where another thread blocks the signal, the first one gets it.
#[test]
fn a_thread_that_blocks_the_signal_does_not_save_the_others() {
    let Some(toml) = at_hup("ends") else {
        return;
    };
    let folder = Folder::idle();
    let done = folder.check(&toml, &[&ONE_ROTATION[..], &FEW].concat());
    let parts = ["before anything was rotated: SIGHUP would end the server: it has no handler"];
    done.end().says(3, &parts);
}

/// As BIND's `named` does: its first thread takes SIGHUP from a queue, and the system tells of no handler.
#[test]
fn a_server_that_waits_for_the_signal_is_judged() {
    let Some(toml) = at_hup("waits") else {
        return;
    };
    let folder = Folder::new();
    let classes = ["--classes", "full"];
    let done = folder.check(&toml, &[&ONE_ROTATION[..], &FEW, &classes].concat());
    done.end().says(0, &[]);
}

/// It catches the signal, so that the system cannot tell.
#[test]
fn a_script_that_ends_by_the_signal_is_told_when_it_has() {
    is_told(
        Some("trap \"exit 129\" HUP; \"$0\" \"$@\" & wait"),
        &[
            "at the first reload: SIGHUP ended the process that starts the server",
            "it ended (exit status: 129)",
            "(broken) listens on 127.0.0.1:",
        ],
    );
}

#[test]
fn a_server_that_shuts_down_by_the_signal_is_told_so() {
    let Some(toml) = at_hup("shuts-down") else {
        return;
    };
    let folder = Folder::idle();
    let done = folder.check(&toml, &[&ONE_ROTATION[..], &FEW].concat());
    let parts = [
        "at the first reload: SIGHUP ended the server, which takes it for the order to end",
        "it ended (exit status: 0)",
    ];
    done.end().says(3, &parts);
}

/// Why the next one does not stay, it has said.
#[test]
fn what_a_successor_said_that_ended_at_its_start_is_shown() {
    let Some(toml) = at_hup("hands-over-in-vain") else {
        return;
    };
    let folder = Folder::idle();
    let done = folder.check(&toml, &[&ONE_ROTATION[..], &FEW].concat());
    let parts = [
        "at the first reload: SIGHUP ended the server",
        "or has handed over to a process that has ended, too",
        "It said: starting the next one\n",
        "KeyError: 'certificates'",
    ];
    done.end().says(3, &parts);
}

/// As gunicorn and nginx at SIGUSR2: a second signal has to end the first master.
#[test]
fn a_handover_that_the_signal_only_begins_is_told_so() {
    let Some(toml) = at_hup("stays-beside") else {
        return;
    };
    let folder = Folder::idle();
    let limits = "[limits]\nreload_within_ms = 3000\n";
    let done = folder.check(&(toml + limits), &[&ONE_ROTATION[..], &FEW].concat());
    let parts = [
        "SIGHUP starts a second server beside the first, and nothing ends the first",
        "listens with processes of its own",
        "kill -HUP {pid}; sleep 5; kill -QUIT {pid}",
    ];
    done.end().says(3, &parts);
    assert!(!folder.path("report.json").exists());
}

#[test]
fn whoever_ends_a_check_in_such_a_handover_is_given_what_was_measured() {
    let Some(toml) = at_hup("stays-beside") else {
        return;
    };
    let folder = Folder::idle();
    let limits = "[limits]\nreload_within_ms = 1000\n";
    let more = [
        "--rotations",
        "9",
        "--interval-ms",
        "600000",
        "--rate",
        "10",
    ];
    let rest = ["--steady-ms", "300", "--no-scenarios"];
    let mut running = folder.check(&(toml + limits), &[&more[..], &rest].concat());
    running.until("rotation 1 of 9");
    running.signal(Signal::INT);
    let done = running.end();
    done.says(130, &[]);
    assert!(done.out.contains("Ctrl-C"), "{}", done.out);
    assert_eq!(folder.report().rotations.len(), 1);
}

/// A script that becomes the server is none; nor does a signal end one that ignores it.
#[test]
fn a_script_that_becomes_the_server_is_judged() {
    let folder = Folder::new();
    let toml = told_by_hup(Some("trap \"\" HUP; exec \"$0\" \"$@\""), "");
    let done = folder.check(&toml, &[&ONE_ROTATION[..], &FEW].concat());
    done.end().says(0, &[]);
}

/// A handler that is used once, as `signal` of System V does: the first reload tells nothing of the second.
#[test]
fn a_server_whose_handler_is_used_once_is_ended_by_the_second_signal() {
    let folder = Folder::new();
    let once = "trap \"trap - HUP\" HUP; \"$0\" \"$@\" & wait; wait";
    let arguments = [
        &["--rotations", "2", "--interval-ms", "50", "--no-scenarios"][..],
        &FEW,
    ];
    let done = folder.check(&told_by_hup(Some(once), ""), &arguments.concat());
    done.end().says(1, &[]);
    let report = folder.report();
    let stopped = report.findings.iter().find(|of| of.code == Code::Stopped);
    let words = stopped.map_or("", |of| &of.words);
    assert!(
        words.contains("was ended by SIGHUP, the signal that tells it of new files (signal: 1"),
        "{:?}",
        report.findings
    );
}
