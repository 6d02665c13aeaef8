//! A supervisor: it rotates a server's certificate by ending one process and starting the next.
//!
//! [`Once`] is what it tells each of these processes, and what they then are.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use lab::BOUND;
use lab::agent::Files;
use lab::child::Child;
use lab::log::want;
use rustix::process::Signal;
use tokio::net::TcpSocket;
use tracing::Level;

use crate::{listen, load_once, serve};

/// A server that loads one certificate and serves it until it is stopped: what it is told.
#[derive(clap::Args, Clone, Debug)]
pub struct Once {
    /// The chain, leaf first, in PEM.
    #[arg(long)]
    pub certificate: PathBuf,
    /// The key, in PEM.
    #[arg(long)]
    pub key: PathBuf,
    /// The port to listen on; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The certificate's generation in the log: the supervisor counts the processes that it starts.
    #[arg(long, default_value_t = 1)]
    pub generation: u64,
}

impl Once {
    /// Serves forever.
    ///
    /// # Errors
    /// When the files are not valid, or the port is taken.
    pub async fn serve(self) -> io::Result<()> {
        lab::emit::to_stderr(Level::DEBUG)?;
        let config = load_once(&self.certificate, &self.key, self.generation)?;
        let listener = listen(([127, 0, 0, 1], self.port).into()).await?;
        serve(listener, config, self.generation).await;
        Ok(())
    }
}

/// Runs one server process at a time, always on the same address.
pub struct Supervisor {
    program: PathBuf,
    files: Files,
    address: SocketAddr,
    // Bound and never listening: while no server runs, connects are refused as they would be on a
    // real machine, but nobody else is given the port.
    _reserved: TcpSocket,
    child: Option<Child>,
    started: u64,
}

/// The time in which one restart left no server.
#[derive(Debug)]
pub struct Gap<T> {
    /// From the exit of the old process to `listening` of the new one.
    pub length: Duration,
    /// What the callers of that time saw.
    pub seen: T,
}

impl Supervisor {
    /// A supervisor for `program`, which understands `serve` and [`Once`] as this crate's binary does.
    /// Chooses a free port and keeps it.
    pub fn new(program: PathBuf, files: Files) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(lab::any_port())?;
        Ok(Self {
            program,
            files,
            address: socket.local_addr()?,
            _reserved: socket,
            child: None,
            started: 0,
        })
    }

    /// Where the server listens while there is one.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts a process and waits until it listens. Its events are passed on, with the number of
    /// the process.
    pub async fn start(&mut self) -> io::Result<()> {
        self.started += 1;
        let process = self.started;
        let port = self.address.port().to_string();
        let arguments: [OsString; 9] = [
            "serve".into(),
            "--certificate".into(),
            self.files.certificate.clone().into(),
            "--key".into(),
            self.files.key.clone().into(),
            "--port".into(),
            port.into(),
            "--generation".into(),
            process.to_string().into(),
        ];
        tracing::info!(event = "process_started", process);
        let child = Child::spawn(&self.program, arguments, move |event| {
            event.0.insert("process".into(), process.into());
            lab::emit::forward(event.clone());
        })?;
        child.port(BOUND).await;
        self.child = Some(child);
        Ok(())
    }

    // ANCHOR: restart
    /// Ends the process as a container runtime does, with SIGTERM, and starts the next one.
    /// `meanwhile` runs between the two: it stands for the callers who come at the wrong time.
    pub async fn restart<T>(&mut self, meanwhile: impl Future<Output = T>) -> io::Result<Gap<T>> {
        self.stop().await?;
        let gone = Instant::now();
        let seen = meanwhile.await;
        self.start().await?;
        Ok(Gap {
            length: gone.elapsed(),
            seen,
        })
    }
    // ANCHOR_END: restart

    /// Waits until the running process has logged this event of this connection.
    ///
    /// # Panics
    /// After [`BOUND`], with the process's log; or when no process runs.
    pub async fn saw(&self, event: &str, connection: u64) {
        let child = self.child.as_ref().expect("a process runs");
        let wanted = want(event).with("connection", connection);
        child.log().wait_for(&wanted, BOUND).await;
    }

    /// Ends the process, and waits until it is gone.
    pub async fn stop(&mut self) -> io::Result<()> {
        if let Some(child) = self.child.take() {
            child.signal(Signal::TERM)?;
            child.wait(BOUND).await?;
            tracing::info!(event = "process_exited", process = self.started);
        }
        Ok(())
    }
}
