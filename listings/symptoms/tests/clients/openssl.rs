//! OpenSSL's program: `s_client` at wrong servers, `verify` on wrong chains, and files that are torn.

use std::path::Path;

use crate::bench::Bench;
use crate::capture::{Scenes, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl() {
    let Some(openssl) = lab_test::peer::find("openssl") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let mut scenes = Scenes::of("openssl");
    for (door, roots) in [
        ("expired", "roots.pem"),
        ("future", "roots.pem"),
        ("other-name", "roots.pem"),
        ("bare", "roots.pem"),
        ("foreign", "roots.pem"),
        ("self-signed", "roots.pem"),
        ("rooted", "other-roots.pem"),
        ("mutual", "roots.pem"),
        ("old-protocol", "roots.pem"),
        ("refusing", "roots.pem"),
        ("plain", "roots.pem"),
        ("closing", "roots.pem"),
    ] {
        let port = doors.port(door);
        // The alert comes after the handshake: it is waited for.
        let more = if door == "mutual" { " -ign_eof" } else { "" };
        let line = format!(
            "s_client -connect 127.0.0.1:{port} -servername localhost -verify_hostname localhost -CAfile {roots}{more}"
        );
        scenes.add(door, said(&bench, &openssl, &line).await);
    }
    for (scene, line) in [
        (
            "verify",
            "verify -CAfile roots.pem -untrusted expired.crt expired.crt",
        ),
        (
            "verify authority",
            "verify -CAfile old-roots.pem -untrusted old-authority.crt old-authority.crt",
        ),
        (
            "verify revoked",
            "verify -crl_check -CRLfile crl.pem -CAfile roots.pem -untrusted revoked.crt revoked.crt",
        ),
        (
            "verify without list",
            "verify -crl_check -CAfile roots.pem -untrusted good.crt good.crt",
        ),
        (
            "verify old list",
            "verify -crl_check -CRLfile old-crl.pem -CAfile roots.pem -untrusted good.crt good.crt",
        ),
        (
            "verify purpose",
            "verify -purpose sslserver -CAfile roots.pem -untrusted client-only.crt client-only.crt",
        ),
        ("cut", "x509 -noout -in cut.crt"),
        ("cut key", "pkey -noout -in cut-key.key"),
        (
            "mixed",
            "s_server -accept 127.0.0.1:0 -cert mixed.crt -key mixed.key",
        ),
    ] {
        scenes.add(scene, said(&bench, &openssl, line).await);
    }
    scenes.check().await;
}

async fn said(bench: &Bench, openssl: &Path, line: &str) -> String {
    run(bench.command(openssl).args(line.split(' '))).await
}
