//! Node.js: `https`, `tls` and `fetch`.

use serde_json::json;

use crate::bench::Bench;
use crate::capture::{Scenes, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let mut cases = Vec::new();
    for (scene, do_what, roots, identity, door) in [
        ("expired", "connect", "roots.pem", None, "expired"),
        ("future", "connect", "roots.pem", None, "future"),
        ("other-name", "connect", "roots.pem", None, "other-name"),
        ("bare", "connect", "roots.pem", None, "bare"),
        ("foreign", "connect", "roots.pem", None, "foreign"),
        ("self-signed", "connect", "roots.pem", None, "self-signed"),
        ("rooted", "connect", "other-roots.pem", None, "rooted"),
        ("mutual", "connect", "roots.pem", None, "mutual"),
        (
            "client expired",
            "connect",
            "roots.pem",
            Some("expired"),
            "mutual",
        ),
        ("old-protocol", "connect", "roots.pem", None, "old-protocol"),
        ("refusing", "connect", "roots.pem", None, "refusing"),
        ("plain", "connect", "roots.pem", None, "plain"),
        ("closing", "connect", "roots.pem", None, "closing"),
        ("reset", "connect", "roots.pem", None, "reset"),
        ("none", "connect", "roots.pem", None, "none"),
        ("mixed", "load", "roots.pem", Some("mixed"), "good"),
        ("cut", "load", "roots.pem", Some("cut"), "good"),
        ("fetch", "fetch", "roots.pem", None, "expired"),
        ("goaway", "again", "roots.pem", None, "goaway"),
    ] {
        let port = doors.port(door);
        let mut case = json!({"scene": scene, "do": do_what, "port": port, "roots": roots});
        if let Some(identity) = identity {
            case["identity"] = identity.into();
        }
        cases.push(case);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/clients.mjs");
    let mut command = bench.command(node);
    command
        .env("NO_COLOR", "1")
        .env("NODE_EXTRA_CA_CERTS", bench.path("roots.pem"));
    command.arg(script).arg(json!(cases).to_string());
    let mut scenes = Scenes::of("node");
    scenes.add_each(&run(&mut command).await);
    scenes.check().await;
}
