//! What the server is told on its command line.

use std::path::PathBuf;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch03_handshake_hook::watch::Follow;
use ch06_in_flight_requests::Retirement;
use ch06_in_flight_requests::session::LIFE;
use clap::Parser;

use crate::defect::Defect;
use crate::unusual::Unusual;

/// A server for tests of `zdr`: sound, with one defect, or unusual but sound.
#[derive(Parser)]
pub struct Arguments {
    /// Where it listens, and its files.
    #[command(flatten)]
    pub serve: Serve,
    /// How it follows the files.
    #[command(flatten)]
    pub follow: Follow,
    /// Ask clients for a certificate that leads to one of the trust anchors in this file, in PEM. The file
    /// is followed, too.
    #[arg(long)]
    pub client_roots: Option<PathBuf>,
    /// Another name of the server, with a certificate of its own.
    #[arg(long, requires_all = ["other_certificate", "other_key"])]
    pub other_name: Option<String>,
    /// The chain for the other name, in PEM. It is read once.
    #[arg(long)]
    pub other_certificate: Option<PathBuf>,
    /// The key for the other name, in PEM.
    #[arg(long)]
    pub other_key: Option<PathBuf>,
    /// A second chain for the same name, with another kind of key, in PEM. It is read with the first.
    #[arg(long, requires = "second_key")]
    pub second_certificate: Option<PathBuf>,
    /// The key of the second chain, in PEM.
    #[arg(long, requires = "second_certificate")]
    pub second_key: Option<PathBuf>,
    /// How long a file that lists fewer trust anchors must stay as it is before it is believed, in milliseconds.
    #[arg(long, default_value_t = 1000)]
    pub settle_ms: u64,
    /// The defect. The numbers are those of the book's failure catalogue.
    #[arg(long, value_enum)]
    pub defect: Option<Defect>,
    /// What is unusual about the server, although it is sound.
    #[arg(long, value_enum, conflicts_with = "defect")]
    pub unusual: Option<Unusual>,
    /// The socket is the standard input.
    #[arg(long, hide = true)]
    pub inherited: bool,
    /// Do not follow the files.
    #[arg(long)]
    pub frozen: bool,
    /// It has so much to do that it takes one connection after the other, each after so many milliseconds.
    #[arg(long, default_value_t = 0)]
    pub overload_ms: u64,
    /// For how many milliseconds after its start it takes no connection, although it listens.
    #[arg(long, default_value_t = 0)]
    pub deaf_ms: u64,
    /// How far behind the second of two workers that disagree is, in milliseconds.
    #[arg(long, default_value_t = 1500)]
    pub lag_ms: u64,
    /// How many files, and therefore connections, may be open at once.
    #[arg(long, default_value_t = 16_384)]
    pub open_files: u64,
}

/// When connections have to go.
pub fn retirement(defect: Option<Defect>) -> Retirement {
    let never = Duration::from_secs(24 * 3600);
    Retirement {
        max_age: never,
        jitter: 0.0,
        lag: match defect {
            Some(Defect::NeverLetsGo) => u64::MAX,
            // A session does not outlive its generation, and that is what these two lack.
            Some(Defect::ResumesForEver | Defect::RemovedTrustResumes) => u64::MAX,
            _ => 1,
        },
        spread: Duration::ZERO,
        // Longer than a check on a busy machine.
        grace: Duration::from_secs(600),
        session_life: LIFE,
    }
}
