//! Three connections outlive their certificate, are drained, and come back.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::start_server;
use ch06_in_flight_requests::client::{self, Clock, Download, Http, Version};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, LeafRequest};
use lab::client::{Client, Connection, Failure, Options, Seen};
use lab::log::{Log, Want, want};
use lab::println;
use rustix::process::Signal;
use rustls::CertificateError;
use tracing::Level;

const MIB: u32 = 1 << 20;
/// What each of the three downloads.
const WHOLE: u64 = 8 * MIB as u64;
/// How far behind a connection may be. The fourth rotation after its own generation retires it.
const LAG: u64 = 3;

pub(crate) async fn run(shown: Level) -> io::Result<()> {
    lab::emit::to_stderr(shown)?;
    let directory = lab::directory()?;
    let mut agent = Agent::new(directory.path(), Strategy::Bundle)?;
    // The first leaf is valid for ten minutes, all others for an hour.
    let mut request = LeafRequest::new("localhost");
    request.lifetime = Duration::from_secs(600);
    let first = agent.authority().issue(&request)?;
    agent.write(&first)?;

    // All three are to leave at once, so that the demo is short.
    let lag = LAG.to_string();
    let more = ["--lag", &lag, "--grace-ms", "1000", "--spread-ms", "0"];
    let arguments = Serve::command_line_with(&agent.files(), &more);
    let (server, address) = start_server(arguments).await?;
    let log = server.log();

    // All clients look at one clock, which the demo moves.
    let clock = Clock::new();
    let clients = Clients::new(agent.root_pem(), &clock, address)?;
    let mut downloads = Downloads::start(&clients).await?;
    clients.bare.probe(address).await?.log();

    expire(&clock, &clients, &mut downloads, log).await?;
    rotate(&mut agent, &clients, &mut downloads, log).await?;
    drain(downloads, log).await?;
    let resumed = clients.come_back().await?;

    // Their new sessions live on where nothing is taken away: the file lists one more trust anchor.
    let both = format!("{}{}", agent.root_pem(), Authority::new()?.root_pem());
    let roots = agent.files().roots;
    fs::write(roots.with_extension("new"), both)?;
    fs::rename(roots.with_extension("new"), &roots)?;
    log.wait_for(&loaded(LAG + 3), BOUND).await;
    clients.bare.probe(address).await?.log();
    // After a leak, an operator discards them all.
    server.signal(Signal::USR2)?;
    log.wait_for(&want("tickets_discarded"), BOUND).await;
    clients.bare.probe(address).await?.log();

    let ends = |why: &str| {
        let closed = want("connection_closed").with("generation", 1);
        log.all(&closed.with("why", why)).len()
    };
    println!(
        "generation 1: {} drained, {} cut at the deadline",
        ends("drained"),
        ends("deadline")
    );
    println!(
        "3 clients came back: {resumed} resumed, {} paid for a full handshake",
        3 - resumed
    );
    Ok(())
}

// ANCHOR: expire
/// Eleven minutes later the certificate of all three has expired. They do not notice.
async fn expire(
    clock: &Clock,
    clients: &Clients,
    downloads: &mut Downloads,
    log: &Log,
) -> io::Result<()> {
    clock.forward(660);
    downloads.pull().await?;
    // A new client does, and a client that returns with a ticket does not.
    let rejected = clients.stranger.probe(clients.server).await;
    log.wait_for(&want("handshake_failed"), BOUND).await;
    tracing::info!(event = "probe_failed", why = in_words(rejected));
    clients.bare.probe(clients.server).await?.log();
    Ok(())
}
// ANCHOR_END: expire

/// Rotates until the generation of all three has to go.
async fn rotate(
    agent: &mut Agent,
    clients: &Clients,
    downloads: &mut Downloads,
    log: &Log,
) -> io::Result<()> {
    for generation in 2..=LAG + 2 {
        agent.rotate()?;
        log.wait_for(&loaded(generation), BOUND).await;
        if generation < LAG + 2 {
            downloads.pull().await?;
            clients.stranger.probe(clients.server).await?.log();
        }
    }
    Ok(())
}

/// Generation 1 is now too far behind. Its three connections are asked to leave.
async fn drain(downloads: Downloads, log: &Log) -> io::Result<()> {
    let Downloads {
        mut http1,
        mut over1,
        mut http2,
        mut over2,
        mut bare,
    } = downloads;
    log.wait_for(&want("drain_started"), BOUND).await;
    over1.finish().await?;
    finished(over1.received());
    while !http1.get(1).await? {}
    tracing::info!(event = "goodbye_seen", how = "connection_close");

    over2.finish().await?;
    finished(over2.received());
    while http2.get(1).await.is_ok() {}
    tracing::info!(event = "goodbye_seen", how = "goaway");

    // The third has no way to learn of it, and stops in the middle.
    log.wait_for(&want("drain_finished"), BOUND).await;
    let bytes = bare.received();
    if bare.pull(MIB).await.is_err() {
        let why = "closed without a word";
        tracing::info!(event = "download_severed", bytes, of = WHOLE, why);
    }
    Ok(())
}

/// One connection for each protocol, and a download over it.
struct Downloads {
    http1: Http,
    over1: Download,
    http2: Http,
    over2: Download,
    bare: Connection,
}

impl Downloads {
    async fn start(clients: &Clients) -> Result<Self, Failure> {
        let mut http1 = Http::connect(&clients.http1, clients.server).await?;
        let mut http2 = Http::connect(&clients.http2, clients.server).await?;
        let bare = clients.bare.connect(clients.server).await?;
        for _ in 0..3 {
            tracing::info!(event = "download_started", of = WHOLE);
        }
        Ok(Self {
            over1: http1.start(WHOLE).await?,
            over2: http2.start(WHOLE).await?,
            http1,
            http2,
            bare,
        })
    }

    /// A mebibyte more over each.
    async fn pull(&mut self) -> Result<(), Failure> {
        self.over1.pull(MIB.into()).await?;
        self.over2.pull(MIB.into()).await?;
        self.bare.pull(MIB).await
    }
}

fn loaded(generation: u64) -> Want {
    want("identity_loaded").with("generation", generation)
}

/// One client for each protocol, which remember sessions, and one that never does.
struct Clients {
    http1: Client,
    http2: Client,
    bare: Client,
    stranger: Client,
    server: SocketAddr,
}

impl Clients {
    fn new(roots_pem: &str, clock: &Arc<Clock>, server: SocketAddr) -> io::Result<Self> {
        let returning = Options {
            resume: true,
            ..Options::default()
        };
        let client = |mut config: rustls::ClientConfig| {
            config.time_provider = clock.clone();
            Ok::<_, io::Error>(Client::with_config(Arc::new(config), "localhost")?)
        };
        let bare =
            |options| Ok::<_, io::Error>((*lab::client::config(roots_pem, options)?).clone());
        Ok(Self {
            http1: client(client::config(roots_pem, Version::Http1, returning)?)?,
            http2: client(client::config(roots_pem, Version::Http2, returning)?)?,
            bare: client(bare(returning)?)?,
            stranger: client(bare(Options::default())?)?,
            server,
        })
    }

    /// All three come back. Says how many of them resume a session.
    async fn come_back(&self) -> Result<u32, Failure> {
        let mut resumed = 0;
        for client in [&self.http1, &self.http2] {
            let mut back = Http::connect(client, self.server).await?;
            back.get(1).await?;
            resumed += u32::from(back.seen().resumed);
            back.seen().log();
            back.close().await;
        }
        let back = self.bare.probe(self.server).await?;
        resumed += u32::from(back.resumed);
        back.log();
        Ok(resumed)
    }
}

fn finished(bytes: u64) {
    let sha256 = lab::client::expected_sha256(bytes);
    tracing::info!(event = "download_finished", bytes, sha256);
}

/// In words that are the same in each run: rustls adds the times.
fn in_words(outcome: Result<Seen, Failure>) -> String {
    use CertificateError::{Expired, ExpiredContext};
    let failure = match outcome {
        Ok(_) => return "it did not fail".into(),
        Err(failure) => failure,
    };
    let tls = match &failure {
        Failure::Handshake(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    match tls {
        Some(rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. })) => {
            "the certificate has expired".into()
        }
        _ => failure.to_string(),
    }
}
