//! The orders that turn somebody away, each in lock-step: a step, then a call of each client.

use std::io;
use std::net::SocketAddr;

use ch02_hot_reload::arguments::Serve;
use ch08_trust_rotation::client;
use ch08_trust_rotation::party::{Party, issue};
use lab::BOUND;
use lab::authority::Authority;
use lab::child::Child;
use lab::log::want;
use tracing::Level;

use crate::demo::{Caller, roots};

pub(crate) async fn run(shown: Level) -> io::Result<()> {
    lab::event::to_stderr(shown)?;
    // ANCHOR: orders
    println!("\n1. Root A is removed before the clients are reissued");
    let mut bench = Bench::start("as-listed").await?;
    bench.add().await?;
    bench.reissue_server().await?;
    bench.unlist().await?;
    bench.calls().await;
    let early = bench.failed;

    println!("\n2. The server is reissued before the clients trust Root B");
    let mut bench = Bench::start("as-listed").await?;
    bench.servers.trust(&[&bench.a, &bench.b])?;
    bench.loaded(2).await;
    bench.reissue_server().await?;
    bench.calls().await;
    let unknown = bench.failed;

    println!("\n3. The right order, at a server that reads its roots once");
    let mut bench = Bench::start("read-once").await?;
    bench.add().await?;
    bench.reissue_clients()?;
    bench.calls().await;
    let stale = bench.failed;

    println!("\n1. again, at a server that holds its roots");
    let mut bench = Bench::start("held").await?;
    bench.add().await?;
    bench.reissue_server().await?;
    bench.unlist().await?;
    bench.calls().await;
    // ANCHOR_END: orders
    println!();
    for (order, failed) in [
        ("1. removed too early", early),
        ("2. shown too early", unknown),
        ("3. read once", stale),
        ("1. again, with roots that are held", bench.failed),
    ] {
        println!("{order}: {failed} of {CALLERS} calls failed");
    }
    Ok(())
}

const CALLERS: u64 = 2;

struct Bench {
    a: Authority,
    b: Authority,
    servers: Party,
    callers: Vec<Caller>,
    server: Child,
    address: SocketAddr,
    roots: &'static str,
    failed: u64,
}

impl Bench {
    /// Everybody trusts Root A, and shows a leaf under it.
    async fn start(handling: &'static str) -> io::Result<Self> {
        let (mut a, b) = roots()?;
        let servers = Party::new(&mut a, 0x1001)?;
        let mut callers = Vec::new();
        for number in 1..=CALLERS {
            callers.push(Caller::new(number, &mut a, 0x1001 + number)?);
        }
        let mut arguments = Serve::command_line(&servers.source().files).to_vec();
        let quick = ["--settle-ms", "50", "--poll-ms", "20", "--roots", handling];
        arguments.extend(quick.map(Into::into));
        let server = Child::spawn(&std::env::current_exe()?, arguments, |event| {
            lab::event::forward(event.clone());
        })?;
        let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
        Ok(Self {
            a,
            b,
            servers,
            callers,
            server,
            address,
            roots: handling,
            failed: 0,
        })
    }

    async fn loaded(&self, generation: u64) {
        let loaded = want("identity_loaded").with("generation", generation);
        self.server.log().wait_for(&loaded, BOUND).await;
    }

    /// Both ends trust both roots.
    async fn add(&self) -> io::Result<()> {
        for caller in &self.callers {
            caller.party.trust(&[&self.a, &self.b])?;
            caller.reload();
        }
        self.servers.trust(&[&self.a, &self.b])?;
        // Who reads his roots once has nothing new to load.
        if self.roots != "read-once" {
            self.loaded(2).await;
        }
        Ok(())
    }

    async fn reissue_server(&mut self) -> io::Result<()> {
        self.servers.show(&issue(&mut self.b, 0x2001)?)?;
        self.loaded(3).await;
        Ok(())
    }

    fn reissue_clients(&mut self) -> io::Result<()> {
        for (caller, serial) in self.callers.iter_mut().zip(0x2002..) {
            caller.party.show(&issue(&mut self.b, serial)?)?;
            caller.reload();
        }
        Ok(())
    }

    /// The server's file lists Root B alone.
    async fn unlist(&self) -> io::Result<()> {
        self.servers.trust(&[&self.b])?;
        self.loaded(4).await;
        if self.roots == "held" {
            let log = self.server.log();
            log.wait_for(&want("trust_held").with("why", "held"), BOUND)
                .await;
        }
        Ok(())
    }

    /// Each client calls once.
    async fn calls(&mut self) {
        for caller in &self.callers {
            match client::connect(&caller.live, self.address).await {
                Ok(http) => {
                    let seen = http.seen();
                    tracing::info!(
                        event = "handshake_seen",
                        serial = seen.chain.serial,
                        resumed = seen.resumed,
                        tls = seen.tls
                    );
                    http.close().await;
                }
                Err(_) => {
                    self.failed += 1;
                    // What the client was told depends on who was faster; what the server says
                    // does not.
                    let (log, count) = (self.server.log(), self.failed as usize);
                    log.wait_for_all(&want("handshake_failed"), count, BOUND)
                        .await;
                    tracing::warn!(event = "probe_failed", why = "no answer");
                }
            }
        }
    }
}
