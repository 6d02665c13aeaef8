//! The other end: a client whose trust and identity rotate together, too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::{Identity, Peers, Rejected, Source};
use ch02_hot_reload::{IdentityStore, Loader};
use ch05_race_conditions::{Options, Reader};
use ch06_in_flight_requests::client::Http;
use lab::client::{Client, Failure};
use rustls::ClientConfig;

use crate::mutual;

/// A client's generations: chain, key, and the roots by which it validates servers.
pub type Generations = IdentityStore<Arc<ClientConfig>>;

/// Loads a client's first generation.
///
/// # Errors
/// When the files are not valid for a client.
pub fn start(source: Source) -> Result<Arc<Generations>, Rejected> {
    let loader = Loader {
        read: reader().read_fn(),
        build: Box::new(|identity, _| Ok(Arc::new(mutual::client_config(identity)?))),
    };
    IdentityStore::start_by(loader, source)
}

/// Reads the files, and validates them as servers would now.
///
/// # Errors
/// What a server would object to, and files that cannot be read.
pub fn read(source: &Source) -> Result<Identity, Rejected> {
    reader().read(source, None)
}

/// Chapter 5's, for what is shown to servers. A set of roots that shrank is believed at once: a
/// client has nobody who stands on them.
fn reader() -> Reader {
    let options = Options {
        settle: Duration::ZERO,
        ..Options::default()
    };
    Reader::new(options).for_peers(Peers::Servers)
}

// ANCHOR: call
/// Opens a connection under the client's current generation, whole: its certificate, its roots.
///
/// # Errors
/// When either side objects to what the other shows.
pub async fn connect(store: &Generations, server: SocketAddr) -> Result<Http, Failure> {
    let generation = store.current();
    let client = Client::with_config(generation.config.clone(), "localhost");
    let client = client.map_err(|error| Failure::Handshake(error.into()))?;
    let mut http = Http::connect(&client, server).await?;
    // In TLS 1.3 a client learns only here that the server did not take its certificate: its own
    // handshake was complete before the server saw it.
    http.get(1).await?;
    Ok(http)
}
// ANCHOR_END: call
