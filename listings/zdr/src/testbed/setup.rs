//! Setting up a test bed: first the files, then the server that reads them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::{Site, Writer};
use lab::agent::Strategy;
use lab::authority::{Authority, Issued, LeafRequest, PrivateKeyPem};
use lab::log::want;
use rustls::KeyLog;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::attempt::{FailureKind, Recorder};
use crate::error::Error;
use crate::load::dialogue::Told;
use crate::load::target::CLIENTS;
use crate::load::{Chains, Target};
use crate::server::Server;
use crate::server::advice::Advice;
use crate::server::error::StartError;
use crate::server::placeholders::other_files;
use crate::server::spec::{Attach, Layout, Spec};
use crate::testbed::beside::issue_beside;
use crate::testbed::keep::{Keeper, LastState, Secrets};
use crate::testbed::look::look;
use crate::testbed::preflight::answers;
use crate::testbed::rotate::until_shown;
use crate::testbed::shared::SharedFixtures;
use crate::testbed::signalled::can_be_told;
use crate::testbed::{TestBed, write_client_roots};

impl SharedFixtures {
    /// Writes a first identity, and starts the server. One that is attached to must be one that
    /// clients accept before anything of it is touched; then it is told, and must show what was
    /// written.
    ///
    /// # Errors
    /// When the server does not come up, with what it said; when files cannot be written.
    pub async fn start(&self, writer: Writer) -> Result<TestBed, Error> {
        let mut builder = TestBedBuilder::new(self, writer)?;
        let good = builder.issue()?;
        let Some(attach) = &self.spec().attach else {
            let written = builder.site.write(&good);
            written.map_err(|error| Error::about(&builder.folder, error))?;
            // Boxed: without optimisation, so much room is more than a worker thread has.
            let testbed = Box::pin(builder.start(good)).await?;
            until_served(&testbed).await?;
            return Ok(testbed);
        };
        let mut testbed = Box::pin(builder.start(good)).await?;
        let accepted = Box::pin(accepted(&testbed, attach)).await;
        accepted.map_err(|error| testbed.without_keys(error))?;
        let written = testbed.site.write(&testbed.good.clone());
        written.map_err(|error| {
            StartError::Named("attach.directory", attach.directory.clone(), error)
        })?;
        until_served(&testbed).await?;
        Box::pin(shows_what_was_written(&mut testbed, attach)).await?;
        Ok(testbed)
    }

    /// For a server that another agent rotates: nothing is written, and whatever clients accept is
    /// a generation.
    ///
    /// # Errors
    /// When no server answers.
    pub async fn observe(&self) -> Result<TestBed, Error> {
        let mut builder = TestBedBuilder::new(self, Writer::VaultAgent)?;
        let nothing = builder.issue()?;
        builder.chains = Arc::new(Chains::of_others());
        let testbed = builder.start(nothing).await?;
        if let Some(attach) = &self.spec().attach {
            let accepted = accepted(&testbed, attach).await;
            accepted.map_err(|error| testbed.without_keys(error))?;
        }
        Ok(testbed)
    }
}

/// A test bed whose server has not been started.
pub struct TestBedBuilder {
    /// Where files are written.
    pub site: Site,
    /// What issues them.
    pub authority: Authority,
    second: Option<Authority>,
    /// The trust anchors by which its chain is verified, in PEM.
    own_roots: String,
    fixtures: SharedFixtures,
    clients: Authority,
    chains: Arc<Chains>,
    keys: Vec<PrivateKeyPem>,
    sibling: Option<(String, Arc<Chains>)>,
    second_set: Site,
    name: String,
    client_roots: PathBuf,
    folder: PathBuf,
    directory: Option<TempDir>,
}

impl TestBedBuilder {
    /// A directory with trust anchors, and no identity yet.
    ///
    /// # Errors
    /// When files cannot be written, or the CA of an attached server cannot be read.
    pub fn new(fixtures: &SharedFixtures, writer: Writer) -> Result<Self, Error> {
        let spec = fixtures.spec();
        let writer = match spec.layout {
            Layout::Bundle if !writer.writes_one_file() => Writer::Bare(Strategy::Bundle),
            Layout::Pair | Layout::Bundle => writer,
        };
        let (mut authority, directory, folder, name) = place(spec)?;
        authority.set_key_kind(spec.keys.into());
        let clients = Authority::named(CLIENTS).map_err(Error::issue)?;
        let second = match fixtures.has_second_root() {
            true => Some(second_root(spec)?),
            false => None,
        };
        let mut own_roots = authority.root_pem().to_owned();
        own_roots.extend(second.as_ref().map(Authority::root_pem));
        let chains = Chains::default();
        chains.anchored_in(&own_roots);
        let mut keys = Vec::new();
        let sibling = spec.other_name.as_ref();
        let sibling =
            sibling.map(|name| sibling_of(spec, name, &mut authority, &folder, &mut keys));
        let sibling = sibling.transpose()?;
        let site = Site::new(&folder, writer);
        let second_folder = folder.join("second");
        if spec.second_keys.is_some() {
            fs::create_dir_all(&second_folder)?;
        }
        let client_roots = folder.join("client-roots.pem");
        if spec.attach.is_none() {
            let roots = clients.root_pem();
            match spec.client_auth {
                true => write_client_roots(&site, &client_roots, &own_roots, roots)?,
                false => site.write_roots(&own_roots)?,
            }
        }
        Ok(Self {
            site,
            authority,
            second,
            own_roots,
            fixtures: fixtures.clone(),
            clients,
            chains: Arc::new(chains),
            keys,
            sibling,
            second_set: Site::new(&second_folder, writer),
            name,
            client_roots,
            folder,
            directory,
        })
    }

    /// Where the files of the run lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Issues an identity, and writes nothing of it. Where the server has a second kind of key, its files
    /// are written.
    ///
    /// # Errors
    /// What the authority says, or the system.
    pub fn issue(&mut self) -> Result<Issued, Error> {
        let request = LeafRequest::new(&self.name);
        let issued = self.authority.issue(&request).map_err(Error::issue)?;
        self.chains.add(&issued);
        self.keys.push(issued.key.clone());
        if let Some(kind) = self.fixtures.spec().second_keys {
            let beside = issue_beside(&mut self.authority, &self.name, kind)?;
            self.chains.add_beside(&beside);
            let written = self.second_set.write(&beside);
            written.map_err(|error| Error::about(&self.folder, error))?;
            self.keys.push(beside.key);
        }
        Ok(issued)
    }

    /// Starts the server. `good` is what it should show.
    ///
    /// # Errors
    /// With what it said last.
    pub async fn start(mut self, good: Issued) -> Result<TestBed, Error> {
        let spec = self.fixtures.spec();
        let files = [&self.site.files(), &self.second_set.files()];
        let words = self.fixtures.words(&self.folder, files)?;
        let server = Server::start(spec, words).await?;
        for key in &self.keys {
            server.output().look_for(key);
        }
        let client = || self.clients.issue(&LeafRequest::new("client"));
        let identity = spec.client_auth.then(client).transpose();
        let identity = identity.map_err(Error::issue)?.map(Arc::new);
        let keeper = self.fixtures.keeper();
        let secrets = keeper.map(|_| Arc::new(Secrets::default()));
        let target = Target {
            key_log: secrets.clone().map(|secrets| secrets as Arc<dyn KeyLog>),
            address: server.address(),
            name: self.name.clone(),
            roots_pem: self.own_roots,
            protocol: spec.protocol,
            told: Arc::new(Told::new(spec.exchange.clone().unwrap_or_default())),
            download: spec.download.clone(),
            upload: spec.upload.clone(),
            websocket: spec.websocket.clone(),
            grpc: spec.grpc,
            http3: spec.http3,
            kinds: spec.second_keys.map(|second| (spec.keys, second)),
            sibling: self.sibling,
            identity,
            patience: self.fixtures.patience(),
            chains: self.chains.clone(),
            read_ahead: Arc::default(),
            usual: Arc::default(),
        };
        let follow = |(keeper, secrets): (&Keeper, _)| {
            let files = self.directory.as_ref().map(TempDir::path);
            keeper.follow(files, &target, server.output(), secrets)
        };
        let kept = keeper.zip(secrets).map(follow).transpose()?;
        Ok(TestBed {
            kept: LastState(kept),
            server,
            site: self.site,
            second_set: self.second_set,
            kind_of_key: spec.keys,
            beside: Vec::new(),
            asides: Vec::new(),
            authority: self.authority,
            second: self.second,
            clients: self.clients,
            chains: self.chains,
            target,
            good,
            fixtures: self.fixtures,
            name: self.name,
            client_roots: self.client_roots,
            _directory: self.directory,
        })
    }
}

/// Issues a certificate for the other name, and writes its files, which stay as they are.
fn sibling_of(
    spec: &Spec,
    name: &str,
    authority: &mut Authority,
    folder: &Path,
    keys: &mut Vec<PrivateKeyPem>,
) -> Result<(String, Arc<Chains>), Error> {
    let issued = authority.issue(&LeafRequest::new(name));
    let issued = issued.map_err(Error::issue)?;
    let [certificate, key] = other_files(spec, folder);
    for (path, text) in [
        (&certificate, issued.chain_pem.as_str()),
        (&key, issued.key.expose()),
    ] {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| Error::about(path, error))?;
    }
    let chains = Chains::default();
    chains.add(&issued);
    keys.push(issued.key);
    Ok((name.to_owned(), Arc::new(chains)))
}

/// The authority, the folder of the files with what removes it in the end, and the name: of an attached
/// server those that it has, and new ones otherwise.
fn place(spec: &Spec) -> Result<(Authority, Option<TempDir>, PathBuf, String), Error> {
    if let Some(attach) = &spec.attach {
        let name = attach.server_name.clone();
        return Ok((existing(attach)?, None, attach.directory.clone(), name));
    }
    let directory = lab::open_directory()?;
    let folder = directory.path().to_owned();
    let authority = Authority::new().map_err(Error::issue)?;
    let name = spec.served_name().to_owned();
    Ok((authority, Some(directory), folder, name))
}

/// The authority of a server that runs already. Its folder must be there, too.
fn existing(attach: &Attach) -> Result<Authority, Error> {
    let authority = Authority::load(&attach.ca);
    let authority = authority.map_err(|error| Error::about(&attach.ca, error))?;
    if !attach.directory.is_dir() {
        let error = io::Error::other("`directory` of `attach` is no folder");
        return Err(Error::about(&attach.directory, error));
    }
    Ok(authority)
}

/// Whether clients accept what a server that is attached to shows now. It is in use: where they
/// do not, its files are none of our business.
async fn accepted(testbed: &TestBed, attach: &Attach) -> Result<(), Error> {
    let client = testbed.client()?;
    let patience = testbed.target.patience;
    let opened = timeout(patience, Box::pin(testbed.target.open(&client))).await;
    let error = match opened {
        Ok(Ok(_)) => {
            answers_so_far(testbed, attach).await?;
            let told = can_be_told(&testbed.server).await;
            return told.map_err(|error| before_writing(attach, error));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {patience:?}"),
    };
    let address = *testbed.target.address.borrow();
    let seen = look(
        address,
        &attach.server_name,
        (testbed.target.speech(), &[]),
        patience,
    )
    .await;
    let in_clear = seen
        .in_clear
        .map(|line| format!("without TLS it says: {line}"));
    let met = [
        Some(error),
        seen.leaf.map(|leaf| leaf.to_string()),
        in_clear,
    ];
    let met: Vec<_> = met.into_iter().flatten().collect();
    Err(untouched(
        attach,
        Advice {
            what: format!("clients do not accept {}", attach.address),
            tried: format!(
                "a handshake as a client that trusts the CA in {} and asks for `{}`",
                attach.ca.display(),
                attach.server_name
            ),
            seen: met.join("\n"),
            change: "`ca` has to be the folder of the authority that issued what it shows, and `server_name` \
                     a name in that"
                .into(),
        },
    ))
}

/// What is wrong with a server in use whose files are as they were.
fn untouched(attach: &Attach, mut advice: Advice) -> Error {
    let directory = attach.directory.display();
    advice.seen += &format!("\nNothing was written to {directory}");
    Error::Preflight(Box::new(advice))
}

/// Whether requests are answered as the description says, whatever chain is shown. Nothing was written
/// yet.
async fn answers_so_far(testbed: &TestBed, attach: &Attach) -> Result<(), Error> {
    let target = Target {
        chains: Arc::new(Chains::of_others()),
        ..testbed.target.clone()
    };
    let answered = answers(&target, target.download.is_some()).await;
    answered.map_err(|error| before_writing(attach, error))
}

/// An error that was met before anything was written.
fn before_writing(attach: &Attach, error: Error) -> Error {
    match error {
        Error::Preflight(advice) => untouched(attach, *advice),
        error => error,
    }
}

/// Tells a server that is attached to of the files that were written, and waits until it shows them.
async fn shows_what_was_written(testbed: &mut TestBed, attach: &Attach) -> Result<(), Error> {
    let complaint = testbed.notify().await.err();
    let client = testbed.client()?;
    let recorder = Recorder::default();
    let (_, converged) = until_shown(testbed, &recorder, &client, 0).await;
    if converged.is_some() {
        return Ok(());
    }
    let complaint = complaint.map(|said| format!(" Telling it failed: {said}."));
    let last = recorder.records().pop().and_then(|record| record.error);
    let last = last.map(|error| format!(" The last client met: {error}."));
    let instead = testbed.server.instead();
    let instead = instead
        .map(|other| format!(" The process that `pid` names does not listen there: {other}."));
    Err(Error::Server(format!(
        "{} does not show what was written to {} within {:?}. Is that where it \
         reads its files, and is it told right?{}{}{}{}",
        attach.address,
        attach.directory.display(),
        testbed.reload_within(),
        complaint.unwrap_or_default(),
        last.unwrap_or_default(),
        instead.unwrap_or_default(),
        match claims_to_show_it(testbed) {
            true => " Its log claims that it does.",
            false => "",
        },
    )))
}

/// Whether its log says that what lies there was loaded.
fn claims_to_show_it(testbed: &mut TestBed) -> bool {
    // A log that cannot be read claims nothing.
    let _ = testbed.server.catch_up();
    let serial = testbed.good.facts.serial.as_str();
    let loaded = want("identity_loaded").with("serial", serial);
    !testbed.server.output().log().all(&loaded).is_empty()
}

/// A server may accept connections before it has read what to do with them (Traefik does). Waits
/// until a handshake is neither cut short nor left without an answer, for as long as a few clients wait: what a
/// server is told before it serves may be lost. What goes on after that is for the check to tell.
async fn until_served(testbed: &TestBed) -> Result<(), Error> {
    let client = testbed.client()?;
    let waiting = async {
        while let (_, Err(failed)) = testbed.target.probe(&client).await {
            let not_yet = [FailureKind::HandshakeCut, FailureKind::Stalled];
            if !not_yet.contains(&failed.kind) {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    let ready = Duration::from_millis(testbed.spec().ready.within_ms);
    let _ = timeout(ready.min(testbed.target.patience * 4), waiting).await;
    Ok(())
}

/// An authority that issues the same kinds of certificates as the first.
fn second_root(spec: &Spec) -> Result<Authority, Error> {
    let mut second = Authority::named("Second Lab Root").map_err(Error::issue)?;
    second.set_key_kind(spec.keys.into());
    Ok(second)
}
