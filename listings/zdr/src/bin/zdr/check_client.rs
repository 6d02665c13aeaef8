//! `zdr check-client`: its command line.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use zdr::client::check_client;
use zdr::client::options::{ClientOptions, Step};
use zdr::client::outcome::StepReport;
use zdr::judge::shortage::enough;
use zdr::report::{Outcome, Severity};
use zdr::server::cleanup::Reaper;
use zdr::server::interrupt::{INTERRUPTED, interrupt};
use zdr::server::lines::printable;

use crate::output::{self, NONE, has_place, not_obeyed};

/// Time enough for any client to send its first request.
const START: Duration = Duration::from_secs(30);

const EXAMPLES: &str = "\
Examples:
  zdr check-client -- my-client --url {url} --cacert {roots}
      a client that sends requests again and again
  zdr check-client -- my-client {url} --cert {certificate} --key {key}
      one that shows a certificate of its own
  zdr check-client --signal HUP -- my-client {address} {roots}
      one that a signal notifies of new files
  zdr check-client --once -- curl -s --cacert {roots} {url}
      one that is started anew for each request

zdr replaces these words in the command:
  {url}          the server that zdr plays, as https://localhost:PORT/
  {address}      the same, as localhost:PORT
  {port} {name}  its port, and its name
  {roots}        the trust anchors by which the client verifies the server
  {certificate}  the client's own certificate chain
  {key}          the private key of that chain
  {dir}          the folder of these files

Exit codes:
  0    no step failed, or only steps that are warnings
  1    a step failed
  2    the command line is wrong
  3    no verdict: the client cannot be started, sends no request, or no step
       could be judged
  130  no verdict: interrupted
";

/// Does this client pick up new files: its own certificate, and the roots that it trusts?
///
/// zdr plays the server and replaces the client's files. The client must either send HTTP requests again and
/// again, or send one request each time it is started (`--once`).
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckClient {
    /// The client sends one request and ends, so zdr starts it again and again.
    #[arg(long)]
    pub once: bool,
    /// The signal that tells the client of new files, such as `HUP` [default: it notices them by itself].
    #[arg(long, value_name = "NAME", conflicts_with = "once")]
    pub signal: Option<String>,
    /// How long the client may take to use new files, in milliseconds.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub within_ms: u64,
    /// How long the server's certificate is valid in the step `past_end`, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..3600))]
    pub short_seconds: u64,
    /// Run only these steps (comma-separated) [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub steps: Vec<Step>,
    /// Write the result as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
    /// The client's command. The words in braces that are listed below are replaced.
    #[arg(last = true, required = true)]
    pub command: Vec<String>,
}

/// What became of a step, as its report has it.
fn became(step: &StepReport) -> &'static str {
    match (step.outcome, step.step.severity()) {
        (Outcome::Passed, _) => "passed",
        (Outcome::NotApplicable, _) => "not applicable",
        (Outcome::Failed, Severity::Warning) => "a warning",
        (Outcome::Failed, Severity::Failure) => "failed",
    }
}

impl CheckClient {
    pub async fn run(self) -> io::Result<ExitCode> {
        if let Some(file) = &self.json {
            has_place(file, &[])?;
        }
        // Where this process can take no more connections, no client is to blame.
        enough()?;
        let options = ClientOptions {
            command: self.command,
            once: self.once,
            signal: self.signal,
            // A client may take longer to start than to read its files.
            first: Duration::from_millis(self.within_ms).max(START),
            within: Duration::from_millis(self.within_ms),
            short: Duration::from_secs(self.short_seconds),
            steps: match self.steps.is_empty() {
                true => Step::value_variants().to_vec(),
                false => self.steps,
            },
        };
        let quiet = self.quiet;
        let say = |step: &StepReport| {
            if !quiet {
                // Where stderr is closed, nothing reads the line.
                let line = format!("{}: {}", step.step.name(), became(step));
                let _ = writeln!(io::stderr(), "{}", printable(&line));
            }
        };
        let interrupt = interrupt()?;
        let reaper = Reaper::start(&std::env::current_exe()?)?;
        let report = check_client(&options, interrupt, &say).await;
        drop(reaper);
        let report = report?;
        let told = output::say(&not_obeyed(report.summary()));
        // Where stdout is full, what was seen is in the file.
        let json = || Ok(serde_json::to_string_pretty(&report)? + "\n");
        let written = output::text(self.json.as_ref(), json);
        told.and(written)?;
        Ok(match (report.passed, &report.interrupted) {
            (Some(true), _) => ExitCode::SUCCESS,
            (Some(false), _) => ExitCode::FAILURE,
            (None, Some(_)) => ExitCode::from(INTERRUPTED),
            (None, None) => ExitCode::from(NONE),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_warning_in_the_report_has_not_failed_before_it() {
        let failed = |step| StepReport {
            step,
            outcome: Outcome::Failed,
            after_ms: None,
            catalogue: Vec::new(),
            words: String::new(),
        };
        assert_eq!(became(&failed(Step::AskedByOthers)), "a warning");
        assert_eq!(became(&failed(Step::RenewedLeaf)), "failed");
    }
}
