//! What is no fault of the server: one that went into the background, where it cannot be judged, and this
//! side's own limits.

use std::process::Command;

use zdr::report::Code;

use super::{
    BROKEN, Done, Folder, Running, SOUND, ZDR, at_hup, is_alive, no_process_is_left, number_in,
    until,
};

/// Checks with a limit on open files, which the server inherits.
fn limited(folder: &Folder, files: u32, arguments: &[&str]) -> Done {
    let sound = SOUND.replace("\"{port}\"", "\"{port}\", \"--open-files\", \"16\"");
    folder.write("server.toml", &sound);
    let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, ZDR, "check", "server.toml"])
        .args(["--json", "report.json"])
        .args(arguments)
        .current_dir(folder.path(""))
        .env("TMPDIR", folder.temporary());
    Running::start(&mut command).end()
}

#[test]
fn too_few_files_are_told_before_anything_begins() {
    let folder = Folder::new();
    let parts = ["20 files open at once", "needs 64", "ulimit -n 1024"];
    limited(&folder, 20, &[]).says(3, &parts);
    // A client that cannot connect to a server without descriptors is not to blame.
    let script = "ulimit -n 20; exec \"$0\" check-client --once -- true '{url}'";
    let mut client = Command::new("sh");
    client.args(["-c", script, ZDR]);
    Running::start(&mut client).end().says(3, &parts);
    // In a folder that is there no more, the system's words name none.
    let script = "mkdir gone; cd gone; rmdir ../gone; exec \"$0\" check-client -- true '{url}'";
    let mut client = Command::new("sh");
    client
        .args(["-c", script, ZDR])
        .current_dir(folder.path(""));
    let parts = ["the folder in which zdr was called cannot be used"];
    Running::start(&mut client).end().says(3, &parts);
}

/// SIGXFSZ ends a program that has no handler for it, without a word.
#[test]
fn a_file_that_may_not_be_so_large_is_an_error() {
    let folder = Folder::new();
    folder.write("server.toml", SOUND);
    // So many blocks of 512 or 1024 bytes: fewer than a report has.
    let script = "ulimit -f 4; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, ZDR, "check", "server.toml"])
        .args(["--rotations", "1", "--no-scenarios", "--quiet"])
        .args(["--json", "report.json"])
        .current_dir(folder.path(""))
        .env("TMPDIR", folder.temporary());
    let done = Running::start(&mut command).end();
    done.says(3, &["File too large"]);
}

/// The server could have taken many more: whoever keeps a hundred connections needs as many descriptors.
#[test]
fn a_shortage_of_descriptors_is_no_finding() {
    let folder = Folder::new();
    let arguments = ["--pool", "100", "--classes", "full,pooled"];
    let arguments = [
        &["--no-scenarios", "--rotations", "1", "--quiet"][..],
        &arguments,
    ]
    .concat();
    let done = limited(&folder, 64, &arguments);
    done.says(3, &[]);
    let report = folder.report();
    let told = report.interrupted.as_deref().unwrap_or_default();
    assert!(told.contains("`zdr` itself could open no more"), "{told}");
    assert!(told.contains("it may have 64 files open at once"), "{told}");
    assert!(told.contains("ulimit -n 4096"), "{told}");
    assert!(
        report.findings.iter().all(|of| !of.fails()),
        "{:#?}",
        report.findings
    );
}

/// Redis that has room for forty clients in all, and then tells each that it is one too many.
const FULL: &str = r"
import socket, ssl, sys, threading
certificate, key, port = sys.argv[1:]
room = 40
def loaded():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
def answer(tcp, context, is_full):
    try:
        tls = context.wrap_socket(tcp, server_side=True)
        while tls.recv(4096):
            tls.sendall(b'-ERR max number of clients reached\r\n' if is_full else b'+PONG\r\n')
    except OSError:
        pass
    tcp.close()
context = loaded()
listener = socket.create_server(('127.0.0.1', int(port)))
while True:
    tcp, _ = listener.accept()
    try:
        context = loaded()
    except OSError:
        pass  # One of two files is new.
    room -= 1
    threading.Thread(target=answer, args=(tcp, context, room < 0), daemon=True).start()
";

/// Its limit is no fault of a rotation's, and a check that met it is no verdict.
#[test]
fn a_server_without_room_is_not_judged() {
    if lab_test::peer::find("python3").is_none() {
        return;
    }
    let folder = Folder::new();
    let toml = format!(
        "command = [\"python3\", \"-c\", \"\"\"{}\"\"\", \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
         protocol = \"redis\"\n[limits]\nreload_within_ms = 1000\n",
        FULL.replace('\\', r"\\")
    );
    let arguments = "--classes full --steady-ms 1000 --rotations 1 --no-scenarios --quiet";
    let arguments: Vec<_> = arguments.split(' ').collect();
    folder.check(&toml, &arguments).end().says(3, &[]);
    let report = folder.report();
    let told = report.interrupted.as_deref().unwrap_or_default();
    let parts = [
        "the server has no room for so many clients",
        "max number of clients reached",
        "Raise its limit",
    ];
    assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    assert!(
        report.findings.iter().all(|of| !of.fails()),
        "{:#?}",
        report.findings
    );
}

#[test]
fn a_server_that_goes_into_the_background_is_told_so() {
    let folder = Folder::new();
    let toml = "command = [\"sh\", \"-c\", \"sleep 995 & echo $! > {here}/pid\"]\n[ready]\nevent = \"listening\"\n";
    let done = folder.check(toml, &[]).end();
    let parts = [
        "the server went into the background",
        "tried:  running sh -c",
        "processes that it started go on",
        "change: keep the server in the foreground",
    ];
    done.says(3, &parts);
    assert!(!is_alive(number_in(&folder.path("pid"))));
}

#[test]
fn a_server_that_goes_into_the_background_once_it_serves_is_told_so() {
    let folder = Folder::new();
    let toml = format!(
        r#"
command = ["sh", "-c", '''"$0" "$@" & echo $! > {{here}}/pid
while ! [ -e {{here}}/go ]; do sleep 0.05; done''', {BROKEN:?}, "--certificate", "{{certificate}}", "--key", "{{key}}", "--roots", "{{roots}}", "--port", "{{port}}"]
[ready]
event = "listening"
"#
    );
    let mut running = folder.check(&toml, &["--steady-ms", "600000"]);
    let zdr = running.pid();
    running.until("before the first rotation");
    folder.write("go", "");
    let done = running.end();
    done.says(3, &[]);
    let report = folder.report();
    let told = report.interrupted.as_deref().unwrap_or_default();
    assert!(told.contains("went into the background"), "{told}");
    assert!(told.contains("daemon off"), "{told}");
    // A busy machine is late, which is a warning.
    let fails = report.findings.iter().any(|of| of.fails());
    assert!(!fails, "{:#?}", report.findings);
    let server = number_in(&folder.path("pid"));
    until("the end of the server", || {
        (!is_alive(server)).then_some(())
    });
    no_process_is_left(&folder, zdr);
}

/// As tableflip does: the process that is signalled next is the one that serves then, and none is left behind. It may
/// leave its group and its environment: its port tells then.
#[test]
fn a_server_that_hands_its_port_over_is_followed() {
    for what in ["hands-over", "hands-over-and-leaves"] {
        let Some(toml) = at_hup(what) else {
            return;
        };
        let folder = Folder::new();
        let arguments =
            "--classes full --rate 5 --steady-ms 500 --rotations 3 --scenarios same-key --quiet";
        let arguments: Vec<_> = arguments.split(' ').collect();
        let running = folder.check(&toml, &arguments);
        let zdr = running.pid();
        running.end().says(0, &[]);
        assert_eq!(folder.report().rotations.len(), 3, "{what}");
        no_process_is_left(&folder, zdr);
    }
}

/// The one that took the port over ends: that is an end of the server.
#[test]
fn a_successor_that_ends_is_missed() {
    let Some(toml) = at_hup("hands-over-and-ends") else {
        return;
    };
    let folder = Folder::new();
    let arguments = "--classes full --rate 5 --steady-ms 500 --rotations 3 --no-scenarios --quiet";
    let arguments: Vec<_> = arguments.split(' ').collect();
    folder.check(&toml, &arguments).end().says(1, &[]);
    let findings = folder.report().findings;
    let has = |code| findings.iter().any(|of| of.code == code && of.fails());
    assert!(has(Code::Stopped), "{findings:#?}");
}

/// It leaves its group and forgets the mark in its environment, as nginx does: then its port tells.
#[test]
fn a_server_in_the_background_is_known_by_its_port() {
    let folder = Folder::new();
    let toml = format!(
        r#"
command = ["sh", "-c", '''setsid env -i "$0" "$@" 2> {{here}}/said & echo $! > {{here}}/pid
while ! grep -q listening {{here}}/said; do sleep 0.05; done''', {BROKEN:?}, "--certificate", "{{certificate}}", "--key", "{{key}}", "--roots", "{{roots}}", "--port", "{{port}}"]
[ready]
event = "listening"
"#
    );
    let done = folder.check(&toml, &[]).end();
    done.says(3, &["the server went into the background"]);
    let server = number_in(&folder.path("pid"));
    until("the end of the server", || {
        (!is_alive(server)).then_some(())
    });
}
