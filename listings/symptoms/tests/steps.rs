//! The commands that the page gives to begin with: each runs, and says something, on sound files.

use std::process::Stdio;

use crate::bench::Bench;
use crate::capture::{index, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_first_step_runs() {
    let (Some(_), Some(_)) = (
        lab_test::peer::find("openssl"),
        lab_test::peer::find("curl"),
    ) else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    for (name, from) in [
        ("tls.crt", "good.crt"),
        ("tls.key", "good.key"),
        ("client.crt", "good.crt"),
        ("client.key", "good.key"),
    ] {
        std::fs::copy(bench.path(from), bench.path(name)).unwrap();
    }
    let mut wrong = Vec::new();
    for step in &index().steps {
        // The server that asks for a certificate also answers without one, as far as OpenSSL shows it.
        let door = if step.command.contains("client.crt") {
            "mutual"
        } else {
            "good"
        };
        let address = format!("localhost:{}", doors.port(door));
        let line = step
            .command
            .replace("HOST:443", &address)
            .replace("HOST", "localhost");
        let mut command = bench.command("sh");
        command
            .args(["-c", &format!("set -e; {line}; echo ended well")])
            .stdin(Stdio::null());
        let said = run(&mut command).await;
        let told = said.strip_suffix("ended well\n").unwrap_or_default();
        if told.trim().is_empty() {
            wrong.push(format!("{}: {line}\n{said}", step.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
