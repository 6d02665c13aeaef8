//! A rotation that somebody else makes, watched from outside: one handshake at a time with a server that is
//! in service, until its certificate changes and old and new have parted.
//!
//! - `options`: whom to watch, how gently, and for how long;
//! - `look`: one handshake, and what it showed;
//! - `own_root`: a certificate that is its own root;
//! - `presented`: what a chain says of itself;
//! - `addresses`: where a name leads, and whose turn it is;
//! - `story`: from looks to rotations;
//! - `findings`: what was wrong with them;
//! - `report`, `text`: what is written down and shown.
//!
//! It needs no key, no file and no process of the server, and holds no connection.

pub mod addresses;
pub mod findings;
pub mod look;
pub mod options;
mod own_root;
pub mod presented;
pub mod report;
pub mod story;
pub mod text;

use std::net::SocketAddr;
use std::time::Duration;

use crate::attempt::FailureKind;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::error::Error;
use crate::watch::addresses::Addresses;
use crate::watch::look::{Look, Looker, Trust};
use crate::watch::options::WatchOptions;
use crate::watch::report::WatchReport;
use crate::watch::story::Story;

/// Looks until the rotations are over, the time is up, or the run is interrupted. `say` is told of each
/// change when it is seen.
///
/// # Errors
/// When the name does not resolve, no address shows a certificate, or the certificate that is shown first
/// is not valid for this client: then nothing that follows could be judged.
pub async fn watch(
    options: &WatchOptions,
    trust: Trust,
    mut interrupt: watch::Receiver<Option<String>>,
    say: &dyn Fn(&str),
) -> Result<WatchReport, Error> {
    let (host, name) = options.names()?;
    let looker = Looker::new(trust, &name, options.patience)?;
    let addresses = Addresses::of(&options.server, host, &options.addresses).await?;
    let began = OffsetDateTime::now_utc();
    let mut due = interval(Duration::from_secs_f64(1.0 / options.rate));
    // A handshake that took long is not made up for: never more than the rate.
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watching = Watching {
        looker,
        addresses,
        due,
        start: Instant::now(),
        looks: Vec::new(),
        story: Story::new(options.settle),
        say,
    };
    let ended = tokio::select! {
        over = watching.until_over(options) => {
            over?;
            None
        }
        // A handshake that is cut short tells nothing of the server.
        why = told_to_end(options.limit, &mut interrupt) => Some(why),
    };
    let mut report = WatchReport::of(options, began, &watching.looks, &watching.story, ended);
    report.without_route = watching.addresses.without_route();
    Ok(report)
}

/// A watch that goes on.
struct Watching<'a> {
    looker: Looker,
    addresses: Addresses,
    due: Interval,
    start: Instant,
    looks: Vec<Look>,
    story: Story,
    say: &'a dyn Fn(&str),
}

impl Watching<'_> {
    /// Looks until the rotations are over.
    async fn until_over(&mut self, options: &WatchOptions) -> Result<(), Error> {
        self.first_round().await?;
        for look in &self.looks {
            self.story.take(look);
        }
        (self.say)(&self.story.beginning(&self.addresses.list()));
        loop {
            self.due.tick().await;
            let next = self.addresses.next(self.say).await;
            self.story.leads_to(&self.addresses.list());
            let Some(address) = next else {
                continue;
            };
            let look = self.looker.look(address, self.start).await;
            // A name may lead to new addresses while it is watched.
            let is_new = !self.story.tracks.contains_key(&address);
            if look.unreachable() && is_new && !self.addresses.are_given() {
                self.addresses.no_route_to(address, self.say);
                continue;
            }
            if let Some(change) = self.story.take(&look) {
                (self.say)(&change);
            }
            let over = self.story.over(options.rotations, options.overlap, &look);
            self.looks.push(look);
            if over {
                return Ok(());
            }
        }
    }

    /// Looks at each address once. One to which no route leads from here is left out, if a name led to it.
    async fn first_round(&mut self) -> Result<(), Error> {
        for address in self.addresses.list() {
            self.due.tick().await;
            let look = self.looker.look(address, self.start).await;
            match look.unreachable() {
                // Whoever names it wants to know of it.
                true if self.addresses.are_given() => {
                    return Err(Error::Server(format!(
                        "{address}: no route leads to it from here: watch it from a machine that reaches it, or leave \
                         out this `--address`"
                    )));
                }
                true => self.addresses.no_route_to(address, self.say),
                false => self.looks.push(look),
            }
        }
        if !self.addresses.are_given() {
            for address in spare(&self.looks) {
                self.looks.retain(|look| look.address != address);
                self.addresses.leave_out(address);
            }
        }
        could_be_judged(&self.looks, &self.looker, self.addresses.server())
    }
}

/// Why the watch is to end before its rotations are over, once it is.
async fn told_to_end(
    limit: Option<Duration>,
    interrupt: &mut watch::Receiver<Option<String>>,
) -> String {
    let up = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = up => "its time was up".into(),
        why = interrupted(interrupt) => why,
    }
}

/// Why the run is to end, once it is.
pub(crate) async fn interrupted(interrupt: &mut watch::Receiver<Option<String>>) -> String {
    let why = interrupt
        .wait_for(Option::is_some)
        .await
        .map(|why| why.clone());
    match why.ok().flatten() {
        Some(why) => why,
        // Nobody is left who could interrupt it.
        None => std::future::pending().await,
    }
}

/// Whether what follows can be judged: some address shows a certificate, and it is valid for this client.
fn could_be_judged(looks: &[Look], looker: &Looker, server: &str) -> Result<(), Error> {
    let failed = |look: &Look| {
        let (_, words) = look.failed.as_ref()?;
        Some(format!("{}: {words}", look.address))
    };
    if !looks.iter().any(|look| look.presented.is_some()) {
        let said: Vec<_> = looks.iter().filter_map(failed).collect();
        let said = match said.is_empty() {
            true => "no route leads to it from here".to_owned(),
            false => said.join("; "),
        };
        return Err(Error::Server(format!(
            "{server} shows no certificate: {said}"
        )));
    }
    match looks.iter().find_map(|look| judged_by_others(look, looker)) {
        Some(advice) => Err(Error::Server(format!("{server}: {advice}"))),
        None => Ok(()),
    }
}

/// Addresses of this machine itself at which nobody listens, where somebody does at another: `localhost` often has two,
/// and clients take the one that answers.
fn spare(looks: &[Look]) -> Vec<SocketAddr> {
    let serves = looks.iter().any(|look| look.presented.is_some());
    let refused = |look: &&Look| {
        let refused = look
            .failed
            .as_ref()
            .is_some_and(|(kind, _)| *kind == FailureKind::Refused);
        serves && refused && look.address.ip().is_loopback()
    };
    looks
        .iter()
        .filter(refused)
        .map(|look| look.address)
        .collect()
}

/// What to change where this client would never accept what is shown.
fn judged_by_others(look: &Look, looker: &Looker) -> Option<String> {
    let presented = look.presented.as_ref()?;
    let (kind, words) = look.failed.as_ref()?;
    let advice = match kind {
        FailureKind::UnknownIssuer => format!(
            "it was issued by {}, to which the {} lead no path: give the roots of its clients \
             with `--roots FILE`",
            presented.issuer, looker.roots
        ),
        FailureKind::WrongName => format!(
            "it is valid for {}, and not for {}: give the name that clients ask for with `--name NAME`",
            presented.names_listed(),
            looker.name
        ),
        _ => return None,
    };
    let serial = &presented.facts.serial;
    Some(format!(
        "certificate {serial} is not valid here ({words}): {advice}"
    ))
}

#[cfg(test)]
mod tests {
    use lab::authority::{Authority, LeafRequest};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::presented::Presented;
    use super::*;

    #[test]
    fn of_localhost_the_address_is_watched_that_answers() {
        let mut authority = Authority::new().unwrap();
        let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
        let chain = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes());
        let chain = Presented::read(chain.map(Result::unwrap).collect()).unwrap();
        let refused = |address: &str| {
            let failed = Some((FailureKind::Refused, "refused".into()));
            Look::new(address.parse().unwrap(), Duration::ZERO, None, failed)
        };
        let serves = |address: &str| {
            Look::new(
                address.parse().unwrap(),
                Duration::ZERO,
                Some(chain.clone()),
                None,
            )
        };
        let six: SocketAddr = "[::1]:443".parse().unwrap();
        assert_eq!(
            spare(&[refused("[::1]:443"), serves("127.0.0.1:443")]),
            [six]
        );
        // Nobody can be reached there, and that is a fault.
        for looks in [
            [refused("[2001:db8::1]:443"), serves("192.0.2.1:443")],
            [refused("[::1]:443"), refused("127.0.0.1:443")],
        ] {
            assert!(spare(&looks).is_empty(), "{looks:?}");
        }
    }
}
