//! The manual pages, made of the same text as `--help`.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::output::print;

/// Prints one page, or writes all to a folder.
pub fn manual(page: Option<&str>, to: Option<&Path>) -> io::Result<ExitCode> {
    // `zdr help check` says what zdr-check(1) says.
    let mut zdr = Arguments::command().disable_help_subcommand(true);
    zdr.build();
    if let Some(folder) = to {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
        };
        pages(&zdr, folder).map_err(named)?;
        return print(&format!(
            "Written to {}: man -l {0}/zdr.1\n",
            folder.display()
        ));
    }
    let command: &Command = match page {
        None => &zdr,
        Some(name) => zdr.find_subcommand(name).ok_or_else(|| {
            let error = format!("zdr has no command `{name}`; `zdr help` lists all");
            io::Error::new(io::ErrorKind::InvalidInput, error)
        })?,
    };
    let mut roff = Vec::new();
    page_of(command).render(&mut roff)?;
    print(&String::from_utf8_lossy(&roff))
}

/// Writes the page of this command, and those of its own commands.
fn pages(command: &Command, folder: &Path) -> io::Result<()> {
    let shown = command.get_subcommands().filter(|of| !of.is_hide_set());
    for command in shown {
        pages(command, folder)?;
    }
    page_of(command).generate_to(folder).map(drop)
}

/// At its foot stands what it belongs to: by itself, that would be the name of a command without a version.
fn page_of(command: &Command) -> Man {
    Man::new(command.clone()).source(concat!("zdr ", env!("CARGO_PKG_VERSION")))
}
