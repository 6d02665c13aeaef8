//! The orders that turn somebody away, each in lock-step: a step, then a call of each client.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use ch02_hot_reload::arguments::Serve;
use ch08_trust_rotation::client;
use ch08_trust_rotation::party::issue;
use lab::BOUND;
use lab::child::Child;
use lab::client::Failure;
use lab::log::want;
use lab::println;
use tracing::Level;

use crate::parties::Parties;

pub(crate) async fn run(shown: Level) -> io::Result<()> {
    lab::emit::to_stderr(shown)?;
    let early = too_early("as-listed").await?;
    let unknown = unknown_root().await?;
    let stale = read_once().await?;
    let held = too_early("held").await?;
    println!();
    for (order, failed) in [
        ("1. removed too early", early),
        ("2. shown too early", unknown),
        ("3. read once", stale),
        ("1. again, where roots are held", held),
    ] {
        println!("{order}: {failed} of {CALLERS} calls failed");
    }
    Ok(())
}

// ANCHOR: orders
async fn too_early(trust: &'static str) -> io::Result<u64> {
    println!("\n1. Root A is removed before the clients are reissued (--trust {trust})");
    let mut bench = Bench::start(trust).await?;
    bench.add().await?;
    bench.calls().await;
    bench.reissue_server().await?;
    bench.unlist().await?;
    bench.calls().await;
    Ok(bench.failed)
}

async fn unknown_root() -> io::Result<u64> {
    println!("\n2. The server is reissued before the clients trust Root B");
    let mut bench = Bench::start("as-listed").await?;
    let Parties { a, b, servers, .. } = &bench.parties;
    servers.trust(&[a, b])?;
    bench.loaded(2).await;
    bench.reissue_server().await?;
    bench.calls().await;
    Ok(bench.failed)
}

async fn read_once() -> io::Result<u64> {
    println!("\n3. The right order, at a server that reads its roots once (--trust read-once)");
    let mut bench = Bench::start("read-once").await?;
    bench.add().await?;
    bench.reissue_clients()?;
    bench.calls().await;
    Ok(bench.failed)
}
// ANCHOR_END: orders

const CALLERS: u64 = 2;

struct Bench {
    // First: it is to be gone before its files are.
    server: Child,
    parties: Parties,
    address: SocketAddr,
    trust: &'static str,
    failed: u64,
}

impl Bench {
    /// Everybody trusts Root A, and shows a leaf under it.
    async fn start(trust: &'static str) -> io::Result<Self> {
        let parties = Parties::new(CALLERS)?;
        let quick = ["--settle-ms", "50", "--poll-ms", "20", "--trust", trust];
        let arguments = Serve::command_line_with(&parties.servers.source().files, &quick);
        // Each order has a server of its own: 1 to 4.
        static PROCESSES: AtomicU64 = AtomicU64::new(0);
        let process = PROCESSES.fetch_add(1, Ordering::Relaxed) + 1;
        let server = Child::spawn(&std::env::current_exe()?, arguments, move |event| {
            event.0.insert("process".into(), process.into());
            lab::emit::forward(event.clone());
        })?;
        let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
        Ok(Self {
            server,
            parties,
            address,
            trust,
            failed: 0,
        })
    }

    async fn loaded(&self, generation: u64) {
        let loaded = want("identity_loaded").with("generation", generation);
        self.server.log().wait_for(&loaded, BOUND).await;
    }

    /// Both ends trust both roots.
    async fn add(&self) -> io::Result<()> {
        let Parties { a, b, .. } = &self.parties;
        self.parties.callers_trust(&[a, b])?;
        self.parties.servers.trust(&[a, b])?;
        // Who reads his roots once has nothing new to load.
        if self.trust != "read-once" {
            self.loaded(2).await;
        }
        Ok(())
    }

    async fn reissue_server(&mut self) -> io::Result<()> {
        let leaf = issue(&mut self.parties.b, 0x2001)?;
        self.parties.servers.show(&leaf)?;
        self.loaded(3).await;
        Ok(())
    }

    fn reissue_clients(&mut self) -> io::Result<()> {
        let Parties { b, callers, .. } = &mut self.parties;
        for (caller, serial) in callers.iter_mut().zip(0x2002..) {
            caller.party.show(&issue(b, serial)?)?;
            caller.reload();
        }
        Ok(())
    }

    /// The server's file lists Root B alone.
    async fn unlist(&self) -> io::Result<()> {
        self.parties.servers.trust(&[&self.parties.b])?;
        self.loaded(4).await;
        if self.held() {
            let drain = want("trust_moved").with("step", "drain");
            self.server.log().wait_for(&drain, BOUND).await;
        }
        Ok(())
    }

    fn held(&self) -> bool {
        self.trust == "held"
    }

    /// Each client calls once.
    async fn calls(&mut self) {
        let log = self.server.log();
        let mut called = log.all(&want("connection_closed")).len();
        for caller in &self.parties.callers {
            match client::connect(&caller.store, self.address).await {
                Ok(http) => {
                    let seen = http.seen();
                    if self.held() && seen.chain.serial == "2001" {
                        let serial = caller.store.current().identity.facts.serial.clone();
                        let behind = want("client_behind").with("serial", serial);
                        log.wait_for(&behind, BOUND).await;
                    }
                    seen.log();
                    http.close().await;
                    called += 1;
                    let closed = want("connection_closed");
                    log.wait_for_all(&closed, called, BOUND).await;
                }
                Err(failure) => {
                    self.failed += 1;
                    // The server says it first, so that the log is in one order.
                    let count = self.failed as usize;
                    log.wait_for_all(&want("handshake_failed"), count, BOUND)
                        .await;
                    tracing::warn!(event = "probe_failed", why = who_objects(&failure));
                }
            }
        }
    }
}

/// In words that are the same in each run: who is turned away may find a reset or an alert.
fn who_objects(failure: &Failure) -> &'static str {
    let objection = match failure {
        Failure::Handshake(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    match objection {
        Some(rustls::Error::InvalidCertificate(_)) => "the client does not trust the server",
        _ => "turned away by the server",
    }
}
