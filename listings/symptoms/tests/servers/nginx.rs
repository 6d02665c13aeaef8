//! nginx: its check of the configuration, its clients, and the servers that it asks.

use crate::bench::{Bench, Port};
use crate::capture::{Daemon, Scenes, run};
use crate::doors::Doors;
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx() {
    let Some(nginx) = lab_test::peer::find("nginx") else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let (mutual, proxy) = (Port::new(), Port::new());
    let mut scenes = Scenes::of("nginx");
    let asks = "ssl_client_certificate @roots.pem@; ssl_verify_client on; ssl_verify_depth 3;";
    for (scene, certificate, key) in [
        ("gone", "gone.crt", "good.key"),
        ("empty", "empty.crt", "good.key"),
        ("cut", "cut.crt", "good.key"),
        ("mixed", "mixed.crt", "mixed.key"),
        ("cut-key", "good.crt", "cut-key.key"),
        ("no-key", "good.crt", "empty.crt"),
        ("unreadable", "good.crt", "unreadable.key"),
    ] {
        let server = server(&mutual, certificate, key, "");
        bench.write("nginx.conf", &bench.filled(&configuration(&server)));
        let mut command = bench.bound(&nginx);
        command
            .args(["-t", "-e", "stderr", "-c"])
            .arg(bench.path("nginx.conf"));
        scenes.add(scene, run(&mut command).await);
    }

    let keys = "ssl_session_ticket_key @good.crt@;";
    let ticket_keys = server(&mutual, "good.crt", "good.key", keys);
    bench.write("nginx.conf", &bench.filled(&configuration(&ticket_keys)));
    let mut command = bench.command(&nginx);
    command
        .args(["-t", "-e", "stderr", "-c"])
        .arg(bench.path("nginx.conf"));
    scenes.add("ticket-key", run(&mut command).await);

    let behind = behind(&doors, &proxy);
    let server = server(&mutual, "good.crt", "good.key", asks);
    let running = configuration(&format!("{server}\n{behind}"));
    bench.write("running.conf", &bench.filled(&running));
    let mut command = bench.command(&nginx);
    command
        .args(["-e", "stderr", "-c"])
        .arg(bench.path("running.conf"));
    let mut daemon = Daemon::start(&bench, &mut command, "nginx.log");
    daemon.listens(mutual.number()).await;
    daemon.listens(proxy.number()).await;
    visits::wrong(&bench, mutual.number()).await;
    scenes.add(
        "answer",
        visits::tls(&bench, mutual.number(), None, "roots.pem")
            .await
            .unwrap(),
    );
    for path in [
        "/expired",
        "/other-name",
        "/foreign",
        "/closing",
        "/unheard",
        "/mutual",
    ] {
        visits::http(proxy.number(), path).await;
    }
    // A reload that finds files that do not belong together.
    std::fs::copy(bench.path("next.key"), bench.path("good.key")).unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    scenes.log("log", daemon.log());
    scenes.check().await;
}

fn configuration(servers: &str) -> String {
    format!(
        "daemon off; user root; pid @nginx.pid@; error_log stderr info; worker_processes 1;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path @body@; proxy_temp_path @proxy@; fastcgi_temp_path @fastcgi@;
            uwsgi_temp_path @uwsgi@; scgi_temp_path @scgi@;
            {servers}
        }}"
    )
}

fn server(port: &Port, certificate: &str, key: &str, more: &str) -> String {
    let port = port.number();
    format!(
        "server {{
            listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.2 TLSv1.3;
            ssl_certificate @{certificate}@; ssl_certificate_key @{key}@; {more}
        }}"
    )
}

/// A server that asks others.
fn behind(doors: &Doors, port: &Port) -> String {
    let mut locations = String::new();
    for door in [
        "expired",
        "other-name",
        "foreign",
        "closing",
        "unheard",
        "mutual",
    ] {
        let port = doors.port(door);
        locations += &format!("location /{door} {{ proxy_pass https://127.0.0.1:{port}/; }}\n");
    }
    let port = port.number();
    format!(
        "server {{
            listen 127.0.0.1:{port};
            proxy_ssl_verify on; proxy_ssl_verify_depth 3; proxy_ssl_trusted_certificate @roots.pem@;
            proxy_ssl_server_name on; proxy_ssl_name localhost;
            {locations}
        }}"
    )
}
