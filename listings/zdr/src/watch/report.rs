//! What is written down of a watch.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::attempt::FailureKind;
use ch11_verification::bound::upper;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::report::Severity;
use crate::watch::findings::{self, WatchFinding};
use crate::watch::look::Look;
use crate::watch::options::WatchOptions;
use crate::watch::presented::{Order, Presented};
use crate::watch::story::{Change, Story};

/// The version of this format. A change of meaning raises it, and a new field.
pub const FORMAT: u32 = 3;

/// Everything about one run of `zdr watch`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatchReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The server, HOST:PORT.
    pub server: String,
    /// The addresses that were looked at.
    pub addresses: Vec<SocketAddr>,
    /// Addresses of the server to which no route led from here. Nothing is known of them.
    pub without_route: Vec<SocketAddr>,
    /// When the watch began, RFC 3339, UTC.
    pub began: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Handshakes a second that were made at the most.
    pub rate: f64,
    /// How often in a row an address has shown the new chain where a rotation is over.
    pub settle: u32,
    /// Whether what was waited for came, and no finding is a failure. `None`: there is no verdict, since too
    /// few rotations were seen and nothing failed.
    pub passed: Option<bool>,
    /// What was found, the worst first.
    pub findings: Vec<WatchFinding>,
    /// All looks.
    pub looks: u64,
    /// Those by which a client would have failed.
    pub failed: u64,
    /// With 95 % confidence, not more than this share fails (see `zdr check`).
    pub failed_below: f64,
    /// Whether the server asked clients for a certificate. The watch sent none.
    pub asks_for_certificate: bool,
    /// Looks between the last that showed only the old chain and the first from which on only the new is
    /// shown, of all rotations and addresses.
    pub during: u64,
    /// Those of them by which a client would have failed.
    pub during_failed: u64,
    /// Failures by their kind, and what the first of them said.
    pub failures: BTreeMap<FailureKind, (u64, String)>,
    /// The rotations at each address.
    pub rotations: Vec<WatchedRotation>,
    /// The chains, by the hash of each.
    pub chains: BTreeMap<String, ChainFacts>,
    /// Why the watch ended before its time.
    pub interrupted: Option<String>,
}

/// One rotation at one address. Times are milliseconds from the beginning of the watch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatchedRotation {
    /// The how many-th at this address, from 1.
    pub number: usize,
    /// The address.
    pub address: SocketAddr,
    /// The hash of the chain of before.
    pub from: String,
    /// The hash of the chain of after.
    pub to: String,
    /// Chains that were shown in between.
    pub passing: Vec<String>,
    /// The last look that showed the old chain before the new was seen.
    pub last_before_ms: u64,
    /// The first look that showed another.
    pub first_new_ms: u64,
    /// The last look that showed the old chain after that.
    pub last_old_ms: Option<u64>,
    /// How many looks showed the old chain after the new had been seen.
    pub old_again: u32,
    /// Since when only the new chain is shown. `None`: they had not parted when the watch ended.
    pub settled_ms: Option<u64>,
}

/// What a chain says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChainFacts {
    /// The leaf's serial number, in hex.
    pub serial: String,
    /// The leaf's names.
    pub names: Vec<String>,
    /// The leaf's issuer.
    pub issuer: String,
    /// The leaf's notBefore, RFC 3339.
    pub not_before: String,
    /// The leaf's notAfter, RFC 3339.
    pub not_after: String,
    /// SHA-256 of the leaf's public key.
    pub key_sha256: String,
    /// Number of certificates.
    pub certificates: usize,
    /// How they follow each other.
    pub order: Order,
}

impl WatchReport {
    /// What follows from all looks.
    pub fn of(
        options: &WatchOptions,
        began: OffsetDateTime,
        looks: &[Look],
        story: &Story,
        interrupted: Option<String>,
    ) -> Self {
        let mut failures: BTreeMap<FailureKind, (u64, String)> = BTreeMap::new();
        for (kind, words) in looks.iter().filter_map(|look| look.failed.as_ref()) {
            failures
                .entry(*kind)
                .or_insert_with(|| (0, words.clone()))
                .0 += 1;
        }
        let (all, failed) = (
            looks.len() as u64,
            failures.values().map(|(count, _)| count).sum(),
        );
        let during = || looks.iter().filter(|look| story.is_during(look));
        let during_failed = during().filter(|look| look.failed.is_some()).count() as u64;
        let end = looks.last().map_or(Duration::ZERO, |look| look.at);
        let findings = findings::find(options, looks, story, began);
        let fails = findings
            .iter()
            .any(|found| found.severity == Severity::Failure);
        let seen = story.rotations_seen() >= options.rotations.max(1)
            && story.settled()
            && story.all_follow(options.rotations);
        Self {
            format: FORMAT,
            server: options.server.clone(),
            addresses: story.tracks.keys().copied().collect(),
            without_route: Vec::new(),
            began: rfc3339(began),
            seconds: end.as_secs_f64(),
            rate: options.rate,
            settle: options.settle,
            passed: match (fails, seen) {
                (true, _) => Some(false),
                (false, true) => Some(true),
                (false, false) => None,
            },
            findings,
            looks: all,
            failed,
            failed_below: upper(failed, all),
            asks_for_certificate: looks.iter().any(|look| look.asked),
            during: during().count() as u64,
            during_failed,
            failures,
            rotations: rotations(story),
            chains: story
                .chains
                .iter()
                .map(|(id, chain)| (id.clone(), facts(chain)))
                .collect(),
            interrupted,
        }
    }
}

fn rotations(story: &Story) -> Vec<WatchedRotation> {
    let mut all = Vec::new();
    for (address, track) in &story.tracks {
        for (number, change) in (1..).zip(&track.changes) {
            all.push(rotation(number, *address, change));
        }
    }
    all.sort_by_key(|rotation| (rotation.number, rotation.first_new_ms));
    all
}

fn rotation(number: usize, address: SocketAddr, change: &Change) -> WatchedRotation {
    let ms = |at: Duration| at.as_millis() as u64;
    WatchedRotation {
        number,
        address,
        from: change.from.clone(),
        to: change.to.clone(),
        passing: change.passing.clone(),
        last_before_ms: ms(change.last_before),
        first_new_ms: ms(change.first_new),
        last_old_ms: change.last_old.map(ms),
        old_again: change.old_again,
        settled_ms: change.settled.map(ms),
    }
}

fn facts(chain: &Presented) -> ChainFacts {
    ChainFacts {
        serial: chain.facts.serial.clone(),
        names: chain.names.clone(),
        issuer: chain.issuer.clone(),
        not_before: chain.facts.not_before.clone(),
        not_after: chain.facts.not_after.clone(),
        key_sha256: chain.key_sha256.clone(),
        certificates: chain.chain.len(),
        order: chain.order,
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
