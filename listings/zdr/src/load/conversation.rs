//! A connection over which one request after the other is sent, whatever it speaks.

use crate::attempt::failure::Where;
use ch06_in_flight_requests::client::Http;
use lab::client::{Client, Seen};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::load::dialogue::Dialogue;
use crate::load::failure::Failed;
use crate::load::target::{Sighting, Target};
use crate::server::spec::Protocol;

/// A connection over which requests are sent.
pub(crate) enum Conversation {
    Http(Http),
    Dialogue(Box<Dialogue>),
}

impl Conversation {
    /// Says what a client says first, over a stream whose handshake is complete.
    pub async fn over(
        target: &Target,
        stream: TlsStream<TcpStream>,
        seen: Seen,
    ) -> Result<Self, Failed> {
        if target.protocol.is_http() {
            return target.http(stream, seen).await.map(Self::Http);
        }
        let dialogue = Dialogue::over(target.speech(), stream).await;
        let dialogue = dialogue.map_err(|ended| ended.at(Where::New))?;
        Ok(Self::Dialogue(dialogue.into()))
    }

    /// A request. Of HTTP it asks for so many bytes. Says whether the server asked the client to leave.
    pub async fn request(&mut self, target: &Target, size: u64, at: Where) -> Result<bool, Failed> {
        match self {
            Self::Http(http) => target.request(http, size, at).await,
            Self::Dialogue(dialogue) => {
                let asked = dialogue.ask().await;
                asked.map(|()| false).map_err(|ended| ended.at(at))
            }
        }
    }

    /// The first request of a client that the server lets in, where it does not let in everybody.
    pub async fn enter(&mut self, target: &Target) -> Result<(), Failed> {
        match self {
            Self::Dialogue(dialogue) if target.identity.is_some() => {
                let entered = dialogue.enter().await;
                entered.map_err(|ended| ended.at(Where::New))
            }
            _ => self.request(target, 1, Where::New).await.map(drop),
        }
    }

    /// Whether the server has closed the connection, or said that it will.
    pub fn is_closed(&mut self) -> bool {
        match self {
            Self::Http(http) => http.is_closed(),
            Self::Dialogue(dialogue) => dialogue.is_closed(),
        }
    }

    /// Takes leave.
    pub async fn close(self) {
        match self {
            Self::Http(http) => http.close().await,
            Self::Dialogue(dialogue) => dialogue.close().await,
        }
    }
}

impl Target {
    /// Opens a new connection and sends one request: what was shown, where the handshake came to its
    /// end, and what came of it all.
    pub async fn probe(&self, client: &Client) -> (Option<Sighting>, Result<(), Failed>) {
        let mut sighting = None;
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let probing = Box::pin(self.probing(client, &mut sighting));
        let outcome = self.in_time(probing).await;
        (sighting, outcome)
    }

    async fn probing(
        &self,
        client: &Client,
        sighting: &mut Option<Sighting>,
    ) -> Result<(), Failed> {
        if self.protocol == Protocol::Lab {
            let address = *self.address.borrow();
            let opened = client.connect(address).await;
            let mut connection = opened.map_err(Failed::opening)?;
            *sighting = Some(Sighting::now(connection.seen()));
            self.known(connection.seen())?;
            let pulled = connection.pull(1).await;
            pulled.map_err(|error| Failed::of(error, Where::New))?;
            connection.close().await;
            return Ok(());
        }
        let (stream, seen) = self.open(client).await.map_err(Failed::opening)?;
        *sighting = Some(Sighting::now(&seen));
        self.known(&seen)?;
        let mut conversation = Conversation::over(self, stream, seen).await?;
        conversation.enter(self).await?;
        conversation.close().await;
        Ok(())
    }
}
