//! PostgreSQL's server: files that it does not start with, a reload that finds them, and clients.

use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::bench::{Bench, Port, User};
use crate::capture::{Daemon, Scenes, run};

struct Server {
    bench: Bench,
    postgres: PathBuf,
    port: Port,
    user: User,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql() {
    let Some(postgres) = lab_test::peer::find("postgres") else {
        return;
    };
    let server = Server {
        bench: Bench::new(),
        postgres: postgres.canonicalize().unwrap(),
        port: Port::new(),
        user: User::named("postgres"),
    };
    let bench = &server.bench;
    bench.give(server.user);
    let initdb = server.postgres.with_file_name("initdb");
    let mut command = bench.command(initdb);
    command
        .args([
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--no-locale",
            "--encoding=UTF8",
            "-D",
        ])
        .arg(bench.path("data"));
    let made = run(server.user.runs(&mut command)).await;
    assert!(made.contains("Success"), "{made}");

    let mut scenes = Scenes::of("postgresql");
    for (scene, certificate, key) in [
        ("gone", "gone.crt", "good.key"),
        ("mixed", "mixed.crt", "mixed.key"),
        ("cut-key", "good.crt", "cut-key.key"),
        ("shown", "good.crt", "shown.key"),
    ] {
        let shown = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::copy(bench.path("good.key"), bench.path("shown.key")).unwrap();
        std::fs::set_permissions(bench.path("shown.key"), shown).unwrap();
        bench.give(server.user);
        scenes.add(scene, run(&mut server.command(certificate, key)).await);
    }
    server.runs(scenes).await;
}

impl Server {
    fn command(&self, certificate: &str, key: &str) -> Command {
        let mut command = self.bench.command(&self.postgres);
        command.arg("-D").arg(self.bench.path("data"));
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port.number()),
            "unix_socket_directories=".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", self.bench.at(certificate)),
            format!("ssl_key_file={}", self.bench.at(key)),
            format!("ssl_ca_file={}", self.bench.at("roots.pem")),
            "fsync=off".to_owned(),
            "shared_buffers=1MB".to_owned(),
            "max_connections=5".to_owned(),
        ] {
            command.args(["-c", &setting]);
        }
        self.user.runs(&mut command);
        command
    }

    /// Clients that it refuses, and a reload that it refuses.
    async fn runs(&self, mut scenes: Scenes) {
        let psql = self.postgres.with_file_name("psql");
        let rule = "hostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n";
        std::fs::write(self.bench.path("data").join("pg_hba.conf"), rule).unwrap();
        let mut command = self.command("good.crt", "good.key");
        let mut daemon = Daemon::start(&self.bench, &mut command, "postgres.log");
        daemon.says("ready to accept connections").await;
        for more in [
            "",
            "sslcert=expired.crt sslkey=expired.key",
            "sslmode=verify-ca sslrootcert=other-roots.pem",
        ] {
            let port = self.port.number();
            let connection = format!(
                "host=127.0.0.1 port={port} user=postgres dbname=postgres gssencmode=disable sslmode=require {more}"
            );
            let mut command = self.bench.command(&psql);
            command.args(["-X", "-w", "-c", "select 1", &connection]);
            // What the server says of it is what is looked for.
            run(self.user.runs(&mut command)).await;
        }
        std::fs::copy(self.bench.path("next.key"), self.bench.path("good.key")).unwrap();
        daemon.signal(Signal::HUP);
        scenes.log("log", daemon.log());
        scenes.check().await;
    }
}
