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
//! In every text, these words are replaced:
//!
//! | word | by |
//! |---|---|
//! | `{certificate}` `{key}` `{roots}` | the files that are rotated, and the trust anchor by which clients verify them |
//! | `{folder}` | the folder of the first of them, for a server that watches it |
//! | `{other_certificate}` `{other_key}` | the files of `other_name`, which are not rotated |
//! | `{client_roots}` | trust anchors for clients' certificates |
//! | `{mutual}` | what `mutual` says, where clients are asked for certificates, and nothing otherwise |
//! | `{port}` `{admin_port}` | free ports of the loopback address |
//! | `{origin}` | the port of a plain HTTP server, for a proxy that needs something behind it |
//! | `{www}` | a folder with a file for each size that is asked for, for a server that needs files |
//! | `{dir}` | the run's own folder |
//! | `{here}` | the folder of the TOML file |
//! | `{pid}` | the number of the server's process, in `[reload]` only |

use std::path::PathBuf;

use lab::authority::KeyKind;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A server: how it is started, told to reload, and spoken to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What reports call it. The TOML file's name where it has none.
    #[serde(default)]
    pub name: String,
    /// The program and its arguments. A program without a slash is looked for beside `zdr` first,
    /// then on the search path.
    #[serde(default)]
    pub command: Vec<String>,
    /// A command that prints the version. Where its program is missing, so is the server.
    pub version: Option<Vec<String>>,
    /// The address of a server that runs already, instead of a command.
    pub attach: Option<Attach>,
    /// Commands that run to their end before the server is started.
    #[serde(default)]
    pub setup: Vec<Vec<String>>,
    /// Where commands are run. The folder of the TOML file where it is not said.
    pub cwd: Option<String>,
    /// Files that are written before the server is started: its own configuration.
    #[serde(default, rename = "file")]
    pub files: Vec<Config>,
    /// What is spoken over TLS.
    #[serde(default)]
    pub protocol: Protocol,
    /// The path of a large answer, for a server of [`Protocol::AnyHttp`]: downloads of it are in
    /// progress while it rotates. 8 MB or more: what fits into buffers is over before a rotation begins.
    #[serde(default, deserialize_with = "a_path")]
    pub download: Option<String>,
    /// The path that takes a long `POST`, for a server of HTTP: uploads are in progress while it
    /// rotates. `/upload` where `{origin}` answers.
    #[serde(default, deserialize_with = "a_path")]
    pub upload: Option<String>,
    /// The path of a WebSocket that echoes, for a server of HTTP: one is open while it rotates.
    /// `/echo` where `{origin}` answers.
    #[serde(default, deserialize_with = "a_path")]
    pub websocket: Option<String>,
    /// The name in the certificates that it is given, which clients ask for.
    #[serde(default = "localhost", deserialize_with = "a_name")]
    pub server_name: String,
    /// Another name, whose certificate is in `{other_certificate}` and `{other_key}` and is never
    /// renewed: clients that ask for it must be shown nothing else.
    #[serde(default, deserialize_with = "another_name")]
    pub other_name: Option<String>,
    /// The user that it runs as, with all that is started for it. Its files are made that user's
    /// before it is told of them; one that follows its files may see them a moment earlier. For
    /// servers that refuse to run as root; only root can say it.
    pub user: Option<String>,
    /// The kind of key in the certificates that it is given.
    #[serde(default)]
    pub keys: Keys,
    /// One file for chain and key, or two.
    #[serde(default)]
    pub layout: Layout,
    /// Clients must show a certificate that leads to `{client_roots}`.
    #[serde(default)]
    pub client_auth: bool,
    /// What `{mutual}` stands for when clients shall show a certificate. Otherwise it stands for
    /// nothing. Not for a server that always asks, or never can.
    pub mutual: Option<String>,
    /// When it is ready.
    #[serde(default)]
    pub ready: Ready,
    /// How it learns of new files. Where it is not said, it has to find out by itself.
    #[serde(default, deserialize_with = "one_way")]
    pub reload: Reload,
    /// What is asked of it.
    #[serde(default)]
    pub limits: Limits,
    /// The folder of the TOML file.
    #[serde(skip)]
    pub here: PathBuf,
}

/// A server that runs already.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attach {
    /// Host and port.
    pub address: String,
    /// The name that its certificate bears.
    #[serde(default = "localhost", deserialize_with = "a_name")]
    pub server_name: String,
    /// The folder it reads its files from: there they are rotated. This path, and the others, begin
    /// at the folder of the TOML file.
    pub directory: PathBuf,
    /// The folder of a CA that `zdr ca` has made, which its clients trust.
    pub ca: PathBuf,
    /// The file that its events go to, for the comparison of log and wire.
    pub log: Option<PathBuf>,
    /// Its process, for its memory.
    pub pid: Option<i32>,
}

fn localhost() -> String {
    "localhost".into()
}

/// A file of the server's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where.
    pub path: String,
    /// What.
    pub text: String,
}

/// What is spoken over TLS.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// `GET /bytes/N` is answered with N bytes: 0 to 250, over and over. That is what the files in
    /// `{www}` hold, below `bytes/`, and what `{origin}` answers.
    #[default]
    Http,
    /// HTTP whose answers are anything: `GET /`. `download` names a long one.
    AnyHttp,
    /// The protocol of the book's first servers (`lab::wire`).
    Lab,
    /// PostgreSQL, which is asked for TLS by an `SSLRequest`. Clients come in as `postgres` to the
    /// database of that name, without a password. They ask `select 1`, and hold transactions.
    Postgresql,
    /// Redis or Valkey over TLS. Clients ask `PING`, and hold commands back with `MULTI`.
    Redis,
    /// SMTP with STARTTLS. Clients say `NOOP`, and hold a mail with recipients `zdr@localhost`, which
    /// they never send.
    Smtp,
    /// IMAP with STARTTLS. Clients say `NOOP`, and hold the mailbox of the user `zdr` open, whose
    /// password is `zdr`.
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

/// The kind of key that a server takes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// ECDSA on P-256.
    #[default]
    Ecdsa,
    /// RSA, 2048 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
}

impl From<Keys> for KeyKind {
    fn from(keys: Keys) -> Self {
        match keys {
            Keys::Ecdsa => Self::EcdsaP256,
            Keys::Rsa => Self::Rsa2048,
            Keys::Ed25519 => Self::Ed25519,
        }
    }
}

/// How chain and key lie on disk.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Two files.
    #[default]
    Pair,
    /// `{certificate}` and `{key}` are one file.
    Bundle,
}

/// When a server is ready.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// An event of its log on stderr, whose field `port` says where it listens. Where it is not
    /// said, it is ready when it accepts a connection on `{port}`.
    pub event: Option<String>,
    /// How long it may take.
    #[serde(default = "half_a_minute")]
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
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// A signal: `HUP`, `USR1`, `USR2`.
    #[serde(default, deserialize_with = "a_signal")]
    pub signal: Option<String>,
    /// A command, run to its end.
    pub command: Option<Vec<String>>,
    /// Lines that are sent, one after the other, to a Unix socket.
    pub socket: Option<Socket>,
    /// It is ended and started anew.
    #[serde(default)]
    pub restart: bool,
    /// A signal that makes it give up at once trust that was taken away, where it would otherwise
    /// wait until no connection depends on it. Beside any of the others.
    #[serde(default, deserialize_with = "a_signal")]
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// Where.
    pub path: String,
    /// What is sent, each over a connection of its own. `{pem}` is chain and key.
    pub send: Vec<String>,
    /// What each answer must hold, to count as a yes.
    #[serde(default)]
    pub expect: Vec<String>,
}

/// What is asked of a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// From the moment the files are there and it is told, to the moment from which every new
    /// handshake shows the new certificate.
    #[serde(default = "ten_seconds")]
    pub reload_within_ms: u64,
    /// For how long old and new may be shown side by side.
    #[serde(default = "one_second")]
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

/// Whether nothing is left of a command when its words are replaced.
pub(crate) fn is_nothing(command: &[String]) -> bool {
    let mut words = command.iter().map(String::as_str);
    words.all(|word| matches!(word, "" | "{mutual}"))
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

fn a_name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    if name.starts_with("*.") {
        let why =
            format!("`{name}` is a name for certificates: a client asks for one of its hosts");
        return Err(D::Error::custom(why));
    }
    match lab::name::check(&name) {
        Ok(()) => Ok(name),
        Err(why) => Err(D::Error::custom(why)),
    }
}

fn another_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    a_name(from).map(Some)
}

fn a_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let path = String::deserialize(from)?;
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    match is_path {
        true => Ok(Some(path)),
        false => {
            let error = format!("`{path}` is no path of a URL: it begins with `/`, without blanks");
            Err(D::Error::custom(error))
        }
    }
}

fn a_signal<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let signal = String::deserialize(from)?;
    match signal_named(&signal) {
        Some(_) => Ok(Some(signal)),
        None => {
            let error = format!("no signal `{signal}`: HUP, USR1 or USR2");
            Err(D::Error::custom(error))
        }
    }
}

/// A signal by its name, with or without `SIG`.
pub fn signal_named(name: &str) -> Option<rustix::process::Signal> {
    use rustix::process::Signal;
    match name.strip_prefix("SIG").unwrap_or(name) {
        "HUP" => Some(Signal::HUP),
        "USR1" => Some(Signal::USR1),
        "USR2" => Some(Signal::USR2),
        _ => None,
    }
}
