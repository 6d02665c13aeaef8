//! Apache httpd: its check of the configuration, its clients, and a server behind it.

use crate::bench::{Bench, Port, User};
use crate::capture::{Daemon, Scenes, run};
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn httpd() {
    let Some(apache) = lab_test::peer::find("apache2") else {
        return;
    };
    let bench = Bench::new();
    let port = Port::new();
    let user = User::named("www-data");
    let mut scenes = Scenes::of("httpd");
    for (scene, certificate, key) in [
        ("gone", "gone.crt", "good.key"),
        ("cut", "cut.crt", "good.key"),
        ("mixed", "mixed.crt", "mixed.key"),
        ("cut-key", "good.crt", "cut-key.key"),
        ("unreadable", "good.crt", "unreadable.key"),
    ] {
        bench.write(
            "httpd.conf",
            &bench.filled(&configuration(&port, certificate, key, "")),
        );
        bench.give(user);
        let mut command = bench.command(&apache);
        command
            .args(["-D", "FOREGROUND", "-f"])
            .arg(bench.path("httpd.conf"));
        let _ = std::fs::remove_file(bench.path("error.log"));
        let mut said = run(user.runs(&mut command)).await;
        said += &std::fs::read_to_string(bench.path("error.log")).unwrap_or_default();
        scenes.add(scene, said);
    }

    let asks = "SSLVerifyClient require\nSSLVerifyDepth 3\nSSLCACertificateFile @roots.pem@";
    bench.write(
        "httpd.conf",
        &bench.filled(&configuration(&port, "good.crt", "good.key", asks)),
    );
    bench.give(user);
    let mut command = bench.command(&apache);
    command
        .args(["-D", "FOREGROUND", "-f"])
        .arg(bench.path("httpd.conf"));
    let mut daemon = Daemon::start(&bench, user.runs(&mut command), "stderr.log");
    daemon.listens(port.number()).await;
    visits::wrong(&bench, port.number()).await;
    scenes.log("log", &bench.path("error.log"));
    scenes.check().await;
}

fn configuration(port: &Port, certificate: &str, key: &str, more: &str) -> String {
    let port = port.number();
    format!(
        "ServerRoot @.@
DefaultRuntimeDir @.@
PidFile @httpd.pid@
ErrorLog @error.log@
LogLevel info ssl:info
ServerName localhost
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
StartServers 1
Listen 127.0.0.1:{port}
SSLEngine on
SSLCertificateFile @{certificate}@
SSLCertificateKeyFile @{key}@
{more}
DocumentRoot @.@
"
    )
}
