//! Whether a server can be told of new files at all: whether the program for it is there, and whether the signal ends
//! the process that gets it, which is a script that only starts the server, or a server without a handler. The system
//! tells most of that before anything is sent.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::server::Server;
use crate::server::advice::Advice;
use crate::server::reload::ENDED_WELL;

/// What a worker starts for a moment is gone by then.
const AGAIN: Duration = Duration::from_millis(500);

/// A server may begin to listen before it has a handler.
const BOUND: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Looks whether the program that tells it is there, and waits until the signal by which it is told would not end it.
///
/// # Errors
/// When the program cannot be started, or the signal still would end it after a while: with what to change.
pub(super) async fn can_be_told(server: &Server) -> Result<(), Error> {
    match server.cannot_be_told() {
        Some(advice) => Err(Error::Preflight(Box::new(advice))),
        None => survives_its_signal(server).await,
    }
}

/// Waits until the signal by which it is told would not end it.
async fn survives_its_signal(server: &Server) -> Result<(), Error> {
    let bound = Instant::now() + BOUND;
    while let Some((name, pid)) = server.would_end_by_its_signal() {
        if Instant::now() >= bound {
            let tried = format!(
                "nothing was sent: the system tells which signals process {pid} catches, blocks or ignores, and SIG{name} \
                 is none of them"
            );
            let advice = advice(server, (name, pid), tried, "would end");
            return Err(Error::Preflight(Box::new(advice)));
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// The same after the signal was sent, of a program whose language catches signals that the program does not know.
/// `None` where it has not ended by that.
pub(crate) async fn ended_by_its_signal(server: &mut Server) -> Option<Error> {
    let (name, pid, status) = server.has_ended_by_its_signal()?;
    server.read_to_the_end().await;
    let tried = format!(
        "SIG{name} was sent to process {pid} when there were new files: it ended ({status})"
    );
    let mut advice = advice(server, (&name, pid), tried, "ended");
    if status == ENDED_WELL {
        advice.what = format!(
            "SIG{name} ended the server, which takes it for the order to end, or has handed over to a process that has \
             ended, too"
        );
    }
    Some(Error::Signalled(Box::new(advice)).with_said(server.output()))
}

/// What to change where the signal by which it is told only begins a handover, which the description does not complete.
/// `None` where that is not so, or cannot be seen. It is looked at twice: what a worker starts may inherit its socket.
pub(crate) async fn half_handed_over(server: &Server) -> Option<Error> {
    let seen = server.half_handed_over()?;
    sleep(AGAIN).await;
    let (name, first, second) = server.half_handed_over().filter(|again| *again == seen)?;
    Some(Error::Signalled(Box::new(Advice {
        what: format!(
            "SIG{name} starts a second server beside the first, and nothing ends the first: clients come to both"
        ),
        tried: format!("SIG{name} was sent to process {first} when there were new files"),
        seen: format!(
            "process {second}, which process {first} has started since, listens with processes of its own. Process \
             {first} still listens, too"
        ),
        change: format!(
            "say the second step as well, by a command in `[reload]` instead of the signal: command = [\"sh\", \"-c\", \
             \"kill -{name} {{pid}}; sleep 5; kill -QUIT {{pid}}; sleep 5\"], with the signal that lets the first \
             server finish (SIGQUIT for nginx and unicorn, SIGTERM for gunicorn), the time that the second needs before \
             it serves, and the time after which the first has ended: some start no third before that, and the next \
             reload would end the last one. `{{pid}}` is the one that serves when there are new files, so each reload \
             reaches the latest. Or name a signal that reloads without a second server, such as HUP"
        ),
    })))
}

fn advice(server: &Server, (name, pid): (&str, i32), tried: String, ends: &str) -> Advice {
    if let Some(instead) = server.instead() {
        return Advice {
            what: format!("SIG{name} {ends} process {pid}, which is not the server"),
            tried,
            seen: format!("{instead}. Process {pid}, which `[attach]` names, does not"),
            change: "name the process that serves, in `pid`".into(),
        };
    }
    match server.behind() {
        Some(behind) => Advice {
            what: format!(
                "SIG{name} {ends} the process that starts the server, and does not reach the server"
            ),
            tried,
            seen: format!(
                "{behind}. Process {pid} is the first of the command and gets the signal, but does not listen"
            ),
            change: format!(
                "let a script become the server (`exec` before its last command), or name the server's own program. \
                 Or signal the server by a command, in `[reload]`: command = [\"sh\", \"-c\", \"kill -{name} $(cat \
                 FILE)\"], where FILE is the file that holds the server's process number"
            ),
        },
        None => Advice {
            what: format!("SIG{name} {ends} the server: it has no handler for that signal"),
            tried,
            seen: format!(
                "process {pid} is the first of the command, and no other process listens for it"
            ),
            change: format!(
                "if the server is told in another way, or follows its files by itself, say so in `[reload]`. If it is \
                 meant to reload on SIG{name}, it does not: each rotation ends it, and that has to be mended in the \
                 server. To check how well it restarts instead: restart = true"
            ),
        },
    }
}
