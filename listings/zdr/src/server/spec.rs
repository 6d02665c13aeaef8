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

use crate::server::exchange::Exchange;
pub use crate::server::keys::Keys;
use crate::server::lines::in_shell;
use crate::server::values::{
    a_file, a_name, a_path, a_signal, an_address, another_name, is_nothing, places,
};
pub use crate::server::values::{host_and_port, signal_named};

use crate::gate::level::Level;
use crate::gate::waiver::{Waiver, Written, waivers};

/// A server: how to start it, how to notify it of new files, and which protocol it speaks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The server's name in reports. Without it, they use the name of the TOML file.
    #[serde(default)]
    #[schemars(extend("toml" = r#"name = "my-server""#))]
    pub name: String,
    /// The program and its arguments. A program without a slash is looked for beside `zdr` first,
    /// then on the search path. The file needs either this key or `[attach]`.
    #[serde(default)]
    #[schemars(extend("toml" = r#"command = ["my-server", "--cert", "{certificate}", "--key", "{key}", "--port", "{port}"]"#))]
    pub command: Vec<String>,
    /// A command that prints the server's version, for `cargo benchmark`. If its program is missing, the server
    /// counts as missing, too.
    #[schemars(extend("toml" = r#"version = ["my-server", "--version"]"#))]
    pub version: Option<Vec<String>>,
    /// The address of a server that is already running, instead of a command.
    #[schemars(extend("toml" = r#"attach = { address = "localhost:8443", directory = "/etc/my-server/tls", ca = "ca" }"#))]
    pub attach: Option<Attach>,
    /// Commands that run to their end before the server is started.
    #[serde(default)]
    #[schemars(extend("toml" = r#"setup = [["go", "build", "-o", "{dir}/my-server", "."]]"#))]
    pub setup: Vec<Vec<String>>,
    /// The folder in which commands run. Without it, that is the folder of the TOML file.
    #[schemars(extend("toml" = r#"cwd = "{here}/..""#))]
    pub cwd: Option<String>,
    /// Files that are written before the server is started, such as its configuration. Written as `[[file]]`,
    /// there can be several.
    #[serde(default, rename = "file")]
    #[schemars(extend("toml" = r#"file = [{ path = "{dir}/my.conf", text = "listen {port};" }]"#))]
    pub files: Vec<Config>,
    /// The protocol that is spoken over TLS.
    #[serde(default)]
    #[schemars(extend("toml" = r#"protocol = "any_http""#))]
    pub protocol: Protocol,
    /// What clients say, if `protocol` is `"tls"`.
    #[serde(default)]
    #[schemars(extend("toml" = r#"exchange = { ask = { send = "PING\r\n", expect = "PONG" } }"#))]
    pub exchange: Option<Exchange>,
    /// The HTTP server also speaks HTTP/3, on the UDP port with the same number as `{port}`. Adds the classes
    /// `quic` and `http3`, and also `moving` if connections survive a change of the client's address.
    #[serde(default)]
    #[schemars(extend("toml" = r#"http3 = true"#))]
    pub http3: bool,
    /// The path of a large answer of an `any_http` server. Clients download it while the server rotates, over
    /// HTTP/1.1 and over HTTP/2. It has to be 8 MB or more: a smaller answer fits into buffers, and is over before a
    /// rotation begins. Without this key there is no class `download`, so the report cannot say whether a reload cuts
    /// long answers.
    #[serde(default, deserialize_with = "a_path")]
    #[schemars(extend("toml" = r#"download = "/large.iso""#))]
    pub download: Option<String>,
    /// The path at which an HTTP server takes a long `POST`. Clients upload to it while the server rotates.
    /// For a proxy in front of `{origin}`, it is `/upload`. Without this key there is no class `upload`.
    #[serde(default, deserialize_with = "a_path")]
    #[schemars(extend("toml" = r#"upload = "/upload""#))]
    pub upload: Option<String>,
    /// The path at which an HTTP server echoes what a WebSocket sends. One is open while the server rotates.
    /// For a proxy in front of `{origin}`, it is `/echo`. Without this key, no WebSocket is open during a rotation.
    #[serde(default, deserialize_with = "a_path")]
    #[schemars(extend("toml" = r#"websocket = "/echo""#))]
    pub websocket: Option<String>,
    /// The HTTP server offers the health service of gRPC (`grpc.health.v1.Health`). Its stream `Watch` is open
    /// while the server rotates, and `Check` is called beside it. A proxy can pass both on to `{origin}`, over
    /// HTTP/2 without TLS. Adds the class `grpc`.
    #[serde(default)]
    #[schemars(extend("toml" = r#"grpc = true"#))]
    pub grpc: bool,
    /// The name that clients ask for, and for which the server's certificates are issued. Without it, that is
    /// `localhost`.
    #[serde(default, deserialize_with = "another_name")]
    #[schemars(extend("toml" = r#"server_name = "www.example.org""#))]
    pub server_name: Option<String>,
    /// Another name of the server. Its certificate is in `{other_certificate}` and `{other_key}`, and is never
    /// renewed: clients that ask for this name must always be shown that certificate.
    #[serde(default, deserialize_with = "another_name")]
    #[schemars(extend("toml" = r#"other_name = "mail.example.org""#))]
    pub other_name: Option<String>,
    /// The user that runs the server and everything that is started for it, if the server refuses to run as
    /// root. New files are given to this user before the server is notified; a server that follows its files
    /// may see them a moment earlier. Only root can use this key.
    #[schemars(extend("toml" = r#"user = "www-data""#))]
    pub user: Option<String>,
    /// The kind of key in the certificates that are issued for the server.
    #[serde(default)]
    #[schemars(extend("toml" = r#"keys = "rsa""#))]
    pub keys: Keys,
    /// The kind of key in a second certificate for the same name, in `{second_certificate}` and
    /// `{second_key}`, which is renewed together with the first. Each client accepts only one kind of key:
    /// clients of the class `second` accept this one, all others the first.
    #[schemars(extend("toml" = r#"second_keys = "rsa""#))]
    pub second_keys: Option<Keys>,
    /// Whether chain and key are in one file or in two.
    #[serde(default)]
    #[schemars(extend("toml" = r#"layout = "bundle""#))]
    pub layout: Layout,
    /// The server accepts only clients whose certificate leads to one of `{client_roots}`. Adds the class
    /// `mutual` and three scenarios.
    #[serde(default)]
    #[schemars(extend("toml" = r#"client_auth = true"#))]
    pub client_auth: bool,
    /// What replaces `{mutual}` under `zdr check --mutual`, to make the server ask its clients for certificates.
    /// Without that option, `{mutual}` is replaced by nothing. For a server that always asks, set `client_auth`
    /// instead.
    #[schemars(extend("toml" = r#"mutual = "--client-ca={client_roots}""#))]
    pub mutual: Option<String>,
    /// How zdr knows that the server is ready.
    #[serde(default)]
    #[schemars(extend("toml" = r#"ready = { within_ms = 60000 }"#))]
    pub ready: Ready,
    /// How the server learns of new files. Without it, the server has to notice them by itself.
    #[serde(default, deserialize_with = "one_way")]
    #[schemars(extend("toml" = r#"reload = { signal = "HUP" }"#))]
    pub reload: Reload,
    /// How long a reload may take.
    #[serde(default)]
    #[schemars(extend("toml" = r#"limits = { reload_within_ms = 90000 }"#))]
    pub limits: Limits,
    /// What a verdict requires: `"rotation"`, `"faults"` or `"all"`, which is the default. `--require` on the
    /// command line overrides it.
    #[schemars(extend("toml" = r#"require = "rotation""#))]
    pub require: Option<Level>,
    /// Failures that are accepted until a certain day, by the name of their scenario: `[allow.expired]` needs
    /// `because` and `until`, and takes `findings`.
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

/// A server that is already running.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    /// Host and port of the server.
    #[serde(deserialize_with = "an_address")]
    #[schemars(extend("toml" = r#"address = "localhost:8443""#))]
    pub address: String,
    /// The name for which its certificate is issued.
    #[serde(default = "localhost", deserialize_with = "a_name")]
    #[schemars(extend("toml" = r#"server_name = "my.example""#))]
    pub server_name: String,
    /// The folder from which the server reads its files. zdr replaces `tls.crt`, `tls.key` and `ca.crt` there.
    /// This path and the other ones are relative to the folder of the TOML file.
    #[schemars(extend("toml" = r#"directory = "/etc/my-server/tls""#))]
    pub directory: PathBuf,
    /// The folder of a CA that `zdr ca` has made, and that the server's clients trust.
    #[schemars(extend("toml" = r#"ca = "ca""#))]
    pub ca: PathBuf,
    /// The file to which the server writes the events of the book's contract. zdr compares what it claims with
    /// what clients were shown.
    #[schemars(extend("toml" = r#"log = "/var/log/my-server.log""#))]
    pub log: Option<PathBuf>,
    /// The server's process number (PID): signals go there, and its memory is measured.
    #[schemars(extend("toml" = r#"pid = 4711"#))]
    pub pid: Option<i32>,
}

pub(super) fn localhost() -> String {
    "localhost".into()
}

/// A file that is written before the server is started.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The path of the file. It begins with `{dir}/`, the temporary folder of each run, or is an absolute one.
    #[serde(deserialize_with = "a_file")]
    #[schemars(extend("toml" = r#"path = "{dir}/my.conf""#))]
    pub path: String,
    /// Its content.
    #[schemars(extend("toml" = r#"text = "listen {port};""#))]
    pub text: String,
}

/// The protocol that is spoken over TLS.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP, if the server answers `GET /bytes/N` with N bytes: 0 to 250, over and over. The files in `{www}`,
    /// below `bytes/`, hold these bytes, and `{origin}` answers with them.
    #[default]
    Http,
    /// HTTP with any answers. Clients ask for `/`, which has to be answered with a status below 500; `download`
    /// names a long answer.
    AnyHttp,
    /// The protocol of the book's first chapters (`lab::wire`), which is not HTTP.
    Lab,
    /// PostgreSQL, which starts TLS after an `SSLRequest`. Clients log in as `postgres` to the database of
    /// that name, without a password. They send `select 1`, and keep transactions open.
    Postgresql,
    /// Redis or Valkey over TLS. Clients send `PING`, and keep transactions open with `MULTI`.
    Redis,
    /// SMTP with STARTTLS. Clients send `NOOP`, and keep a mail to `zdr@localhost` open, which they never
    /// finish. With `client_auth`, a client counts as accepted if the server takes its recipient.
    Smtp,
    /// IMAP with STARTTLS. Clients send `NOOP`, and keep the mailbox of the user `zdr` (password `zdr`) open.
    /// With `client_auth`, a client counts as accepted if its login succeeds.
    Imap,
    /// Any other protocol over TLS: MQTT, AMQP, LDAP, NATS, FTP, gRPC. The table `[exchange]` tells what clients
    /// say. Without that, handshakes are judged, and whether a reload ends open connections.
    Tls,
}

impl Protocol {
    /// Whether it is HTTP.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::AnyHttp)
    }

    /// Whether it is one of the protocols without pages, where one command follows the other.
    pub fn is_dialogue(self) -> bool {
        !self.is_http() && self != Self::Lab
    }
}

/// Whether chain and key are in one file or in two.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Two files.
    #[default]
    Pair,
    /// `{certificate}` and `{key}` are one file.
    Bundle,
}

/// How zdr knows that the server is ready.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// An event that the server logs on stderr, as a line of JSON whose field `port` says where it listens.
    /// Without it, the server is ready when it accepts a connection on `{port}`.
    #[schemars(extend("toml" = r#"event = "listening""#))]
    pub event: Option<String>,
    /// How long the server may take to become ready, in milliseconds.
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

/// How the server learns of new files. At most one way, apart from `force`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// A signal to the process of `command`: `HUP`, `USR1` or `USR2`.
    #[serde(default, deserialize_with = "a_signal")]
    #[schemars(extend("toml" = r#"signal = "HUP""#))]
    pub signal: Option<String>,
    /// A command, which runs to its end. What it prints must hold no byte of a private key.
    #[schemars(extend("toml" = r#"command = ["my-server", "reload"]"#))]
    pub command: Option<Vec<String>>,
    /// Lines that are sent to a Unix socket, one after the other.
    #[schemars(extend("toml" = r#"socket = { path = "{dir}/my.sock", send = ["reload"] }"#))]
    pub socket: Option<Socket>,
    /// The server is stopped by SIGTERM, and started again.
    #[serde(default)]
    #[schemars(extend("toml" = r#"restart = true"#))]
    pub restart: bool,
    /// For a server that keeps a removed trust anchor until no connection depends on it: the signal that makes
    /// it drop the anchor at once, `HUP`, `USR1` or `USR2`. It can be combined with any of the other keys.
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
            } => format!("by `{}`", in_shell(command)),
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
    /// The lines to send, each over a connection of its own. `{pem}` is replaced by chain and key.
    #[schemars(extend("toml" = r#"send = ["set certificate <<\n{pem}", "commit"]"#))]
    pub send: Vec<String>,
    /// What the answer to each line has to contain, to count as a success.
    #[serde(default)]
    #[schemars(extend("toml" = r#"expect = ["ok", "done"]"#))]
    pub expect: Vec<String>,
}

/// How long a reload may take.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How long the server may take until every new handshake shows the new certificate, in milliseconds. The
    /// time starts when the files are complete and the server has been notified.
    #[serde(default = "ten_seconds")]
    #[schemars(extend("toml" = r#"reload_within_ms = 90000"#))]
    pub reload_within_ms: u64,
    /// How long the old and the new certificate may be shown side by side, in milliseconds.
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
        let word = word.trim_matches(['{', '}']);
        texts.into_iter().any(|text| !places(text, word).is_empty())
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
