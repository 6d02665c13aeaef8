//! `--log`, which every program of this book takes: how its events are written.

use std::str::FromStr;

use lab::emit::{self, Form};

/// How the events of a program are written to stderr.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct LogForm {
    /// How events are written to stderr: `json` for programs, `text` for people, or `auto`, which is text
    /// if stderr is a terminal, and JSON otherwise.
    #[arg(
        long = "log",
        global = true,
        value_name = "FORM",
        default_value = "auto",
        value_parser = Form::from_str
    )]
    form: Form,
}

impl LogForm {
    /// Writes them so from now on. Call it before the first event.
    pub fn choose(self) {
        emit::form(self.form);
    }
}
