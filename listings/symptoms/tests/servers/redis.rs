//! Redis: files that it does not start with, files that it is told to change to, clients, and its own client.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::bench::{Bench, Port};
use crate::capture::{Daemon, Scenes, run};
use crate::doors::Doors;
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let Some(redis) = lab_test::peer::find("redis-server") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let port = Port::new();
    let mut scenes = Scenes::of("redis");
    for (scene, certificate, key) in [
        ("gone", "gone.crt", "good.key"),
        ("mixed", "mixed.crt", "mixed.key"),
        ("cut", "cut.crt", "cut.key"),
        ("unreadable", "good.crt", "unreadable.key"),
    ] {
        bench.write(
            "redis.conf",
            &bench.filled(&configuration(&port, certificate, key)),
        );
        let mut command = bench.bound(&redis);
        scenes.add(scene, run(command.arg(bench.path("redis.conf"))).await);
    }
    bench.write(
        "redis.conf",
        &bench.filled(&configuration(&port, "good.crt", "good.key")),
    );
    let mut command = bench.command(&redis);
    let mut daemon = Daemon::start(&bench, command.arg(bench.path("redis.conf")), "redis.log");
    daemon.listens(port.number()).await;
    visits::wrong(&bench, port.number()).await;
    scenes.add("set", set_certificate(&bench));
    let Some(cli) = lab_test::peer::find("redis-cli") else {
        return;
    };
    let there = doors.port("expired").to_string();
    let mut command = bench.command(&cli);
    command.args(["-h", "127.0.0.1", "-p", &there]);
    command.args(["--tls", "--cacert", "roots.pem", "ping"]);
    scenes.add("cli expired", run(&mut command).await);
    scenes.log("log", daemon.log());
    scenes.check().await;
}

fn configuration(port: &Port, certificate: &str, key: &str) -> String {
    let port = port.number();
    format!(
        "port 0
bind 127.0.0.1
tls-port {port}
unixsocket @redis.sock@
dir @.@
save \"\"
tls-cert-file @{certificate}@
tls-key-file @{key}@
tls-ca-cert-file @roots.pem@
tls-auth-clients yes
"
    )
}

/// Tells the running server to change to files that do not belong together.
fn set_certificate(bench: &Bench) -> String {
    let mut socket = UnixStream::connect(bench.path("redis.sock")).unwrap();
    socket.set_read_timeout(Some(lab::BOUND)).unwrap();
    let (certificate, key) = (bench.at("mixed.crt"), bench.at("mixed.key"));
    let command = format!("CONFIG SET tls-cert-file {certificate} tls-key-file {key}\r\nQUIT\r\n");
    socket.write_all(command.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}
