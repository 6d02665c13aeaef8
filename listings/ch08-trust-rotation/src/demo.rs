//! The order that works.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch08_trust_rotation::client::{self, Generations};
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::root::Root;
use lab::BOUND;
use lab::authority::{Authority, Issued};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::want;
use lab::mutual;
use tokio::sync::watch;
use tracing::Level;
use tracing::subscriber::{NoSubscriber, with_default};

/// A client of the load: its files, and what it does with them.
pub(crate) struct Caller {
    number: u64,
    pub(crate) party: Party,
    pub(crate) store: Arc<Generations>,
}

impl Caller {
    pub(crate) fn new(number: u64, issuer: &mut Authority, serial: u64) -> io::Result<Self> {
        let party = Party::new(issuer, serial)?;
        let source = party.source();
        // What a client loads is told by `client_loaded`, so that it is not mistaken for the
        // server's.
        let store = with_default(NoSubscriber::new(), || client::start(source));
        let caller = Self {
            number,
            party,
            store: store.map_err(io::Error::other)?,
        };
        caller.say();
        Ok(caller)
    }

    /// Looks at its files.
    pub(crate) fn reload(&self) {
        with_default(NoSubscriber::new(), || self.store.reload());
        self.say();
    }

    fn say(&self) {
        let generation = self.store.current();
        let roots: Vec<_> = generation.identity.anchors.iter().map(Root::of).collect();
        let names: Vec<_> = roots.iter().map(Root::name).collect();
        tracing::info!(
            event = "client_loaded",
            client = self.number,
            generation = generation.number,
            serial = generation.identity.facts.serial,
            roots = names.join(", "),
        );
    }
}

const CALLERS: u64 = 3;
/// Between two calls of a client.
const PAUSE: Duration = Duration::from_millis(25);

pub(crate) async fn run(shown: Level) -> io::Result<()> {
    lab::emit::to_stderr(shown)?;
    let (mut a, mut b) = roots()?;

    // ANCHOR: before
    // Before: everybody trusts Root A, and shows a leaf under it.
    let mut servers = Party::new(&mut a, 0x1001)?;
    let mut callers = Vec::new();
    for number in 1..=CALLERS {
        callers.push(Caller::new(number, &mut a, 0x1001 + number)?);
    }
    let left_over = issue(&mut a, 0x1005)?;
    let mut arguments = Serve::command_line(&servers.source().files).to_vec();
    let quick = [
        "--settle-ms",
        "50",
        "--quiet-ms",
        "600",
        "--poll-ms",
        "20",
        "--grace-ms",
        "5000",
    ];
    arguments.extend(quick.map(Into::into));
    let server = Child::spawn(&std::env::current_exe()?, arguments, |event| {
        lab::emit::forward(event.clone());
    })?;
    let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
    let log = server.log();
    let load = Load::start(&callers, address);
    load.calls().await;
    // One more, that nobody will reissue: it comes, and comes back with a ticket.
    let forgotten = forgotten(&left_over, &[&a, &b])?;
    for _ in 0..2 {
        forgotten.probe(address).await?.log();
    }
    // ANCHOR_END: before

    // ANCHOR: steps
    // Add: both ends trust both roots, and show what they showed before.
    for caller in &callers {
        caller.party.trust(&[&a, &b])?;
        caller.reload();
    }
    servers.trust(&[&a, &b])?;
    log.wait_for(&loaded(2), BOUND).await;
    load.calls().await;

    // Reissue: one by one, in any order.
    servers.show(&issue(&mut b, 0x2001)?)?;
    log.wait_for(&loaded(3), BOUND).await;
    for (caller, serial) in callers.iter_mut().zip(0x2002..) {
        caller.party.show(&issue(&mut b, serial)?)?;
        caller.reload();
        load.calls().await;
    }

    // Drain and remove: asked for by the file, done by the server.
    servers.trust(&[&b])?;
    log.wait_for(&want("trust_moved").with("step", "remove"), BOUND)
        .await;
    log.wait_for(&loaded(5), BOUND).await;
    for caller in &callers {
        caller.party.trust(&[&b])?;
        caller.reload();
    }
    load.calls().await;
    // ANCHOR_END: steps

    // Who shows a leaf under Root A, or comes with a ticket from before, is not let in.
    let outcome = forgotten.probe(address).await;
    log.wait_for(&want("handshake_failed"), BOUND).await;
    let let_in = if outcome.is_ok() {
        "let in"
    } else {
        "turned away"
    };
    let Told { calls, failed, .. } = load.stop().await;
    let cut = |why: &str| {
        let closed = want("connection_closed").with("why", why);
        log.all(&closed).len()
    };
    println!(
        "Root A is replaced by Root B: {failed} calls failed, {} connections cut, {} drained",
        cut("deadline"),
        cut("drained")
    );
    println!("who comes with a ticket from before is {let_in}");
    match calls > CALLERS * 20 {
        true => Ok(()),
        false => Err(io::Error::other(format!("only {calls} calls: no load"))),
    }
}

pub(crate) fn roots() -> io::Result<(Authority, Authority)> {
    let named = |name| Authority::named(name).map_err(io::Error::other);
    Ok((named("Root A")?, named("Root B")?))
}

fn loaded(generation: u64) -> lab::log::Want {
    want("identity_loaded").with("generation", generation)
}

/// A client that remembers its session.
fn forgotten(leaf: &Issued, roots: &[&Authority]) -> io::Result<Client> {
    let options = Options {
        resume: true,
        ..Options::default()
    };
    let roots: String = roots.iter().map(|root| root.root_pem()).collect();
    let config = mutual::client_config(leaf, &roots, options)?;
    Ok(Client::with_config(config, "localhost")?)
}

/// Every caller calls again and again, and keeps one connection open meanwhile.
struct Load {
    stop: watch::Sender<bool>,
    told: watch::Receiver<Vec<Told>>,
}

#[derive(Clone, Copy, Default)]
struct Told {
    calls: u64,
    failed: u64,
    ended: bool,
}

impl Load {
    fn start(callers: &[Caller], address: SocketAddr) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (tell, told) = watch::channel(vec![Told::default(); callers.len()]);
        let tell = Arc::new(tell);
        for (index, caller) in callers.iter().enumerate() {
            let (store, stopped, tell) = (caller.store.clone(), stopped.clone(), tell.clone());
            tokio::spawn(async move {
                let mut held = None;
                while !*stopped.borrow() {
                    let failed = call(&store, address, &mut held).await.is_err();
                    tell.send_modify(|told| {
                        told[index].calls += 1;
                        told[index].failed += u64::from(failed);
                    });
                    tokio::time::sleep(PAUSE).await;
                }
                if let Some(http) = held {
                    http.close().await;
                }
                tell.send_modify(|told| told[index].ended = true);
            });
        }
        Self { stop, told }
    }

    /// Waits until each caller has made two calls that begin from now on.
    async fn calls(&self) {
        let mut told = self.told.clone();
        let now = told.borrow().clone();
        // The next to end has begun before.
        let enough = |told: &Vec<Told>| {
            let mut both = told.iter().zip(&now);
            both.all(|(told, before)| told.calls >= before.calls + 3)
        };
        let waiting = tokio::time::timeout(BOUND, told.wait_for(enough));
        assert!(waiting.await.is_ok(), "waited {BOUND:?} for calls");
    }

    async fn stop(mut self) -> Told {
        self.stop.send_replace(true);
        let ended = |told: &Vec<Told>| told.iter().all(|told| told.ended);
        let waiting = tokio::time::timeout(BOUND, self.told.wait_for(ended));
        assert!(
            waiting.await.is_ok(),
            "waited {BOUND:?} for the load to end"
        );
        let told = self.told.borrow();
        Told {
            calls: told.iter().map(|told| told.calls).sum(),
            failed: told.iter().map(|told| told.failed).sum(),
            ended: true,
        }
    }
}

/// One call over the connection that is held, and one over a new one.
async fn call(
    store: &Generations,
    address: SocketAddr,
    held: &mut Option<ch06_in_flight_requests::client::Http>,
) -> Result<(), lab::client::Failure> {
    let called = async {
        let mut http = match held.take() {
            Some(http) => http,
            None => client::connect(store, address).await?,
        };
        // Asked to leave: the next call opens another.
        match http.get(1).await? {
            true => http.close().await,
            false => *held = Some(http),
        }
        client::connect(store, address).await?.close().await;
        Ok(())
    };
    let called: Result<(), lab::client::Failure> = called.await;
    if let Err(why) = &called {
        tracing::warn!(event = "probe_failed", why = %why);
    }
    called
}
