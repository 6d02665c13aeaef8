//! Python's `ssl`, and `requests` above it.

use serde_json::json;

use crate::bench::Bench;
use crate::capture::{Scenes, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let mut cases = Vec::new();
    for door in [
        "expired",
        "future",
        "other-name",
        "foreign",
        "self-signed",
        "mutual",
        "old-protocol",
        "refusing",
        "plain",
        "closing",
        "reset",
    ] {
        let port = doors.port(door);
        cases.push(json!({"scene": door, "do": "connect", "port": port, "roots": "roots.pem"}));
    }
    for (scene, do_what, roots, identity, door) in [
        ("rooted", "connect", "other-roots.pem", None, "rooted"),
        (
            "client expired",
            "connect",
            "roots.pem",
            Some("expired"),
            "mutual",
        ),
        (
            "client foreign",
            "connect",
            "roots.pem",
            Some("foreign"),
            "mutual",
        ),
        ("mixed", "load", "roots.pem", Some("mixed"), "good"),
        ("cut", "load", "roots.pem", Some("cut"), "good"),
        ("gone", "load", "roots.pem", Some("gone"), "good"),
        (
            "unreadable",
            "load",
            "roots.pem",
            Some("unreadable"),
            "good",
        ),
        ("no roots", "load", "empty.crt", None, "good"),
        ("requests", "requests", "roots.pem", None, "expired"),
        ("requests foreign", "requests", "roots.pem", None, "foreign"),
        ("requests name", "requests", "roots.pem", None, "other-name"),
        ("requests none", "requests", "roots.pem", None, "none"),
    ] {
        let port = doors.port(door);
        let mut case = json!({"scene": scene, "do": do_what, "port": port, "roots": roots});
        if let Some(identity) = identity {
            case["identity"] = identity.into();
        }
        cases.push(case);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/clients.py");
    let mut command = bench.bound(&python);
    command.arg(script).arg(json!(cases).to_string());
    let mut scenes = Scenes::of("python");
    scenes.add_each(&run(&mut command).await);
    scenes.check().await;
}
