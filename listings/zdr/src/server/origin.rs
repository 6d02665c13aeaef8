//! What stands behind a proxy: a plain HTTP server; and the files of a server that has files.

pub mod grpc;
pub mod websocket;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ch06_in_flight_requests::http::Known;
use http_body_util::{BodyExt, Either};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use lab::wire;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

/// What is asked for at `/bytes/N`, for a server that has files instead of code.
pub const SIZES: [u64; 4] = [1, 1024, 65_536, DOWNLOAD];

/// The size of a long download. Larger than what the buffers of both ends hold, so that the server
/// is still sending when it is told to reload.
pub const DOWNLOAD: u64 = 64 << 20;

/// How large a segment is, in bytes: as on a network of Ethernet. On the loopback they are of 64 kB.
const SEGMENT: u32 = 1440;
/// What the kernel keeps of an answer that is not read, in bytes.
const SENT: u32 = 64 * 1024;
/// How many connections may wait to be accepted.
const WAITING: u32 = 1024;

/// A plain server of HTTP/1.1 and HTTP/2 on a port of its own, which ends when this is dropped.
pub struct Origin {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Origin {
    /// Starts it. `GET /bytes/N` is answered with N bytes of the known body, `POST /upload` once all of
    /// it has come, at `/echo` is a WebSocket, and calls of gRPC have their health service.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> io::Result<Self> {
        let listener = listener()?;
        let port = listener.local_addr()?.port();
        let accepting = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let _ = tcp.set_nodelay(true);
                tokio::spawn(async move {
                    // A proxy that speaks HTTP/2 to it says so from the first byte (RFC 9113, section 3.3).
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let io = TokioIo::new(tcp);
                    // How it ended is the client's to tell.
                    let _ = builder
                        .serve_connection_with_upgrades(io, service_fn(answer))
                        .await;
                });
            }
        });
        Ok(Self { port, accepting })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// A listener whose connections keep little in buffers: they inherit what is set before it listens. A proxy that
/// does not read on lets this side fill up, and a thousand downloads would take all the memory that the kernel
/// has for TCP. Then every connection waits, that of the proxy's clients as well.
fn listener() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    SockRef::from(&socket).set_tcp_mss(SEGMENT)?;
    socket.set_send_buffer_size(SENT)?;
    socket.bind(lab::any_port())?;
    socket.listen(WAITING)
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Answer>, hyper::Error> {
    if let Some(called) = grpc::health(&request, std::future::pending(), true) {
        return Ok(called.map(Either::Left));
    }
    let answered = match request.uri().path() {
        "/upload" => {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                frame?;
            }
            Response::new(Known::first(0))
        }
        "/echo" => {
            let answer = websocket::echo(request, std::future::pending());
            answer.map(|()| Known::first(0))
        }
        _ => bytes(&request),
    };
    Ok(answered.map(Either::Right))
}

type Answer = Either<grpc::Call, Known>;

/// Answers `GET /bytes/N` with N bytes of the known body, and anything else with 404.
pub fn bytes<B>(request: &Request<B>) -> Response<Known> {
    let size = request.uri().path().strip_prefix("/bytes/");
    let size = size.and_then(|size| size.parse().ok());
    let mut response = Response::new(Known::first(size.unwrap_or(0)));
    if size.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// Writes the files of [`SIZES`] below `www`.
///
/// # Errors
/// When the disk is full, or the folder cannot be written.
pub fn write_files(www: &Path) -> io::Result<()> {
    let folder = www.join("bytes");
    fs::create_dir_all(&folder)?;
    for size in SIZES {
        let mut file = BufWriter::new(fs::File::create(folder.join(size.to_string()))?);
        let mut block = [0; wire::BLOCK];
        let mut at = 0;
        while at < size {
            let part = (size - at).min(wire::BLOCK as u64) as usize;
            wire::body(at, &mut block[..part]);
            file.write_all(&block[..part])?;
            at += part as u64;
        }
        file.flush()?;
    }
    Ok(())
}
