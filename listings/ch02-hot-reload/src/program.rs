//! What every chapter's program has: a command line that asks for the demo or the server, and a
//! way to start that server from the demo.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;

use ch01_restart_baseline::log_form::LogForm;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use lab::BOUND;
use lab::child::Child;
use tracing::Level;

/// The two roles of a program: its demo, with the options `D`, or with `serve` its server, with the options `S`.
#[derive(Debug)]
pub enum Role<D, S> {
    /// No subcommand: run the demo.
    Demo(D),
    /// `serve`: be the server that the demo starts.
    Serve(S),
}

impl<D: Args, S: Args> Role<D, S> {
    /// Reads the command line. Ends the process where it is wrong, or asks for help: then it shows
    /// `about` for the program, and `serves` for its server.
    pub fn parse(about: &'static str, serves: &'static str) -> Self {
        let command = Arguments::<D, S>::command().about(about);
        let command = command.mut_subcommand("serve", |serve| serve.about(serves));
        let arguments = Arguments::<D, S>::from_arg_matches(&command.get_matches());
        let arguments = arguments.unwrap_or_else(|error| error.exit());
        arguments.log.choose();
        match arguments {
            Arguments {
                subcommand: Some(Server::Serve(told)),
                ..
            } => Self::Serve(told),
            Arguments { demo, .. } => Self::Demo(demo),
        }
    }
}

#[derive(Parser)]
struct Arguments<D: Args, S: Args> {
    #[command(flatten)]
    log: LogForm,
    #[command(flatten)]
    demo: D,
    #[command(subcommand)]
    subcommand: Option<Server<S>>,
}

#[derive(Subcommand)]
enum Server<S: Args> {
    Serve(S),
}

/// A demo that has nothing to be told.
#[derive(Args, Clone, Copy, Debug)]
pub struct Plain {}

/// How much of its log a demo shows.
#[derive(Args, Clone, Copy, Debug)]
pub struct Shown {
    /// Also log each connection.
    #[arg(long)]
    pub all: bool,
}

impl Shown {
    /// The level down to which events are shown.
    pub fn level(self) -> Level {
        if self.all { Level::DEBUG } else { Level::INFO }
    }
}

/// Starts this very program with other arguments. Its events are passed on to where those of the
/// demo go.
///
/// # Errors
/// When the program cannot be started.
pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> io::Result<Child> {
    Child::spawn(&std::env::current_exe()?, arguments, |event| {
        lab::emit::forward(event.clone());
    })
}

/// [`start`]s this program as a server, waits until it listens, and returns its address, too.
///
/// # Errors
/// As [`start`].
///
/// # Panics
/// After [`BOUND`], with the server's log.
pub async fn start_server<A: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = A>,
) -> io::Result<(Child, SocketAddr)> {
    let server = start(arguments)?;
    let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
    Ok((server, address))
}
