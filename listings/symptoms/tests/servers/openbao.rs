//! OpenBao, the open Vault: files that its listener does not take, its client, and an authority that refuses.

use serde_json::{Value, json};

use crate::bench::{Bench, Port};
use crate::capture::{Daemon, Scenes, run};
use crate::doors::Doors;
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openbao() {
    let Some(bao) = lab_test::peer::find("bao") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let port = Port::new();
    let mut scenes = Scenes::of("openbao");
    for files in ["mixed", "gone"] {
        let address = format!("127.0.0.1:{}", port.number());
        let configuration = json!({
            "storage": {"inmem": {}},
            "listener": {"tcp": {
                "address": address,
                "tls_cert_file": bench.at(&format!("{files}.crt")),
                "tls_key_file": bench.at(&format!("{files}.key")),
            }},
        });
        bench.write("bao.json", &configuration.to_string());
        let mut command = bench.command(&bao);
        command
            .arg("server")
            .arg("-config")
            .arg(bench.path("bao.json"));
        scenes.add(files, run(&mut command).await);
    }
    let mut client = bench.command(&bao);
    client
        .arg("status")
        .env(
            "BAO_ADDR",
            format!("https://localhost:{}", doors.port("expired")),
        )
        .env("BAO_CACERT", bench.path("roots.pem"))
        .env("BAO_MAX_RETRIES", "0");
    scenes.add("client", run(&mut client).await);

    let mut command = bench.command(&bao);
    let address = format!("-dev-listen-address=127.0.0.1:{}", port.number());
    command.args([
        "server",
        "-dev",
        "-dev-no-store-token",
        "-dev-root-token-id=root",
        &address,
    ]);
    let mut daemon = Daemon::start(&bench, &mut command, "bao.log");
    daemon.says("Root Token: root").await;
    for (path, body) in [
        ("sys/mounts/pki", json!({"type": "pki"})),
        (
            "pki/root/generate/internal",
            json!({"common_name": "Lab Root", "ttl": "1h"}),
        ),
        (
            "pki/roles/role",
            json!({"allowed_domains": "localhost", "allow_bare_domains": true}),
        ),
    ] {
        let answer = post(port.number(), path, &body).await;
        assert!(answer.starts_with("HTTP/1.1 20"), "{path}: {answer}");
    }
    for (scene, body) in [
        (
            "too long",
            json!({"common_name": "localhost", "ttl": "24h"}),
        ),
        (
            "other name",
            json!({"common_name": "other.example", "ttl": "1m"}),
        ),
    ] {
        scenes.add(scene, post(port.number(), "pki/issue/role", &body).await);
    }
    scenes.check().await;
}

async fn post(port: u16, path: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST /v1/{path} HTTP/1.1\r\nHost: localhost\r\nX-Vault-Token: root\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let answer = tokio::time::timeout(lab::BOUND, visits::say(port, request.as_bytes())).await;
    let answer = answer.unwrap_or_else(|_| panic!("waited for an answer to POST {path}"));
    answer.unwrap()
}
