//! The demo of chapter 6: three connections outlive their certificate, and are then drained.
//!
//! With `serve` it is the server that the demo starts.

use std::fs;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::{Role, Shown, start_server};
use ch03_handshake_hook::watch::Follow;
use ch06_in_flight_requests::client::{self, Clock, Http, Version};
use ch06_in_flight_requests::descriptors::make_room;
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch06_in_flight_requests::{Retirement, Server};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, LeafRequest};
use lab::client::{Client, Failure, Options, Seen};
use lab::log::want;
use rustls::CertificateError;
use tracing::Level;

#[derive(clap::Args)]
struct Retire {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: Follow,
    /// How long a connection may live before it is asked to leave, in milliseconds.
    #[arg(long, default_value_t = 3_600_000)]
    max_age_ms: u64,
    /// The share of that by which connections are asked to leave earlier, from 0 to 1.
    #[arg(long, default_value_t = 0.1, value_parser = part)]
    jitter: f64,
    /// How many generations a connection may be behind.
    #[arg(long, default_value_t = 1)]
    lag: u64,
    /// Milliseconds over which a retired generation is asked to leave.
    #[arg(long, default_value_t = 0)]
    spread_ms: u64,
    /// Milliseconds that a connection has, once asked.
    #[arg(long, default_value_t = 30_000)]
    grace_ms: u64,
    /// What a rotation does to the sessions of clients that return.
    #[arg(long, value_enum, default_value = "keep-unless-trust-changed")]
    tickets: Tickets,
    /// Do not follow the files. A test that passes with this tests nothing.
    #[arg(long)]
    frozen: bool,
    /// Files, and so connections, that may be open at once.
    #[arg(long, default_value_t = 4096)]
    open_files: u64,
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(part) if (0.0..=1.0).contains(&part) => Ok(part),
        _ => Err("a number from 0 to 1 is wanted".into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let about = "Chapter 6: connections that are older than the certificate";
    let serves =
        "Serve HTTP/1.1, HTTP/2 and the lab's protocol, follow the files, and retire connections";
    exit(match Role::parse(about, serves) {
        Role::Serve(retire) => server(retire).await,
        Role::Demo(shown) => until_told(demo(shown)).await,
    })
}

async fn server(arguments: Retire) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    make_room(arguments.open_files)?;
    let sessions = Sessions {
        tickets: arguments.tickets,
        remembered: 4096,
    };
    let store = IdentityStore::start_by(sessions.loader(), arguments.serve.source()?)?;
    let server = Server::new(
        store.clone(),
        Retirement {
            max_age: Duration::from_millis(arguments.max_age_ms),
            jitter: arguments.jitter,
            lag: arguments.lag,
            spread: Duration::from_millis(arguments.spread_ms),
            grace: Duration::from_millis(arguments.grace_ms),
        },
    );
    if !arguments.frozen {
        arguments.follow.start(store);
    }
    server.serve(listen(arguments.serve.address()).await?).await;
    Ok(())
}

const MIB: u32 = 1 << 20;
/// What each of the three downloads.
const WHOLE: u64 = 8 * MIB as u64;
/// How far behind a connection may be. The fourth rotation after its own generation retires it.
const LAG: u64 = 3;

async fn demo(shown: Shown) -> io::Result<()> {
    lab::emit::to_stderr(shown.level())?;
    let directory = lab::directory()?;
    let mut agent = Agent::new(directory.path(), Strategy::Bundle)?;
    // The first leaf is valid for ten minutes, all others for an hour.
    let mut request = LeafRequest::new("localhost");
    request.lifetime = Duration::from_secs(600);
    let first = agent.authority().issue(&request)?;
    agent.write(&first)?;

    let mut arguments = Serve::command_line(&agent.files()).to_vec();
    let lag = LAG.to_string();
    arguments.extend(["--lag", &lag, "--grace-ms", "1000"].map(Into::into));
    let (server, address) = start_server(arguments).await?;
    let log = server.log();

    // All clients look at one clock, which the demo moves.
    let clock = Clock::new();
    let clients = Clients::new(agent.root_pem(), &clock)?;
    let mut http1 = Http::connect(&clients.http1, address).await?;
    let mut http2 = Http::connect(&clients.http2, address).await?;
    let mut bare = clients.bare.connect(address).await?;
    for _ in 0..3 {
        tracing::info!(event = "download_started", of = WHOLE);
    }
    let mut over1 = http1.start(WHOLE).await?;
    let mut over2 = http2.start(WHOLE).await?;
    clients.bare.probe(address).await?.log();

    // ANCHOR: expire
    // Eleven minutes later the certificate of all three has expired. They do not notice.
    clock.forward(660);
    over1.pull(MIB.into()).await?;
    over2.pull(MIB.into()).await?;
    bare.pull(MIB).await?;
    // A new client does, and a client that returns with a ticket does not.
    let refused = clients.stranger.probe(address).await;
    log.wait_for(&want("handshake_failed"), BOUND).await;
    tracing::info!(event = "probe_failed", why = why(refused));
    clients.bare.probe(address).await?.log();
    // ANCHOR_END: expire

    for generation in 2..=LAG + 2 {
        agent.rotate()?;
        let loaded = want("identity_loaded").with("generation", generation);
        log.wait_for(&loaded, BOUND).await;
        if generation < LAG + 2 {
            over1.pull(MIB.into()).await?;
            over2.pull(MIB.into()).await?;
            bare.pull(MIB).await?;
            clients.stranger.probe(address).await?.log();
        }
    }

    // ANCHOR: drain
    // Generation 1 is now too far behind. Its three connections are asked to leave.
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
    // ANCHOR_END: drain

    // All three come back.
    let mut resumed = 0;
    for client in [&clients.http1, &clients.http2] {
        let mut back = Http::connect(client, address).await?;
        back.get(1).await?;
        resumed += u32::from(back.seen().resumed);
        back.seen().log();
        back.close().await;
    }
    let back = clients.bare.probe(address).await?;
    resumed += u32::from(back.resumed);
    back.log();

    // A change of trust ends it: the tickets are gone, and the client is shown what is served.
    let both = format!("{}{}", agent.root_pem(), Authority::new()?.root_pem());
    let roots = agent.files().roots;
    fs::write(roots.with_extension("new"), both)?;
    fs::rename(roots.with_extension("new"), &roots)?;
    let loaded = want("identity_loaded").with("generation", LAG + 3);
    log.wait_for(&loaded, BOUND).await;
    clients.bare.probe(address).await?.log();

    let ends = |why: &str| {
        log.all(
            &want("connection_closed")
                .with("generation", 1)
                .with("why", why),
        )
        .len()
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

/// One client for each protocol, which remember sessions, and one that never does.
struct Clients {
    http1: Client,
    http2: Client,
    bare: Client,
    stranger: Client,
}

impl Clients {
    fn new(roots_pem: &str, clock: &Arc<Clock>) -> io::Result<Self> {
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
        })
    }
}

fn finished(bytes: u64) {
    let sha256 = lab::client::expected_sha256(bytes);
    tracing::info!(event = "download_finished", bytes, sha256);
}

/// In words that are the same in each run: rustls adds the times.
fn why(outcome: Result<Seen, Failure>) -> String {
    use CertificateError::{Expired, ExpiredContext};
    let failure = match outcome {
        Ok(_) => return "it did not fail".into(),
        Err(failure) => failure,
    };
    let tls = match &failure {
        Failure::Handshake(why) => why.get_ref().and_then(|why| why.downcast_ref()),
        _ => None,
    };
    match tls {
        Some(rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. })) => {
            "the certificate has expired".into()
        }
        _ => failure.to_string(),
    }
}
