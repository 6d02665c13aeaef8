//! The command line of `zdr`.

use std::path::PathBuf;

use ch09_simulating_rotation::Writer;
use ch09_simulating_rotation::ca::{Ca, Issue};
use ch09_simulating_rotation::rotate::Rotate;
use ch10_log_analysis::command::LogCommand;
use ch11_verification::attempt::Class;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use zdr::gate::day::Day;
use zdr::gate::level::Level;
use zdr::gate::scenario::Scenario;
use zdr::server::from_command::{CommandLine, ReloadWord};
use zdr::server::reference::as_text;
use zdr::server::spec::{Keys, Protocol};

use crate::check_client::CheckClient;
use crate::output::Output;
use crate::watch::Watch;

const EXAMPLES: &str = "\
Examples:
  zdr check --command 'my-server --cert {certificate} --key {key} --port {port}'
                                                  judge a server, without any file
  zdr init --command 'my-server ...'              write my-server.toml from a look at it
  zdr check my-server.toml                        judge a server
  zdr check my-server.toml --page report.html     and write a page about it
  zdr check my-server.toml --require rotation     as a gate: only what is lost while all is well counts
  zdr check my-server.toml --course               build it up, stage by stage
  zdr check my-server.toml --rotations 1000 --interval-ms 100 --no-scenarios
  zdr check my-server.toml --scenarios torn,expired --rotations 2
  zdr watch example.com:443                       wait for the next rotation of any server
  zdr check-client --once -- curl -s --cacert {roots} {url}
  zdr compare before.json after.json              is it worse than it was?
  zdr ca ca && zdr rotate --ca ca --to files      rotate files for a server of yours
  zdr log assert server.log --generation-at-least 2

Exit codes of `check`, `merge` and `compare`:
  0    nothing that the level requires failed, but for what is waived; not worse
  1    downtime, or another failure; worse
  2    the command line is wrong
  3    no verdict: the server cannot be started or reached, a file cannot be read or written
  130  no verdict: interrupted. What was measured until then is in the report
";

const CHECK_EXAMPLES: &str = "\
Examples:
  zdr check --command 'my-server --cert {certificate} --key {key} --port {port}'
                                                  judge a server: what it speaks and how it is told
                                                  of new files is tried, and told
  zdr check --command '...' --reload signal:HUP --download /large.iso
  zdr check my-server.toml --plan                 what would be done, and how long it takes
  zdr check my-server.toml                        judge a server
  zdr check my-server.toml --page report.html     and write a page about it
  zdr check my-server.toml --json report.json --quiet --rotations 100
  zdr check my-server.toml --classes full,pooled --rate 200 --no-scenarios
  zdr check my-server.toml --require rotation     only what is lost while all is well fails it
  zdr check my-server.toml --github --junit zdr.xml --prometheus zdr.prom --badge zdr.json
  zdr check attach.toml --observe --steady-ms 60000 --json pod-1.json

A server to start, in my-server.toml:
  command = [\"my-server\", \"--cert\", \"{certificate}\", \"--key\", \"{key}\", \"--port\", \"{port}\"]
  protocol = \"any_http\"       # \"http\" where GET /bytes/N answers N bytes
  # download = \"/large.iso\"   # a long answer, to see whether it is cut
  # keys = \"rsa\"              # where it takes no other
  [reload]
  signal = \"HUP\"
  [allow.expired]              # a failure to live with, for a while
  because = \"our agent never writes an expired file\"
  until = 2027-03-01

A server that runs already, in attach.toml. Its files in `directory` are replaced:
  [attach]
  address = \"localhost:8443\"
  directory = \"/etc/my-server/tls\"
  ca = \"ca\"
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
    /// Judge the bundled server, sound and with four defects.
    Demo,
    /// Print the JSON Schema of reports.
    Schema,
    /// Explain every key of the TOML file.
    #[command(long_about = as_text(), override_usage = "zdr toml [--markdown]")]
    Toml {
        /// As the page of the book has it.
        #[arg(long)]
        markdown: bool,
    },
    Log(Box<LogCommand>),
    Ca(Ca),
    Issue(Issue),
    Rotate(Box<Rotate>),
    /// Print the manual page of `zdr` or of one of its commands, or write all of them to a folder.
    Man {
        /// The command.
        page: Option<String>,
        /// Write `zdr.1`, `zdr-check.1` and so on to this folder, which must be there.
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

/// Rotate a server's certificate under load, run fault scenarios, and judge it.
#[derive(clap::Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// The TOML file that says how the server is started or reached.
    #[arg(required_unless_present = "command",
        conflicts_with_all = ["command", "reload", "protocol", "download", "keys"])]
    pub server: Option<PathBuf>,
    #[command(flatten)]
    pub started: Started,
    /// Print what would be done, and how long it takes. Start nothing.
    #[arg(long)]
    pub plan: bool,
    /// Rotations under load.
    #[arg(long, default_value_t = 10)]
    pub rotations: u32,
    /// Milliseconds from the beginning of one rotation to that of the next, at least.
    #[arg(long, default_value_t = 1000)]
    pub interval_ms: u64,
    /// Milliseconds for which the server is watched before the first rotation, and after the last.
    #[arg(long, default_value_t = 2000)]
    pub steady_ms: u64,
    /// The writer of the files: a tool, or a strategy.
    #[arg(long, value_enum, default_value = "vault-agent")]
    pub writer: Writer,
    /// Load with only these classes of clients (comma-separated).
    #[arg(long, value_enum, value_delimiter = ',')]
    pub classes: Vec<Class>,
    /// Attempts a second, of each class.
    #[arg(long, default_value_t = 50.0, value_parser = rate)]
    pub rate: f64,
    /// Number of concurrent downloads, and of long HTTP/2 streams.
    #[arg(long, default_value_t = 2)]
    pub downloads: usize,
    /// Number of keep-alive connections of HTTP/1.1.
    #[arg(long, default_value_t = 8)]
    pub pool: usize,
    /// How much the verdict requires. What it does not require is tried and told, and changes neither
    /// verdict nor exit code [default: `require` of the TOML file, or all].
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub require: Option<Level>,
    /// Judge waivers by this day, such as 2027-03-01 [default: today, UTC].
    #[arg(long, value_name = "DAY")]
    pub today: Option<Day>,
    /// Run only these scenarios (comma-separated).
    #[arg(long, value_enum, value_delimiter = ',')]
    pub scenarios: Vec<Scenario>,
    /// Run no scenario: only rotate.
    #[arg(long, conflicts_with = "scenarios")]
    pub no_scenarios: bool,
    /// Number of concurrent scenarios, each with a server of its own.
    #[arg(long, default_value_t = 4)]
    pub jobs: usize,
    /// Milliseconds that a client waits for an answer.
    #[arg(long, default_value_t = 5000)]
    pub patience_ms: u64,
    /// Let the server ask its clients for certificates, if its file has `mutual`.
    #[arg(long)]
    pub mutual: bool,
    /// Only load a server that runs already: something else rotates its files.
    #[arg(long, conflicts_with_all = ["rotations", "scenarios", "writer"])]
    pub observe: bool,
    /// Judge in stages, each of which opens the next, with a page of the book to read after a failure.
    #[arg(long, conflicts_with_all = ["rotations", "interval_ms", "steady_ms", "writer", "classes", "rate",
        "downloads", "pool", "scenarios", "no_scenarios", "observe", "plan", "require", "today", "junit",
        "prometheus", "badge", "github", "keep"])]
    pub course: bool,
    /// Begin the course at this stage: those before it were passed another time.
    #[arg(long, requires = "course", value_name = "STAGE", default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=7))]
    pub from: u8,
    /// Keep the files of each failing scenario, and the secrets of its clients' handshakes (SSLKEYLOGFILE), in
    /// this folder, which is new, empty, or of an earlier run.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
    /// Further arguments for the server's command.
    #[arg(last = true)]
    pub more: Vec<String>,
}

/// A server of which only the command is known.
#[derive(clap::Args)]
pub struct Started {
    /// Start the server by this command, without a TOML file. `{certificate}`, `{key}` and `{port}` are
    /// replaced; `zdr help toml` lists all such words.
    #[arg(long)]
    pub command: Option<CommandLine>,
    /// With --command, how the server is told of new files: `files` (it follows them by itself),
    /// `signal:HUP`, `command:my-server reload`, or `restart`. Without it, that is tried.
    #[arg(long, value_name = "HOW", requires = "command")]
    pub reload: Option<ReloadWord>,
    /// With --command, what the server speaks. Without it, that is tried.
    #[arg(long, value_enum, requires = "command")]
    pub protocol: Option<Protocol>,
    /// With --command, the path of an answer of 8 MB or more, to see whether a reload cuts it.
    #[arg(long, value_name = "PATH", requires = "command", value_parser = path)]
    pub download: Option<String>,
    /// With --command, the kind of key that the server takes. Without it, ECDSA is tried, and then RSA.
    #[arg(long, value_enum, requires = "command")]
    pub keys: Option<Keys>,
}

/// Write a TOML file for a server, after a look at it.
#[derive(clap::Args)]
pub struct Init {
    /// The file to write. One that is there is never overwritten.
    #[arg(default_value = "my-server.toml")]
    pub file: PathBuf,
    #[command(flatten)]
    pub started: Started,
    /// Describe a server that runs already, as far as one handshake and `GET /` tell.
    #[arg(
        long,
        value_name = "HOST:PORT",
        conflicts_with = "command",
        required_unless_present = "command"
    )]
    pub running: Option<String>,
    /// Milliseconds that a client waits for an answer.
    #[arg(long, default_value_t = 5000)]
    pub patience_ms: u64,
}

fn path(text: &str) -> Result<String, String> {
    match text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.into()),
        false => Err("expected the path of a URL: it begins with `/`, without blanks".into()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 100_000.0 => Ok(rate),
        _ => Err("expected a number above 0 and not above 100000".into()),
    }
}

/// Show what changed from one report to another.
#[derive(clap::Args)]
pub struct Compare {
    /// The earlier report.
    pub before: PathBuf,
    /// The later report.
    pub after: PathBuf,
    /// Print JSON instead.
    #[arg(long)]
    pub json: bool,
}

/// Make one report of those of several load generators against one server.
#[derive(clap::Args)]
pub struct Merge {
    /// The reports.
    #[arg(required = true)]
    pub reports: Vec<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// Show a report again.
#[derive(clap::Args)]
pub struct Show {
    /// The report, as JSON.
    pub report: PathBuf,
    #[command(flatten)]
    pub output: Output,
}
