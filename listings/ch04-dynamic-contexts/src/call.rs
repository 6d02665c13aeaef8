//! A client that calls a server over and over, each time under the current identity, and keeps
//! its first connection open meanwhile.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::Generation;
use openssl::ssl::SslConnector;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::{Caller, version};

/// What a client is told, beside where its identity is.
#[derive(clap::Args, Clone, Debug)]
pub struct Calls {
    /// The server to call, IP:PORT.
    #[arg(long)]
    pub server: SocketAddr,
    /// The trust anchors by which this client verifies servers, in PEM [default: those of --roots, by
    /// which servers verify this client].
    #[arg(long)]
    pub server_roots: Option<PathBuf>,
    /// Time from one call to the next, in milliseconds.
    #[arg(long, default_value_t = 20)]
    pub every_ms: u64,
    /// End after a call under this generation or a later one; 0: never.
    #[arg(long, default_value_t = 0)]
    pub until: u64,
}

/// How long one step of a call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls as told. A call that fails is logged as `probe_failed`, and the next one is made.
///
/// # Errors
/// When the connection that is held is cut: a rotation must not do that.
pub async fn call(caller: &Caller, calls: &Calls) -> io::Result<()> {
    let mut numbers = 1..;
    let mut next = async || {
        let connection = Connection::open(caller, calls.server, numbers.next().unwrap_or(0));
        match tokio::time::timeout(PATIENCE, connection).await {
            Ok(opened) => opened,
            Err(_) => Err(io::Error::other("the server took too long")),
        }
    };
    let mut held = next().await?;
    loop {
        held.ask().await?;
        let asked = async {
            let mut connection = next().await?;
            let number = connection.generation.number;
            connection.ask().await?;
            connection.close().await;
            Ok::<_, io::Error>(number)
        };
        match asked.await {
            Ok(number) if calls.until != 0 && number >= calls.until => break,
            Ok(_) => {}
            Err(error) => tracing::warn!(event = "probe_failed", why = %error),
        }
        tokio::time::sleep(Duration::from_millis(calls.every_ms)).await;
    }
    held.close().await;
    Ok(())
}

struct Connection {
    number: u64,
    // As long as this is held, so are the key and the trust anchors of the connection.
    generation: Arc<Generation<SslConnector>>,
    stream: SslStream<TcpStream>,
    bytes: u64,
}

impl Connection {
    async fn open(caller: &Caller, server: SocketAddr, number: u64) -> io::Result<Self> {
        let (stream, generation) = caller.connect(server).await?;
        tracing::debug!(
            event = "connection_opened",
            connection = number,
            generation = generation.number,
            resumed = stream.ssl().session_reused(),
            tls = version(stream.ssl()),
        );
        Ok(Self {
            number,
            generation,
            stream,
            bytes: 0,
        })
    }

    /// Asks for one byte, and checks it. In TLS 1.3 this is where a client learns that the server
    /// did not take its certificate: its own handshake was complete before the server saw it.
    async fn ask(&mut self) -> io::Result<()> {
        let asking = async {
            self.stream.write_all(&1u32.to_be_bytes()).await?;
            self.stream.flush().await?;
            let mut got = [0];
            self.stream.read_exact(&mut got).await?;
            if lab::wire::is_body(self.bytes, &got) {
                Ok(())
            } else {
                Err(io::Error::other(format!("byte {} is wrong", self.bytes)))
            }
        };
        let asked = match tokio::time::timeout(PATIENCE, asking).await {
            Ok(asked) => asked,
            Err(_) => Err(io::Error::other("the server took too long")),
        };
        match asked {
            Ok(()) => self.bytes += 1,
            Err(_) => self.closed("cut"),
        }
        asked
    }

    async fn close(mut self) {
        // The server may be gone already; then there is nobody to say goodbye to.
        let _ = self.stream.shutdown().await;
        self.closed("client_closed");
    }

    fn closed(&self, why: &str) {
        tracing::debug!(
            event = "connection_closed",
            connection = self.number,
            generation = self.generation.number,
            bytes = self.bytes,
            why,
        );
    }
}
