//! What was wrong with a rotation that was watched.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use crate::attempt::FailureKind;
use ch05_race_conditions::names::lost;
use serde::Serialize;
use time::OffsetDateTime;

use crate::report::Severity;
use crate::report::format::{count, counted};
use crate::watch::look::Look;
use crate::watch::options::WatchOptions;
use crate::watch::presented::{Order, Presented};
use crate::watch::story::{Change, Story, Track};

/// What was found. The set is closed: scripts may match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Clients were refused, or their handshake failed.
    HandshakesFailed,
    /// A certificate was shown that no client accepts.
    UnfitShown,
    /// The new certificate lacks names of the old one.
    NamesLost,
    /// Old and new were shown side by side for too long.
    NeverParted,
    /// Addresses of one name showed different certificates for too long.
    AddressesDisagree,
    /// A chain was shown again that had been left.
    WentBack,
    /// A certificate of a chain does not certify the one before it.
    WrongOrder,
    /// The new certificate ends before the old one.
    EndsEarlier,
    /// The new certificate has the old key.
    SameKey,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatchFinding {
    /// Whether clients were let down, or it is only to be known.
    pub severity: Severity,
    /// What was found, for scripts.
    pub code: Code,
    /// What it means, in a sentence, with figures.
    pub words: String,
    /// The entries of the book's failure catalogue that it may be.
    pub catalogue: Vec<u32>,
}

/// Everything, the worst first.
pub fn find(
    options: &WatchOptions,
    looks: &[Look],
    story: &Story,
    began: OffsetDateTime,
) -> Vec<WatchFinding> {
    let mut found = of_failures(looks, story, began);
    for (address, track) in &story.tracks {
        if track.went_back > 0 {
            found.push(finding(
                Severity::Failure,
                Code::WentBack,
                &[25],
                format!(
                    "{address} went back to a chain that it had already replaced, in {}.",
                    counted(track.went_back.into(), "look")
                ),
            ));
        }
        let open = track
            .all()
            .filter(|change| change.together() > options.overlap);
        for change in open {
            found.push(finding(
                Severity::Failure,
                Code::NeverParted,
                &[26],
                format!(
                    "{address} showed the old and the new certificate side by side for {:.1} s, longer than the {} s \
                     allowed. {}",
                    change.together().as_secs_f64(),
                    options.overlap.as_secs_f64(),
                    why_both(change, options.settle)
                ),
            ));
        }
    }
    found.extend(disagreements(options, looks, story));
    found.extend(of_chains(story));
    found.sort_by_key(|found| (found.severity, found.code));
    found
}

fn why_both(change: &Change, settle: u32) -> &'static str {
    match change.taken_back(settle) {
        true => {
            "At the end it showed the old one alone: the new certificate was taken back, or few of the processes behind \
             it have loaded it."
        }
        false => {
            "Either some of the processes behind it have not loaded the new certificate, or each process has a \
             certificate of its own."
        }
    }
}

fn finding(severity: Severity, code: Code, catalogue: &[u32], words: String) -> WatchFinding {
    WatchFinding {
        severity,
        code,
        words,
        catalogue: catalogue.to_vec(),
    }
}

/// Looks by which a client would have failed: those that never saw the server's certificate by how they
/// ended, the others by what is wrong with it.
fn of_failures(looks: &[Look], story: &Story, began: OffsetDateTime) -> Vec<WatchFinding> {
    let mut by_kind: BTreeMap<FailureKind, Vec<&Look>> = BTreeMap::new();
    for look in looks {
        if let Some((kind, _)) = &look.failed {
            by_kind.entry(*kind).or_default().push(look);
        }
    }
    let latest: BTreeMap<_, _> = looks.iter().map(|look| (look.address, look)).collect();
    let sentence = |(kind, looks): (FailureKind, Vec<&Look>)| {
        let (first, last) = (looks.first()?, looks.last()?);
        let during = looks.iter().filter(|look| story.is_during(look)).count();
        let addresses: BTreeSet<_> = looks.iter().map(|look| look.address).collect();
        // Otherwise it would read as if it were over.
        let mut last_looks = addresses.iter().filter_map(|address| latest.get(address));
        let fails_so = |look: &&Look| look.failed.as_ref().is_some_and(|(of, _)| *of == kind);
        let goes_on = match last_looks.any(fails_so) {
            true => " It was still so in the last look.",
            false => "",
        };
        let words = format!(
            "{}: {} of {}, {} of them during a rotation, between {} and {}.{goes_on} The first said: {}",
            kind.words(),
            counted(looks.len() as u64, "look"),
            match addresses.first().filter(|_| addresses.len() == 1) {
                Some(only) => only.to_string(),
                None => format!("{} addresses", addresses.len()),
            },
            count(during as u64),
            clock(began + first.at),
            clock(began + last.at),
            first.failed.as_ref().map_or("nothing", |(_, words)| words)
        );
        let (code, entries): (_, &[u32]) = match kind {
            FailureKind::Expired | FailureKind::NotYetValid => (Code::UnfitShown, &[35]),
            FailureKind::UnknownIssuer => (Code::UnfitShown, &[5, 6]),
            FailureKind::WrongName => (Code::UnfitShown, &[35]),
            FailureKind::WrongKey => (Code::UnfitShown, &[3, 4]),
            _ => (Code::HandshakesFailed, &[17]),
        };
        Some(finding(Severity::Failure, code, entries, words))
    };
    by_kind.into_iter().filter_map(sentence).collect()
}

/// The time of day, UTC, to the second.
pub(super) fn clock(at: OffsetDateTime) -> String {
    let (hour, minute, second) = at.to_hms();
    format!("{hour:02}:{minute:02}:{second:02}")
}

/// Addresses by the chain that they showed first.
type Groups<'a> = BTreeMap<&'a str, Vec<(&'a SocketAddr, &'a Track)>>;

/// Addresses that showed the same chain first, of which some have gone on and others have not; and those that
/// never showed the same.
fn disagreements(options: &WatchOptions, looks: &[Look], story: &Story) -> Vec<WatchFinding> {
    let end = looks.last().map_or(Duration::ZERO, |look| look.at);
    let mut groups: Groups<'_> = BTreeMap::new();
    for (address, track) in story.tracks.iter().filter(|(_, track)| !track.gone) {
        groups
            .entry(&track.first)
            .or_default()
            .push((address, track));
    }
    let mut found = Vec::new();
    for tracks in groups.values() {
        let most = tracks
            .iter()
            .map(|(_, track)| track.changes.len())
            .max()
            .unwrap_or(0);
        let Some(last) = most.checked_sub(1) else {
            continue;
        };
        let begun = tracks
            .iter()
            .filter_map(|(_, track)| track.changes.get(last));
        let begun = begun.map(|change| change.first_new).min().unwrap_or(end);
        // One that is gone shows nothing: of it, `of_failures` tells.
        let late = |track: &Track| track.seen().saturating_sub(begun) > options.overlap;
        let behind: Vec<_> = tracks
            .iter()
            .filter(|(_, track)| track.changes.len() < most && late(track))
            .collect();
        let last_seen = behind.iter().map(|(_, track)| track.seen()).max();
        if let Some(last_seen) = last_seen {
            let behind: Vec<_> = behind.iter().map(|(of, _)| of.to_string()).collect();
            let words = format!(
                "{} still showed the old certificate {:.1} s after the first address had shown the new one, \
                 longer than the {} s allowed.",
                behind.join(", "),
                last_seen.saturating_sub(begun).as_secs_f64(),
                options.overlap.as_secs_f64()
            );
            found.push(finding(
                Severity::Failure,
                Code::AddressesDisagree,
                &[26],
                words,
            ));
        }
    }
    found.extend(apart_from_the_beginning(&groups, story));
    found
}

/// Addresses that showed different chains first, and still do. Each may have a certificate of its own; but one that
/// missed the last rotation looks the same, and a pass must not hide it.
fn apart_from_the_beginning(groups: &Groups<'_>, story: &Story) -> Option<WatchFinding> {
    const SHOWN: usize = 4;
    let mut shown: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (address, track) in groups.values().flatten() {
        let with = shown.entry(track.shown()).or_default();
        with.push(address.to_string());
    }
    if groups.len() < 2 || shown.len() < 2 {
        return None;
    }
    let of = |(id, addresses): (&&str, &Vec<String>)| {
        let chain = story.chains.get(*id)?;
        let (serial, until) = (&chain.facts.serial, &chain.facts.not_after);
        Some(format!(
            "{} shows serial {serial}, valid until {until}",
            addresses.join(", ")
        ))
    };
    let mut each: Vec<_> = shown.iter().filter_map(of).take(SHOWN).collect();
    if let Some(more) = shown.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        each.push(format!("and {more} more"));
    }
    let words = format!(
        "The addresses showed different certificates from the beginning, and still do: {}. Either each has one of its \
         own, or some have missed a rotation. A rotation is judged among addresses that showed the same one first.",
        each.join("; ")
    );
    Some(finding(
        Severity::Warning,
        Code::AddressesDisagree,
        &[26],
        words,
    ))
}

/// What is wrong with the chains themselves, each told once.
fn of_chains(story: &Story) -> Vec<WatchFinding> {
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    let changes = story.tracks.values().flat_map(|track| &track.changes);
    for change in changes {
        let (Some(old), Some(new)) = (story.chains.get(&change.from), story.chains.get(&change.to))
        else {
            continue;
        };
        if told.insert((change.from.clone(), change.to.clone())) {
            found.extend(of_change(old, new));
        }
    }
    for chain in story
        .chains
        .values()
        .filter(|chain| chain.order != Order::Right)
    {
        let what = match chain.order {
            _ if chain.repeats() => {
                "are not all different: a file was put behind one that held it already, as `cat cert.pem fullchain.pem` does"
            }
            Order::Shuffled => {
                "are in the wrong order: each must come after the one that it signed"
            }
            _ => "do not belong together: one of them has signed none of the others",
        };
        let words = format!(
            "The {} of the chain with serial {} {what}. A client that takes the chain as it comes fails.",
            counted(chain.chain.len() as u64, "certificate"),
            chain.facts.serial
        );
        found.push(finding(Severity::Warning, Code::WrongOrder, &[5, 6], words));
    }
    found
}

fn of_change(old: &Presented, new: &Presented) -> Vec<WatchFinding> {
    let mut found = Vec::new();
    let (before, after) = (&old.facts.serial, &new.facts.serial);
    let (Some(old_leaf), Some(new_leaf)) = (old.chain.first(), new.chain.first()) else {
        return found;
    };
    let gone = lost(old_leaf, new_leaf);
    if !gone.is_empty() {
        let words = format!(
            "Certificate {before} was valid for {}, and its successor {after} is not: clients that ask for such a \
             name fail.",
            gone.join(", ")
        );
        found.push(finding(Severity::Failure, Code::NamesLost, &[35], words));
    }
    if new.until < old.until {
        let words = format!(
            "Certificate {after} expires on {}, earlier than the certificate that it replaces ({}).",
            new.facts.not_after, old.facts.not_after
        );
        found.push(finding(Severity::Warning, Code::EndsEarlier, &[], words));
    }
    if new.key_sha256 == old.key_sha256 && before != after {
        let words = format!(
            "Certificate {after} has the same key as {before}: the certificate was rotated, and its key was not."
        );
        found.push(finding(Severity::Warning, Code::SameKey, &[], words));
    }
    found
}
