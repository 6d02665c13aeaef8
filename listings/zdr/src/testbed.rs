//! The test bed: a directory with files, an authority, a server that reads them, and clients that
//! know what they should be shown.
//!
//! The folder holds what all test beds of a run share ([`shared`]), the way to set one up
//! ([`setup`]), what is kept of one in which something failed ([`keep`]), what is asked before anything is
//! rotated ([`preflight`]), a look that verifies nothing ([`mod@look`]), whether HTTP/3 is spoken ([`http3`]), what can be found out about a server
//! of which only the command is known ([`discover`]), which kinds of keys it takes (`kinds`), whether it can be told of new files (`signalled`), whether
//! it serves more than one client at a time (`side_by_side`), and a rotation with everything that a client sees of it
//! ([`rotate`]). It may use [`load`](crate::load) and [`server`](crate::server).

pub mod aside;
mod beside;
pub mod discover;
mod hello;
pub mod http3;
pub mod keep;
mod kinds;
mod long_answer;
pub mod look;
pub mod preflight;
pub mod rotate;
pub mod setup;
pub mod shared;
mod side_by_side;
pub(crate) mod signalled;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ch06_in_flight_requests::client::Version;
use ch09_simulating_rotation::Site;
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::Client;
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use crate::attempt::Differs;
use crate::attempt::Recorder;
use crate::error::Error;
use crate::load::{Chains, Target};
use crate::server::Server;
use crate::server::spec::{Keys, Protocol, Spec};
use crate::testbed::aside::{Amiss, Aside};
use crate::testbed::beside::{Beside, issue_beside};
use crate::testbed::keep::LastState;
use crate::testbed::shared::SharedFixtures;
use ch11_verification::attempt::Class;

/// A server with files of its own, which can be rotated. [`SharedFixtures::start`] sets one up.
pub struct TestBed {
    /// The server.
    pub server: Server,
    /// Where its files are written.
    pub site: Site,
    /// Where those of the second kind of key are written.
    second_set: Site,
    kind_of_key: Keys,
    /// Clients that have to be shown a new certificate, too, before a rotation is over.
    beside: Vec<Beside>,
    /// Clients that are asked once after each rotation.
    asides: Vec<Aside>,
    /// What issues them.
    pub authority: Authority,
    /// Another authority whose root is trusted, too, where there is one.
    pub second: Option<Authority>,
    /// What issues the clients' certificates, where the server asks for them.
    pub clients: Authority,
    /// What was issued.
    pub chains: Arc<Chains>,
    /// What clients connect to.
    pub target: Target,
    /// The last valid identity that was written.
    pub good: Issued,
    fixtures: SharedFixtures,
    /// Copies its files, where what fails is kept.
    kept: LastState,
    name: String,
    client_roots: PathBuf,
    // Removed after the server has ended: fields are dropped in their order.
    _directory: Option<TempDir>,
}

impl TestBed {
    /// The description of its server.
    pub fn spec(&self) -> &Spec {
        self.fixtures.spec()
    }

    /// How long its server may take to show what was written.
    pub fn reload_within(&self) -> Duration {
        self.fixtures.reload_within()
    }

    /// A client that does not resume, and shows a certificate where the server asks for one.
    ///
    /// # Errors
    /// When there is no usable trust anchor, or the name is none.
    pub fn client(&self) -> Result<Client, Error> {
        let identity = self.target.identity.as_deref();
        Ok(self.target.client(None, false, identity)?)
    }

    /// Issues what replaces the present identity, and lets clients know it.
    ///
    /// # Errors
    /// What the authority says.
    pub fn issue(&mut self) -> Result<Issued, Error> {
        let issued = self.issue_unannounced()?;
        self.announce(&issued);
        Ok(issued)
    }

    /// Issues an identity that clients do not know yet.
    ///
    /// # Errors
    /// What the authority says.
    pub fn issue_unannounced(&mut self) -> Result<Issued, Error> {
        let request = LeafRequest::new(&self.name);
        self.authority.issue(&request).map_err(Error::issue)
    }

    /// Renews the certificate of the second kind of key, where there is one: beside the first, which was
    /// announced last.
    ///
    /// # Errors
    /// What the authority says, or the system.
    fn renew_second(&mut self) -> Result<(), Error> {
        let Some(kind) = self.spec().second_keys else {
            return Ok(());
        };
        let issued = issue_beside(&mut self.authority, &self.name, kind)?;
        self.server.output().look_for(&issued.key);
        self.chains.add_beside(&issued);
        Ok(self.second_set.write(&issued)?)
    }

    /// From now on a rotation is over only when these classes are shown the new certificate, too; and clients
    /// that name no server, where those are shown what is served now.
    ///
    /// # Errors
    /// When such a client cannot be made.
    pub async fn wait_for(&mut self, classes: &[Class], recorder: &Recorder) -> Result<(), Error> {
        self.beside = Beside::of(&self.target, classes)?;
        if self.target.sibling.is_none() {
            let nameless = Beside::nameless(&self.target)?;
            let first = nameless.handshake(recorder).await;
            if first.shown == Some(self.chains.latest()) {
                recorder.put(first);
                self.beside.push(nameless);
            }
        }
        self.asides = Aside::of(&self.target).await?;
        Ok(())
    }

    /// Which of the clients that stand aside are not shown this generation, which others were shown, and what
    /// became of each. Each makes one handshake, or as many more as the server has time until `bound`.
    pub async fn asides_amiss(&self, generation: u32, bound: Instant) -> Vec<(Differs, Amiss)> {
        Aside::missed(&self.asides, &self.target, generation, bound).await
    }

    /// Lets clients know a chain, and looks for its key in what the server says.
    pub fn announce(&mut self, issued: &Issued) -> u32 {
        self.server.output().look_for(&issued.key);
        self.chains.add(issued)
    }

    /// Looks for the key that lies in the files, whoever has put it there.
    pub fn look_for_key_in_files(&self) {
        let key = self.site.files().key;
        // What hangs when it is opened is not for us to open; what is no text holds no key in PEM.
        let pem = match key.is_file() {
            true => std::fs::read_to_string(key).unwrap_or_default(),
            false => String::new(),
        };
        self.server.output().look_for_keys_in(&pem);
    }

    /// An error without bytes of a key: neither of those that were issued, nor of the one in the files of a server that
    /// runs already.
    pub(crate) fn without_keys(&self, error: Error) -> Error {
        self.look_for_key_in_files();
        error.without_keys(self.server.output())
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
        if let LastState(Some(kept)) = &self.kept {
            kept.take();
        }
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

    /// Replaces the trust anchors by which clients are let in. The server is not notified.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn trust_clients(&self, roots_pem: &str) -> io::Result<()> {
        let own = &self.target.roots_pem;
        write_client_roots(&self.site, &self.client_roots, own, roots_pem)
    }

    /// The same, by a writer that truncates: what is there now is all that there is for a while.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn write_client_roots_in_place(&self, roots_pem: &str) -> io::Result<()> {
        std::fs::write(&self.client_roots, roots_pem)?;
        let own = format!("{}{roots_pem}", self.target.roots_pem);
        std::fs::write(self.site.files().roots, own)
    }

    /// The classes that this server can be judged by.
    pub async fn classes(&self) -> Vec<Class> {
        let target = &self.target;
        let has_names = target.sibling.is_some();
        let there = [
            (Class::Full, true),
            (Class::Resuming, true),
            (
                Class::Tls12,
                self.shakes_hands(target.tls12_client()).await.is_some(),
            ),
            (Class::Nameless, has_names),
            (Class::Sibling, has_names),
            (Class::Second, target.kinds.is_some()),
            (Class::Quic, target.http3),
            (Class::Pooled, target.protocol != Protocol::Lab),
            (
                Class::Http2,
                target.protocol.is_http() && self.speaks_http2().await,
            ),
            (Class::Http3, target.http3),
            (Class::Download, target.has_downloads()),
            (
                Class::Moving,
                target.http3 && target.has_downloads() && target.survives_migration().await,
            ),
            (Class::Upload, target.upload.is_some()),
            (
                Class::Held,
                target.has_conversations() && target.keeps_silent_clients().await,
            ),
            (Class::Grpc, target.grpc),
            (Class::Mutual, self.spec().client_auth),
        ];
        let there = there.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(class, _)| class).collect()
    }

    async fn speaks_http2(&self) -> bool {
        let identity = self.target.identity.as_deref();
        let client = self.target.client(Some(Version::Http2), false, identity);
        let chosen = self.shakes_hands(client).await;
        chosen.is_some_and(|chosen| chosen.as_deref() == Some(b"h2"))
    }

    /// Whether a handshake of this client completes. If so, which protocol ALPN has chosen, if any.
    async fn shakes_hands(&self, client: io::Result<Client>) -> Option<Option<Vec<u8>>> {
        let client = client.ok()?;
        let opening = Box::pin(self.target.open(&client));
        let (stream, _) = timeout(self.target.patience, opening).await.ok()?.ok()?;
        Some(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    }
}

/// Some servers hold one set of trust anchors, for their own chain and for their clients: that one
/// has them all. Others have a file for their clients.
fn write_client_roots(
    site: &Site,
    client_roots: &Path,
    own_pem: &str,
    roots_pem: &str,
) -> io::Result<()> {
    let beside = client_roots.with_extension("new");
    std::fs::write(&beside, roots_pem)?;
    std::fs::rename(&beside, client_roots)?;
    site.write_roots(&format!("{own_pem}{roots_pem}"))
}
