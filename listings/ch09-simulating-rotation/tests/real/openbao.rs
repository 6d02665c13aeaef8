//! OpenBao: its PKI engine issues to its agent, which has logged in by AppRole and renders
//! templates to a shared folder. The servers of the book follow that folder.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use lab::BOUND;
use lab::agent::Files;
use lab::child::Child;
use lab::log::want;
use notify::event::{EventKind, ModifyKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use super::http;
use super::served::{self, Served};

/// In memory, unsealed, and reached by a socket in a directory of the test.
struct Bao {
    program: PathBuf,
    home: PathBuf,
    _server: Child,
}

impl Bao {
    async fn start(program: PathBuf, home: &Path) -> Self {
        let config = home.join("server.hcl");
        let socket = home.join("socket");
        let listener = format!(
            "listener \"unix\" {{ address = \"{}\" }}\n",
            socket.display()
        );
        fs::write(&config, listener).unwrap();
        let arguments = [
            "server".to_owned(),
            "-dev".into(),
            "-dev-root-token-id=root".into(),
            "-dev-no-store-token".into(),
            // The one that is not asked for cannot be left out.
            "-dev-listen-address=127.0.0.1:0".into(),
            format!("-config={}", config.display()),
        ];
        let server = Child::spawn(&program, arguments, |_| ()).unwrap();
        let bao = Self {
            program,
            home: home.to_owned(),
            _server: server,
        };
        let ready = async {
            while bao
                .try_api("GET", "sys/health", Value::Null)
                .await
                .is_none()
            {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(BOUND, ready)
            .await
            .expect("OpenBao does not answer");
        bao
    }

    /// What the server answers, or nothing where it does not listen yet, or is sealed.
    async fn try_api(&self, method: &str, path: &str, body: Value) -> Option<Value> {
        let stream = UnixStream::connect(self.home.join("socket")).await.ok()?;
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/{path}"))
            .header("host", "localhost")
            .header("x-vault-token", "root")
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let response = http::send(stream, request).await.ok()?;
        let status = response.status();
        let text = http::text(response).await;
        status
            .is_success()
            .then(|| serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn api(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.try_api(method, path, body).await;
        answer.unwrap_or_else(|| panic!("OpenBao refuses {method} {path}"))
    }

    /// A root, a role for `localhost`, and an AppRole that may ask for its leaves and nothing else.
    async fn set_up(&self) -> String {
        self.api("POST", "sys/mounts/pki", json!({"type": "pki"}))
            .await;
        let root =
            json!({"common_name": "Lab Root", "ttl": "24h", "key_type": "ec", "key_bits": 256});
        let root = self.api("POST", "pki/root/generate/internal", root).await;
        let role = json!({
            "allowed_domains": "localhost",
            "allow_bare_domains": true,
            "key_type": "ec",
            "key_bits": 256,
            "not_before_duration": "1s",
        });
        self.api("POST", "pki/roles/service", role).await;
        let policy = r#"path "pki/issue/service" { capabilities = ["update"] }"#;
        self.api(
            "POST",
            "sys/policies/acl/service",
            json!({"policy": policy}),
        )
        .await;
        self.api("POST", "sys/auth/approle", json!({"type": "approle"}))
            .await;
        let role = json!({"token_policies": "service"});
        self.api("POST", "auth/approle/role/service", role).await;
        let id = self
            .api("GET", "auth/approle/role/service/role-id", Value::Null)
            .await;
        let secret = self
            .api("POST", "auth/approle/role/service/secret-id", json!({}))
            .await;
        private(
            &self.home.join("role"),
            id["data"]["role_id"].as_str().unwrap(),
        );
        private(
            &self.home.join("secret"),
            secret["data"]["secret_id"].as_str().unwrap(),
        );
        root["data"]["certificate"].as_str().unwrap().to_owned() + "\n"
    }

    /// The agent: certificate and key, each by a template of its own. Both name the same request,
    /// so both render the same answer. Leaves of four seconds stand for those of a day.
    fn agent(&self, site: &Path) -> Child {
        let (home, site) = (self.home.display(), site.display());
        let issue = r#""pki/issue/service" "common_name=localhost" "ttl=4s""#;
        let config = format!(
            r#"
vault {{ address = "unix://{home}/socket" }}
auto_auth {{
  method "approle" {{
    config = {{
      role_id_file_path = "{home}/role"
      secret_id_file_path = "{home}/secret"
      remove_secret_id_file_after_reading = false
    }}
  }}
}}
template {{
  destination = "{site}/tls.crt"
  contents = <<T
{{{{ with secret {issue} }}}}{{{{ .Data.certificate }}}}
{{{{ .Data.issuing_ca }}}}{{{{ end }}}}
T
}}
template {{
  destination = "{site}/tls.key"
  perms = "0600"
  contents = <<T
{{{{ with secret {issue} }}}}{{{{ .Data.private_key }}}}{{{{ end }}}}
T
}}
"#
        );
        let path = self.home.join("agent.hcl");
        fs::write(&path, config).unwrap();
        // The address is said here, too: one in the environment would win over the file's.
        let arguments = [
            "agent".to_owned(),
            format!("-config={}", path.display()),
            format!("-address=unix://{home}/socket"),
        ];
        Child::spawn(&self.program, arguments, |_| ()).unwrap()
    }
}

fn private(path: &Path, text: &str) {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Waits until the agent has written both.
async fn written(files: &Files) {
    let there = async {
        while !(files.certificate.exists() && files.key.exists()) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, there)
        .await
        .expect("the agent does not write");
}

/// What is renamed to in a folder, in order, for as long as the watcher lives.
fn follow_renames(site: &Path) -> (mpsc::Receiver<PathBuf>, RecommendedWatcher) {
    let (renamed, renames) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::To)) {
            // The test may be over.
            let _ = renamed.send(event.paths[0].clone());
        }
    })
    .unwrap();
    watcher.watch(site, RecursiveMode::NonRecursive).unwrap();
    (renames, watcher)
}

/// `Writer::VaultAgent` says: a rename for each file, the certificate before the key.
fn assert_renamed_in_order(renames: &mpsc::Receiver<PathBuf>, site: &Path) {
    let order: Vec<_> = renames
        .try_iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| name == "tls.crt" || name == "tls.key")
        .collect();
    assert!(order.len() >= 4, "{order:?}");
    let whole = order
        .chunks_exact(2)
        .all(|pair| pair == ["tls.crt", "tls.key"]);
    assert!(whole, "{order:?}");
    let mode = |name: &str| fs::metadata(site.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("tls.crt"), mode("tls.key")), (0o644, 0o600));
}

fn assert_rejected_nothing_else(served: &Served) {
    let log = served.server.log();
    served.nobody_else_was_let_down();
    // Torn it is at each rotation; and the agent, which waits for nine tenths of a lifetime of
    // whole seconds, can be too late with leaves as short as these. Anything else is not.
    for reason in [
        "chain_broken",
        "name_lost",
        "malformed",
        "truncated",
        "missing",
    ] {
        log.assert_none(&want("identity_rejected").with("reason", reason));
    }
    log.assert_no_key_bytes([]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_agent_rotates_our_servers() {
    let Some(program) = lab_test::peer::find("bao") else {
        return;
    };
    let directory = lab::directory().unwrap();
    let go = served::go(directory.path());
    let bao = Bao::start(program, directory.path()).await;
    let root = bao.set_up().await;
    let site = directory.path().join("site");
    fs::create_dir(&site).unwrap();
    fs::write(site.join("ca.crt"), root).unwrap();
    let files = Files {
        certificate: site.join("tls.crt"),
        key: site.join("tls.key"),
        roots: site.join("ca.crt"),
    };

    let (renames, _watching) = follow_renames(&site);
    let agent = bao.agent(&site);
    written(&files).await;
    let quick = ["--poll-ms", "20"];
    let mut all = vec![Served::start(served::ours(), &files, "localhost", &[]).await];
    for twin in [go, served::python()].into_iter().flatten() {
        all.push(Served::start(twin, &files, "localhost", &quick).await);
    }
    for served in &all {
        let first = served.server.log().all(&want("identity_loaded"))[0].text("serial");
        assert_ne!(Some(served.loaded(2).await), first);
    }

    // The agent dies. What it has written last goes on being served.
    agent.signal(Signal::KILL).unwrap();
    agent.wait(BOUND).await.unwrap();
    let mut before = Vec::new();
    for served in &all {
        let generations = served.generations();
        let last = served.loaded(generations).await;
        before.push((generations, last));
    }

    // It comes back, and rotation goes on.
    let _agent = bao.agent(&site);
    for (served, (generations, last)) in all.iter().zip(&before) {
        assert_ne!(&served.loaded(generations + 1).await, last);
    }
    all.iter().for_each(assert_rejected_nothing_else);

    assert_renamed_in_order(&renames, &site);
}
