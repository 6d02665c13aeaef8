//! HAProxy: its check of the configuration, its clients, the servers behind it, and its socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::bench::{Bench, Port};
use crate::capture::{Daemon, Scenes, run};
use crate::doors::Doors;
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy() {
    let Some(haproxy) = lab_test::peer::find("haproxy") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let port = Port::new();
    let mut scenes = Scenes::of("haproxy");
    for (scene, certificate, more) in [
        ("gone", "gone.pem", ""),
        ("empty", "empty.crt", ""),
        ("cut", "cut.crt", ""),
        ("mixed", "mixed.pem", ""),
        ("cut-key", "cut-key.pem", ""),
        ("keyless", "keyless.pem", ""),
        ("unreadable", "unreadable.pem", ""),
        ("no-roots", "good.pem", "ca-file @gone.pem@ verify required"),
        ("ticket-keys", "good.pem", "tls-ticket-keys @good.crt@"),
    ] {
        bench.write(
            "haproxy.cfg",
            &bench.filled(&configuration(&port, certificate, more, "")),
        );
        let mut command = bench.bound(&haproxy);
        command.args(["-c", "-f"]).arg(bench.path("haproxy.cfg"));
        scenes.add(scene, run(&mut command).await);
    }

    let mut servers = String::new();
    for door in [
        "expired",
        "foreign",
        "other-name",
        "plain",
        "closing",
        "unheard",
    ] {
        let port = doors.port(door);
        servers += &format!(
            "    server {door} 127.0.0.1:{port} ssl verify required ca-file @roots.pem@ sni str(localhost) check check-sni localhost verifyhost localhost\n"
        );
    }
    let asks = "ca-file @roots.pem@ verify required";
    bench.write(
        "running.cfg",
        &bench.filled(&configuration(&port, "good.pem", asks, &servers)),
    );
    let mut command = bench.command(&haproxy);
    command.args(["-db", "-f"]).arg(bench.path("running.cfg"));
    let mut daemon = Daemon::start(&bench, &mut command, "haproxy.log");
    daemon.listens(port.number()).await;
    visits::wrong(&bench, port.number()).await;
    scenes.add("set mixed", set_certificate(&bench, "mixed.pem"));
    scenes.log("log", daemon.log());
    scenes.check().await;
}

fn configuration(port: &Port, certificate: &str, more: &str, servers: &str) -> String {
    let port = port.number();
    format!(
        "global
    log fd@2 format raw daemon
    stats socket @haproxy.sock@ level admin
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend tls
    bind 127.0.0.1:{port} ssl crt @{certificate}@ {more}
    default_backend origin
backend origin
{servers}"
    )
}

/// Gives the running process other files over its socket (management.txt, section 9.3).
fn set_certificate(bench: &Bench, files: &str) -> String {
    let pem = std::fs::read_to_string(bench.path(files)).unwrap();
    let certificate = bench.at("good.pem");
    let said = [
        format!("set ssl cert {certificate} <<\n{pem}\n"),
        format!("commit ssl cert {certificate}\n"),
    ];
    let mut answers = String::new();
    for command in said {
        let mut socket = UnixStream::connect(bench.path("haproxy.sock")).unwrap();
        socket.set_read_timeout(Some(lab::BOUND)).unwrap();
        socket.write_all(command.as_bytes()).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        socket.read_to_string(&mut answers).unwrap();
    }
    answers
}
