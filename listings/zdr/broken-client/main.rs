//! A client that is sound, or has one defect: what `zdr check-client` has to tell apart.
//!
//! It asks over a connection that it keeps, and looks at its files again and again, by content.

mod arguments;
mod files;
mod trust;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::exit;
use ch06_in_flight_requests::ending::Ending;
use clap::Parser;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use x509_parser::parse_x509_certificate;

use arguments::{Arguments, Defect};
use files::Files;
use trust::{Generation, Result};

/// From one request to the next, and from one look at the files to the next.
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::main]
async fn main() -> ExitCode {
    exit(ask(Arguments::parse()).await.map_err(io::Error::other))
}

async fn ask(arguments: Arguments) -> Result<()> {
    let defect = arguments.defect;
    let address = tokio::net::lookup_host(&arguments.address)
        .await?
        .find(SocketAddr::is_ipv4);
    let address = address.ok_or("no address")?;
    let mut files = Files::read(&arguments)?;
    let mut generation = Generation::first(&files, defect)?;
    let mut kept: Option<Kept> = None;
    let mut rejected = 0;
    loop {
        if generation.follow(&mut files, &arguments)? {
            // What was verified by the roots of before is verified again.
            kept = kept.filter(|_| defect == Some(Defect::PoolStays));
        }
        kept = kept.filter(|kept| {
            defect == Some(Defect::PoolStays) || kept.until > OffsetDateTime::now_utc()
        });
        if kept.is_none() {
            match Kept::open(address, generation.config.clone()).await {
                Ok(opened) => (kept, rejected) = (Some(opened), 0),
                Err(error) if defect == Some(Defect::Ends) => return Err(error),
                Err(_) => {
                    rejected += 1;
                    if let Some((most, pause)) = defect.and_then(Defect::falls_back) {
                        sleep(pause).await;
                        if rejected >= most {
                            rejected = 0;
                            let blind = Generation::first(&files, Some(Defect::VerifiesNothing))?;
                            kept = Kept::open(address, blind.config).await.ok();
                        }
                    }
                }
            }
        }
        if let Some(mut connection) = kept.take()
            && connection.ask().await
        {
            kept = Some(connection);
        }
        sleep(PAUSE).await;
    }
}

/// A connection, and until when its server's certificate is valid.
struct Kept {
    sender: SendRequest<Empty<Bytes>>,
    /// hyper may leave a request in its queue when the connection ends.
    ending: Ending,
    until: OffsetDateTime,
}

impl Kept {
    async fn open(address: SocketAddr, config: Arc<ClientConfig>) -> Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(config).connect(name, tcp).await?;
        let leaf = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| chain.first());
        let parsed = leaf.and_then(|leaf| parse_x509_certificate(leaf).ok());
        let until = parsed.map(|(_, leaf)| leaf.validity().not_after.to_datetime());
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self {
            sender,
            ending: Ending::of(connection),
            until: until.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        })
    }

    /// Whether the connection can be used again.
    async fn ask(&mut self) -> bool {
        let request = Request::get("/")
            .header(HOST, "localhost")
            .body(Empty::new());
        let Ok(request) = request else {
            return false;
        };
        let asking = async {
            let Ok(answer) = self.sender.send_request(request).await else {
                return false;
            };
            answer.into_body().collect().await.is_ok() && self.sender.ready().await.is_ok()
        };
        self.ending.or(asking).await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::time::timeout;

    use super::*;

    /// It would ask nothing more, and what its server shows from then on would not be seen.
    #[tokio::test(start_paused = true)]
    async fn a_request_that_was_left_in_the_queue_is_over_with_its_connection() {
        let (here, _there) = tokio::io::duplex(1024);
        let handshake = http1::handshake(TokioIo::new(here));
        // Not driven, and not dropped: what is put into its queue stays there.
        let (sender, _connection) = handshake.await.expect("a duplex does not fail");
        let mut kept = Kept {
            sender,
            ending: Ending::of(ready(())),
            until: OffsetDateTime::UNIX_EPOCH,
        };
        let asked = timeout(Duration::from_secs(60), kept.ask()).await;
        assert_eq!(asked, Ok(false), "it waits on");
    }
}
