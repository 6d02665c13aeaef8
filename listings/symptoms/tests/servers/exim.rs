//! Exim, which says what is wrong with its files when a client asks for TLS.

use crate::bench::{Bench, Port, User};
use crate::capture::{Daemon, Scenes, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exim() {
    let (Some(exim), Some(openssl)) = (
        lab_test::peer::find("exim4"),
        lab_test::peer::find("openssl"),
    ) else {
        return;
    };
    let bench = Bench::new();
    let user = User::named("Debian-exim");
    let mut scenes = Scenes::of("exim");
    let names = ["good", "mixed", "gone"];
    let ports = names.map(|_| Port::new());
    let mut daemons = Vec::new();
    for (name, port) in names.iter().zip(&ports) {
        let file = format!("{name}.conf");
        bench.write(&file, &bench.filled(&configuration(name)));
        bench.give(user);
        let mut command = bench.command(&exim);
        command
            .arg("-C")
            .arg(bench.path(&file))
            .arg("-bdf")
            .args(["-oX", &format!("127.0.0.1.{}", port.number()), "-oP"])
            .arg(bench.path(&format!("{name}.pid")));
        let log = format!("{name}.log");
        let mut daemon = Daemon::start(&bench, user.runs(&mut command), &log);
        daemon.listens(port.number()).await;
        daemons.push(daemon);
        let roots = if *name == "good" {
            "other-roots.pem"
        } else {
            "roots.pem"
        };
        let mut client = bench.command(&openssl);
        let address = format!("127.0.0.1:{}", port.number());
        client.args(["s_client", "-connect", &address, "-starttls", "smtp"]);
        client.args(["-verify_return_error", "-CAfile", roots]);
        let said = run(&mut client).await;
        drop(said);
    }
    scenes.log("good", &bench.path("good-mainlog"));
    scenes.log("mixed", &bench.path("mixed-mainlog"));
    scenes.log("gone", &bench.path("gone-mainlog"));
    scenes.check().await;
}

fn configuration(name: &str) -> String {
    format!(
        "primary_hostname = localhost
spool_directory = @spool@
log_file_path = @.@/{name}-%slog
keep_environment =
host_lookup =
helo_lookup_domains =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = @{name}.crt@
tls_privatekey = @{name}.key@
acl_smtp_rcpt = accept
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
"
    )
}
