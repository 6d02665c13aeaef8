//! Where a name leads, and which address has its turn.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::Instant;

use crate::error::Error;

/// A name is resolved again after this time: addresses come and go.
const RESOLVED_FOR: Duration = Duration::from_secs(60);

/// The addresses of a server, one after another.
pub struct Addresses {
    server: String,
    list: Vec<SocketAddr>,
    left_out: Vec<SocketAddr>,
    without_route: Vec<SocketAddr>,
    next: usize,
    /// When the name was resolved. `None`: the addresses were given.
    resolved: Option<Instant>,
}

impl Addresses {
    /// Those that are `given`, or else all to which `server` (HOST:PORT) resolves.
    ///
    /// # Errors
    /// When it does not resolve.
    pub async fn of(server: &str, host: String, given: &[SocketAddr]) -> Result<Self, Error> {
        let mut of = Self {
            server: server.to_owned(),
            list: given.to_vec(),
            left_out: Vec::new(),
            without_route: Vec::new(),
            next: 0,
            resolved: None,
        };
        if given.is_empty() {
            of.resolved = Some(Instant::now());
            of.list = of.resolve().await.map_err(|error| {
                Error::Server(format!(
                    "{server}: `{host}` does not resolve: {error}. Give its addresses with `--address IP:PORT`"
                ))
            })?;
        }
        Ok(of)
    }

    async fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        let mut found: Vec<_> = lookup_host(&self.server).await?.collect();
        found.sort();
        found.dedup();
        found.retain(|address| !self.left_out.contains(address));
        Ok(found)
    }

    /// Whether somebody named them, instead of a name that leads to them.
    pub fn are_given(&self) -> bool {
        self.resolved.is_none()
    }

    /// `HOST:PORT`, as it was given.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// All that have turns now.
    pub fn list(&self) -> Vec<SocketAddr> {
        self.list.clone()
    }

    /// This one has no more turns.
    pub fn leave_out(&mut self, address: SocketAddr) {
        self.list.retain(|other| *other != address);
        self.left_out.push(address);
    }

    /// No route leads to this one from here: an IPv6 address from a machine without IPv6, for one. Clients elsewhere may
    /// reach it.
    pub fn no_route_to(&mut self, address: SocketAddr, say: &dyn Fn(&str)) {
        say(&format!(
            "{address} is not watched: no route leads to it from here"
        ));
        self.leave_out(address);
        self.without_route.push(address);
    }

    /// Those to which no route leads from here.
    pub fn without_route(&self) -> Vec<SocketAddr> {
        self.without_route.clone()
    }

    /// The one whose turn it is. Once all have had theirs, the name may be resolved again. `None`: there is
    /// no address now.
    pub async fn next(&mut self, say: &dyn Fn(&str)) -> Option<SocketAddr> {
        if self.next >= self.list.len() {
            self.next = 0;
            self.renew(say).await;
        }
        let address = self.list.get(self.next).copied();
        self.next += 1;
        address
    }

    async fn renew(&mut self, say: &dyn Fn(&str)) {
        if self.resolved.is_none_or(|at| at.elapsed() < RESOLVED_FOR) {
            return;
        }
        self.resolved = Some(Instant::now());
        match self.resolve().await {
            // The resolver's fault is not the server's: the addresses of before stay.
            Err(error) => say(&format!("{} does not resolve now: {error}", self.server)),
            Ok(found) => {
                for gone in self.list.iter().filter(|address| !found.contains(address)) {
                    say(&format!("{} leads to {gone} no more", self.server));
                }
                for new in found.iter().filter(|address| !self.list.contains(address)) {
                    say(&format!("{} leads to {new} now", self.server));
                }
                self.list = found;
            }
        }
    }
}
