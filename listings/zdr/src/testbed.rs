//! The stage: a directory with files, an authority, a server that reads them, and clients who know
//! what they should be shown.

pub mod rotate;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ch06_in_flight_requests::client::Version;
use ch09_simulating_rotation::{Site, Writer};
use lab::authority::{Authority, Issued, LeafRequest};
use lab::log::want;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::load::{Chains, Target};
use crate::server::origin::{Origin, write_files};
use crate::server::spec::{Attach, Layout, Protocol, Spec};
use crate::server::{Placeholders, Server, StartError};
use crate::testbed::rotate::until_shown;
use ch11_verification::attempt::{Class, FailureKind, Recorder};

/// What all stages of a run share: something behind a proxy, and files to serve.
pub struct SharedFixtures {
    origin: Origin,
    www: Option<TempDir>,
}

impl SharedFixtures {
    /// Makes what this server needs.
    ///
    /// # Errors
    /// When there is no port, or the disk is full.
    pub async fn new(spec: &Spec) -> io::Result<Self> {
        let www = match spec.mentions("{www}") {
            true => {
                let www = lab::directory()?;
                write_files(www.path())?;
                Some(www)
            }
            false => None,
        };
        Ok(Self {
            origin: Origin::start().await?,
            www,
        })
    }
}

/// A server with files of its own, which can be rotated.
pub struct TestBed {
    /// The server.
    pub server: Server,
    /// Where its files are written.
    pub site: Site,
    /// Who issues them.
    pub authority: Authority,
    /// Who issues the clients' certificates, where the server asks for them.
    pub clients: Authority,
    /// What was issued.
    pub chains: Arc<Chains>,
    /// Whom clients call.
    pub target: Target,
    /// What lies there, when it is fit.
    pub good: Issued,
    name: String,
    client_roots: PathBuf,
    mutual: bool,
    // Removed after the server has ended: fields are dropped in their order.
    _directory: Option<TempDir>,
}

impl TestBed {
    /// Writes a first identity, and starts the server. One that is attached to must be one that
    /// clients accept before anything of it is touched; then it is told, and must show what was
    /// written.
    ///
    /// # Errors
    /// When the server does not come up, with what it said; when files cannot be written.
    pub async fn set_up(
        spec: &Spec,
        fixtures: &SharedFixtures,
        writer: Writer,
        patience: Duration,
    ) -> io::Result<Self> {
        let mut builder = TestBedBuilder::new(spec, fixtures, writer)?;
        let good = builder.issue()?;
        if spec.attach.is_none() {
            builder.write(&good)?;
        }
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let mut testbed = Box::pin(builder.start(spec, good, patience)).await?;
        if let Some(attach) = &spec.attach {
            Box::pin(testbed.accepted(attach)).await?;
            let good = testbed.good.clone();
            let written = testbed.site.write(&good);
            written.map_err(|error| StartError::File(attach.directory.clone(), error))?;
        }
        served(&testbed.target, Duration::from_millis(spec.ready.within_ms)).await?;
        if let Some(attach) = &spec.attach {
            let complaint = testbed.notify().await.err();
            let client = testbed.target.client(None, false, None)?;
            let within = Duration::from_millis(spec.limits.reload_within_ms);
            let recorder = Recorder::default();
            let shown = until_shown(&mut testbed, &recorder, &client, 0, within);
            let shown = Box::pin(shown).await;
            if shown.converged.is_none() {
                let complaint = complaint.map(|said| format!(" Telling it failed: {said}."));
                let last = recorder.records().pop().and_then(|record| record.error);
                let last = last.map(|error| format!(" The last client met: {error}."));
                return Err(io::Error::other(format!(
                    "{} does not show what was written to {} within {within:?}. Is that where it \
                     reads its files, and is it told right?{}{}{}",
                    attach.address,
                    attach.directory.display(),
                    complaint.unwrap_or_default(),
                    last.unwrap_or_default(),
                    match testbed.claims_to_show_it() {
                        true => " Its log claims that it does.",
                        false => "",
                    },
                )));
            }
        }
        Ok(testbed)
    }

    /// For a server that somebody else rotates: nothing is written, and whatever clients accept is
    /// a generation.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn observe(
        spec: &Spec,
        fixtures: &SharedFixtures,
        patience: Duration,
    ) -> io::Result<Self> {
        let mut builder = TestBedBuilder::new(spec, fixtures, Writer::VaultAgent)?;
        let nothing = builder.issue()?;
        builder.chains = Arc::new(Chains::of_others());
        let testbed = builder.start(spec, nothing, patience).await?;
        if let Some(attach) = &spec.attach {
            testbed.accepted(attach).await?;
        }
        Ok(testbed)
    }

    /// Whether its log says that what lies there was loaded.
    fn claims_to_show_it(&mut self) -> bool {
        // A log that cannot be read claims nothing.
        let _ = self.server.catch_up();
        let serial = self.good.facts.serial.as_str();
        let loaded = want("identity_loaded").with("serial", serial);
        !self.server.output().log().all(&loaded).is_empty()
    }

    /// Whether clients accept what a server that is attached to shows now. It is in use: where they
    /// do not, its files are none of our business.
    async fn accepted(&self, attach: &Attach) -> io::Result<()> {
        let client = self
            .target
            .client(None, false, self.target.identity.as_deref())?;
        let address = *self.target.address.borrow();
        let opened = timeout(self.target.patience, client.open(address)).await;
        let error = match opened {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {:?}", self.target.patience),
        };
        Err(io::Error::other(format!(
            "clients that trust the CA in {} and ask for `{}` do not accept {}: {error}. Nothing was \
             written to {}",
            attach.ca.display(),
            attach.server_name,
            attach.address,
            attach.directory.display(),
        )))
    }

    /// Issues what replaces the present identity, and lets clients know it.
    ///
    /// # Errors
    /// What the authority says.
    pub fn issue(&mut self) -> io::Result<Issued> {
        let request = LeafRequest::new(&self.name);
        let issued = self.authority.issue(&request).map_err(io::Error::other)?;
        self.announce(&issued);
        Ok(issued)
    }

    /// Lets clients know a chain, and looks for its key in what the server says.
    pub fn announce(&mut self, issued: &Issued) -> u32 {
        self.server.output().look_for(&issued.key);
        self.chains.add(issued)
    }

    /// The name that the certificate bears.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells the server, in its own way, that its files have changed.
    ///
    /// # Errors
    /// What was complained of.
    pub async fn notify(&mut self) -> Result<(), String> {
        let files = self.site.files();
        // What hangs when it is opened is not for us to open.
        let read = |path: &Path| match path.is_file() {
            true => std::fs::read_to_string(path).unwrap_or_default(),
            false => String::new(),
        };
        let mut pem = read(&files.certificate);
        if files.certificate != files.key {
            pem.push_str(&read(&files.key));
        }
        self.server.reload(&pem).await
    }

    /// Replaces the trust anchors by which clients are let in. Nobody is told.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn trust_clients(&self, roots_pem: &str) -> io::Result<()> {
        trust(&self.site, &self.client_roots, &self.authority, roots_pem)
    }

    /// The same, by a writer that truncates: what is there now is all that there is for a while.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn write_client_roots_in_place(&self, roots_pem: &str) -> io::Result<()> {
        std::fs::write(&self.client_roots, roots_pem)?;
        let own = format!("{}{roots_pem}", self.authority.root_pem());
        std::fs::write(self.site.files().roots, own)
    }

    /// The classes that this server can be judged by.
    pub async fn classes(&self) -> Vec<Class> {
        let mut classes = vec![Class::Full, Class::Resuming];
        if self.target.protocol != Protocol::Lab {
            classes.push(Class::Pooled);
            if self.speaks_http2().await {
                classes.push(Class::Http2);
            }
        }
        if self.target.protocol != Protocol::AnyHttp {
            classes.push(Class::Download);
        }
        if self.mutual {
            classes.push(Class::Mutual);
        }
        classes
    }

    async fn speaks_http2(&self) -> bool {
        let identity = self.target.identity.as_deref();
        let Ok(client) = self.target.client(Some(Version::Http2), false, identity) else {
            return false;
        };
        let address = *self.target.address.borrow();
        let opened = timeout(self.target.patience, client.open(address)).await;
        opened.is_ok_and(|opened| {
            opened.is_ok_and(|(stream, _)| stream.get_ref().1.alpn_protocol() == Some(b"h2"))
        })
    }
}

/// A stage whose server has not been started.
pub struct TestBedBuilder {
    /// Where files are written.
    pub site: Site,
    /// Who issues them.
    pub authority: Authority,
    clients: Authority,
    chains: Arc<Chains>,
    keys: Vec<lab::authority::PrivateKeyPem>,
    words: Placeholders,
    name: String,
    client_roots: PathBuf,
    path: PathBuf,
    directory: Option<TempDir>,
}

impl TestBedBuilder {
    /// A directory with trust anchors, and no identity yet.
    ///
    /// # Errors
    /// When files cannot be written, or the CA of an attached server cannot be read.
    pub fn new(spec: &Spec, fixtures: &SharedFixtures, writer: Writer) -> io::Result<Self> {
        let writer = match spec.layout {
            Layout::Pair => writer,
            Layout::Bundle => Writer::Bundle,
        };
        let (authority, directory, path, name) = match &spec.attach {
            Some(attach) => {
                let authority = Authority::load(&attach.ca);
                let authority = authority.map_err(|error| about(&attach.ca, error))?;
                if !attach.directory.is_dir() {
                    let error = io::Error::other("`directory` of `attach` is no folder");
                    return Err(about(&attach.directory, error));
                }
                let name = attach.server_name.clone();
                (authority, None, attach.directory.clone(), name)
            }
            None => {
                let directory = lab::directory()?;
                let path = directory.path().to_owned();
                let authority = Authority::new().map_err(io::Error::other)?;
                (authority, Some(directory), path, "localhost".to_owned())
            }
        };
        let clients = Authority::named("Clients").map_err(io::Error::other)?;
        let site = Site::new(&path, writer);
        let client_roots = path.join("client-roots.pem");
        if spec.attach.is_none() {
            let roots = clients.root_pem();
            match spec.client_auth {
                true => trust(&site, &client_roots, &authority, roots)?,
                false => site.write_roots(authority.root_pem())?,
            }
        }
        let www = fixtures
            .www
            .as_ref()
            .map_or(path.as_path(), |www| www.path());
        let words = Placeholders::new(spec, &path, www, &site.files(), fixtures.origin.port())?;
        Ok(Self {
            site,
            authority,
            clients,
            chains: Arc::default(),
            keys: Vec::new(),
            words,
            name,
            client_roots,
            path,
            directory,
        })
    }

    /// Writes an identity.
    ///
    /// # Errors
    /// With the folder, when it cannot be written.
    fn write(&mut self, issued: &Issued) -> io::Result<()> {
        let written = self.site.write(issued);
        written.map_err(|error| about(&self.path, error))
    }

    /// Issues an identity. Writes nothing.
    ///
    /// # Errors
    /// What the authority says.
    pub fn issue(&mut self) -> io::Result<Issued> {
        let request = LeafRequest::new(&self.name);
        let issued = self.authority.issue(&request).map_err(io::Error::other)?;
        self.chains.add(&issued);
        self.keys.push(issued.key.clone());
        Ok(issued)
    }

    /// Starts the server. `good` is what it should show.
    ///
    /// # Errors
    /// With what it said last.
    pub async fn start(
        mut self,
        spec: &Spec,
        good: Issued,
        patience: Duration,
    ) -> io::Result<TestBed> {
        let server = Server::start(spec, self.words).await?;
        for key in &self.keys {
            server.output().look_for(key);
        }
        let identity = match spec.client_auth {
            true => {
                let request = LeafRequest::new("client");
                let identity = self.clients.issue(&request).map_err(io::Error::other)?;
                Some(Arc::new(identity))
            }
            false => None,
        };
        let target = Target {
            address: server.address(),
            name: self.name.clone(),
            roots_pem: self.authority.root_pem().to_owned(),
            protocol: spec.protocol,
            identity,
            patience,
            chains: self.chains.clone(),
        };
        Ok(TestBed {
            server,
            site: self.site,
            authority: self.authority,
            clients: self.clients,
            chains: self.chains,
            target,
            good,
            name: self.name,
            client_roots: self.client_roots,
            mutual: spec.client_auth,
            _directory: self.directory,
        })
    }
}

fn about(path: &Path, error: io::Error) -> io::Error {
    match error.to_string().contains(&path.display().to_string()) {
        true => error,
        false => io::Error::new(error.kind(), format!("{}: {error}", path.display())),
    }
}

/// A server may accept connections before it has read what to do with them (Traefik does). Waits
/// until a handshake is not cut short, for as long as a client waits. What goes on after that is for
/// the check to tell.
async fn served(target: &Target, within: Duration) -> io::Result<()> {
    let client = target.client(None, false, target.identity.as_deref())?;
    let waiting = async {
        while let (_, Err(failed)) = target.probe(&client).await {
            if failed.kind != FailureKind::HandshakeCut {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = timeout(within.min(target.patience), waiting).await;
    Ok(())
}

/// Some servers hold one set of trust anchors, for their own chain and for their clients: that one
/// has them all. Others have a file for their clients.
fn trust(
    site: &Site,
    client_roots: &Path,
    authority: &Authority,
    roots_pem: &str,
) -> io::Result<()> {
    let beside = client_roots.with_extension("new");
    std::fs::write(&beside, roots_pem)?;
    std::fs::rename(&beside, client_roots)?;
    site.write_roots(&format!("{}{roots_pem}", authority.root_pem()))
}
