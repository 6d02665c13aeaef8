//! `zdr log show`: a log as a person reads it.

use std::io::{self, Write};
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use clap::Args;
use events::text::Writer;
use tokio::signal::unix::{SignalKind, signal};

use super::input::input;
use crate::error::Error;
use crate::read::{self, Line, News};

#[derive(Args, Debug)]
pub(super) struct Show {
    /// The log files; `-` or none: the standard input. Several are merged by time.
    files: Vec<PathBuf>,
    /// Follow the file as it grows, also when it is rotated or truncated, until Ctrl-C.
    #[arg(long, short = 'f', requires = "files")]
    follow: bool,
}

impl Show {
    /// Shows each event in columns, and each line that is not an event as it is.
    pub(super) async fn run(self) -> Result<(), Error> {
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut news = read::start(input(&self.files, self.follow)?)?;
        let mut writer = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Writer::default(),
            _ => Writer::coloured(),
        };
        loop {
            let read = tokio::select! {
                read = news.recv() => read,
                _ = interrupts.recv() => break,
            };
            match read {
                Some(News::Lines(lines)) => {
                    let text: String = lines.iter().map(|line| shown(&mut writer, line)).collect();
                    put(&text)?;
                }
                Some(News::Begun(_)) => {}
                // Who follows wants to see now how often the last one came.
                Some(News::CaughtUp(_)) => put(&writer.flush())?,
                Some(News::Failed(error)) => return Err(error),
                None => break,
            }
        }
        put(&writer.flush())
    }
}

fn shown(writer: &mut Writer, line: &Line) -> String {
    match (&line.event, line.broken) {
        (Some(event), _) => writer.event(event),
        (None, Some(read::TOO_LONG)) => writer.other("(a line that is too long to be an event)"),
        (None, Some(read::ENDLESS)) => writer.other("(an array of lines lacks its end here)"),
        (None, _) => writer.other(&line.text),
    }
}

fn put(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
