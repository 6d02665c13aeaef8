//! A WebSocket (RFC 6455) whose other end echoes.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::load::dialogue::{Duplex, Ended};

/// A WebSocket whose other end echoes.
pub(super) struct Echo<S>(WebSocketStream<S>);

impl<S: Duplex> Echo<S> {
    /// Asks for it over HTTP/1.1, at this path.
    pub async fn open(stream: S, host: &str, path: &str) -> Result<Self, Ended> {
        let request = format!("wss://{host}{path}").into_client_request();
        let (socket, _) = client_async(request.map_err(ended)?, stream)
            .await
            .map_err(ended)?;
        Ok(Self(socket))
    }

    /// Says a number, and waits until it comes back.
    pub async fn say(&mut self, number: u32) -> Result<(), Ended> {
        let said = Message::text(number.to_string());
        self.0.send(said.clone()).await.map_err(ended)?;
        loop {
            match self.0.next().await {
                Some(Ok(heard)) if heard == said => return Ok(()),
                // A ping is answered by the library (RFC 6455, section 5.5.2).
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(why))) => {
                    let why = why.map_or_else(String::new, |why| format!(": {why}"));
                    return Err(Ended::Said(format!("it closed the WebSocket{why}")));
                }
                Some(Ok(other)) => {
                    return Err(Ended::Said(format!("it said {other:?} and not {said:?}")));
                }
                Some(Err(error)) => return Err(ended(error)),
                None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        }
    }

    /// Takes leave, and waits for the other end to do so.
    pub async fn close(mut self) -> Result<(), Ended> {
        self.0.close(None).await.map_err(ended)?;
        while let Some(message) = self.0.next().await {
            if message.map_err(ended)?.is_close() {
                break;
            }
        }
        Ok(())
    }
}

fn ended(error: Error) -> Ended {
    match error {
        Error::Io(error) => Ended::Io(error),
        Error::Http(answer) => {
            let status = answer.status();
            Ended::Said(format!("{status} to the request for a WebSocket"))
        }
        error => Ended::Said(error.to_string()),
    }
}
