//! What the client is told on its command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// A client with a defect, or without.
#[derive(Parser)]
pub struct Arguments {
    /// The server, HOST:PORT.
    #[arg(long)]
    pub address: String,
    /// The file with the roots that it trusts, in PEM.
    #[arg(long)]
    pub roots: PathBuf,
    /// The file with its own chain, in PEM.
    #[arg(long, requires = "key")]
    pub certificate: Option<PathBuf>,
    /// The file with the key of it, in PEM.
    #[arg(long)]
    pub key: Option<PathBuf>,
    /// What is wrong with it. Without one, it is sound.
    #[arg(long, value_enum)]
    pub defect: Option<Defect>,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Defect {
    /// It reads its certificate once.
    LeafOnce,
    /// It reads its roots once.
    RootsOnce,
    /// It adds roots, and takes none away.
    RootsAdded,
    /// Its verifier learns of new roots, and its sessions stay.
    SessionsStay,
    /// It keeps a connection for as long as the server lets it.
    PoolStays,
    /// It sends its certificate to whoever asks for one.
    AnyAuthority,
    /// It ends at the first handshake that fails.
    Ends,
}
