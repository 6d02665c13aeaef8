//! The manual pages, made of the same text as `--help`.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
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
        clap_mangen::generate_to(zdr, folder).map_err(named)?;
        return print(&format!(
            "Written to {}: man -l {0}/zdr.1\n",
            folder.display()
        ));
    }
    let command = match page {
        None => &zdr,
        Some(name) => zdr.find_subcommand(name).ok_or_else(|| {
            let error = format!("zdr has no command `{name}`; `zdr help` lists all");
            io::Error::new(io::ErrorKind::InvalidInput, error)
        })?,
    };
    let mut roff = Vec::new();
    Man::new(command.clone()).render(&mut roff)?;
    print(&String::from_utf8_lossy(&roff))
}
