//! What a log claims to have been served, when, and what follows for one handshake.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::RangeInclusive;
use std::time::Duration;

use lab::event::Event;
use time::OffsetDateTime;

use crate::format::time_of;
use crate::lie::{Lie, Sighting};
use crate::servers::{Id, Servers};

/// A clock that is set back by less than this was not set: events of several threads are written in
/// another order than they are dated in.
pub const CLOCK_STEP: Duration = Duration::from_secs(1);

/// All claims of a log, in its order. A claim's place in it is its rank.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    claims: Vec<Claim>,
    /// When the log begins.
    begins: Option<OffsetDateTime>,
    /// Until when something may have been served that the log does not name.
    silent_until: Silent,
    /// When lines were lost that may have claimed something.
    lost: Vec<Lost>,
    /// From this rank on, times can be compared with the wire's: the clock was set back before.
    comparable: usize,
}

#[derive(Debug)]
struct Claim {
    server: Id,
    generation: u64,
    serial: String,
    at: Option<OffsetDateTime>,
    /// When it was replaced, or its server was gone.
    until: Option<OffsetDateTime>,
}

/// Until when the log is silent.
#[derive(Debug, Default, Clone, Copy)]
enum Silent {
    #[default]
    Never,
    Until(OffsetDateTime),
    Always,
}

/// A time in which lines of the log were lost.
#[derive(Debug)]
struct Lost {
    /// The claim before them. None where there is none, or more than one server has claims.
    since: Option<OffsetDateTime>,
    /// The claim after them, which skips generations. None where none follows.
    until: Option<OffsetDateTime>,
}

impl Lost {
    fn is_open(&self) -> bool {
        self.until.is_none()
    }
}

/// What the log says of a sighting.
pub(crate) enum Explained {
    /// It was one of the claims from the lowest to the highest of these ranks.
    Possible(RangeInclusive<usize>),
    /// The log has nothing to say about it.
    Unknown,
    /// It contradicts the log.
    Lie(Lie),
}

impl Claims {
    pub(crate) fn of(log: &[Event]) -> Self {
        let (mut all, mut servers) = (Self::default(), Servers::default());
        let mut last: BTreeMap<Id, usize> = BTreeMap::new();
        let (mut newest, mut talking) = (None, BTreeSet::new());
        for event in log {
            let at = time_of(event);
            all.begins = all.begins.or(at);
            if let Some(at) = at {
                if newest.is_some_and(|newest| at + CLOCK_STEP < newest) {
                    all.clock_set_back();
                    newest = None;
                }
                newest = newest.max(Some(at));
            }
            let whose = servers.of(event);
            if let Some(gone) = whose.over.and_then(|over| last.remove(&over)) {
                all.claims[gone].until = at;
            }
            match event.name() {
                "lines_lost" => all.lines_lost(&last),
                "connection_opened" => drop(talking.insert(whose.server)),
                "identity_loaded" => {
                    let before = last.insert(whose.server, all.claims.len());
                    if let Some(before) =
                        before.filter(|rank| whose.certain && *rank >= all.comparable)
                    {
                        all.claims[before].until = at;
                    }
                    all.claim(whose.server, before, event, at);
                }
                _ => {}
            }
        }
        // A server whose claims are not in the log serves something that is not in the log.
        let claim: BTreeSet<_> = all.claims.iter().map(|claim| claim.server).collect();
        if !talking.is_subset(&claim) {
            all.silent_until = Silent::Always;
        }
        all
    }

    fn claim(
        &mut self,
        server: Id,
        before: Option<usize>,
        event: &Event,
        at: Option<OffsetDateTime>,
    ) {
        let generation = event.number("generation").unwrap_or(0);
        let expected = before.map_or(1, |before| self.claims[before].generation.saturating_add(1));
        if !self.lost.is_empty() && before.is_some() && self.is_one(server) {
            // A server counts its generations: where none is missing, no lost line claimed one.
            self.lost
                .retain(|lost| !lost.is_open() || generation > expected);
            for lost in self.lost.iter_mut().filter(|lost| lost.is_open()) {
                lost.until = at;
            }
        }
        if generation > expected {
            // The log begins in the middle, or lines of it are lost.
            self.silent_until = match (self.silent_until, at) {
                (Silent::Always, _) | (_, None) => Silent::Always,
                (Silent::Until(until), Some(at)) => Silent::Until(until.max(at)),
                (Silent::Never, Some(at)) => Silent::Until(at),
            };
        }
        self.claims.push(Claim {
            server,
            generation,
            serial: event.text("serial").unwrap_or_default(),
            at,
            until: None,
        });
    }

    fn lines_lost(&mut self, last: &BTreeMap<Id, usize>) {
        let mut last = last.values();
        let since = match (last.next(), last.next()) {
            (Some(rank), None) => self.claims[*rank].at,
            _ => None,
        };
        self.lost.push(Lost { since, until: None });
    }

    /// Whether all claims so far are of this server.
    fn is_one(&self, server: Id) -> bool {
        self.claims.iter().all(|claim| claim.server == server)
    }

    /// Whether a claim that the sighting bears out may be lost.
    fn may_be_lost(&self, seen: &Sighting, slack: Duration) -> bool {
        self.lost.iter().any(|lost| {
            lost.since.is_none_or(|since| since <= seen.done)
                && lost.until.is_none_or(|until| seen.at <= until + slack)
        })
    }

    /// What was claimed before is dated by another clock.
    fn clock_set_back(&mut self) {
        for lost in &mut self.lost {
            (lost.since, lost.until) = (None, None);
        }
        self.claims.iter_mut().for_each(|claim| claim.until = None);
        self.comparable = self.claims.len();
        self.silent_until = match self.silent_until {
            Silent::Until(_) => Silent::Always,
            other => other,
        };
    }

    // ANCHOR: explain
    pub(crate) fn explain(&self, seen: &Sighting, slack: Duration) -> Explained {
        let of_serial = |claim: &Claim| claim.serial == seen.serial;
        if !self.claims.iter().any(of_serial) {
            return self.unclaimed(seen, slack);
        }
        let still = |claim: &Claim| claim.until.is_none_or(|until| seen.at <= until + slack);
        let ranked = self.claims.iter().enumerate();
        let mut possible = ranked
            .filter(|(_, claim)| of_serial(claim) && still(claim))
            .map(|(rank, _)| rank);
        if let Some(lowest) = possible.next() {
            return Explained::Possible(lowest..=possible.next_back().unwrap_or(lowest));
        }
        if self.may_be_lost(seen, slack) {
            return Explained::Unknown;
        }
        // The newest that a client who came then must have been shown.
        let due = self.claims.iter().rev().find_map(|claim| {
            let loaded = claim.at.filter(|at| *at + slack < seen.at)?;
            still(claim).then_some((claim, loaded))
        });
        match due {
            Some((claim, loaded)) => Explained::Lie(Lie::LoadedNotShown {
                generation: claim.generation,
                serial: claim.serial.clone(),
                loaded,
                shown: seen.serial.clone(),
                at: seen.at,
            }),
            None => Explained::Unknown,
        }
    }
    // ANCHOR_END: explain

    fn unclaimed(&self, seen: &Sighting, slack: Duration) -> Explained {
        let covered = self.begins.is_some_and(|begins| begins <= seen.at);
        let silent = match self.silent_until {
            Silent::Never => false,
            Silent::Until(until) => seen.at <= until + slack,
            Silent::Always => true,
        };
        if silent || !covered || self.claims.is_empty() || self.may_be_lost(seen, slack) {
            return Explained::Unknown;
        }
        Explained::Lie(Lie::ShownNotLoaded {
            serial: seen.serial.clone(),
            at: seen.at,
        })
    }

    /// Of one server, a later rank is a later generation. Of several, nothing follows.
    pub(crate) fn in_order(&self, possible: &RangeInclusive<usize>) -> bool {
        let first = self.claims.first().map(|claim| claim.server);
        let one = self.claims.iter().all(|claim| Some(claim.server) == first);
        one && *possible.start() >= self.comparable
    }

    /// Each serial with its generation that no handshake confirms.
    pub(crate) fn unconfirmed(&self, wire: &[Sighting]) -> Vec<(u64, String)> {
        let full = wire.iter().filter(|seen| !seen.resumed);
        let shown: BTreeSet<_> = full.map(|seen| &seen.serial).collect();
        let unseen = self
            .claims
            .iter()
            .filter(|claim| !shown.contains(&claim.serial));
        unseen
            .map(|claim| (claim.generation, claim.serial.clone()))
            .collect()
    }
}

/// What clients were shown before.
#[derive(Default)]
pub(crate) struct Earlier {
    /// Handshakes by the moment they were done, with the lowest rank that each can have been.
    done: BinaryHeap<Reverse<(OffsetDateTime, usize, String)>>,
    /// The highest of those that were done before the one at hand began.
    reached: Option<(usize, String)>,
}

impl Earlier {
    /// Takes the sightings in the order in which they began.
    pub(crate) fn went_back(
        &mut self,
        seen: &Sighting,
        possible: RangeInclusive<usize>,
        slack: Duration,
    ) -> Option<Lie> {
        while let Some(Reverse((done, ..))) = self.done.peek()
            && *done + slack < seen.at
        {
            let before = self
                .done
                .pop()
                .map(|Reverse((_, rank, serial))| (rank, serial));
            self.reached = self.reached.take().max(before);
        }
        let (lowest, highest) = (*possible.start(), *possible.end());
        self.done
            .push(Reverse((seen.done, lowest, seen.serial.clone())));
        let (_, from) = self.reached.as_ref().filter(|(rank, _)| *rank > highest)?;
        Some(Lie::WentBack {
            from: from.clone(),
            to: seen.serial.clone(),
            at: seen.at,
        })
    }
}
