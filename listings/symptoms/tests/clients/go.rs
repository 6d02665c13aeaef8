//! Go's HTTP client, in the program `go` itself: it asks a proxy for modules, and the proxy is wrong.

use crate::bench::Bench;
use crate::capture::{Scenes, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go() {
    let Some(go) = lab_test::peer::find("go") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let mut scenes = Scenes::of("go");
    for (door, host) in [
        ("expired", "localhost"),
        ("future", "localhost"),
        ("other-name", "localhost"),
        ("other-name", "127.0.0.1"),
        ("foreign", "localhost"),
        ("client-only", "localhost"),
        ("nameless", "localhost"),
        ("mutual", "localhost"),
        ("old-protocol", "localhost"),
        ("refusing", "localhost"),
        ("plain", "localhost"),
        ("closing", "localhost"),
        ("reset", "127.0.0.1"),
        ("unheard", "127.0.0.1"),
        ("half", "localhost"),
        ("goaway", "localhost"),
    ] {
        let proxy = format!("https://{host}:{}", doors.port(door));
        let mut command = bench.command(&go);
        command
            .args(["list", "-m", "example.test/module@v1.0.0"])
            .env("GOPROXY", proxy)
            .env("GOPATH", bench.path("go"))
            .env("SSL_CERT_FILE", bench.path("roots.pem"))
            .envs([
                ("GOENV", "off"),
                ("GOFLAGS", "-modcacherw"),
                ("GONOSUMDB", "*"),
            ])
            .envs([
                ("GOTOOLCHAIN", "local"),
                ("GOTELEMETRY", "off"),
                ("GO111MODULE", "on"),
            ]);
        let scene = match host {
            "127.0.0.1" if door == "other-name" => "address",
            _ => door,
        };
        scenes.add(scene, run(&mut command).await);
    }
    scenes.check().await;
}
