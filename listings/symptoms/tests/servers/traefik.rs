//! Traefik: bad files beside good ones, clients, and servers behind it.

use crate::bench::{Bench, Port};
use crate::capture::{Daemon, LOOK, Scenes};
use crate::doors::Doors;
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traefik() {
    let Some(traefik) = lab_test::peer::find("traefik") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let (mutual, proxy) = (Port::new(), Port::new());
    bench.write("dynamic.yml", &bench.filled(&configuration(&doors)));
    let mut command = bench.bound(&traefik);
    command
        .args([
            "--global.checkNewVersion=false",
            "--global.sendAnonymousUsage=false",
        ])
        .args(["--log.noColor=true", "--log.level=DEBUG"])
        .arg(format!(
            "--entryPoints.tls.address=127.0.0.1:{}",
            mutual.number()
        ))
        .arg(format!(
            "--entryPoints.web.address=127.0.0.1:{}",
            proxy.number()
        ))
        .arg(format!(
            "--providers.file.filename={}",
            bench.at("dynamic.yml")
        ));
    let mut daemon = Daemon::start(&bench, &mut command, "traefik.log");
    daemon.listens(mutual.number()).await;
    daemon.listens(proxy.number()).await;
    // It listens before it has read what to serve.
    let configured = async {
        while !visits::http(proxy.number(), "/expired")
            .await
            .contains(" 500 ")
        {
            tokio::time::sleep(LOOK).await;
        }
    };
    let waited = tokio::time::timeout(lab::BOUND, configured).await;
    waited.expect("waited for Traefik to ask the server behind it");
    for path in ["/closing", "/unheard"] {
        visits::http(proxy.number(), path).await;
    }
    visits::wrong(&bench, mutual.number()).await;
    let mut scenes = Scenes::of("traefik");
    scenes.log("log", daemon.log());
    scenes.check().await;
}

fn configuration(doors: &Doors) -> String {
    let mut routers = String::new();
    let mut services = String::new();
    for door in ["expired", "closing", "unheard"] {
        let port = doors.port(door);
        routers += &format!(
            "    {door}: {{ entryPoints: [web], rule: 'PathPrefix(`/{door}`)', service: {door} }}\n"
        );
        services += &format!(
            "    {door}: {{ loadBalancer: {{ serversTransport: verified, servers: [{{ url: 'https://127.0.0.1:{port}' }}] }} }}\n"
        );
    }
    let mut certificates = String::new();
    for name in ["mixed", "gone", "cut", "cut-key", "unreadable", "good"] {
        certificates += &format!("    - {{ certFile: '@{name}.crt@', keyFile: '@{name}.key@' }}\n");
    }
    format!(
        "http:
  routers:
{routers}    tls: {{ entryPoints: [tls], rule: 'PathPrefix(`/`)', service: expired, tls: {{}} }}
  services:
{services}
  serversTransports:
    verified: {{ serverName: localhost, rootCAs: ['@roots.pem@'] }}
tls:
  options:
    default: {{ clientAuth: {{ caFiles: ['@roots.pem@'], clientAuthType: RequireAndVerifyClientCert }} }}
  certificates:
{certificates}"
    )
}
