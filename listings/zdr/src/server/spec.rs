//! A server to be judged, as a small TOML file tells it.
//!
//! Five lines are enough:
//!
//! ```toml
//! command = ["my-server", "--cert", "{certificate}", "--key", "{key}", "--port", "{port}"]
//! protocol = "http"
//! [reload]
//! signal = "HUP"
//! ```
//!
//! In every text, the words of [`placeholders`](crate::server::placeholders::WORDS) are replaced.
//! What a field's documentation says here is what `zdr help toml` and the book's reference say of the key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

pub use crate::server::keys::Keys;
pub use crate::server::values::signal_named;
use crate::server::values::{a_name, a_path, a_signal, another_name, is_nothing};

use crate::gate::level::Level;
use crate::gate::waiver::{Waiver, Written, waivers};

/// A server: how it is started, told to reload, and spoken to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What reports call it. Without it, they use the name of the TOML file.
    #[serde(default)]
    #[schemars(extend("toml" = r#"name = "my-server""#))]
    pub name: String,
    /// The program and its arguments. A program without a slash is looked for beside `zdr` first,
    /// then on the search path. Either this or `[attach]` has to be there.
    #[serde(default)]
    #[schemars(extend("toml" = r#"command = ["my-server", "--cert", "{certificate}", "--key", "{key}", "--port", "{port}"]"#))]
    pub command: Vec<String>,
    /// A command that prints the version, for `cargo benchmark`. If its program is missing, the server is
    /// taken to be missing, too.
    #[schemars(extend("toml" = r#"version = ["my-server", "--version"]"#))]
    pub version: Option<Vec<String>>,
    /// The address of a server that runs already, instead of a command.
    #[schemars(extend("toml" = r#"attach = { address = "localhost:8443", directory = "/etc/my-server/tls", ca = "ca" }"#))]
    pub attach: Option<Attach>,
    /// Commands that run to their end before the server is started.
    #[serde(default)]
    #[schemars(extend("toml" = r#"setup = [["go", "build", "-o", "{dir}/my-server", "."]]"#))]
    pub setup: Vec<Vec<String>>,
    /// The folder in which commands run. Without it, that is the folder of the TOML file.
    #[schemars(extend("toml" = r#"cwd = "{here}/..""#))]
    pub cwd: Option<String>,
    /// Files that are written before the server is started: its own configuration. As `[[file]]`, there can
    /// be several.
    #[serde(default, rename = "file")]
    #[schemars(extend("toml" = r#"file = [{ path = "{dir}/my.conf", text = "listen {port};" }]"#))]
    pub files: Vec<Config>,
    /// What is spoken over TLS.
    #[serde(default)]
    #[schemars(extend("toml" = r#"protocol = "any_http""#))]
    pub protocol: Protocol,
    /// A server of HTTP speaks HTTP/3, too, on the UDP port that has the number of `{port}`. Adds the classes
    /// `quic`, `http3` and, where connections survive that their client changes its address, `moving`.
    #[serde(default)]
    #[schemars(extend("toml" = r#"http3 = true"#))]
    pub http3: bool,
    /// The path of a large answer of an `any_http` server: downloads of it are in progress while the server
    /// rotates. It has to be 8 MB or more, since what fits into buffers is over before a rotation begins.
    /// Without it, there is no class `download`, and so no answer to whether a reload cuts long answers.
    #[serde(default, deserialize_with = "a_path")]
    #[schemars(extend("toml" = r#"download = "/large.iso""#))]
    pub download: Option<String>,
    /// The path that takes a long `POST`, of a server of HTTP: uploads are in progress while the server
    /// rotates. For a proxy before `{origin}`, that is `/upload`. Without it, there is no class `upload`.
    #[serde(default, deserialize_with = "a_path")]
    #[schemars(extend("toml" = r#"upload = "/upload""#))]
    pub upload: Option<String>,
    /// The path of a WebSocket that echoes, of a server of HTTP: one is open while the server rotates. For
    /// a proxy before `{origin}`, that is `/echo`. Without it, no conversation of HTTP crosses a rotation.
    #[serde(default, deserialize_with = "a_path")]
    #[schemars(extend("toml" = r#"websocket = "/echo""#))]
    pub websocket: Option<String>,
    /// A server of HTTP has the health service of gRPC (`grpc.health.v1.Health`): a stream of it, `Watch`, is open
    /// while the server rotates, and `Check` is called beside it. A proxy before `{origin}` can pass them on, by
    /// HTTP/2 without TLS. Adds the class `grpc`.
    #[serde(default)]
    #[schemars(extend("toml" = r#"grpc = true"#))]
    pub grpc: bool,
    /// The name in the certificates that the server is given, which clients ask for. Without it, that is
    /// `localhost`.
    #[serde(default, deserialize_with = "another_name")]
    #[schemars(extend("toml" = r#"server_name = "www.example.org""#))]
    pub server_name: Option<String>,
    /// Another name, whose certificate is in `{other_certificate}` and `{other_key}` and is never
    /// renewed: clients that ask for it must be shown nothing else.
    #[serde(default, deserialize_with = "another_name")]
    #[schemars(extend("toml" = r#"other_name = "mail.example.org""#))]
    pub other_name: Option<String>,
    /// The user that the server runs as, with all that is started for it: for one that refuses to run as
    /// root. Its files are made that user's before it is notified; a server that follows its files may
    /// see them a moment earlier. Only root can say this.
    #[schemars(extend("toml" = r#"user = "www-data""#))]
    pub user: Option<String>,
    /// The kind of key in the certificates that the server is given.
    #[serde(default)]
    #[schemars(extend("toml" = r#"keys = "rsa""#))]
    pub keys: Keys,
    /// The kind of key in a second certificate of the same name, in `{second_certificate}` and
    /// `{second_key}`, which is renewed with the first. Each client takes one kind alone: those of the class
    /// `second` this one, all others the first.
    #[schemars(extend("toml" = r#"second_keys = "rsa""#))]
    pub second_keys: Option<Keys>,
    /// One file for chain and key, or two.
    #[serde(default)]
    #[schemars(extend("toml" = r#"layout = "bundle""#))]
    pub layout: Layout,
    /// The server lets in only clients whose certificate leads to one of `{client_roots}`. Adds the class
    /// `mutual` and three scenarios.
    #[serde(default)]
    #[schemars(extend("toml" = r#"client_auth = true"#))]
    pub client_auth: bool,
    /// What `{mutual}` stands for when `zdr check --mutual` lets the server ask its clients for certificates.
    /// Otherwise `{mutual}` stands for nothing. A server that always asks has `client_auth` instead.
    #[schemars(extend("toml" = r#"mutual = "--client-ca={client_roots}""#))]
    pub mutual: Option<String>,
    /// When the server is ready.
    #[serde(default)]
    #[schemars(extend("toml" = r#"ready = { within_ms = 60000 }"#))]
    pub ready: Ready,
    /// How the server learns of new files. Without it, the server has to find out by itself.
    #[serde(default, deserialize_with = "one_way")]
    #[schemars(extend("toml" = r#"reload = { signal = "HUP" }"#))]
    pub reload: Reload,
    /// What is asked of the server.
    #[serde(default)]
    #[schemars(extend("toml" = r#"limits = { reload_within_ms = 90000 }"#))]
    pub limits: Limits,
    /// How much a verdict requires: `"rotation"`, `"faults"` or `"all"`, which is the default. `--require`
    /// of the command line goes before it.
    #[schemars(extend("toml" = r#"require = "rotation""#))]
    pub require: Option<Level>,
    /// Failures to live with for a while, by the name of their scenario: `[allow.expired]`, with
    /// `because`, `until`, and `findings` where it is not those by which that scenario is failed.
    #[serde(default, deserialize_with = "waivers")]
    #[schemars(
        with = "BTreeMap<String, Written>",
        extend("toml" = r#"allow = { expired = { because = "never written here", until = 2027-03-01 } }"#)
    )]
    pub allow: Vec<Waiver>,
    /// The folder of the TOML file.
    #[serde(skip)]
    pub here: PathBuf,
}

/// A server that runs already.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    /// Host and port of the server.
    #[schemars(extend("toml" = r#"address = "localhost:8443""#))]
    pub address: String,
    /// The name that its certificate bears.
    #[serde(default = "localhost", deserialize_with = "a_name")]
    #[schemars(extend("toml" = r#"server_name = "my.example""#))]
    pub server_name: String,
    /// The folder from which the server reads its files. They are replaced there: `tls.crt`, `tls.key` and
    /// `ca.crt`. This path, and the others, begin at the folder of the TOML file.
    #[schemars(extend("toml" = r#"directory = "/etc/my-server/tls""#))]
    pub directory: PathBuf,
    /// The folder of a CA that `zdr ca` has made, and which the server's clients trust.
    #[schemars(extend("toml" = r#"ca = "ca""#))]
    pub ca: PathBuf,
    /// The file to which the server writes the events of the book's contract. What it claims is compared with
    /// what clients were shown.
    #[schemars(extend("toml" = r#"log = "/var/log/my-server.log""#))]
    pub log: Option<PathBuf>,
    /// The number of the server's process, for signals and for its memory.
    #[schemars(extend("toml" = r#"pid = 4711"#))]
    pub pid: Option<i32>,
}

pub(super) fn localhost() -> String {
    "localhost".into()
}

/// A file of the server's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The path of the file.
    #[schemars(extend("toml" = r#"path = "{dir}/my.conf""#))]
    pub path: String,
    /// Its content.
    #[schemars(extend("toml" = r#"text = "listen {port};""#))]
    pub text: String,
}

/// What is spoken over TLS.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP whose `GET /bytes/N` is answered with N bytes: 0 to 250, over and over. That is what the files in
    /// `{www}` hold, below `bytes/`, and what `{origin}` answers.
    #[default]
    Http,
    /// HTTP whose answers are anything. Clients ask for `/`, which has to be answered below 500; `download`
    /// names a long answer.
    AnyHttp,
    /// The protocol of the book's first servers (`lab::wire`), which is not HTTP.
    Lab,
    /// PostgreSQL, which is asked for TLS by an `SSLRequest`. Clients come in as `postgres` to the
    /// database of that name, without a password. They ask `select 1`, and hold transactions.
    Postgresql,
    /// Redis or Valkey over TLS. Clients ask `PING`, and hold commands back with `MULTI`.
    Redis,
    /// SMTP with STARTTLS. Clients say `NOOP`, and hold a mail with recipients `zdr@localhost`, which
    /// they never send. With `client_auth`, a client is let in whose recipient is taken.
    Smtp,
    /// IMAP with STARTTLS. Clients say `NOOP`, and hold the mailbox of the user `zdr` open, whose
    /// password is `zdr`. With `client_auth`, a client is let in whose login is.
    Imap,
}

impl Protocol {
    /// Whether it is HTTP.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::AnyHttp)
    }

    /// Whether it is one of those that have no pages: one command after the other.
    pub fn is_dialogue(self) -> bool {
        !self.is_http() && self != Self::Lab
    }
}

/// How chain and key lie on disk.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Two files.
    #[default]
    Pair,
    /// `{certificate}` and `{key}` are one file.
    Bundle,
}

/// When a server is ready.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// An event that the server logs on stderr, as a line of JSON whose field `port` says where it listens.
    /// Without it, the server is ready when it accepts a connection on `{port}`.
    #[schemars(extend("toml" = r#"event = "listening""#))]
    pub event: Option<String>,
    /// How long it may take until then, in milliseconds.
    #[serde(default = "half_a_minute")]
    #[schemars(extend("toml" = r#"within_ms = 60000"#))]
    pub within_ms: u64,
}

fn half_a_minute() -> u64 {
    30_000
}

impl Default for Ready {
    fn default() -> Self {
        Self {
            event: None,
            within_ms: half_a_minute(),
        }
    }
}

/// How a server is told to reload. At most one of them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// A signal to the process of `command`: `HUP`, `USR1` or `USR2`.
    #[serde(default, deserialize_with = "a_signal")]
    #[schemars(extend("toml" = r#"signal = "HUP""#))]
    pub signal: Option<String>,
    /// A command, run to its end.
    #[schemars(extend("toml" = r#"command = ["my-server", "reload"]"#))]
    pub command: Option<Vec<String>>,
    /// Lines that are sent to a Unix socket, one after the other.
    #[schemars(extend("toml" = r#"socket = { path = "{dir}/my.sock", send = ["reload"] }"#))]
    pub socket: Option<Socket>,
    /// The server is ended by SIGTERM and started anew.
    #[serde(default)]
    #[schemars(extend("toml" = r#"restart = true"#))]
    pub restart: bool,
    /// A signal that makes the server give up removed trust anchors at once, if it would otherwise wait until
    /// no connection depends on them: `HUP`, `USR1` or `USR2`. It may stand beside any of the others.
    #[serde(default, deserialize_with = "a_signal")]
    #[schemars(extend("toml" = r#"force = "USR1""#))]
    pub force: Option<String>,
}

impl Reload {
    /// In words, for a report.
    pub fn words(&self) -> String {
        match self {
            Self {
                signal: Some(signal),
                ..
            } => format!("by the signal {signal}"),
            Self {
                command: Some(command),
                ..
            } => format!("by `{}`", command.join(" ")),
            Self {
                socket: Some(socket),
                ..
            } => format!("over the socket {}", socket.path),
            Self { restart: true, .. } => "by a restart".into(),
            _ => "it follows its files".into(),
        }
    }
}

/// Lines for a Unix socket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// The path of the socket.
    #[schemars(extend("toml" = r#"path = "{dir}/my.sock""#))]
    pub path: String,
    /// What is sent, each line over a connection of its own. `{pem}` is chain and key.
    #[schemars(extend("toml" = r#"send = ["set certificate <<\n{pem}", "commit"]"#))]
    pub send: Vec<String>,
    /// What each answer has to contain, to count as a success.
    #[serde(default)]
    #[schemars(extend("toml" = r#"expect = ["ok", "done"]"#))]
    pub expect: Vec<String>,
}

/// What is asked of a server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How long the server may take until every new handshake shows the new certificate, in milliseconds. It
    /// counts from the moment at which the files are there and the server is told.
    #[serde(default = "ten_seconds")]
    #[schemars(extend("toml" = r#"reload_within_ms = 90000"#))]
    pub reload_within_ms: u64,
    /// For how long the old and the new certificate may be shown side by side, in milliseconds.
    #[serde(default = "one_second")]
    #[schemars(extend("toml" = r#"overlap_ms = 5000"#))]
    pub overlap_ms: u64,
}

fn ten_seconds() -> u64 {
    10_000
}

fn one_second() -> u64 {
    1_000
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reload_within_ms: ten_seconds(),
            overlap_ms: one_second(),
        }
    }
}

impl Spec {
    /// The name in the certificates that it is given.
    pub fn served_name(&self) -> &str {
        self.server_name.as_deref().unwrap_or("localhost")
    }

    /// Whether a word occurs in it.
    pub fn mentions(&self, word: &str) -> bool {
        let commands = self.setup.iter().flatten().chain(&self.command);
        let files = self.files.iter().flat_map(|file| [&file.path, &file.text]);
        let texts = commands.chain(files).chain(&self.cwd);
        texts.into_iter().any(|text| text.contains(word))
    }

    /// The same server, asking clients for certificates. `None` where it cannot.
    pub fn asking_clients(&self) -> Option<Self> {
        if self.client_auth {
            return Some(self.clone());
        }
        self.mutual.as_ref().filter(|_| self.attach.is_none())?;
        Some(Self {
            name: format!("{}, mutual", self.name),
            client_auth: true,
            ..self.clone()
        })
    }
}

/// Here, and not when all is read, so that the mistake has a line.
fn one_way<'de, D: Deserializer<'de>>(from: D) -> Result<Reload, D::Error> {
    let reload = Reload::deserialize(from)?;
    let ways = [
        reload.signal.is_some(),
        reload.command.is_some(),
        reload.socket.is_some(),
        reload.restart,
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err(D::Error::custom("more than one way to reload"));
    }
    if reload.command.as_deref().is_some_and(is_nothing) {
        return Err(D::Error::custom(
            "the command is empty: it names no program",
        ));
    }
    Ok(reload)
}
