//! `zdr watch`: its command line.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use zdr::server::interrupt::{INTERRUPTED, interrupt};
use zdr::server::lines::printable;
use zdr::server::spec::host_and_port;
use zdr::watch::look::Trust;
use zdr::watch::options::WatchOptions;
use zdr::watch::text::summary;
use zdr::watch::watch;

use crate::output::{self, NONE, has_place, not_obeyed};

const EXAMPLES: &str = "\
Examples:
  zdr watch example.com:443
      watch until its certificate has been rotated
  zdr watch api.internal:8443 --roots ca.pem
      a server of an authority of your own
  zdr watch 10.0.0.7:443 --name api.example.com
      one of several servers with the same name
  zdr watch example.com:443 --for 12h --json seen.json
      at most 12 hours; write what was seen as JSON

zdr makes one handshake per second and closes the connection. It sends nothing
else, and needs neither a key nor a file of the server. A failure that is
shorter than a second can be missed: `--rate` looks more often, if the server's
owner agrees.

Exit codes:
  0    the certificate was rotated, and nothing failed
  1    downtime, or another failure
  2    the command line is wrong
  3    no verdict: no rotation was seen, or nothing could be judged
  130  no verdict: interrupted
";

/// Watch a server that something else rotates: any server, any certificate authority.
///
/// Waits for the next rotation by cert-manager, certbot or a person, and reports what clients met: failed
/// handshakes, how long the old and the new certificate were shown side by side, names that were lost, broken
/// chains, and addresses of one name that disagree.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Watch {
    /// The server, HOST:PORT. All addresses of HOST are watched, in turn.
    #[arg(value_parser = an_address)]
    pub server: String,
    /// The name that the certificate must be valid for. It is also sent as SNI [default: HOST].
    #[arg(long)]
    pub name: Option<String>,
    /// Watch this address, IP:PORT, instead of those that HOST resolves to. Can be given several times.
    #[arg(long = "address", value_name = "IP:PORT")]
    pub addresses: Vec<SocketAddr>,
    /// The roots that clients trust, in PEM [default: those of this system].
    #[arg(long, value_name = "FILE")]
    pub roots: Option<PathBuf>,
    /// Handshakes per second, at most, for all addresses together.
    #[arg(long, default_value_t = 1.0, value_parser = gentle)]
    pub rate: f64,
    /// End after this many rotations; 0: only when interrupted.
    #[arg(long, default_value_t = 1)]
    pub rotations: usize,
    /// A rotation is over when an address has shown the new chain this many times in a row.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub settle: u32,
    /// How long the old and the new certificate may be shown side by side: `90s`, `5min`.
    #[arg(long, default_value = "5min", value_parser = humantime::parse_duration)]
    pub overlap: Duration,
    /// How long to wait at most: `12h`, `90days` [default: without a limit].
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub limit: Option<Duration>,
    /// How long a handshake may take, in milliseconds.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    pub patience_ms: u64,
    /// Write what was seen as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
}

/// A higher rate is load rather than a watch.
const MOST: f64 = 100.0;

/// HOST:PORT, as it was given.
pub fn an_address(text: &str) -> Result<String, String> {
    host_and_port(text).map(|_| text.to_owned())
}

fn gentle(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=MOST).contains(&rate) => Ok(rate),
        _ => Err(format!(
            "expected a number from 0.001 to {MOST}: for load, there is `zdr check`"
        )),
    }
}

impl Watch {
    pub async fn run(self) -> io::Result<ExitCode> {
        // To be known before hours have passed.
        if let Some(file) = &self.json {
            let read: Vec<_> = self.roots.as_deref().into_iter().collect();
            has_place(file, &read)?;
        }
        let trust = match &self.roots {
            Some(file) => Trust::file(file)?,
            None => Trust::system()?,
        };
        let options = WatchOptions {
            server: self.server,
            name: self.name,
            addresses: self.addresses,
            rate: self.rate,
            rotations: self.rotations,
            settle: self.settle,
            overlap: self.overlap,
            limit: self.limit,
            patience: Duration::from_millis(self.patience_ms),
        };
        let quiet = self.quiet;
        let say = |line: &str| {
            if !quiet {
                // Where stderr is closed, nothing reads the line.
                let _ = writeln!(io::stderr(), "{}", printable(line));
            }
        };
        let interrupt = interrupt()?;
        let report = watch(&options, trust, interrupt.clone(), &say).await?;
        let told = output::say(&not_obeyed(summary(&report)));
        // Where stdout is full, what was seen is in the file.
        let json = || Ok(serde_json::to_string_pretty(&report)? + "\n");
        let written = output::text(self.json.as_ref(), json);
        told.and(written)?;
        let interrupted = interrupt.borrow().is_some();
        Ok(match report.passed {
            Some(true) => ExitCode::SUCCESS,
            Some(false) => ExitCode::FAILURE,
            None if interrupted => ExitCode::from(INTERRUPTED),
            None => ExitCode::from(NONE),
        })
    }
}
