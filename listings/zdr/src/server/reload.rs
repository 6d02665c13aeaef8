//! Telling a server, in its own way, that its files have changed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::server::Server;
use crate::server::advice::Advice;
use crate::server::holder::Holder;
use crate::server::lines::in_shell;
use crate::server::process_tree::{ProcessTree, would_end};
use crate::server::spec::{Reload, Socket, signal_named};
use crate::server::taken_ports::instead;

/// How a process ended that was not unhappy.
pub(crate) const ENDED_WELL: &str = "exit status: 0";

/// How the complaint of a command that failed begins, which is no complaint of the server.
pub(crate) const COMMAND: &str = "the command `";

/// How long a server may take to answer a line on its socket.
const ANSWER: Duration = Duration::from_secs(30);

impl Server {
    /// Tells it that the files have changed, in its own way. `pem` is what they hold.
    ///
    /// # Errors
    /// What it, or the command, complained of. That is no failure yet: the wire decides.
    pub async fn reload(&mut self, pem: &str) -> Result<(), String> {
        let dir = PathBuf::from(self.launcher.words.get("dir"));
        let given = self.launcher.give(&dir);
        given.map_err(|error| format!("{}: {error}", dir.display()))?;
        let reload = self.spec.reload.clone();
        self.reload_by(&reload, pem).await
    }

    /// The same in another way than its description has.
    ///
    /// # Errors
    /// As [`Server::reload`].
    pub(crate) async fn reload_by(&mut self, reload: &Reload, pem: &str) -> Result<(), String> {
        self.follow();
        self.remember_who_serves();
        if let Some(signal) = reload.signal.as_deref().and_then(signal_named) {
            let pid = self
                .pid
                .and_then(Pid::from_raw)
                .ok_or("no process to signal")?;
            return rustix::process::kill_process(pid, signal).map_err(|error| error.to_string());
        }
        if let Some(command) = &reload.command {
            let done = self.launcher.run(command, self.pid, &self.output);
            return done.await.map_err(|error| {
                let error = self.output.without_keys(&error);
                format!("{COMMAND}{}` failed: {error}", in_shell(command))
            });
        }
        if let Some(socket) = &reload.socket {
            let done = self.send(socket, pem).await;
            // What it was sent holds the key, and may be in its answer.
            return done.map_err(|error| self.output.without_keys(&error));
        }
        if reload.restart {
            self.stop(Signal::TERM).await;
            return self.launch().await.map_err(|error| error.to_string());
        }
        Ok(())
    }

    /// Why the program that tells it of new files cannot be started, and what to change.
    pub(crate) fn cannot_be_told(&self) -> Option<Advice> {
        let error = self
            .launcher
            .unstartable(self.spec.reload.command.as_ref()?)?;
        Some(Advice {
            what: format!("the `command` of `[reload]` would tell it nothing: {error}"),
            tried: "looking for the program of that command. It was not started".into(),
            ..error.advice()?
        })
    }

    /// The name of the signal by which it is told, and the process that gets it, where that would be the end of
    /// this process.
    pub(crate) fn would_end_by_its_signal(&self) -> Option<(&str, i32)> {
        let name = self.spec.reload.signal.as_deref()?;
        let pid = self.pid?;
        would_end(pid, signal_named(name)?)?.then_some((name, pid))
    }

    /// The same, and how it ended, where that signal has ended it. Some programs end by themselves then, with 128
    /// more than its number, as a shell tells of it; others take it for the order to end, and end well.
    pub(crate) fn has_ended_by_its_signal(&mut self) -> Option<(String, i32, String)> {
        let status = self.ended()?;
        let name = self.spec.reload.signal.clone()?;
        let number = signal_named(&name)?.as_raw();
        let by_it = [
            format!("signal: {number} "),
            format!("exit status: {}", 128 + number),
        ];
        let is_by_it = by_it.iter().any(|by_it| status.starts_with(by_it));
        // One that hands its port over ends well, too.
        let ends_well = status == ENDED_WELL && !self.is_in_background();
        Some((name, self.pid?, status)).filter(|_| is_by_it || ends_well)
    }

    /// Who listens where it is attached to, if the process that `[attach]` names does not, nor one that comes from it.
    pub(crate) fn instead(&self) -> Option<Holder> {
        let named = self.spec.attach.as_ref()?.pid?;
        instead(&ProcessTree::group(named), self.port())
    }

    async fn send(&self, socket: &Socket, pem: &str) -> Result<(), String> {
        let path = self.launcher.words.fill(&socket.path);
        for (at, line) in socket.send.iter().enumerate() {
            let line = self.launcher.words.fill(line).replace("{pem}", pem);
            let answer = timeout(ANSWER, converse(&path, &line)).await;
            let answer = answer.map_err(|_| format!("{path}: no answer"))?;
            let answer = answer.map_err(|error| format!("{path}: {error}"))?;
            if let Some(expected) = socket.expect.get(at)
                && !answer.contains(expected.as_str())
            {
                return Err(format!("{path}: {}", answer.trim()));
            }
        }
        Ok(())
    }

    /// Makes it give up trust that was taken away, where there is a way.
    pub fn force(&self) {
        let force = self.spec.reload.force.as_deref().and_then(signal_named);
        if let Some(signal) = force
            && let Some(pid) = self.pid.and_then(Pid::from_raw)
        {
            // That it is gone will be noticed elsewhere.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

async fn converse(path: &str, line: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(line.as_bytes()).await?;
    stream.write_all(b"\n").await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
