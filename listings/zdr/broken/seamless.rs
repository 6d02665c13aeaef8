//! A restart that no client notices: the socket outlives the process. A process that does nothing else holds
//! it, and hands it to each new server as its standard input; the old one takes no more connections once the
//! new one serves, and ends when its clients have left.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use lab::agent::Files;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

/// From one look at the files to the next.
const LOOK: Duration = Duration::from_millis(30);

/// Holds the socket, and starts a server for each change of the files.
pub async fn hold(listener: TcpListener, files: &Files) -> io::Result<()> {
    let listener = listener.into_std()?;
    let start = || server(OwnedFd::from(listener.try_clone()?));
    let mut before = contents(files).await;
    let mut serving = start()?;
    ready(&mut serving, None).await?;
    let mut old = Vec::new();
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        old.retain_mut(|child: &mut Child| matches!(child.try_wait(), Ok(None)));
        let now = contents(files).await;
        if now == before {
            continue;
        }
        let mut next = start()?;
        // Files that are not valid: it looks until they are. They may be put back as they were.
        if ready(&mut next, Some((files, &before))).await? {
            leave(&serving);
            old.push(std::mem::replace(&mut serving, next));
            before = now;
        }
    }
}

/// What both files hold; nothing where they cannot be read.
async fn contents(files: &Files) -> [Vec<u8>; 2] {
    let read = async |path| tokio::fs::read(path).await.unwrap_or_default();
    [read(&files.certificate).await, read(&files.key).await]
}

/// The same program with the same arguments, which serves over this socket.
fn server(socket: OwnedFd) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .args(["--frozen", "--inherited"])
        .stdin(Stdio::from(socket))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Waits until it serves; or until the files are again what they were before, where it is not needed.
async fn ready(child: &mut Child, unless: Option<(&Files, &[Vec<u8>; 2])>) -> io::Result<bool> {
    let mut stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut word = [0; 1];
    loop {
        if let Ok(read) = timeout(LOOK, stdout.read_exact(&mut word)).await {
            return read.map(|_| true);
        }
        if let Some((files, before)) = unless
            && contents(files).await == *before
        {
            return Ok(false);
        }
    }
}

fn leave(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // It may be gone already.
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// The socket that was handed over, in a server that was started so.
pub fn inherited() -> io::Result<TcpListener> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let listener = std::net::TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    tracing::info!(event = "listening", port);
    TcpListener::from_std(listener)
}

/// Tells who holds the socket that this server serves.
pub fn serves() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(b".")?;
    stdout.flush()
}
