//! `cargo exercise watch`: tries an answer again whenever it changes.
//!
//! As in chapter 3, the directory is watched and not the file, since editors rename; and an event means no more
//! than *look*: what decides is whether the content is another one.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use notify::{EventKind, RecursiveMode, Watcher};

use crate::attempt::attempt;
use crate::error::Error;
use crate::folder::Folder;
use crate::lines::paragraph;
use crate::progress::Progress;
use crate::set::Exercise;
use crate::tell::Teller;

/// How long nothing is looked at, where no event comes.
const LOOK: Duration = Duration::from_secs(2);

/// Why it wakes up.
enum Wake {
    /// Something in the folder may have changed.
    Look,
    /// A line was typed.
    Typed(String),
}

/// What a learner wants next.
#[derive(PartialEq, Eq)]
enum Then {
    Again,
    Leave,
}

/// Tries the answer to `only`, or to whatever is next, at each change, until it is done or `q` is typed. Without
/// `only` it goes on to the next one, and ends when all are done.
///
/// # Errors
/// When the folder cannot be read, written or watched.
pub fn watch(
    teller: &Teller<'_>,
    progress: &mut Progress,
    only: Option<&Exercise>,
) -> Result<(), Error> {
    let (wake, woken) = mpsc::channel();
    let typed = wake.clone();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if typed.send(Wake::Typed(line)).is_err() {
                return;
            }
        }
    });
    let mut out = anstream::stdout();
    while let Some(exercise) = only.or_else(|| progress.next(teller.set)) {
        teller.folder.begin(exercise)?;
        progress.is_at(exercise)?;
        let _watching = follow(teller.folder, exercise, &wake)?;
        if until_done(teller, progress, exercise, &woken, &mut out)? == Then::Leave
            || only.is_some()
        {
            return Ok(());
        }
    }
    Ok(())
}

/// Tries one answer until all its checks hold.
fn until_done(
    teller: &Teller<'_>,
    progress: &mut Progress,
    exercise: &Exercise,
    woken: &Receiver<Wake>,
    out: &mut dyn Write,
) -> Result<Then, Error> {
    loop {
        let before = content(&teller.folder.answer(exercise));
        let tried = attempt(teller.set, teller.folder, exercise)?;
        let held = tried.held();
        let recorded = progress.ran(exercise, held);
        clear(out)?;
        teller.attempt(out, exercise, &tried, progress)?;
        recorded?;
        if held {
            return Ok(Then::Again);
        }
        writeln!(
            out,
            "\nWatching. Enter `h` for a hint, `t` for the task, `q` to leave."
        )?;
        out.flush()?;
        if wait(teller, progress, exercise, woken, out, &before)? == Then::Leave {
            return Ok(Then::Leave);
        }
    }
}

/// Waits until the answer has another content, and serves what is typed meanwhile.
fn wait(
    teller: &Teller<'_>,
    progress: &mut Progress,
    exercise: &Exercise,
    woken: &Receiver<Wake>,
    out: &mut dyn Write,
    before: &[u8],
) -> Result<Then, Error> {
    let answer = teller.folder.answer(exercise);
    let mut missed = false;
    loop {
        match woken.recv_timeout(LOOK) {
            Ok(Wake::Look) => {
                // An editor writes more than once. Time is the subject: until nothing came for a while.
                while let Ok(Wake::Look) = woken.recv_timeout(Duration::from_millis(50)) {}
                let now = content(&answer);
                if !now.is_empty() && now != before {
                    return Ok(Then::Again);
                }
            }
            // The watch ends with its directory, which may have been removed and made anew. So an answer is looked at now and then.
            Err(RecvTimeoutError::Timeout) => {
                let now = content(&answer);
                if !now.is_empty() && now != before {
                    return Ok(Then::Again);
                }
                let is_gone = !answer.exists();
                if is_gone && !missed {
                    let shown = teller.shown(&answer);
                    writeln!(out, "{shown} is gone.")?;
                    let next = teller.command(&format!("next {}", exercise.id));
                    let words = format!(
                        "It is tried when it is there again; `q` leaves, and `{next}` writes the starter."
                    );
                    paragraph(out, "", &words)?;
                }
                missed = is_gone;
            }
            Ok(Wake::Typed(line)) => match line.trim() {
                "q" => return Ok(Then::Leave),
                "h" => {
                    let number = (progress.of(exercise).hints + 1).min(exercise.about.hints.len());
                    progress.hinted(exercise, number)?;
                    teller.hint(out, exercise, number)?;
                }
                "t" => teller.task(out, exercise)?,
                "" => return Ok(Then::Again),
                _ => writeln!(out, "`h`, `t` or `q`, please.")?,
            },
            // Both senders live as long as this.
            Err(RecvTimeoutError::Disconnected) => return Ok(Then::Leave),
        }
        out.flush()?;
    }
}

fn follow(
    folder: &Folder,
    exercise: &Exercise,
    wake: &Sender<Wake>,
) -> Result<notify::RecommendedWatcher, Error> {
    let wake = wake.clone();
    let answer = folder.answer(exercise);
    let directory = answer.parent().unwrap_or(folder.path());
    let watching = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Our own reading is no change.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            // The receiver is gone: the program is ending.
            let _ = wake.send(Wake::Look);
        }
    });
    let watching = watching.and_then(|mut watcher| {
        watcher.watch(directory, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watching.map_err(|error| Error::file(directory, io::Error::other(error)))
}

/// What the answer holds; nothing where an editor has it away for a moment.
fn content(answer: &Path) -> Vec<u8> {
    fs::read(answer).unwrap_or_default()
}

/// A terminal is cleared, so that what is seen is of this attempt.
fn clear(out: &mut dyn Write) -> io::Result<()> {
    match io::stdout().is_terminal() {
        true => write!(out, "\x1b[2J\x1b[H"),
        false => Ok(()),
    }
}
