//! What is spoken over connections that are not asked for pages: PostgreSQL, Redis, mail's SMTP and IMAP, and
//! what a description tells of any other protocol. A few commands of each: those before the handshake, one that is answered at once, and a
//! conversation whose state is lost with its connection.
//!
//! - `wire`: lines and lengths, and what went wrong.
//! - `postgresql`, `redis`, `smtp`, `imap`: a protocol each.
//! - `told`: a protocol of which only the description tells.

mod imap;
mod postgresql;
mod redis;
mod smtp;
mod told;
mod wire;

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::load::dialogue::wire::Wire;
use crate::server::spec::Protocol;

pub use self::told::Told;
pub use self::wire::{Duplex, Ended};

/// What clients and server speak: a protocol, and what is told of it where zdr does not know it.
#[derive(Clone, Debug, Default)]
pub struct Speech {
    /// The protocol.
    pub protocol: Protocol,
    /// What is said in it, if it is [`Protocol::Tls`].
    pub told: Arc<Told>,
}

impl From<Protocol> for Speech {
    fn from(protocol: Protocol) -> Self {
        Self {
            protocol,
            told: Arc::default(),
        }
    }
}

/// Asks for TLS, where that does not begin at once. Then the next byte is the client's hello.
///
/// # Errors
/// When the server does not want it, or says something after it has agreed: what comes before the
/// handshake may be anybody's (CVE-2011-0411).
pub async fn before_tls(speech: impl Into<Speech>, stream: &mut impl Duplex) -> io::Result<()> {
    let (speech, mut wire) = (speech.into(), Wire::over(stream));
    let told = &speech.told;
    let agreed = match speech.protocol {
        Protocol::Postgresql => postgresql::before_tls(&mut wire).await,
        Protocol::Smtp => smtp::before_tls(&mut wire).await,
        Protocol::Imap => imap::before_tls(&mut wire).await,
        Protocol::Tls => told.take(&mut wire, &told.exchange().before_tls).await,
        Protocol::Redis | Protocol::Http | Protocol::AnyHttp | Protocol::Lab => Ok(()),
    };
    agreed.map_err(io::Error::from)?;
    match wire.has_more() {
        true => Err(io::Error::other("it speaks on after it has agreed to TLS")),
        false => Ok(()),
    }
}

/// A connection over which a protocol is spoken that is not HTTP.
pub struct Dialogue<S = TlsStream<TcpStream>> {
    speech: Speech,
    wire: Wire<S>,
}

impl<S: Duplex> Dialogue<S> {
    /// Says what a client says first, over a stream whose handshake is complete.
    ///
    /// # Errors
    /// When the connection ends, or the server does not let the client in.
    pub async fn over(speech: impl Into<Speech>, stream: S) -> Result<Self, Ended> {
        let (speech, mut wire) = (speech.into(), Wire::over(stream));
        let told = &speech.told;
        match speech.protocol {
            Protocol::Tls => told.take(&mut wire, &told.exchange().begin).await?,
            Protocol::Postgresql => postgresql::begin(&mut wire).await?,
            Protocol::Smtp => smtp::begin(&mut wire).await?,
            _ => {}
        }
        Ok(Self { speech, wire })
    }

    /// Asks for something that changes nothing.
    ///
    /// # Errors
    /// When no answer comes, or another one than is due.
    pub async fn ask(&mut self) -> Result<(), Ended> {
        match self.speech.protocol {
            Protocol::Postgresql => postgresql::ask(&mut self.wire).await,
            Protocol::Smtp => smtp::ask(&mut self.wire).await,
            Protocol::Imap => imap::ask(&mut self.wire).await,
            Protocol::Tls => self.speech.told.ask(&mut self.wire).await,
            _ => redis::ask(&mut self.wire).await,
        }
    }

    /// Asks for what the server gives only to those it lets in, and changes nothing. Mail's `NOOP` is for
    /// everybody: whom the server trusts is seen by what it does with a recipient, or with a login.
    ///
    /// # Errors
    /// As [`Dialogue::ask`].
    pub async fn enter(&mut self) -> Result<(), Ended> {
        match self.speech.protocol {
            Protocol::Smtp => {
                self.hold().await?;
                self.go_on().await?;
                self.let_go(1).await
            }
            Protocol::Imap => {
                self.hold().await?;
                self.let_go(0).await
            }
            _ => self.ask().await,
        }
    }

    /// Begins a conversation: a transaction, a mail, a mailbox that is open.
    ///
    /// # Errors
    /// As [`Dialogue::ask`].
    pub async fn hold(&mut self) -> Result<(), Ended> {
        match self.speech.protocol {
            Protocol::Postgresql => postgresql::hold(&mut self.wire).await,
            Protocol::Smtp => smtp::hold(&mut self.wire).await,
            Protocol::Imap => imap::hold(&mut self.wire).await,
            // What was said first may have state: a login, a subscription.
            Protocol::Tls => Ok(()),
            _ => redis::hold(&mut self.wire).await,
        }
    }

    /// Says the next thing, which only means something in this conversation.
    ///
    /// # Errors
    /// As [`Dialogue::ask`].
    pub async fn go_on(&mut self) -> Result<(), Ended> {
        match self.speech.protocol {
            Protocol::Postgresql => postgresql::go_on(&mut self.wire).await,
            Protocol::Smtp => smtp::go_on(&mut self.wire).await,
            Protocol::Imap => imap::go_on(&mut self.wire).await,
            Protocol::Tls => self.speech.told.ask(&mut self.wire).await,
            _ => redis::go_on(&mut self.wire).await,
        }
    }

    /// Ends the conversation, and asks whether all of its `steps` are there.
    ///
    /// # Errors
    /// As [`Dialogue::ask`].
    pub async fn let_go(&mut self, steps: u32) -> Result<(), Ended> {
        match self.speech.protocol {
            Protocol::Postgresql => postgresql::let_go(&mut self.wire, steps).await,
            Protocol::Smtp => smtp::let_go(&mut self.wire).await,
            Protocol::Imap => imap::let_go(&mut self.wire).await,
            Protocol::Tls => Ok(()),
            _ => redis::let_go(&mut self.wire, steps).await,
        }
    }

    /// Whether the server has ended the connection, or said that it will: unasked, it says nothing else, unless its
    /// protocol is not known.
    pub fn is_closed(&mut self) -> bool {
        match self.speech.protocol {
            Protocol::Tls => self.wire.ended().is_some(),
            _ => self.wire.is_closed(),
        }
    }

    /// Takes leave.
    pub async fn close(mut self) {
        let goodbye = match self.speech.protocol {
            Protocol::Postgresql => postgresql::GOODBYE,
            Protocol::Imap => imap::GOODBYE,
            Protocol::Tls => self.speech.told.goodbye(),
            _ => b"QUIT\r\n",
        };
        self.wire.close(goodbye).await;
    }
}
