//! What the client is told on its command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// A client for tests of `zdr check-client`: sound, or with one defect.
#[derive(Parser)]
pub struct Arguments {
    /// The server, HOST:PORT.
    #[arg(long)]
    pub address: String,
    /// The file with the roots that the client trusts, in PEM.
    #[arg(long)]
    pub roots: PathBuf,
    /// The file with the client's own chain, in PEM.
    #[arg(long, requires = "key")]
    pub certificate: Option<PathBuf>,
    /// The file with the key of that chain, in PEM.
    #[arg(long)]
    pub key: Option<PathBuf>,
    /// The defect [default: none].
    #[arg(long, value_enum)]
    pub defect: Option<Defect>,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Defect {
    /// It reads its certificate only once.
    LeafOnce,
    /// It reads its roots only once.
    RootsOnce,
    /// It adds new roots, and never removes one.
    RootsAdded,
    /// Its verifier follows the roots, but its old sessions can still be resumed.
    SessionsStay,
    /// It keeps a connection open for as long as the server allows.
    PoolStays,
    /// It sends its certificate to every server that asks for one.
    AnyAuthority,
    /// It looks at its files when its certificate changes, and not when its key does.
    CertificateOnly,
    /// It ends when its certificate and its key do not belong together.
    EndsAtHalf,
    /// It prints its key when it has read it.
    KeyPrinted,
    /// It accepts whatever server answers.
    VerifiesNothing,
    /// It asks again without verification where it has rejected the server.
    FallsBack,
    /// The same, after a pause that is longer than a second.
    FallsBackLate,
    /// The same, when it has rejected the server four times, with a pause after each.
    FallsBackAtLast,
    /// It ends at the first handshake that fails.
    Ends,
}

impl Defect {
    /// After how many rejections in a row it asks without verification, with which pause after each. `None` where it
    /// does not.
    pub fn falls_back(self) -> Option<(u32, Duration)> {
        match self {
            Self::FallsBack => Some((1, Duration::ZERO)),
            Self::FallsBackLate => Some((1, Duration::from_millis(1300))),
            Self::FallsBackAtLast => Some((4, Duration::from_millis(400))),
            _ => None,
        }
    }
}
