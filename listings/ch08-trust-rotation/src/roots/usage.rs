//! Which clients depend on which roots.

use std::collections::BTreeMap;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use tokio::time::Instant;

use crate::RootUsage;
use crate::root::Root;

/// How long rustls honours a ticket at the most: its keys are replaced every six hours, and the
/// ones before stay valid for as long again (`rustls::ticketer::TicketRotator`).
pub const TICKET_LIFE: Duration = Duration::from_secs(12 * 3600);

/// All clients that were let in, by the roots that validate them.
#[derive(Debug, Default)]
pub(super) struct Usage {
    clients: BTreeMap<Vec<Root>, Clients>,
    /// The first generation whose ticket keys are those of now. Older tickets are worth nothing.
    keys_since: u64,
}

#[derive(Debug, Default)]
struct Clients {
    connections: usize,
    tickets_until: Option<UnixTime>,
    /// When the last was let in, or left.
    last: Option<Instant>,
}

impl Usage {
    /// The clients that depend on `root`, and on no other of those that stay. It must be quiet for
    /// `quiet`, counted from the last of them, or from `since`.
    pub fn of(
        &self,
        root: &Root,
        stay: &[Root],
        now: UnixTime,
        since: Option<Instant>,
        quiet: Duration,
    ) -> RootUsage {
        let stays = |other: &Root| other != root && stay.contains(other);
        let lost = |roots: &[Root]| roots.contains(root) && !roots.iter().any(stays);
        let mut sum = RootUsage::default();
        let mut last = since;
        for (_, clients) in self.clients.iter().filter(|(roots, _)| lost(roots)) {
            let until = clients.tickets_until.filter(|until| *until > now);
            sum.connections += clients.connections;
            sum.tickets_until = sum.tickets_until.max(until);
            last = last.max(clients.last);
        }
        let quiet_in = last.map(|last| quiet.saturating_sub(last.elapsed()));
        sum.quiet_in = quiet_in.filter(|left| !left.is_zero());
        sum
    }

    /// A client is let in, under a generation of this number where that gives tickets.
    pub fn opened(&mut self, roots: &[Root], tickets_of: Option<u64>, now: UnixTime) {
        let clients = self.clients.entry(roots.to_vec()).or_default();
        clients.connections += 1;
        clients.last = Some(Instant::now());
        // Tickets of keys that are gone do not count.
        if tickets_of.is_some_and(|number| number >= self.keys_since) {
            let until = Duration::from_secs(now.as_secs()) + TICKET_LIFE;
            clients.tickets_until = Some(UnixTime::since_unix_epoch(until));
        }
    }

    /// A connection ended. Its client may come back at once: it is quiet from now on.
    pub fn closed(&mut self, roots: &[Root]) {
        if let Some(clients) = self.clients.get_mut(roots) {
            clients.connections -= 1;
            clients.last = Some(Instant::now());
        }
    }

    /// From this generation on there are other ticket keys.
    pub fn forget_tickets(&mut self, number: u64) {
        self.keys_since = number;
        for clients in self.clients.values_mut() {
            clients.tickets_until = None;
        }
    }
}
