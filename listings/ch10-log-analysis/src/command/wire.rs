//! The wire: what a server shows now, beside what its log claims.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use lab::client::{Client, Options};
use lab::event::Event;
use time::OffsetDateTime;
use tokio::io::AsyncWriteExt;
use tokio::net::lookup_host;

use super::input::text;
use crate::assertion::Verdict;
use crate::cross_check;
use crate::error::Error;
use crate::format::date;
use crate::lie::{Lie, Sighting};
use crate::state::LogState;

/// The line of a swap may come after the swap: so long is it waited for.
const LINE_BOUND: Duration = Duration::from_secs(2);

/// Of the log's claims, and of what clients are shown, the last so many are kept.
const KEPT: usize = 1000;

/// Compares what a server shows with what its log claims.
pub(super) struct Wire {
    client: Client,
    server: SocketAddr,
    slack: Duration,
    /// The events that say what is served.
    log: Vec<Event>,
    seen: Vec<Sighting>,
    /// When the first handshake began.
    first: Option<Instant>,
}

impl Wire {
    /// Handshakes with `server`, which must be `name` by the trust anchors in the file `roots`.
    pub(super) async fn new(
        server: &str,
        roots: &Path,
        name: &str,
        slack: Duration,
    ) -> Result<Self, Error> {
        let unknown = |error| Error::Address(server.to_owned(), error);
        let mut addresses = lookup_host(server).await.map_err(unknown)?;
        let address = addresses.next();
        let address = address.ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))?;
        let roots_pem = text(roots)?;
        let client = Client::new(&roots_pem, name, Options::default())
            .map_err(|error| Error::Client(roots.to_owned(), name.to_owned(), error.into()))?;
        Ok(Self {
            client,
            server: address,
            slack,
            log: Vec::new(),
            seen: Vec::new(),
            first: None,
        })
    }

    /// Takes the next event of the log. Those that say what is served are kept.
    pub(super) fn event(&mut self, event: &Event) {
        let says = [
            "identity_loaded",
            "listening",
            "process_exited",
            "lines_lost",
        ];
        let says = says.contains(&event.name());
        if says || self.log.is_empty() {
            self.log.push(event.clone());
        }
        if self.log.len() > KEPT {
            self.log.remove(0);
        }
    }

    /// Whether a line that is on its way may still explain what was shown.
    pub(super) fn hopeful(&self) -> bool {
        self.first.is_none_or(|first| first.elapsed() < LINE_BOUND)
    }

    /// Compares what was seen with what has been read by now. Where that does not settle it, shakes
    /// hands once more.
    pub(super) async fn verdict(&mut self, state: &LogState) -> Verdict {
        if !self.seen.is_empty() {
            let verdict = self.compare(state);
            if !matches!(verdict, Verdict::NotYet(_)) {
                return verdict;
            }
        }
        match self.look().await {
            Ok(()) => self.compare(state),
            Err(error) => Verdict::NotYet(format!("{} confirms nothing: {error}", self.server)),
        }
    }

    async fn look(&mut self) -> Result<(), lab::client::Failure> {
        let at = OffsetDateTime::now_utc();
        self.first.get_or_insert_with(Instant::now);
        let (mut stream, seen) = self.client.open(self.server).await?;
        // The server may be gone already; then there is nobody to say goodbye to.
        let _ = stream.shutdown().await;
        self.seen.push(Sighting {
            at,
            done: OffsetDateTime::now_utc(),
            serial: seen.chain.serial,
            resumed: seen.resumed,
        });
        if self.seen.len() > KEPT {
            self.seen.remove(0);
        }
        Ok(())
    }

    fn compare(&self, state: &LogState) -> Verdict {
        let lies = cross_check(&self.log, &self.seen, self.slack);
        let on_its_way = |lie: &Lie| matches!(lie, Lie::ShownNotLoaded { .. });
        if let Some(lie) = lies.iter().find(|lie| !on_its_way(lie)) {
            return Verdict::Never(lie.to_string());
        }
        if let Some(lie) = lies.first() {
            return Verdict::NotYet(lie.to_string());
        }
        let claimed = || {
            state
                .alive
                .values()
                .filter_map(|server| server.serving.as_ref())
        };
        let last = self.seen.last();
        if claimed().any(|claim| last.is_some_and(|seen| seen.serial == claim.serial)) {
            return Verdict::Holds;
        }
        let claimed = claimed().map(|claim| {
            let since = claim.since.map_or_else(|| "?".into(), date);
            format!(
                "generation {} ({}) since {since}",
                claim.generation, claim.serial
            )
        });
        let claimed: Vec<_> = claimed.collect();
        let said = match (claimed.as_slice(), last) {
            ([], _) => "the log claims nothing that a handshake could confirm".into(),
            (_, None) => "no handshake was made".into(),
            (claimed, Some(seen)) => format!(
                "the log claims {}, and no handshake confirms it: {} was shown",
                claimed.join(", "),
                seen.serial
            ),
        };
        match self.lost() {
            Some(lines) => Verdict::Untold(format!(
                "{said}; {lines} lines of the log are lost since, and may claim it"
            )),
            None => Verdict::NotYet(said),
        }
    }

    /// How many lines were lost after the last claim.
    fn lost(&self) -> Option<u64> {
        let after = self.log.iter().rev();
        let after = after.take_while(|event| event.name() != "identity_loaded");
        let lost = after.filter(|event| event.name() == "lines_lost");
        lost.filter_map(|event| event.number("lines"))
            .reduce(u64::saturating_add)
    }
}
