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

use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  zdr check my-server.toml                        judge a server
  zdr check my-server.toml --page report.html     and write a page about it
  zdr check my-server.toml --require rotation     as a gate: only what is lost while all is well counts
  zdr check my-server.toml --course               build it up, stage by stage
  zdr check my-server.toml --rotations 1000 --interval-ms 100 --no-scenarios
  zdr check my-server.toml --scenarios torn,expired --rotations 2
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
    Compare(Compare),
    Merge(Merge),
    Report(Show),
    /// Judge the bundled server, sound and with four defects.
    Demo,
    /// Print the JSON Schema of reports.
    Schema,
    Log(Box<LogCommand>),
    Ca(Ca),
    Issue(Issue),
    Rotate(Box<Rotate>),
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
    pub server: PathBuf,
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
        "downloads", "pool", "scenarios", "no_scenarios", "observe", "require", "today", "junit",
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
