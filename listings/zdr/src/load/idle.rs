//! Connections that are kept and do nothing, as a pool of a client's library keeps them.

use lab::client::{Client, Connection};

use crate::attempt::failure::Where;
use crate::load::conversation::Conversation;
use crate::load::failure::Failed;
use crate::load::target::Target;
use crate::server::spec::Protocol;

/// A connection over which one short request was answered.
pub(crate) enum Idle {
    Lab(Box<Connection>),
    Other(Box<Conversation>),
}

impl Target {
    /// Opens a connection, and has one short request answered over it.
    ///
    /// # Errors
    /// What the client's library said.
    pub(crate) async fn idle(&self, client: &Client) -> Result<Idle, Failed> {
        // Boxed: without optimisation, so much room is more than a worker thread has.
        self.in_time(Box::pin(async {
            let (stream, seen) = self.open(client).await.map_err(Failed::opening)?;
            self.known(&seen)?;
            let mut idle = match self.protocol {
                Protocol::Lab => Idle::Lab(Connection::over(stream, seen).into()),
                _ => Idle::Other(Conversation::over(self, stream, seen).await?.into()),
            };
            idle.request(self, Where::New).await?;
            Ok(idle)
        }))
        .await
    }

    /// Whether another request is answered over it.
    pub(crate) async fn is_alive(&self, idle: &mut Idle) -> bool {
        let asking = Box::pin(idle.request(self, Where::Kept));
        self.in_time(asking).await.is_ok()
    }
}

impl Idle {
    async fn request(&mut self, target: &Target, at: Where) -> Result<(), Failed> {
        match self {
            Self::Lab(connection) => {
                let pulled = connection.pull(1).await;
                pulled.map_err(|error| Failed::of(error, at))
            }
            Self::Other(conversation) => conversation.request(target, 1, at).await.map(drop),
        }
    }
}
