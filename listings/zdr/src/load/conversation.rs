//! A connection over which one request after the other is sent, whatever it speaks.

use crate::attempt::failure::Where;
use ch06_in_flight_requests::client::Http;
use lab::client::Seen;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::load::dialogue::Dialogue;
use crate::load::failure::Failed;
use crate::load::target::Target;

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
        let dialogue = Dialogue::over(target.protocol, stream).await;
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
