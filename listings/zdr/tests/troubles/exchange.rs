//! A protocol that zdr does not know, and that the description tells of.

use std::fs;

use zdr::attempt::{Class, FailureKind};
use zdr::report::{Code, Evidence, Finding};

use super::{Folder, ONE_ROTATION};

/// The bundled server, of which zdr is told as of any protocol: with this option, and these lines in the description.
fn told(option: &str, lines: &str) -> String {
    let command = "command = [\"broken\", \"--certificate\", \"{certificate}\", \"--key\", \"{key}\", \"--roots\", \
                   \"{roots}\", \"--port\", \"{port}\"";
    format!(
        "{command}, \"{option}\"]\nprotocol = \"tls\"\n{lines}\n[ready]\nevent = \"listening\"\n"
    )
}

const REDIS: &str = "--unusual=redis";

const PING: &str = "exchange = { ask = { send = \"PING\\r\\n\", expect = \"+PONG\" } }";

/// With few clients, and patient ones: a busy machine is no reason to find something.
fn few() -> Vec<&'static str> {
    let few = [
        "--rate",
        "10",
        "--patience-ms",
        "20000",
        "--steady-ms",
        "300",
    ];
    [&ONE_ROTATION[..], &few, &["--classes", "full,pooled,held"]].concat()
}

#[test]
fn a_sound_server_passes_with_and_without_requests() {
    for (lines, asked) in [
        (PING, "  answers   what `[exchange]` tells, and `PING`\n"),
        ("", "  answers   a handshake, and no request: "),
    ] {
        let folder = Folder::new();
        let done = folder.check(&told(REDIS, lines), &few()).end();
        done.says(0, &[asked]);
        let told = done.out.contains("what is answered (`[exchange]` tells");
        assert_eq!(told, lines.is_empty(), "{}", done.out);
    }
}

#[test]
fn connections_that_a_reload_ends_are_lost() {
    // What is left of an answer is passed over.
    let get = "exchange = { alpn = [\"http/1.1\"], ask = { send = \"GET /bytes/1 HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n\", \
               expect = \"HTTP/1.1 200\" } }";
    for lines in [get, ""] {
        let folder = Folder::new();
        let toml = told("--defect=restart", lines);
        let done = folder.check(&toml, &few()).end();
        done.says(1, &[]);
        assert!(done.out.contains("held: "), "{}", done.out);
    }
}

/// As gRPC's own servers are: they speak HTTP/2, and no HTTP/1.1.
#[test]
fn streams_of_grpc_are_judged_where_nothing_else_is_asked() {
    let lines = "exchange = { alpn = [\"h2\"] }\ngrpc = true";
    let options = [&few()[..few().len() - 1], &["full,grpc"]].concat();
    for (option, code) in [("--unusual=grpc", 0), ("--defect=ends-grpc-streams", 1)] {
        let folder = Folder::new();
        let done = folder.check(&told(option, lines), &options).end();
        done.says(code, &["  clients   full, grpc\n"]);
        assert_eq!(done.out.contains("grpc: "), code == 1, "{}", done.out);
    }
}

#[test]
fn an_answer_that_is_not_expected_is_shown() {
    let folder = Folder::idle();
    let wrong = PING.replace("+PONG", "PENG");
    let patience = ["--patience-ms", "1000", "--quiet"];
    let options = [&ONE_ROTATION[..], &patience].concat();
    let done = folder.check(&told(REDIS, &wrong), &options).end();
    done.says(
        3,
        &[
            "nothing within 1s of what is expected; last came `+PONG`",
            "check `[exchange]`",
        ],
    );
}

/// Dovecot gives its clients some seconds. Conversations of four seconds are over by then.
#[test]
fn connections_that_are_ended_some_seconds_after_a_reload_are_lost() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers/ends_later.py");
    let toml = format!(
        "command = [{python:?}, {server:?}, \"6\", \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
         protocol = \"tls\"\n{PING}\n[reload]\nsignal = \"HUP\"\n"
    );
    let arguments = [
        "--rotations",
        "7",
        "--interval-ms",
        "1000",
        "--steady-ms",
        "500",
        "--rate",
        "5",
        "--patience-ms",
        "20000",
        "--no-scenarios",
        "--classes",
        "full,held",
    ];
    let folder = Folder::new();
    let done = folder.check(&toml, &arguments).end();
    done.says(1, &[]);
    let report = folder.report();
    let mut seen = report.findings.iter().flat_map(|of| &of.evidence);
    let is_held = |of: &Evidence| of.class == Class::Held && of.kind == FailureKind::Interrupted;
    assert!(seen.any(is_held), "{}", done.out);
    assert!(done.out.contains("Clients came for "), "{}", done.out);
}

/// Long after the last client of the load, and while it is looked whether it ends conversations at an age of its own.
#[test]
fn a_certificate_that_comes_back_some_seconds_after_a_reload_is_seen() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers/comes_back.py");
    let toml = format!(
        "command = [{python:?}, {server:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
         protocol = \"redis\"\n[reload]\nsignal = \"HUP\"\n"
    );
    let arguments = [
        "--rotations",
        "1",
        "--interval-ms",
        "100",
        "--steady-ms",
        "1600",
        "--rate",
        "5",
        "--patience-ms",
        "20000",
        "--no-scenarios",
        "--classes",
        "full,held",
    ];
    let folder = Folder::new();
    let done = folder.check(&toml, &arguments).end();
    done.says(1, &["held: the server ended conversations"]);
    let report = folder.report();
    let back = |of: &Finding| of.code == Code::WentBack;
    assert!(report.findings.iter().any(back), "{}", done.out);
}

/// MQTT's brokers end the connection of a client when another one comes with its name.
#[test]
fn a_server_that_keeps_no_connection_is_no_fault_of_its_reload() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let server = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/strangers/ends_others.py"
    );
    for what in ["once", "one-name"] {
        let folder = Folder::new();
        let toml = format!(
            "command = [{python:?}, {server:?}, {what:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
             protocol = \"tls\"\n{PING}\n[reload]\nrestart = true\n"
        );
        let done = folder.check(&toml, &ONE_ROTATION).end();
        done.says(
            3,
            &["it ends a connection that clients keep", "--classes full"],
        );
    }
}

/// Nothing is known of it: it answers each line with the line.
#[test]
fn a_protocol_that_is_not_found_is_judged_by_handshakes() {
    if lab_test::peer::find("openssl").is_none() {
        return;
    }
    let folder = Folder::new();
    let command = "openssl s_server -accept 127.0.0.1:{port} -cert {certificate} -key {key} -cert_chain {certificate} \
                   -rev -quiet";
    let init = folder.run(&[
        "init",
        "--command",
        command,
        "--reload",
        "restart",
        "--patience-ms",
        "2000",
    ]);
    init.says(0, &[]);
    let toml = fs::read_to_string(folder.path("my-server.toml")).unwrap();
    assert!(
        toml.contains("\nprotocol = \"tls\"\n# What its clients say."),
        "{toml}"
    );
    assert!(toml.contains("So handshakes are judged"), "{toml}");
}

/// Its time-out is no matter of its reload.
#[test]
fn a_server_that_ends_silent_connections_is_not_failed_for_it() {
    let Some(toml) = super::at_hup("impatient") else {
        return;
    };
    let toml = toml.replace("any_http", "tls");
    let folder = Folder::new();
    let few = [
        "--rate",
        "10",
        "--patience-ms",
        "20000",
        "--steady-ms",
        "1500",
    ];
    let done = folder
        .check(&toml, &[&ONE_ROTATION[..], &few].concat())
        .end();
    done.says(0, &["it soon ends a connection over which nothing is said"]);
}
