//! `cargo book`: build the book, serve it, and open it. `cargo book build`: write it to a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use events::eprintln;
use mdbook_driver::errors::Result;
use scripts::{root, serve, site};

/// Build the book, serve it on this machine, and open it in a browser.
#[derive(Parser)]
#[command(name = "cargo book")]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// The port to serve on, at the loopback address. If it is taken, the system chooses another.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The folder of book.toml [default: the nearest one above the current folder, or above this program].
    #[arg(long, global = true)]
    root: Option<PathBuf>,
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
}

#[derive(Subcommand)]
enum What {
    /// Write the book to a folder, without serving it.
    Build {
        /// The folder [default: the one that book.toml names]. It is emptied first, so it must
        /// hold nothing but an earlier build.
        #[arg(short, long)]
        dest_dir: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let root = match arguments.root {
        Some(root) => root,
        None => root()?,
    };
    match arguments.what {
        Some(What::Build { dest_dir }) => site::build(&root, dest_dir.as_deref(), None),
        None => serve::serve(&root, arguments.port, !arguments.no_open),
    }
}
