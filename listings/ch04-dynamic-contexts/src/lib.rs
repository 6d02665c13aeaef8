//! Whole contexts, swapped.
//!
//! OpenSSL keeps all that a side of TLS needs in a context: chain, key, trust anchors, session
//! state. A context that is in use is never changed here. The next one is built beside it by
//! [`server_context`] or [`client_context`], [`IdentityStore`] swaps it in, and then:
//!
//! - a server hands each hello over to the current context ([`hooked_context`]),
//! - a client takes the current context for each new connection ([`Caller`]).
//!
//! [`call`] is a client that calls a server over and over.
//!
//! # Examples
//! A client's next connection has the next identity, and the one before keeps its own:
//!
//! ```
//! use ch02_hot_reload::identity::Source;
//! use ch04_dynamic_contexts::start_client;
//! use lab::agent::{Agent, Strategy};
//!
//! let directory = lab::directory()?;
//! let mut agent = Agent::started(directory.path(), Strategy::Bundle)?;
//! let store = start_client(Source::localhost(agent.files()))?;
//! let held = store.current();
//!
//! agent.rotate()?;
//! store.reload();
//! assert_eq!(store.current().identity.facts.serial, "1002");
//! assert_eq!(held.identity.facts.serial, "1001");
//! # Ok::<_, std::io::Error>(())
//! ```

pub mod call;
mod goodbye;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use ch01_restart_baseline::{accept, converse_over, handshake};
use ch02_hot_reload::identity::{self, Identity, Peers, Rejected, Source};
use ch02_hot_reload::{Generation, Loader};
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::pkey::PKey;
use openssl::ssl::{
    SniError, Ssl, SslAcceptor, SslAlert, SslConnector, SslContext, SslContextBuilder, SslMethod,
    SslRef, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

use crate::goodbye::Goodbye;

/// Chapter 2's one pointer, with an OpenSSL context in each generation.
pub type IdentityStore<C = SslContext> = ch02_hot_reload::IdentityStore<C>;

// ANCHOR: context
/// A server's context: it shows `identity`, and asks clients for nothing.
///
/// # Errors
/// When OpenSSL rejects what rustls accepted: it has rules of its own about keys.
pub fn server_context(identity: &Identity) -> Result<SslContext, ErrorStack> {
    let mut context = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    show(identity, &mut context)?;
    Ok(context.build().into_context())
}

/// A client's context: it shows `identity` to servers that ask, and trusts the anchors for peers
/// beside it. The anchors by which servers judge the client are no reason to trust a server.
///
/// # Errors
/// As [`server_context`].
pub fn client_context(identity: &Identity) -> Result<SslConnector, ErrorStack> {
    let mut context = SslConnector::builder(SslMethod::tls_client())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    show(identity, &mut context)?;
    // A store of our own: the builder's holds the system's trust anchors.
    let mut roots = X509StoreBuilder::new()?;
    for root in identity.anchors_for_peers() {
        roots.add_cert(X509::from_der(root)?)?;
    }
    context.set_cert_store(roots.build());
    Ok(context.build())
}
// ANCHOR_END: context

// ANCHOR: show
/// A context has a slot for each type of key, and `set_private_key` compares within a slot alone: it
/// takes an RSA key beside an EC certificate. `check_private_key` compares what will be shown.
fn show(identity: &Identity, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    let mut chain = identity.certified.cert.iter();
    if let Some(leaf) = chain.next() {
        context.set_certificate(X509::from_der(leaf)?.as_ref())?;
    }
    for intermediate in chain {
        context.add_extra_chain_cert(X509::from_der(intermediate)?)?;
    }
    let key = PKey::private_key_from_der(identity.key.secret_der())?;
    context.set_private_key(&key)?;
    context.check_private_key()
}
// ANCHOR_END: show

/// Loads a server's first generation.
///
/// # Errors
/// When the files are not valid.
pub fn start_server(source: Source) -> Result<Arc<IdentityStore>, Rejected> {
    let loader = Loader {
        read: Box::new(|source, _| identity::read(source)),
        build: Box::new(|identity, _| Ok(server_context(identity)?)),
    };
    IdentityStore::start_by(loader, source)
}

/// Loads a client's first generation.
///
/// # Errors
/// When the files are not valid for a client.
pub fn start_client(source: Source) -> Result<Arc<IdentityStore<SslConnector>>, Rejected> {
    let loader = Loader {
        read: Box::new(|source, _| identity::read_for(source, Peers::Servers)),
        build: Box::new(|identity, _| Ok(client_context(identity)?)),
    };
    IdentityStore::start_by(loader, source)
}

// ANCHOR: hook
/// Where a connection keeps the number of the generation that it was handed over to.
static ANSWERED: LazyLock<Index<Ssl, u64>> =
    LazyLock::new(|| Ssl::new_ex_index().expect("OpenSSL has room for one more number"));

/// The context that accepts, as long as the process lives. It has no certificate of its own: at
/// each hello, OpenSSL calls back, and the connection goes over to the current generation's. A
/// server that asks clients for certificates does so here (`set_verify`, and a session id context),
/// and has the trust anchors in each generation's context: they travel, the question does not.
///
/// # Errors
/// When OpenSSL cannot make a context.
pub fn hooked_context(store: Arc<IdentityStore>) -> Result<SslContext, ErrorStack> {
    let mut front = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    front.set_servername_callback(move |connection: &mut SslRef, _: &mut SslAlert| {
        // Called with a name and without one: a client that sends none is served, too.
        let generation = store.current();
        connection
            .set_ssl_context(&generation.config)
            .map_err(|_| SniError::ALERT_FATAL)?;
        connection.set_ex_data(*ANSWERED, generation.number);
        Ok(())
    });
    Ok(front.build().into_context())
}
// ANCHOR_END: hook

/// Accepts connections forever, all by the one `context` of [`hooked_context`].
pub async fn serve(listener: TcpListener, context: SslContext) {
    loop {
        let tcp = accept(&listener).await;
        tokio::spawn(connection(tcp, context.clone()));
    }
}

async fn connection(tcp: TcpStream, context: SslContext) {
    let accepting = async {
        let mut stream = SslStream::new(Ssl::new(&context)?, tcp)?;
        Pin::new(&mut stream)
            .accept()
            .await
            .map_err(io::Error::other)?;
        Ok(stream)
    };
    if let Some(stream) = handshake(accepting).await {
        let ssl = stream.ssl();
        // On resumption no certificate was sent, whatever the callback picked.
        let resumed = ssl.session_reused();
        let generation = ssl.ex_data(*ANSWERED).copied().filter(|_| !resumed);
        let tls = version(ssl);
        converse_over(Goodbye(stream), generation, resumed, tls).await;
    }
}

/// The version in the words of the log.
fn version(ssl: &SslRef) -> &'static str {
    match ssl.version_str() {
        "TLSv1.2" => "1.2",
        _ => "1.3",
    }
}

// ANCHOR: caller
/// Connects to one server, and shows it the current identity each time.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The client's generations, the current one of which each new connection takes.
    pub store: Arc<IdentityStore<SslConnector>>,
    /// The name that the server's certificate must have.
    pub name: String,
}

impl Caller {
    /// Opens a connection under the current generation, which stays that of the connection.
    ///
    /// # Errors
    /// When no server listens, or either side rejects what the other shows.
    pub async fn connect(
        &self,
        server: SocketAddr,
    ) -> io::Result<(SslStream<TcpStream>, Arc<Generation<SslConnector>>)> {
        let tcp = TcpStream::connect(server).await?;
        tcp.set_nodelay(true)?;
        // One snapshot for one connection. The next connection takes its own.
        let generation = self.store.current();
        let ssl = generation.config.configure()?.into_ssl(&self.name)?;
        let mut stream = SslStream::new(ssl, tcp)?;
        Pin::new(&mut stream)
            .connect()
            .await
            .map_err(io::Error::other)?;
        Ok((stream, generation))
    }
}
// ANCHOR_END: caller
