//! SIGINT, SIGTERM and SIGHUP end a run early, with what was measured until then; the second of them ends it at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::server::process_tree::end_all;

/// What a shell gives to a program that SIGINT has ended.
pub const INTERRUPTED: u8 = 130;

/// Of these a server may want the default. Those that end `zdr` have a handler in any case.
const OF_SERVERS: [SignalKind; 3] = [
    SignalKind::user_defined1(),
    SignalKind::user_defined2(),
    SignalKind::quit(),
];

const TERMINATED: &str = "it was told to end (SIGTERM)";
const BY_KEYS: &str = "it was interrupted (Ctrl-C)";
const HUNG_UP: &str = "its terminal was closed (SIGHUP)";

/// Whether a report says that a signal has ended its run, or that of one of its parts.
pub fn is_by_signal(why: &str) -> bool {
    [TERMINATED, BY_KEYS, HUNG_UP]
        .iter()
        .any(|reason| why.contains(reason))
}

/// Says why the run has to end, once it has.
///
/// # Errors
/// When signals cannot be listened for.
pub fn interrupt() -> io::Result<watch::Receiver<Option<String>>> {
    let (reason, interrupted) = watch::channel(None);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let ignored = ignored();
    let mut hangup = Some(signal(SignalKind::hangup())?);
    // `nohup` has it ignored, and so it stays here.
    hangup.take_if(|_| ignored(SignalKind::hangup()));
    // What is ignored here is ignored by the server as well. With a handler, even one that does nothing, it begins with
    // the default, as it does under systemd. (signal(7): dispositions across execve.)
    for kind in OF_SERVERS {
        if ignored(kind) {
            drop(signal(kind)?);
        }
    }
    tokio::spawn(async move {
        let error = tokio::select! {
            _ = terminate.recv() => TERMINATED,
            _ = interrupt.recv() => BY_KEYS,
            () = hung_up(&mut hangup) => HUNG_UP,
        };
        reason.send_replace(Some(error.into()));
        // A second signal ends it at once.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = hung_up(&mut hangup) => {}
            () = reason.closed() => return,
        }
        end_all(std::process::id(), []);
        std::process::exit(INTERRUPTED.into());
    });
    Ok(interrupted)
}

/// Makes an error with words of a file that becomes larger than `ulimit -f` allows. Without a handler, SIGXFSZ ends this
/// process without any (setrlimit(2): RLIMIT_FSIZE). What is started has the default again.
///
/// # Errors
/// When signals cannot be listened for.
pub fn too_large_is_an_error() -> io::Result<()> {
    let number = rustix::process::Signal::XFSZ.as_raw();
    signal(SignalKind::from_raw(number)).map(drop)
}

/// Waits for SIGHUP, where that is listened for.
async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Which signals were ignored when this process began. Where the system does not tell, none was.
fn ignored() -> impl Fn(SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let mask = mask.unwrap_or_default();
    // The first bit is signal 1's.
    move |kind| mask >> (kind.as_raw_value() - 1) & 1 == 1
}
