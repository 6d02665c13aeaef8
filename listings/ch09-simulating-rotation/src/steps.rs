//! One rotation by each tool, step by step: what the agent has done, what is in the files, what the
//! server makes of it, and what two clients hold, one that was connected before and one that comes now.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{Generation, IdentityStore, Reload, serve};
use ch05_race_conditions::{Options, Reader};
use ch09_simulating_rotation::{Site, Writer};
use lab::agent::Files;
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::{self, Client, Connection};
use lab::println;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, block_in_place};
use tokio::time::{sleep, timeout};

const NAME: &str = "localhost";
/// How long a generation may live on when its last connection has ended.
const BOUND: Duration = Duration::from_secs(30);

/// A line for each step of each tool, and before them what their columns are.
pub(crate) async fn show() -> io::Result<()> {
    println!(
        "writer | step | certificate | key | found | generation | old connection | \
         new connection | generations alive"
    );
    for writer in Writer::TOOLS {
        rotation(writer).await?;
    }
    Ok(())
}

async fn rotation(writer: Writer) -> io::Result<()> {
    let directory = lab::directory()?;
    let mut site = Site::new(directory.path(), writer);
    let mut scene = Scene::open(&mut site).await?;
    scene.look("before").await?;
    let (next, mut looked) = (scene.next.clone(), Ok(()));
    block_in_place(|| {
        site.write_stepwise(&next, |step| {
            if looked.is_ok() {
                looked = Handle::current().block_on(scene.look(step));
            }
        })
    })?;
    looked?;
    scene.end().await
}

/// Chapter 2's server in this process, over chapter 5's reader. It looks when it is told to.
struct Scene {
    writer: Writer,
    files: Files,
    first: Issued,
    next: Issued,
    store: Arc<IdentityStore>,
    client: Client,
    address: SocketAddr,
    serving: JoinHandle<()>,
    /// The connection that is open from the beginning, until it ends.
    old: Option<Connection>,
    generations: Vec<Weak<Generation>>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Scene {
    /// With a first identity, and a client that is connected.
    async fn open(site: &mut Site) -> io::Result<Self> {
        let mut authority = Authority::new()?;
        site.write_roots(authority.root_pem())?;
        let first = authority.issue(&LeafRequest::new(NAME))?;
        site.write_stepwise(&first, |_| ())?;

        // It looks between the writer's steps, and so would wait for one that waits for it.
        let options = Options {
            rest: Duration::ZERO,
            ..Options::default()
        };
        let loader = Reader::new(options).loader();
        let store = IdentityStore::start_by(loader, Source::localhost(site.files()))?;
        let listener = TcpListener::bind(lab::any_port()).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(serve(listener, store.clone()));
        let client = Client::new(authority.root_pem(), NAME, client::Options::default())?;
        Ok(Self {
            writer: site.writer(),
            files: site.files(),
            next: authority.issue(&LeafRequest::new(NAME))?,
            old: Some(client.connect(address).await?),
            generations: vec![Arc::downgrade(&store.current())],
            first,
            store,
            client,
            address,
            serving,
        })
    }

    /// The server looks, the old connection asks for a byte, and a new client calls.
    async fn look(&mut self, step: &str) -> io::Result<()> {
        let found = match self.store.reload() {
            Reload::Loaded(generation) => {
                self.generations.push(Arc::downgrade(&generation));
                "loaded"
            }
            Reload::Unchanged => "unchanged",
            Reload::Rejected(rejected) => rejected.reason.name(),
        };
        let old = match &mut self.old {
            Some(old) => {
                old.pull(1).await?;
                old.seen().chain.serial.clone()
            }
            None => "ended".into(),
        };
        let new = self.client.probe(self.address).await?.chain.serial;
        let (certificate, key) = (self.certificate()?, self.key()?);
        let (writer, generation) = (self.writer.name(), self.store.current().number);
        println!(
            "{writer} | {step} | {certificate} | {key} | {found} | {generation} | {old} | {new} | {}",
            self.alive()
        );
        Ok(())
    }

    /// The old connection ends, and with it the generation that it held.
    async fn end(mut self) -> io::Result<()> {
        if let Some(old) = self.old.take() {
            old.close().await;
        }
        let freed = async {
            while self.alive() > 1 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let freed = timeout(BOUND, freed).await;
        freed.map_err(|_| io::Error::other("generation 1 lives on without a connection"))?;
        self.look("the old connection ends").await
    }

    fn alive(&self) -> usize {
        let alive = |generation: &&Weak<Generation>| generation.strong_count() > 0;
        self.generations.iter().filter(alive).count()
    }

    fn certificate(&self) -> io::Result<String> {
        let text = |issued: &Issued| issued.chain_pem.clone();
        self.held(&self.files.certificate, text)
    }

    fn key(&self) -> io::Result<String> {
        let text = |issued: &Issued| issued.key.expose().to_owned();
        self.held(&self.files.key, text)
    }

    /// Whose text the file holds, by the serial; or in what state it is.
    fn held(&self, file: &Path, text: impl Fn(&Issued) -> String) -> io::Result<String> {
        let content = match fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok("missing".into()),
            content => content?,
        };
        let of = |issued: &&Issued| match self.writer {
            // One file holds both, the key first.
            Writer::PodCertificate => {
                content.strip_prefix(issued.key.expose()) == Some(&issued.chain_pem)
            }
            _ => text(issued) == content,
        };
        let held = [&self.first, &self.next].into_iter().find(of);
        Ok(match held {
            Some(issued) => issued.facts.serial.clone(),
            None if content.is_empty() => "empty".into(),
            None => "cut".into(),
        })
    }
}
