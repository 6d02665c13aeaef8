//! The demo of chapter 7: the agent dies, and a week passes in a second.
//!
//! It runs in virtual time, and its events are dated in virtual time. With `serve` it is a server
//! of its own, under the system's clock.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::log_form::LogForm;
use ch01_restart_baseline::{exit, listen};
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{on_hangup, reload_on};
use ch03_handshake_hook::watch::Events;
use ch07_graceful_degradation::admin::offer;
use ch07_graceful_degradation::agents::table;
use ch07_graceful_degradation::alerts::to_prometheus;
use ch07_graceful_degradation::budget::{Level, Renewal};
use ch07_graceful_degradation::clock::{Virtual, still};
use ch07_graceful_degradation::health::metrics;
use ch07_graceful_degradation::policy::{AtTheEnd, serve};
use ch07_graceful_degradation::{Keeper, Settings};
use clap::{Parser, Subcommand};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::LeafRequest;
use lab::client::{self, Client, Failure, Options};
use lab::log::{Log, want};
use lab::println;
use rustls::pki_types::UnixTime;
use rustls::time_provider::DefaultTimeProvider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tracing::Level as Shown;

/// Chapter 7: graceful degradation. Without a command, runs the demo.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    log: LogForm,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Let the agent die, and print the metrics a day after the certificate has expired.
    Metrics,
    /// Kill the watcher, and show what notices.
    Watcher,
    /// Print when each agent of the world has renewed, and when it is late.
    Agents,
    /// Print the alert rules for Prometheus.
    Alerts,
    /// Serve, follow the files, and answer on an admin port.
    Serve(Box<Follow>),
}

#[derive(clap::Args)]
struct Follow {
    #[command(flatten)]
    serve: Serve,
    /// Time between two looks at the files, in seconds: a day at the most.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    poll_s: u64,
    /// The part of the lifetime after which the agent has renewed at the latest, its random spread
    /// included: `0.72` [default: that of the latest agent known].
    #[arg(long, value_parser = part, requires = "tries_every")]
    renewed_by: Option<f64>,
    /// The longest time between two tries of the agent while a renewal is due: `1h`.
    #[arg(long, value_parser = humantime::parse_duration, requires = "renewed_by")]
    tries_every: Option<Duration>,
    /// The port of `/ready`, `/live` and `/metrics`; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    admin_port: u16,
    /// What to do when the current certificate has expired.
    #[arg(long, value_enum, default_value = "serve-on")]
    at_the_end: AtTheEnd,
}

impl Follow {
    fn renewal(&self) -> Renewal {
        match (self.renewed_by, self.tries_every) {
            (Some(by), Some(tries_every)) => Renewal { by, tries_every },
            _ => Renewal::UNKNOWN,
        }
    }
}

/// A part of a lifetime, of which something is left.
fn part(text: &str) -> Result<f64, &'static str> {
    let part = text.parse().ok();
    let part = part.filter(|part| (0.0..1.0).contains(part));
    part.ok_or("a number from 0 to below 1 is wanted: 0.72, where the agent has renewed after 72 % of the lifetime")
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.choose();
    exit(match arguments.role {
        Some(Role::Serve(follow)) => {
            runtime::Runtime::new().and_then(|rt| rt.block_on(server(*follow)))
        }
        Some(Role::Agents) => print(&table()),
        Some(Role::Alerts) => print(&to_prometheus()),
        Some(Role::Metrics) => in_virtual_time(ask_for_metrics()),
        Some(Role::Watcher) => in_virtual_time(watcher_dies()),
        None => in_virtual_time(agent_dies()),
    })
}

/// Prints what was asked for. A reader that has read enough, as `head` has, is no failure; a disk that
/// is full is one.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn in_virtual_time(demo: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let mut builder = runtime::Builder::new_current_thread();
    builder
        .enable_all()
        .start_paused(true)
        .build()?
        .block_on(demo)
}

async fn server(arguments: Follow) -> io::Result<()> {
    lab::emit::to_stderr(Shown::DEBUG)?;
    let poll = Duration::from_secs(arguments.poll_s);
    let settings = Settings {
        events: Events::Wanted,
        poll,
        look_bound: poll * 10,
        renewal: arguments.renewal(),
    };
    let source = arguments.serve.source()?;
    let keeper = Keeper::start(source, Arc::new(DefaultTimeProvider), settings)?;
    keeper.clone().keep();
    // An agent may send SIGHUP after a renewal. Without a handler it would end the process.
    let (trigger, triggers) = mpsc::channel(1);
    on_hangup(trigger)?;
    tokio::spawn(reload_on(keeper.store().clone(), triggers));
    let admin_address = SocketAddr::from(([127, 0, 0, 1], arguments.admin_port));
    offer(keeper.clone(), TcpListener::bind(admin_address).await?)?;
    let listener = listen(arguments.serve.address()).await?;
    serve(listener, keeper, arguments.at_the_end).await
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const POLL: Duration = Duration::from_secs(600);
/// The agent writes when nobody looks, so that each run tells the same story.
const BETWEEN_LOOKS: Duration = Duration::from_secs(300);
const POLICIES: [AtTheEnd; 3] = [
    AtTheEnd::ServeOn,
    AtTheEnd::RefuseHandshakes,
    AtTheEnd::StopListening,
];
/// 2027-01-01, 00:00 UTC: the demos begin at the same time in each run.
const NEW_YEAR: Duration = Duration::from_secs(1_798_761_600);

/// An agent whose certificates live for seven days, and a keeper under the same clock.
struct Scene {
    clock: Arc<Virtual>,
    agent: Agent,
    keeper: Arc<Keeper>,
    // Removed when dropped.
    _directory: tempfile::TempDir,
}

impl Scene {
    fn new(clock: &Arc<Virtual>) -> io::Result<Self> {
        let directory = lab::directory()?;
        let mut agent = Agent::at(directory.path(), Strategy::InPlace, clock.date())?;
        renew(&mut agent, clock, |_| ())?;
        let source = Source::localhost(agent.files());
        let settings = Settings {
            events: Events::PollOnly,
            poll: POLL,
            look_bound: Duration::from_secs(3600),
            // Every four days of seven, and it would try again twice a day.
            renewal: Renewal {
                by: 4.0 / 7.0,
                tries_every: DAY / 2,
            },
        };
        let keeper = Keeper::start(source, clock.clone(), settings)?;
        Ok(Self {
            clock: clock.clone(),
            agent,
            keeper,
            _directory: directory,
        })
    }

    fn client(&self) -> io::Result<Client> {
        let mut config = client::config(self.agent.root_pem(), Options::default())?;
        Arc::make_mut(&mut config).time_provider = self.clock.clone();
        Ok(Client::with_config(config, "localhost")?)
    }

    /// Lets virtual time pass until the alarm has risen to `level`.
    async fn reaches(&self, level: Level) -> io::Result<()> {
        let mut alarm = self.keeper.alarm();
        let reached = alarm.wait_for(|alarm| alarm.level == level);
        let reached = tokio::time::timeout(14 * DAY, reached).await?;
        reached.map(drop).map_err(io::Error::other)
    }
}

/// Issues for seven days from now, and writes; `at_step` may kill the writer.
fn renew(agent: &mut Agent, clock: &Virtual, at_step: impl FnMut(&str)) -> io::Result<()> {
    agent.authority().set_clock(clock.date());
    let request = LeafRequest {
        lifetime: 7 * DAY,
        ..LeafRequest::new("localhost")
    };
    let issued = agent.authority().issue(&request)?;
    tracing::info!(
        event = "rotation_started",
        serial = issued.facts.serial,
        strategy = "in_place"
    );
    agent.write_stepwise(&issued, at_step)
}

/// Renews, and dies when it has truncated the first file.
fn renew_and_die(agent: &mut Agent, clock: &Virtual) {
    let dying = AssertUnwindSafe(|| {
        renew(agent, clock, |step| {
            if step == "truncated" {
                tracing::info!(event = "agent_died", step);
                resume_unwind(Box::new("the agent is dead"));
            }
        })
    });
    // It died: that is the point.
    let _ = catch_unwind(dying);
}

// ANCHOR: week
async fn agent_dies() -> io::Result<()> {
    let clock = Virtual::starting_at(UnixTime::since_unix_epoch(NEW_YEAR));
    let dates = clock.clone();
    let log = lab::emit::to_stderr_at(Shown::INFO, move || dates.date())?;
    let mut scene = Scene::new(&clock)?;
    scene.keeper.clone().keep();
    let mut servers = Vec::new();
    for policy in POLICIES {
        let listener = listen(lab::any_port()).await?;
        servers.push((policy, listener.local_addr()?));
        tokio::spawn(serve(listener, scene.keeper.clone(), policy));
    }
    let admin = TcpListener::bind(lab::any_port()).await?;
    let admin = offer(scene.keeper.clone(), admin)?;
    let client = scene.client()?;
    let connecting = still(client.connect(servers[0].1)).await;
    let mut download = connecting?;

    // Four days later the agent renews in time. Another four days later it dies at it.
    sleep(4 * DAY + BETWEEN_LOOKS).await;
    renew(&mut scene.agent, &clock, |_| ())?;
    sleep(4 * DAY).await;
    renew_and_die(&mut scene.agent, &clock);

    for level in [Level::Late, Level::Urgent, Level::Expired] {
        scene.reaches(level).await?;
        println!("/ready: {}", still(ask(admin, "/ready")).await?);
        visit(&client, &servers[..1], &log).await;
    }
    println!("/live: {}", still(ask(admin, "/live")).await?);
    visit(&client, &servers[1..], &log).await;
    let pulled = still(download.pull(1 << 20)).await;
    pulled?;
    println!("the download that began on the first day goes on");

    sleep(DAY + BETWEEN_LOOKS).await;
    renew(&mut scene.agent, &clock, |_| ())?;
    scene.reaches(Level::Fresh).await?;
    // The listener that was closed is there again.
    let again = POLICIES.len() + 1;
    still(log.wait_for_nth(&want("listening"), again, BOUND)).await;
    println!("/ready: {}", still(ask(admin, "/ready")).await?);
    visit(&client, &servers, &log).await;
    still(download.close()).await;
    Ok(())
}

/// A new client at each server, and what it saw.
async fn visit(client: &Client, servers: &[(AtTheEnd, SocketAddr)], log: &Log) {
    for (policy, address) in servers {
        let failed = log.all(&want("handshake_failed")).len();
        match still(client.probe(*address)).await {
            Ok(seen) => println!("{policy:?}: a new client is shown {}", seen.chain.serial),
            Err(failure) => {
                match failure {
                    Failure::Handshake(_) => {
                        let event = want("handshake_failed");
                        still(log.wait_for_nth(&event, failed + 1, BOUND)).await;
                    }
                    _ => tracing::info!(event = "connect_refused", why = %failure),
                }
                println!("{policy:?}: {failure}");
            }
        }
    }
}
// ANCHOR_END: week

/// One request to the admin port, and the body of its answer.
async fn ask(admin: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(admin).await?;
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("no status");
    Ok(format!("{status} {}", body.trim_end()))
}

async fn ask_for_metrics() -> io::Result<()> {
    let clock = Virtual::starting_at(UnixTime::since_unix_epoch(NEW_YEAR));
    let mut scene = Scene::new(&clock)?;
    scene.keeper.clone().keep();
    sleep(4 * DAY + BETWEEN_LOOKS).await;
    renew_and_die(&mut scene.agent, &clock);
    scene.reaches(Level::Expired).await?;
    sleep(DAY + BETWEEN_LOOKS).await;
    println!("{}", metrics(&scene.keeper).trim_end());
    Ok(())
}

async fn watcher_dies() -> io::Result<()> {
    let clock = Virtual::starting_at(UnixTime::since_unix_epoch(NEW_YEAR));
    let dates = clock.clone();
    lab::emit::to_stderr_at(Shown::INFO, move || dates.date())?;
    let mut scene = Scene::new(&clock)?;
    let listener = listen(lab::any_port()).await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, scene.keeper.clone(), AtTheEnd::ServeOn));
    let admin = TcpListener::bind(lab::any_port()).await?;
    let admin = offer(scene.keeper.clone(), admin)?;
    let client = scene.client()?;

    let watching = scene.keeper.clone().keep();
    sleep(DAY + BETWEEN_LOOKS).await;
    println!("/ready: {}", still(ask(admin, "/ready")).await?);
    watching.abort();
    renew(&mut scene.agent, &clock, |_| ())?;
    sleep(DAY).await;
    let seen = still(client.probe(address)).await?;
    println!(
        "a day without a watcher: a new client is shown {}",
        seen.chain.serial
    );
    println!("/ready: {}", still(ask(admin, "/ready")).await?);
    println!("/live: {}", still(ask(admin, "/live")).await?);
    scene.keeper.clone().keep();
    sleep(Duration::from_secs(1)).await;
    println!("/ready: {}", still(ask(admin, "/ready")).await?);
    let seen = still(client.probe(address)).await?;
    println!(
        "with a watcher: a new client is shown {}",
        seen.chain.serial
    );
    Ok(())
}
