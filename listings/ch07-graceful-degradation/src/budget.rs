//! The expiry budget: how much of its life a chain has left, and how alarmed to be about it.

use std::slice;
use std::time::Duration;

use ch02_hot_reload::identity::{Identity, Peers, Source, validate_chain};
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::parse_x509_certificate;

// ANCHOR: renewal
/// When the agent that writes the files renews them. The alarms begin where it should have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Renewal {
    /// The part of the lifetime, from 0 to 1, after which the agent is due at the latest: the part
    /// at which it renews, and its spread.
    pub by: f64,
    /// While it is due, it tries at least once in this time.
    pub tries_every: Duration,
}

impl Renewal {
    /// An agent of which nothing is known. In chapter 9 only OpenBao's, with `pkiCert`, renews later.
    /// So no other healthy agent raises an alarm, but an alarm leaves little time.
    pub const UNKNOWN: Self = Self {
        by: 0.95,
        tries_every: Duration::MAX,
    };

    /// Where each level begins for a chain of this lifetime, in seconds, if the server looks for
    /// new files at least once in `poll`.
    ///
    /// The renewal is late when two tries in a row have failed. If the agent tries so seldom that
    /// half of what is left would be over by then, the renewal is late at that half.
    pub fn thresholds(&self, lifetime: i64, poll: Duration) -> Thresholds {
        let spare = (lifetime as f64 * (1.0 - self.by)) as i64;
        let tries = self.tries_every.saturating_mul(2).saturating_add(poll);
        let tries = i64::try_from(tries.as_secs()).unwrap_or(i64::MAX);
        let late = (spare - tries.min(spare)).max(spare / 2);
        Thresholds {
            late,
            urgent: late / 2,
        }
    }
}

/// With how many seconds left a level begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// See [`Level::Late`].
    pub late: i64,
    /// See [`Level::Urgent`].
    pub urgent: i64,
}
// ANCHOR_END: renewal

// ANCHOR: level
/// How urgent it is that an operator acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The agent is not due yet, or has not had the time for two tries.
    #[default]
    Fresh,
    /// Two tries in a row have failed. The agent may still recover by itself; look at it today.
    Late,
    /// Half of the time that was left then is over. An operator must act.
    Urgent,
    /// Nothing is left.
    Expired,
}
// ANCHOR_END: level

// ANCHOR: window
/// When a chain is valid: the time in which all of its certificates are, and the trust anchor that
/// it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    // Seconds since 1970, both inclusive (RFC 5280, section 4.1.2.5).
    from: i64,
    to: i64,
}

impl Window {
    /// The window of a chain. A chain ends with the first of its certificates that expires, which
    /// need not be the leaf. Leave out those that peers do without.
    ///
    /// `None` for an empty chain, or one that does not parse; such a chain is never published.
    pub fn of(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let mut window = None;
        for certificate in chain {
            let (_, parsed) = parse_x509_certificate(certificate).ok()?;
            let validity = parsed.validity();
            let (from, to) = (
                validity.not_before.timestamp(),
                validity.not_after.timestamp(),
            );
            window = Some(match window {
                None => Self { from, to },
                Some(Self { from: f, to: t }) => Self {
                    from: from.max(f),
                    to: to.min(t),
                },
            });
        }
        window
    }
    // ANCHOR_END: window

    // ANCHOR: needed
    /// The window of what peers need of this identity at `now`: of its chain without what they do
    /// without, and of the trust anchor that lasts longest of those that it leads to. To rustls an
    /// anchor has no dates; OpenSSL, Go and Python look at them.
    pub fn of_identity(source: &Source, identity: &Identity, now: UnixTime) -> Option<Self> {
        let chain = needed(source, identity, now);
        let leads_to = |anchor: &CertificateDer<'static>| {
            validate_chain(Peers::Clients, source, &chain, slice::from_ref(anchor), now).is_ok()
        };
        let anchors = identity.anchors.iter().filter(|anchor| leads_to(anchor));
        let ends = anchors.filter_map(|anchor| Some(Self::of(slice::from_ref(anchor))?.to));
        let Self { from, to } = Self::of(&chain)?;
        // By a clock by which it leads to none, what the chain says is all that is known.
        let to = ends.max().map_or(to, |end| end.min(to));
        Some(Self { from, to })
    }

    /// Seconds until the end. 0 in the last second, negative after it.
    pub fn seconds_left(&self, now: UnixTime) -> i64 {
        self.to.saturating_sub(seconds(now))
    }

    /// Seconds from the beginning to the end.
    pub fn lifetime(&self) -> i64 {
        self.to.saturating_sub(self.from)
    }

    /// How alarmed to be at the time `now`.
    pub fn level(&self, now: UnixTime, thresholds: Thresholds) -> Level {
        match self.seconds_left(now) {
            left if left < 0 => Level::Expired,
            left if left <= thresholds.urgent => Level::Urgent,
            left if left <= thresholds.late => Level::Late,
            _ => Level::Fresh,
        }
    }
    // ANCHOR_END: needed

    /// Whether a clock that shows `now` finds the chain valid.
    pub fn contains(&self, now: UnixTime) -> bool {
        (self.from..=self.to).contains(&seconds(now))
    }

    /// The time nearest to `now` at which the chain is valid.
    pub fn nearest(&self, now: UnixTime) -> UnixTime {
        let at = seconds(now).min(self.to).max(self.from);
        UnixTime::since_unix_epoch(Duration::from_secs(at.try_into().unwrap_or(0)))
    }
}

/// The chain without what peers do without at `now`: a cross-signed certificate that has expired,
/// say.
fn needed(source: &Source, identity: &Identity, now: UnixTime) -> Vec<CertificateDer<'static>> {
    let mut chain = identity.certified.cert.clone();
    let mut spare = chain[1..].to_vec();
    // Of two that serve the same end, peers find the one that lasts.
    spare.sort_by_key(|one| Window::of(slice::from_ref(one)).map(|w| w.seconds_left(now)));
    for one in spare {
        let mut without = chain.clone();
        let sent = without.split_off(1);
        without.extend(sent.into_iter().filter(|other| *other != one));
        if validate_chain(Peers::Clients, source, &without, &identity.anchors, now).is_ok() {
            chain = without;
        }
    }
    chain
}

impl Level {
    /// The word in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Late => "late",
            Self::Urgent => "urgent",
            Self::Expired => "expired",
        }
    }
}

/// How long to wait, at `now`, for the time `until`. Zero where it has come.
pub(crate) fn wait(now: UnixTime, until: UnixTime) -> Duration {
    Duration::from_secs(until.as_secs().saturating_sub(now.as_secs()))
}

fn seconds(at: UnixTime) -> i64 {
    i64::try_from(at.as_secs()).unwrap_or(i64::MAX)
}
