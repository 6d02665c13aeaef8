//! curl at wrong servers, and with wrong files of its own.

use crate::bench::Bench;
use crate::capture::{Scenes, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl() {
    let Some(curl) = lab_test::peer::find("curl") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let mut scenes = Scenes::of("curl");
    for (scene, door, more) in [
        ("expired", "expired", ""),
        ("future", "future", ""),
        ("other-name", "other-name", ""),
        ("foreign", "foreign", ""),
        ("self-signed", "self-signed", ""),
        ("rooted", "rooted", "--cacert other-roots.pem"),
        ("client-only", "client-only", ""),
        ("mutual", "mutual", ""),
        (
            "client expired",
            "mutual",
            "--cert expired.crt --key expired.key",
        ),
        (
            "client foreign",
            "mutual",
            "--cert foreign.crt --key foreign.key",
        ),
        ("mixed", "mutual", "--cert mixed.crt --key mixed.key"),
        ("no client file", "mutual", "--cert gone.crt --key gone.key"),
        ("no roots", "good", "--cacert gone.pem"),
        ("revoked", "revoked", "--crlfile crl.pem"),
        ("old-protocol", "old-protocol", ""),
        ("refusing", "refusing", ""),
        ("plain", "plain", ""),
        ("closing", "closing", ""),
        ("reset", "reset", ""),
        ("unheard", "unheard", ""),
        ("none", "none", ""),
        ("half", "half", ""),
        ("goaway", "goaway", "--http2"),
    ] {
        let port = doors.port(door);
        let mut command = bench.command(&curl);
        command
            .args([
                "-q",
                "-sS",
                "-o",
                "/dev/null",
                "--http1.1",
                "--cacert",
                "roots.pem",
            ])
            .args(["--resolve", &format!("localhost:{port}:127.0.0.1")])
            .args(more.split_whitespace())
            .arg(format!("https://localhost:{port}/"));
        scenes.add(scene, run(&mut command).await);
    }
    scenes.check().await;
}
