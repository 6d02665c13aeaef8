//! From looks to rotations: at each address, which chain took the place of which, and how they parted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::watch::look::Look;
use crate::watch::presented::Presented;

/// What has been seen so far.
pub struct Story {
    settle: u32,
    /// What each address has shown.
    pub tracks: BTreeMap<SocketAddr, Track>,
    /// Each chain, by its hash.
    pub chains: BTreeMap<String, Arc<Presented>>,
}

/// What one address has shown.
#[derive(Clone, Debug)]
pub struct Track {
    /// The chain that it showed first.
    pub first: String,
    /// The chain that it shows, or is leaving.
    current: String,
    /// When that was seen last.
    seen: Duration,
    /// Those that it has left.
    left: BTreeSet<String>,
    /// Its rotations. The last may still be going on.
    pub changes: Vec<Change>,
    /// One that had begun before the watch: the chain that was shown first is the new one. It is not counted.
    pub amid: Option<Change>,
    /// How many looks showed the first chain before any other.
    alone: u32,
    /// Looks that showed a chain again that it had left.
    pub went_back: u32,
    /// Whether the server's name leads there no more: nothing is waited for there.
    pub gone: bool,
}

/// One chain in place of another, at one address. Times count from the beginning of the watch.
#[derive(Clone, Debug)]
pub struct Change {
    /// The chain of before.
    pub from: String,
    /// The chain of after.
    pub to: String,
    /// Chains that were shown for a moment in between: half of one and half of the other, say.
    pub passing: Vec<String>,
    /// The last look that showed the old chain before the new was seen.
    pub last_before: Duration,
    /// The first look that showed anything but the old chain.
    pub first_new: Duration,
    /// The last look that showed the old chain after the new had been seen.
    pub last_old: Option<Duration>,
    /// How many looks showed the old chain after the new had been seen.
    pub old_again: u32,
    /// The last look that showed another chain than the one that is taken for the new one.
    restless: Duration,
    /// How many looks in a row, up to the last, showed the old chain.
    old_run: u32,
    run: u32,
    /// Since when nothing but the new chain is shown, once that was seen often enough in a row.
    pub settled: Option<Duration>,
    since: Duration,
}

impl Story {
    /// Nothing seen yet. A change has settled after `settle` looks in a row.
    pub fn new(settle: u32) -> Self {
        Self {
            settle,
            tracks: BTreeMap::new(),
            chains: BTreeMap::new(),
        }
    }

    /// Takes the next look. What is to be told of it, if anything changed.
    pub fn take(&mut self, look: &Look) -> Option<String> {
        let presented = look.presented.as_ref()?;
        let id = presented.id().to_owned();
        self.chains.insert(id.clone(), presented.clone());
        let Some(track) = self.tracks.get_mut(&look.address) else {
            self.tracks.insert(look.address, Track::new(id, look.at));
            return None;
        };
        let shown = self.chains.get(track.shown());
        let is_older = shown.is_some_and(|shown| presented.from < shown.from);
        let said = track.take(&id, is_older, look.at, self.settle);
        said.map(|what| {
            let (serial, until) = (&presented.facts.serial, &presented.facts.not_after);
            let address = look.address;
            match what {
                Told::Begun => format!("{address} shows serial {serial}, valid until {until}"),
                Told::Back => format!("{address} shows serial {serial} again, which it had left"),
                Told::Amid => format!(
                    "{address} also shows serial {serial}, which is older: this rotation had begun before the watch"
                ),
                Told::Settled => {
                    format!("{address} shows nothing but serial {serial} any more")
                }
            }
        })
    }

    /// These are the addresses to which the server's name leads now.
    pub fn leads_to(&mut self, addresses: &[SocketAddr]) {
        for (address, track) in &mut self.tracks {
            track.gone = !addresses.contains(address);
        }
    }

    /// Whether no address is behind others that showed the same chain first: it was rotated as often as they, or as
    /// often as was waited for.
    pub fn all_follow(&self, rotations: usize) -> bool {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for track in self.tracks.values().filter(|track| !track.gone) {
            let group = groups.entry(track.first.as_str()).or_default();
            group.push(track.changes.len());
        }
        groups.values().all(|each| {
            let most = each.iter().max().copied().unwrap_or(0);
            let needed = match rotations {
                0 => most,
                some => most.min(some),
            };
            each.iter().all(|of| *of >= needed)
        })
    }

    /// What is shown at the beginning, for a person.
    pub fn beginning(&self, addresses: &[SocketAddr]) -> String {
        let shown: BTreeSet<_> = self.tracks.values().map(|track| &track.first).collect();
        let shown = shown.into_iter().filter_map(|id| self.chains.get(id));
        let shown: Vec<_> = shown
            .map(|chain| {
                format!(
                    "serial {}, valid until {}",
                    chain.facts.serial, chain.facts.not_after
                )
            })
            .collect();
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        format!("{}: {}", addresses.join(", "), shown.join("; "))
    }

    /// How many rotations have begun at some address.
    pub fn rotations_seen(&self) -> usize {
        let counts = self.tracks.values().map(|track| track.changes.len());
        counts.max().unwrap_or(0)
    }

    /// Whether a look met a rotation at its address.
    pub fn is_during(&self, look: &Look) -> bool {
        let track = self.tracks.get(&look.address);
        let mut changes = track.into_iter().flat_map(Track::all);
        changes.any(|change| {
            look.at > change.last_before && change.settled.is_none_or(|settled| look.at <= settled)
        })
    }

    /// Whether no rotation that has begun is still going on.
    pub fn settled(&self) -> bool {
        let there = self.tracks.values().filter(|track| !track.gone);
        let mut changes = there.flat_map(Track::all);
        changes.all(|change| change.settled.is_some())
    }

    /// Whether there is nothing to wait for any more: at all addresses that showed the same chain first, so
    /// many rotations have settled; or chains were still seen to take turns, or addresses to disagree, or this
    /// last look to fail, when that had been going on for longer than is allowed.
    pub fn over(&self, rotations: usize, overlap: Duration, look: &Look) -> bool {
        let there = || self.tracks.values().filter(|track| !track.gone);
        let groups: BTreeSet<_> = there().map(|track| &track.first).collect();
        rotations > 0
            && groups.into_iter().any(|first| {
                let of = |track: &&Track| track.first == *first && !track.gone;
                let group: Vec<_> = self.tracks.values().filter(of).collect();
                let fails = || {
                    look.presented.is_none()
                        && self.tracks.get(&look.address).as_ref().is_some_and(of)
                };
                settled(&group, rotations)
                    || group.iter().any(|track| track.mixed(overlap))
                    || late(&group, overlap, fails().then_some(look.at))
            })
    }
}

fn settled(group: &[&Track], rotations: usize) -> bool {
    let last = |track: &Track| track.changes.get(rotations - 1)?.settled;
    group.iter().all(|track| last(track).is_some())
}

/// Whether an address still showed what another had left for longer than is allowed, or failed then.
fn late(group: &[&Track], overlap: Duration, failed: Option<Duration>) -> bool {
    let most = group.iter().map(|track| track.changes.len()).max();
    let Some(last) = most.and_then(|most| most.checked_sub(1)) else {
        return false;
    };
    let begun = group.iter().filter_map(|track| track.changes.get(last));
    let begun = begun.map(|change| change.first_new).min();
    let late = |at: Duration| begun.is_some_and(|begun| at > begun + overlap);
    let behind = |track: &&&Track| track.changes.len() <= last;
    failed.is_some_and(late) || group.iter().filter(behind).any(|track| late(track.seen))
}

/// What a look has changed.
enum Told {
    Begun,
    Back,
    Amid,
    Settled,
}

impl Track {
    /// Whether its chains still took turns when that was not allowed any more.
    fn mixed(&self, allowed: Duration) -> bool {
        let mixed = |change: &Change| change.settled.is_none() && change.together() > allowed;
        self.changes.last().is_some_and(mixed) || self.amid.as_ref().is_some_and(mixed)
    }

    /// Its rotations, and the one that had begun before the watch.
    pub fn all(&self) -> impl Iterator<Item = &Change> {
        self.amid.iter().chain(&self.changes)
    }

    /// The chain that it shows, or is leaving.
    pub fn shown(&self) -> &str {
        &self.current
    }

    /// When that chain was seen last.
    pub fn seen(&self) -> Duration {
        self.seen
    }

    fn new(id: String, at: Duration) -> Self {
        Self {
            first: id.clone(),
            current: id,
            seen: at,
            left: BTreeSet::new(),
            changes: Vec::new(),
            amid: None,
            alone: 1,
            went_back: 0,
            gone: false,
        }
    }

    fn take(&mut self, id: &str, is_older: bool, at: Duration, settle: u32) -> Option<Told> {
        let back = self.left.contains(id);
        self.went_back += u32::from(back);
        let (current, seen) = (self.current.clone(), self.seen);
        let goes_on = |change: &&mut Change| change.settled.is_none();
        let amid = self.amid.as_mut().filter(goes_on);
        let Some(change) = amid.or(self.changes.last_mut().filter(goes_on)) else {
            if id == current {
                self.seen = at;
                self.alone += 1;
                return None;
            }
            let is_first = self.changes.is_empty() && self.amid.is_none();
            if is_first && is_older && self.alone < settle {
                self.amid = Some(Change::amid(id, &current, seen, at));
                return Some(Told::Amid);
            }
            self.changes.push(Change::begun(&current, id, seen, at));
            return Some(if back { Told::Back } else { Told::Begun });
        };
        if id == change.from {
            change.restless = at;
            change.last_old = Some(at);
            change.old_again += 1;
            change.old_run += 1;
            change.run = 0;
            return None;
        }
        change.old_run = 0;
        if id != change.to {
            let passed = std::mem::replace(&mut change.to, id.to_owned());
            change.restless = at;
            change.passing.push(passed);
            change.run = 0;
        }
        if change.run == 0 {
            change.since = at;
        }
        change.run += 1;
        if change.run < settle {
            return (change.run == 1 && change.old_again == 0 && !change.passing.is_empty())
                .then_some(Told::Begun);
        }
        change.settled = Some(change.since);
        self.left.insert(change.from.clone());
        self.left.extend(change.passing.iter().cloned());
        self.left.remove(id);
        self.current = id.to_owned();
        self.seen = at;
        Some(Told::Settled)
    }
}

impl Change {
    fn begun(from: &str, to: &str, last_before: Duration, at: Duration) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            passing: Vec::new(),
            last_before,
            first_new: at,
            last_old: None,
            old_again: 0,
            restless: at,
            old_run: 0,
            run: 1,
            settled: None,
            since: at,
        }
    }

    /// One that had begun before the watch: `to` was seen first, and now `from`.
    fn amid(from: &str, to: &str, first_new: Duration, at: Duration) -> Self {
        Self {
            last_old: Some(at),
            old_again: 1,
            old_run: 1,
            restless: at,
            run: 0,
            ..Self::begun(from, to, first_new, first_new)
        }
    }

    /// Whether the old chain alone was shown at the end, in as many looks as settle a rotation.
    pub fn taken_back(&self, settle: u32) -> bool {
        self.settled.is_none() && self.old_run >= settle
    }

    /// For how long chains took turns, as far as it was seen.
    pub fn together(&self) -> Duration {
        self.restless.saturating_sub(self.first_new)
    }
}
