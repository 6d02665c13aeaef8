//! Caddy, and with it Go's `crypto/tls` in a server: bad files, clients, servers behind it, and a reload that is
//! refused.

use serde_json::{Value, json};

use crate::bench::{Bench, Port};
use crate::capture::{Daemon, Scenes, run};
use crate::doors::Doors;
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy() {
    let Some(caddy) = lab_test::peer::find("caddy") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let (admin, mutual, proxy) = (Port::new(), Port::new(), Port::new());
    let mut scenes = Scenes::of("caddy");
    let config = |certificate: &str, key: &str| {
        configuration(&bench, &doors, [&admin, &mutual, &proxy], certificate, key)
    };
    for (scene, certificate, key) in [
        ("gone", "gone.crt", "good.key"),
        ("empty", "empty.crt", "good.key"),
        ("swapped", "swapped.crt", "swapped.key"),
        ("mixed", "mixed.crt", "mixed.key"),
        ("cut-key", "good.crt", "cut-key.key"),
        ("unreadable", "good.crt", "unreadable.key"),
    ] {
        bench.write("caddy.json", &config(certificate, key).to_string());
        let mut command = bench.bound(&caddy);
        command
            .args(["validate", "--config"])
            .arg(bench.path("caddy.json"));
        scenes.add(scene, run(&mut command).await);
    }

    bench.write("running.json", &config("good.crt", "good.key").to_string());
    let mut command = bench.command(&caddy);
    command
        .args(["run", "--config"])
        .arg(bench.path("running.json"));
    let mut daemon = Daemon::start(&bench, &mut command, "caddy.log");
    daemon.listens(mutual.number()).await;
    daemon.listens(proxy.number()).await;
    visits::wrong(&bench, mutual.number()).await;
    for path in ["/expired", "/closing"] {
        visits::http(proxy.number(), path).await;
    }
    bench.write("next.json", &config("mixed.crt", "mixed.key").to_string());
    let mut reload = bench.command(&caddy);
    reload
        .args(["reload", "--config"])
        .arg(bench.path("next.json"));
    scenes.add("reload", run(&mut reload).await);
    scenes.log("log", daemon.log());
    scenes.check().await;
}

fn configuration(
    bench: &Bench,
    doors: &Doors,
    ports: [&Port; 3],
    certificate: &str,
    key: &str,
) -> Value {
    let [admin, mutual, proxy] = ports.map(|port| format!("127.0.0.1:{}", port.number()));
    let roots = bench.at("roots.pem");
    let behind = ["expired", "closing"].map(|door| {
        json!({
            "match": [{"path": [format!("/{door}")]}],
            "handle": [{
                "handler": "reverse_proxy",
                "upstreams": [{"dial": format!("127.0.0.1:{}", doors.port(door))}],
                "transport": {"protocol": "http", "tls": {
                    "server_name": "localhost",
                    "ca": {"provider": "file", "pem_files": [roots]},
                }},
            }],
        })
    });
    json!({
        "admin": {"listen": admin, "config": {"persist": false}},
        "logging": {"logs": {"default": {"level": "DEBUG"}}},
        "storage": {"module": "file_system", "root": bench.at("storage")},
        "apps": {
            "tls": {
                "certificates": {"load_files": [{"certificate": bench.at(certificate), "key": bench.at(key)}]},
                "disable_ocsp_stapling": true,
            },
            "http": {"servers": {
                "mutual": {
                    "listen": [mutual],
                    "protocols": ["h1"],
                    "automatic_https": {"disable": true},
                    "tls_connection_policies": [{"client_authentication": {
                        "mode": "require_and_verify",
                        "ca": {"provider": "file", "pem_files": [roots]},
                    }}],
                },
                "proxy": {
                    "listen": [proxy],
                    "automatic_https": {"disable": true},
                    "routes": behind,
                },
            }},
        },
    })
}
