//! The command line of `zdr`.

use std::path::PathBuf;

use ch09_simulating_rotation::Writer;
use ch09_simulating_rotation::ca::{Ca, Issue};
use ch09_simulating_rotation::rotate::Rotate;
use ch10_log_analysis::command::LogCommand;
use ch11_verification::attempt::Class;
use clap::{ArgGroup, Parser, Subcommand};
use clap_complete::Shell;
use zdr::check::rate;
use zdr::gate::day::Day;
use zdr::gate::level::Level;
use zdr::gate::scenario::Scenario;
use zdr::server::from_command::{CommandLine, ReloadWord};
use zdr::server::reference::as_text;
use zdr::server::spec::{Keys, Protocol};

use crate::check_client::CheckClient;
use crate::output::Output;
use crate::watch::{Watch, an_address};

const EXAMPLES: &str = "\
Examples:
  zdr check --command 'my-server --cert {certificate} --key {key} --port {port}'
      check a server: no file is needed
  zdr init --command 'my-server ...'
      try the server, and write my-server.toml
  zdr check my-server.toml --page report.html
      check the server that the file describes; write the report as a page, too
  zdr check my-server.toml --require rotation
      a gate for CI: only what is lost while valid files rotate fails it
  zdr check my-server.toml --course
      the same check in six or seven stages, from the first reload on
  zdr check my-server.toml --rotations 1000 --interval-ms 100 --no-scenarios
      many rotations under load, and nothing else
  zdr check my-server.toml --scenarios torn,expired --rotations 2
      two scenarios, and two rotations
  zdr watch example.com:443
      watch any server until its next rotation
  zdr check-client --once -- curl -s --cacert {roots} {url}
      does a client pick up new roots?
  zdr compare before.json after.json
      is the later report worse?
  zdr ca ca && zdr rotate --ca ca --to files
      rotate files for a server of your own
  zdr log assert server.log --generation-at-least 2
      ask a log whether the server has reloaded

Exit codes of `check`, `report`, `merge` and `compare`:
  0    everything that the level requires passed, or its failure is waived;
       `compare`: the later report is not worse
  1    downtime or another failure; `compare`: the later report is worse
  2    the command line is wrong
  3    no verdict: the server cannot be started or reached, it or this machine
       is too busy, or a file cannot be read or written; `compare`: the later
       report has no verdict
  130  no verdict: interrupted. The report holds what was measured until then
";

const CHECK_EXAMPLES: &str = "\
Examples:
  zdr check --command 'my-server --cert {certificate} --key {key} --port {port}'
      check a server: zdr tries protocols and ways to reload, and reports which
      of them work
  zdr check --command '...' --reload signal:HUP --download /large.iso
      the same, if you know how it reloads; also, is a long answer cut?
  zdr check my-server.toml --plan
      print the steps and how long they take; start nothing
  zdr check my-server.toml --page report.html
      check the server that the file describes; write the report as a page, too
  zdr check my-server.toml --json report.json --quiet --rotations 100
      a longer run for a program to read
  zdr check my-server.toml --classes full,pooled --rate 200 --no-scenarios
      two classes of clients, each with 200 attempts per second
  zdr check my-server.toml --require rotation --github --junit zdr.xml
      in CI: only what is lost while valid files rotate fails the job
  zdr check attach.toml --observe --steady-ms 60000 --json pod-1.json
      load a running server for two minutes, while something else rotates

A server to start, in my-server.toml:
  command = [\"my-server\", \"-c\", \"{certificate}\", \"-k\", \"{key}\", \"-p\", \"{port}\"]
  protocol = \"any_http\"       # \"http\" where GET /bytes/N answers N bytes
  # download = \"/large.iso\"   # an answer of 8 MB or more: does a reload cut it?
  # keys = \"rsa\"              # if the server takes no other kind
  [reload]
  signal = \"HUP\"
  [allow.expired]              # accept this failure until a day
  because = \"our agent never writes an expired file\"
  until = 2027-03-01

A server that is already running, in attach.toml. zdr replaces its files in
`directory`:
  [attach]
  address = \"localhost:8443\"
  directory = \"/etc/my-server/tls\"
  ca = \"ca\"
";

const LOG_EXAMPLES: &str = "\
Examples:
  zdr log server.log
      what is served, what was refused, and how long rotations took
  zdr log show server.log
      the events, a line for each
  zdr log -f --until 'identity_loaded generation=2' server.log
      wait until the server has reloaded once
  zdr log assert server.log --generation-at-least 2 --none identity_rejected
      in a script: exit code 0 if it has reloaded and rejected no file

A log has one event per line, as JSON, such as the servers of the book write:
  {\"ts\":\"2026-11-24T16:57:35Z\",\"event\":\"listening\",\"port\":443}
";

/// Does this server rotate its TLS certificate with zero downtime?
#[derive(Parser)]
#[command(name = "zdr", version, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    Check(Box<Check>),
    Init(Init),
    Compare(Compare),
    Merge(Merge),
    Report(Show),
    Watch(Watch),
    CheckClient(CheckClient),
    /// Check the server that comes with zdr: once without a defect, and with four different ones.
    Demo,
    /// Print the JSON Schema of reports.
    Schema,
    /// Explain every key of the TOML file.
    #[command(long_about = as_text(), override_usage = "zdr toml [--markdown]")]
    Toml {
        /// Print Markdown, as on the reference page of the book.
        #[arg(long)]
        markdown: bool,
    },
    #[command(after_help = LOG_EXAMPLES)]
    Log(Box<LogCommand>),
    Ca(Ca),
    Issue(Issue),
    Rotate(Box<Rotate>),
    /// Print the manual page of `zdr` or of one of its commands, or write all of them to a folder.
    Man {
        /// The command, such as `check` [default: the page of `zdr` itself].
        page: Option<String>,
        /// Write `zdr.1`, `zdr-check.1` and so on to this folder, which must exist.
        #[arg(long, value_name = "FOLDER", conflicts_with = "page")]
        to: Option<PathBuf>,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Clean up when the process with this number is gone.
    #[command(hide = true)]
    Guard {
        pid: u32,
        directory: PathBuf,
    },
}

/// Rotate a server's certificate under load, run fault scenarios, and print a verdict.
#[derive(clap::Args)]
// One of them, and an error without either names both.
#[command(after_help = CHECK_EXAMPLES,
    group = ArgGroup::new("described").args(["server", "command"]).required(true))]
pub struct Check {
    /// The TOML file that describes how to start or reach the server. `zdr help toml` explains its keys.
    #[arg(conflicts_with_all = ["command", "reload", "protocol", "download", "keys"])]
    pub server: Option<PathBuf>,
    #[command(flatten)]
    pub started: Started,
    /// Print the steps and how long they take, and start nothing.
    #[arg(long)]
    pub plan: bool,
    /// Number of rotations under load.
    #[arg(long, default_value_t = 10)]
    pub rotations: u32,
    /// Shortest time from the start of one rotation to the start of the next, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    pub interval_ms: u64,
    /// Time under load before the first rotation, and again after the last, in milliseconds.
    #[arg(long, default_value_t = 2000)]
    pub steady_ms: u64,
    /// How the files are written: as a real tool writes them, or by one strategy alone.
    #[arg(long, value_enum, default_value = "vault-agent")]
    pub writer: Writer,
    /// Use only these classes of clients (comma-separated) [default: all that the server supports].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub classes: Vec<Class>,
    /// Attempts per second, for each class [default: 50, or as many as this machine and the server can keep
    /// up with].
    #[arg(long, value_parser = rate)]
    pub rate: Option<f64>,
    /// Number of concurrent downloads, and of concurrent long HTTP/2 streams.
    #[arg(long, default_value_t = 2, value_parser = held)]
    pub downloads: usize,
    /// Number of HTTP/1.1 keep-alive connections.
    #[arg(long, default_value_t = 8, value_parser = held)]
    pub pool: usize,
    /// What the verdict requires. All other scenarios run and are reported, too, but change neither the
    /// verdict nor the exit code [default: `require` in the TOML file, or else all].
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub require: Option<Level>,
    /// The day that decides whether a waiver still applies, such as 2027-03-01 [default: today, UTC].
    #[arg(long, value_name = "DAY")]
    pub today: Option<Day>,
    /// Run only these scenarios (comma-separated) [default: all that apply to the server].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub scenarios: Vec<Scenario>,
    /// Run no scenarios, only the rotations under load.
    #[arg(long, conflicts_with = "scenarios")]
    pub no_scenarios: bool,
    /// Number of scenarios that run at the same time, each with a server of its own.
    #[arg(long, default_value_t = 4, value_parser = jobs)]
    pub jobs: usize,
    /// How long a client waits for an answer, in milliseconds.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    pub patience_ms: u64,
    /// Start the server so that it asks its clients for certificates. Its TOML file needs the key `mutual`.
    #[arg(long)]
    pub mutual: bool,
    /// Only put load on a server that is already running; something else rotates its files.
    #[arg(long, conflicts_with_all = ["rotations", "scenarios", "writer"])]
    pub observe: bool,
    /// Check in six stages, or in seven where the TOML file has `client_auth`. A stage begins when the one before it
    /// has passed; after a failure, the report names the page of the book to read.
    #[arg(long, conflicts_with_all = ["rotations", "interval_ms", "steady_ms", "writer", "classes", "rate",
        "downloads", "pool", "scenarios", "no_scenarios", "observe", "plan", "require", "today", "junit",
        "prometheus", "badge", "github", "keep"])]
    pub course: bool,
    /// Begin the course at this stage, when the stages before it have passed in an earlier run.
    #[arg(long, requires = "course", value_name = "STAGE", default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=7))]
    pub from: u8,
    /// Keep the files of each failing scenario, and the TLS secrets of its clients (SSLKEYLOGFILE), in this
    /// folder. It must be new, empty, or left by an earlier run.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
    /// Arguments that are added to the server's command.
    #[arg(last = true)]
    pub more: Vec<String>,
}

/// A server of which only the command is known.
#[derive(clap::Args)]
pub struct Started {
    /// The command that starts the server; no TOML file is needed then. zdr replaces `{certificate}`, `{key}` and
    /// `{port}`; `zdr help toml` lists all such words.
    #[arg(long)]
    pub command: Option<CommandLine>,
    /// With --command: how the server learns of new files. `files` (it follows them by itself),
    /// `signal:HUP`, `command:my-server reload`, or `restart` [default: zdr tries them].
    #[arg(long, value_name = "HOW", requires = "command")]
    pub reload: Option<ReloadWord>,
    /// With --command: the protocol that the server speaks [default: zdr finds out].
    #[arg(long, value_enum, requires = "command")]
    pub protocol: Option<Protocol>,
    /// With --command: the path of an answer of 8 MB or more, to see whether a reload cuts it.
    #[arg(long, value_name = "PATH", requires = "command", value_parser = path)]
    pub download: Option<String>,
    /// With --command: the kind of key that the server takes [default: zdr tries ECDSA, then RSA].
    #[arg(long, value_enum, requires = "command")]
    pub keys: Option<Keys>,
}

/// Try a server, and write a TOML file that describes it.
#[derive(clap::Args)]
// One of them, and an error without either names both.
#[command(group = ArgGroup::new("of").args(["command", "running"]).required(true))]
pub struct Init {
    /// The file to write. An existing file is never overwritten.
    #[arg(default_value = "my-server.toml")]
    pub file: PathBuf,
    #[command(flatten)]
    pub started: Started,
    /// Describe a server that is already running, as far as one handshake and one `GET /` show.
    #[arg(long, value_name = "HOST:PORT", value_parser = an_address)]
    pub running: Option<String>,
    /// How long a client waits for an answer, in milliseconds.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    pub patience_ms: u64,
}

fn path(text: &str) -> Result<String, String> {
    match text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.into()),
        false => Err("expected the path of a URL: it begins with `/`, without blanks".into()),
    }
}

/// Connections that are held: each takes a descriptor here and one at the server.
fn held(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(held) if held <= 100_000 => Ok(held),
        _ => Err("expected a whole number from 0 to 100000".into()),
    }
}

/// Servers at once. Without any, nothing would ever end, and there are no more scenarios than this.
fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1000) => Ok(jobs),
        _ => Err("expected a whole number from 1 to 1000".into()),
    }
}

/// Show what changed from one report to another.
#[derive(clap::Args)]
pub struct Compare {
    /// The earlier report.
    pub before: PathBuf,
    /// The later report.
    pub after: PathBuf,
    /// Print the changes as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Combine the reports of several load generators against one server into one report.
#[derive(clap::Args)]
pub struct Merge {
    /// The reports to combine, as JSON.
    #[arg(required = true)]
    pub reports: Vec<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// Show a saved report, or write it in other forms.
#[derive(clap::Args)]
pub struct Show {
    /// The report: a file that `--json` has written.
    pub report: PathBuf,
    #[command(flatten)]
    pub output: Output,
}
