//! Clients that never complete a handshake or a request, and are there while the server rotates: one that says nothing,
//! one that stops in the middle of its hello, one that does not go on after it, and one that completes the handshake and
//! asks for nothing, or for half of something. A lost network, a port scanner, a browser's spare connection and a load
//! balancer's probe look like this.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use tokio_rustls::client::TlsStream;

use crate::error::Error;
use crate::load::dialogue::before_tls;
use crate::scenarios::clients::ProbeClient;
use crate::testbed::TestBed;
use ch06_in_flight_requests::client::Version;
use ch11_verification::rotation::Window;

/// Long enough for the server to have taken the connections.
const TAKEN: Duration = Duration::from_millis(100);

/// A request of HTTP that does not come to its end.
const HALF: &[u8] = b"GET / HTTP/1.1\r\nhost: ";

/// Rotates while such clients are there, and once more while others have come.
pub(super) async fn half_open(
    testbed: &mut TestBed,
    probes: &ProbeClient,
) -> Result<Window, Error> {
    let before = (each(testbed).await?, unused(testbed, &[]).await);
    let window = probes.rotate(testbed).await?;
    let took = window.first_new.map(|new| new.saturating_sub(window.began));
    // A new certificate that is late now may come in time where others have come, and what was late is judged.
    if took.is_none_or(|took| took > testbed.reload_within()) {
        return Ok(window);
    }
    // A server with a thread for each client has only so many.
    drop(before);
    let half = match testbed.target.protocol.is_http() {
        true => HALF,
        false => &[],
    };
    let _more = (each(testbed).await?, unused(testbed, half).await);
    probes.rotate(testbed).await
}

/// One of each kind, open for as long as they are kept.
async fn each(testbed: &TestBed) -> Result<Vec<TcpStream>, Error> {
    let hello = hello(testbed)?;
    let address = *testbed.target.address.borrow();
    let mut open = Vec::new();
    for said in [&[][..], &hello[..hello.len() / 2], &hello] {
        let connecting = async {
            let mut tcp = TcpStream::connect(address).await?;
            if !said.is_empty() {
                before_tls(testbed.target.speech(), &mut tcp).await?;
            }
            tcp.write_all(said).await?;
            Ok::<_, io::Error>(tcp)
        };
        // A server that does not take them now is judged by its other clients.
        if let Ok(Ok(tcp)) = timeout(testbed.target.patience, connecting).await {
            open.push(tcp);
        }
    }
    sleep(TAKEN).await;
    Ok(open)
}

/// One that has completed its handshake, and says no more than this.
async fn unused(testbed: &TestBed, said: &[u8]) -> Option<TlsStream<TcpStream>> {
    let target = &testbed.target;
    let client = target.client(Some(Version::Http1), false, target.identity.as_deref());
    let client = client.ok()?;
    let opening = async {
        let (mut stream, _) = target.open(&client).await.ok()?;
        stream.write_all(said).await.ok()?;
        stream.flush().await.ok()?;
        Some(stream)
    };
    // Boxed: without optimisation, so much room is more than a worker thread has.
    timeout(target.patience, Box::pin(opening)).await.ok()?
}

/// What a client says first.
fn hello(testbed: &TestBed) -> Result<Vec<u8>, Error> {
    let config = lab::client::config(&testbed.target.roots_pem, lab::client::Options::default());
    let name = ServerName::try_from(testbed.name().to_owned()).map_err(Error::issue)?;
    let client = ClientConnection::new(Arc::clone(&config.map_err(io::Error::from)?), name);
    let mut client = client.map_err(Error::issue)?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello)?;
    Ok(hello)
}
