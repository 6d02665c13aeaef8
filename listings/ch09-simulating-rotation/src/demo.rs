//! What a server says while a tool writes, and to what it should not serve.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Reload};
use ch03_handshake_hook::{CertResolver, hooked_config, serve};
use ch05_race_conditions::{Options, Reader};
use ch09_simulating_rotation::{Sabotage, Site, Writer};
use lab::authority::{Authority, LeafRequest};
use lab::client::{self, Client, Seen};
use lab::println;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, block_in_place};

const NAME: &str = "localhost";

/// Chapter 3's server in this process, over chapter 5's reader. Nobody watches the files: the demo
/// looks for it, so that it looks at each step.
struct Bench {
    authority: Authority,
    site: Site,
    store: Arc<IdentityStore>,
    client: Client,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Bench {
    /// With a first identity, by this writer.
    async fn new(directory: &Path, writer: Writer) -> io::Result<Self> {
        let mut authority = Authority::new()?;
        let mut site = Site::new(directory, writer);
        site.write_roots(authority.root_pem())?;
        let first = authority.issue(&LeafRequest::new(NAME));
        site.write_stepwise(&first?, |_| ())?;

        // It looks between the writer's steps, and so would wait for one that waits for it.
        let options = Options {
            rest: Duration::ZERO,
            ..Options::default()
        };
        let loader = Reader::new(options).loader();
        let store = IdentityStore::start_by(loader, Source::localhost(site.files()))?;
        let listener = TcpListener::bind(lab::any_port()).await?;
        let address = listener.local_addr()?;
        let config = hooked_config(CertResolver(store.clone()));
        Ok(Self {
            client: Client::new(authority.root_pem(), NAME, client::Options::default())?,
            serving: tokio::spawn(serve(listener, config)),
            authority,
            site,
            store,
            address,
        })
    }

    async fn probe(&self) -> io::Result<Seen> {
        Ok(self.client.probe(self.address).await?)
    }
}

// ANCHOR: writers
/// Each tool renews once. After each step the server looks, and a new client calls.
pub(crate) async fn writers() -> io::Result<()> {
    for writer in Writer::TOOLS {
        let directory = lab::directory()?;
        let mut bench = Bench::new(directory.path(), writer).await?;
        let issued = bench.authority.issue(&LeafRequest::new(NAME));
        let issued = issued?;
        let mut site = Site::new(directory.path(), writer);
        site.announce(&issued);
        let (mut steps, mut refused) = (0, 0);
        let mut between = |step: &str| {
            let found = match bench.store.reload() {
                Reload::Loaded(_) => "loaded",
                Reload::Unchanged => "unchanged",
                Reload::Rejected(rejected) => rejected.reason.name(),
            };
            let seen = Handle::current().block_on(bench.probe());
            let shown = seen.map_or_else(|failure| failure.to_string(), |seen| seen.chain.serial);
            let strategy = writer.log_name();
            tracing::info!(event = "writer_stepped", strategy, step, found, shown);
            steps += 1;
            refused += u32::from(!["loaded", "unchanged"].contains(&found));
        };
        block_in_place(|| site.write_stepwise(&issued, &mut between))?;
        let name = writer.name();
        println!("{name}: {steps} steps, the files were not valid after {refused} of them");
    }
    Ok(())
}
// ANCHOR_END: writers

// ANCHOR: sabotage
/// Each kind of sabotage, and the good write that mends it.
pub(crate) async fn sabotage() -> io::Result<()> {
    let directory = lab::directory()?;
    let mut bench = Bench::new(directory.path(), Writer::VaultAgent).await?;
    let (mut refused, mut kept) = (0, 0);
    for sabotage in Sabotage::ALL {
        let good = bench.store.current().identity.facts.serial.clone();
        sabotage.apply(&mut bench.site, &mut bench.authority, NAME)?;
        let store = bench.store.clone();
        refused += u32::from(matches!(store.reload_and_log(), Reload::Rejected(_)));
        let seen = bench.probe().await?;
        seen.log();
        kept += u32::from(seen.chain.serial == good);

        let mended = bench.authority.issue(&LeafRequest::new(NAME));
        bench.site.write(&mended?)?;
        store.reload_and_log();
    }
    let all = Sabotage::ALL.len();
    println!(
        "{all} kinds of sabotage: {refused} refused, the last good one was shown {kept} times"
    );
    Ok(())
}
// ANCHOR_END: sabotage
