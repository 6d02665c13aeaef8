//! Whether a server keeps a connection over which its clients say nothing.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::load::target::Target;
use crate::server::spec::Protocol;

/// What is said of a server that does not keep it.
pub(crate) const ENDS_SILENCE: &str =
    "it soon ends a connection over which nothing is said: tell in `[exchange]` what to `ask`";

/// For longer than a conversation lasts in which nothing is said.
const LASTS: Duration = Duration::from_secs(5);

/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(100);

impl Target {
    /// Whether clients have nothing to say, and only keep their connections.
    pub(crate) fn is_silent(&self) -> bool {
        self.protocol == Protocol::Tls && self.told.exchange().ask.is_none()
    }

    /// Whether such a connection lasts as long as a conversation, while nothing is rotated. Otherwise the end of a
    /// time-out would be taken for that of a reload. Where clients ask for something, none is silent.
    pub(crate) async fn keeps_silent_clients(&self) -> bool {
        if !self.is_silent() {
            return true;
        }
        let client = self.client(None, false, self.identity.as_deref());
        let Ok(client) = client else { return true };
        // What fails before that, other looks tell.
        let Ok(mut idle) = self.idle(&client).await else {
            return true;
        };
        let until = Instant::now() + LASTS;
        while Instant::now() < until {
            sleep(PAUSE).await;
            if !self.is_alive(&mut idle).await {
                return false;
            }
        }
        true
    }
}
