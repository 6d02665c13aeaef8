//! Dovecot: files that it cannot use, and clients.

use crate::bench::{Bench, Port, User};
use crate::capture::{Daemon, Scenes};
use crate::visits;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dovecot() {
    let Some(dovecot) = lab_test::peer::find("dovecot") else {
        return;
    };
    let bench = Bench::new();
    let user = User::named("dovecot");
    let mut scenes = Scenes::of("dovecot");
    let names = ["good", "mixed", "cut"];
    let ports = names.map(|_| Port::new());
    let mut daemons = Vec::new();
    for (name, port) in names.iter().zip(&ports) {
        let file = format!("{name}.conf");
        bench.write(&file, &bench.filled(&configuration(name, port)));
        bench.give(user);
        let mut command = bench.command(&dovecot);
        command.args(["-F", "-c"]).arg(bench.path(&file));
        let log = format!("{name}.log");
        let mut daemon = Daemon::start(&bench, user.runs(&mut command), &log);
        daemon.listens(port.number()).await;
        visits::wrong(&bench, port.number()).await;
        daemons.push(daemon);
    }
    for (name, daemon) in names.iter().zip(&daemons) {
        scenes.log(name, daemon.log());
    }
    scenes.check().await;
}

fn configuration(name: &str, port: &Port) -> String {
    let port = port.number();
    let user = match rustix::process::geteuid().is_root() {
        true => "dovecot".to_owned(),
        false => std::env::var("USER").unwrap_or_default(),
    };
    format!(
        "base_dir = @{name}-run@
state_dir = @{name}-state@
log_path = /dev/stderr
protocols = imap
default_internal_user = {user}
default_internal_group = {user}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:@mail@
ssl = required
ssl_cert = <@{name}.crt@
ssl_key = <@{name}.key@
ssl_ca = <@roots.pem@
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_require_client_cert = yes
verbose_ssl = yes
passdb {{
  driver = static
  args = password=none
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home=@mail@
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"
    )
}
