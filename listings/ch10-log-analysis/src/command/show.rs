//! `zdr log show`: the log itself, in lines that a person reads.

use std::io::{self, Write};
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use clap::Args;
use events::text::Writer;

use super::input::input;
use crate::error::Error;
use crate::read::{self, Line, NO_EVENT, NO_TIME, News};

/// What is no event is shown as it is. A line that was meant to be one, and is broken, is shown with the reason.
#[derive(Args, Debug)]
pub(super) struct Show {
    /// The log; `-` or none is the standard input. Several are merged by time.
    files: Vec<PathBuf>,
    /// Go on as the file grows, through its rotation and truncation, until Ctrl-C.
    #[arg(long, short = 'f', requires = "files")]
    follow: bool,
}

impl Show {
    pub(super) async fn run(self) -> Result<(), Error> {
        let mut news = read::start(input(&self.files, self.follow)?)?;
        let mut writer = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Writer::default(),
            _ => Writer::coloured(),
        };
        while let Some(read) = news.recv().await {
            match read {
                News::Lines(lines) => {
                    let shown: String = lines.iter().map(|line| show(&mut writer, line)).collect();
                    write(&shown)?;
                }
                // Somebody waits: how often the last line came is told now.
                News::CaughtUp(_) => write(&writer.flush())?,
                News::Failed(error) => return Err(error),
            }
        }
        write(&writer.flush())
    }
}

fn show(writer: &mut Writer, line: &Line) -> String {
    match (&line.event, line.broken) {
        // Without a time it stands where it was read.
        (Some(event), None | Some(NO_TIME)) => writer.event(event),
        (None, None | Some(NO_EVENT)) => writer.other(&line.text),
        (event, Some(broken)) => {
            let shown = writer.other(&format!("[{broken}] {}", line.text));
            let event = event.as_ref().map(|event| writer.event(event));
            shown + &event.unwrap_or_default()
        }
    }
}

fn write(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
