//! What a script may assert on a log: a small closed set.

mod heard;
mod missing;
mod valid_for;
mod verdict;

use std::collections::VecDeque;
use std::time::Duration;

use lab::event::Event;
use lab::log::{Order, Secrets, Want, want};
use time::OffsetDateTime;

use crate::claims::CLOCK_STEP;
use crate::cut::{self, Cut};
use crate::format::time_of;
use crate::place::Place;
use crate::read::{Line, TIMELESS};
use crate::state::LogState;
use crate::{contract, odd};
use heard::Heard;
use missing::{is_of, is_of_a_rotation, lost, missing};
use valid_for::long_enough;
pub use verdict::Verdict;

/// One assertion, and what it has found so far.
#[derive(Debug)]
pub struct Assertion {
    what: What,
    found: Found,
    place: Place,
    /// Where lines are missing, by the server's word, that may bear on it.
    lost: Option<String>,
    /// What is not of the contract, or not kept, and may be what is looked for.
    doubt: Option<String>,
    /// The last load: the line of its rotation's beginning may come after its own.
    loaded: Option<(String, OffsetDateTime)>,
}

/// What may be asserted: a closed set.
#[derive(Debug)]
pub enum What {
    /// This serial was loaded.
    Loaded(String),
    /// This generation, or a later one, was loaded.
    GenerationAtLeast(u64),
    /// These occur in this order.
    Order(Order),
    /// This does not occur.
    None(Want),
    /// No line holds a private key.
    NoKeyBytes(Secrets),
    /// The last rotation was loaded, and none took longer.
    Within(Duration),
    /// What is served is valid for so long from now.
    ValidFor(Duration),
}

#[derive(Debug, Default)]
enum Found {
    #[default]
    Nothing,
    /// What was looked for.
    Wanted,
    /// What must not be.
    Unwanted(String),
    /// What may be it, and cannot be read.
    Unreadable(String),
    /// A rotation that is on its way: its serial, and since when.
    Begun(String, OffsetDateTime),
}

/// So many events are shown on each side of a mark.
const AROUND: usize = 4;

/// Assertions on one log.
#[derive(Debug, Default)]
pub struct Assertions {
    all: Vec<Assertion>,
    recent: VecDeque<Event>,
    lines: u64,
    events: u64,
    /// Those of them that the contract has.
    known: u64,
    heard: Heard,
    /// Where it is said that some lines are kept, and the others are not.
    sampled: Option<String>,
}

impl Assertions {
    /// A set that has read nothing yet.
    pub fn new(all: impl IntoIterator<Item = What>) -> Self {
        let all = all.into_iter().map(|what| Assertion {
            what,
            found: Found::Nothing,
            place: Place::default(),
            lost: None,
            doubt: None,
            loaded: None,
        });
        Self {
            all: all.collect(),
            recent: VecDeque::new(),
            lines: 0,
            events: 0,
            known: 0,
            heard: Heard::default(),
            sampled: None,
        }
    }

    /// The same, and the files of the log have these names. One in which nothing comes proves nothing.
    #[must_use]
    pub fn of_files(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.heard = Heard::of(names);
        self
    }

    /// Takes the next line. `named` tells where it stands.
    pub fn line(&mut self, line: &Line, named: &dyn Fn(&Line) -> String) {
        self.lines += 1;
        self.heard.line(line, named);
        // Other programs have such a rate of their own, of sound say.
        if self.sampled.is_none()
            && line.event.is_some()
            && let Some(rate) = odd::sampled(&line.text)
        {
            let place = named(line);
            self.sampled = Some(format!(
                "{place}: lines were sampled (`sample_rate` {rate})"
            ));
        }
        let cut = cut::events(line);
        for assertion in &mut self.all {
            assertion.scan(line, &cut, named);
        }
        // What was sent twice has happened once.
        let Some(event) = line.news() else {
            return;
        };
        self.events += 1;
        self.known += u64::from(contract::has(event.name()));
        if self.recent.len() == AROUND {
            self.recent.pop_front();
        }
        for assertion in &mut self.all {
            if assertion.place.after.len() < AROUND {
                assertion.place.after.push(event.clone());
            }
            if assertion.event(event) {
                assertion.place.before = self.recent.iter().chain([event]).cloned().collect();
                assertion.place.after.clear();
            }
        }
        self.recent.push_back(event.clone());
    }

    /// How they stand together: the first that does not hold, with the log around its mark.
    pub fn verdict(&self, state: &LogState, now: OffsetDateTime) -> Verdict {
        let mut all = Verdict::Holds;
        for assertion in &self.all {
            match assertion.verdict(state, now) {
                Verdict::Holds => {}
                never @ Verdict::Never(_) => return never,
                not_yet if all == Verdict::Holds => all = not_yet,
                Verdict::NotYet(_) | Verdict::Untold(_) => {}
            }
        }
        let is_met = self.all.iter().all(Assertion::is_met);
        if let Some(sampled) = self.sampled.as_ref().filter(|_| !is_met) {
            return Verdict::Untold(format!("{sampled}, and others may say otherwise"));
        }
        if let Some(silence) = self
            .heard
            .silence()
            .filter(|_| !is_met && !self.is_of_lines())
        {
            return Verdict::Untold(silence);
        }
        match (&all, self.nothing_read()) {
            (Verdict::Holds, Some(untold)) => Verdict::Untold(untold.into()),
            // Of lines that cannot be read, one may be what is missing.
            (Verdict::NotYet(_), Some(untold)) if self.lines > 0 => Verdict::Untold(untold.into()),
            _ => all,
        }
    }

    /// Whether no later line changes how they stand.
    pub fn settled(&self) -> bool {
        let refuted = |of: &Assertion| matches!(of.found, Found::Unwanted(_));
        self.all.iter().any(refuted) || self.all.iter().all(Assertion::is_met)
    }

    /// Whether each looks at the lines themselves, be they events or not.
    fn is_of_lines(&self) -> bool {
        let is_of_lines = |of: &Assertion| matches!(of.what, What::NoKeyBytes(_));
        self.all.iter().all(is_of_lines)
    }

    /// That something is absent is true of an empty log, and says nothing about a server.
    fn nothing_read(&self) -> Option<&'static str> {
        match (self.lines, self.events) {
            // The wire alone is asked.
            _ if self.all.is_empty() => None,
            (0, _) => Some("the log is empty: it proves nothing"),
            _ if self.is_of_lines() => None,
            (_, 0) => Some("the log holds no event: it proves nothing"),
            _ if self.known == 0 => {
                Some("the log holds no event of the contract: it proves nothing")
            }
            _ => None,
        }
    }
}

impl Assertion {
    /// Looks at the whole line, be it an event or not.
    fn scan(&mut self, line: &Line, cut: &[Cut], named: &dyn Fn(&Line) -> String) {
        let event = line.event.as_ref();
        if let Some(lines) = event.and_then(lost) {
            self.lost = Some(format!("{}: {lines} lines are missing here", named(line)));
        }
        if let Some(why) = line.broken.filter(|why| odd::is_load(why)) {
            self.lost = Some(format!("{}: {why}", named(line)));
        }
        if let Some(cut) = self.may_rest_on(cut) {
            self.lost = Some(format!("{} {}", named(line), cut.why));
        }
        if let (What::Within(_), Some(TIMELESS)) = (&self.what, line.broken)
            && event.is_some_and(is_of_a_rotation)
        {
            self.lost = Some(format!("{}: {TIMELESS}", named(line)));
        }
        if let Some(said) = event.and_then(|event| self.misspelt(event)) {
            self.doubt = Some(format!("{}: {said}", named(line)));
        }
        let unread = line.unread().map(|why| format!("{} {why}", named(line)));
        if unread.is_some() {
            self.doubt.clone_from(&unread);
        }
        match (&self.what, &self.found) {
            (_, Found::Unwanted(_)) => {}
            (What::NoKeyBytes(secrets), _) if secrets.leak_in(&line.text) => {
                // It is not shown: it holds a secret.
                self.found = Found::Unwanted(format!("{} holds key material", named(line)));
            }
            (What::NoKeyBytes(_) | What::None(_), Found::Nothing) if unread.is_some() => {
                self.found = unread.map_or(Found::Nothing, Found::Unreadable);
            }
            (What::None(unwanted), Found::Nothing) => {
                let said = match is_of(cut, unwanted) {
                    Some(cut) => Some(format!(" {}, and may have been `{unwanted}`", cut.why)),
                    None => event
                        .and_then(|event| missing(event, unwanted))
                        .map(|said| format!(": {said}")),
                };
                if let Some(said) = said {
                    self.found = Found::Unreadable(named(line) + &said);
                }
            }
            _ => {}
        }
    }

    /// What of a line that is cut may have been what is looked for.
    fn may_rest_on<'a>(&self, cut: &'a [Cut]) -> Option<&'a Cut> {
        let names: &[&str] = match &self.what {
            What::Loaded(_) | What::GenerationAtLeast(_) | What::ValidFor(_) => {
                &["identity_loaded"]
            }
            What::Within(_) => &["identity_loaded", "rotation_started"],
            What::Order(_) => return cut.first(),
            What::None(_) | What::NoKeyBytes(_) => &[],
        };
        cut.iter()
            .find(|cut| names.iter().any(|name| cut.may_be(name)))
    }

    /// Whether an event is what is looked for, but for its name or its reason. Says so.
    fn misspelt(&self, event: &Event) -> Option<String> {
        match &self.what {
            What::Loaded(_) | What::GenerationAtLeast(_) | What::ValidFor(_) => {
                contract::may_be(event, &want("identity_loaded"))
            }
            What::Within(_) => ["rotation_started", "identity_loaded"]
                .iter()
                .find_map(|name| contract::may_be(event, &want(name))),
            What::Order(order) => contract::may_be(event, order.missing()?),
            What::None(_) | What::NoKeyBytes(_) => None,
        }
    }

    /// Looks at the next event. Whether this is the place to show.
    fn event(&mut self, event: &Event) -> bool {
        let loaded = event.name() == "identity_loaded";
        match &mut self.what {
            What::Loaded(serial) => {
                let shown = event.text("serial");
                if loaded
                    && shown.is_some_and(|shown| contract::serial(&shown).as_ref() == Ok(serial))
                {
                    self.found = Found::Wanted;
                }
                loaded
            }
            What::GenerationAtLeast(least) => {
                if loaded && event.number("generation") >= Some(*least) {
                    self.found = Found::Wanted;
                }
                loaded
            }
            What::Order(order) => order.take(event),
            What::None(unwanted) => {
                let first = !matches!(self.found, Found::Unwanted(_)) && unwanted.matches(event);
                if first {
                    let said = format!("the log has `{unwanted}`, which must not be there");
                    self.found = Found::Unwanted(said);
                }
                first
            }
            What::NoKeyBytes(_) => false,
            What::Within(bound) => {
                let bound = *bound;
                self.within(bound, event)
            }
            What::ValidFor(_) => {
                if loaded {
                    (self.lost, self.doubt) = (None, None);
                }
                loaded
            }
        }
    }

    /// A rotation that was replaced by the next before it was loaded is not judged. Whether this is the place to show.
    fn within(&mut self, bound: Duration, event: &Event) -> bool {
        let (Some(serial), Some(at)) = (event.text("serial"), time_of(event)) else {
            return false;
        };
        if matches!(self.found, Found::Unwanted(_)) {
            return false;
        }
        let (since, done) = match (event.name(), &self.found, &self.loaded) {
            // A collector has brought the server's line first.
            ("rotation_started", _, Some((loaded, done))) if *loaded == serial && *done >= at => {
                (at, *done)
            }
            ("rotation_started", ..) => {
                self.found = Found::Begun(serial, at);
                return true;
            }
            ("identity_loaded", Found::Begun(begun, since), _) if *begun == serial => (*since, at),
            ("identity_loaded", ..) => {
                self.loaded = Some((serial, at));
                return false;
            }
            _ => return false,
        };
        let took = done - since;
        if took.is_negative() && took.unsigned_abs() > CLOCK_STEP {
            self.lost = Some(format!(
                "the clock was set back in the rotation to {serial}"
            ));
        }
        // Where a collector has brought lines late, the next one may have begun, and be on its way.
        let is_last = !matches!(
            &self.found,
            Found::Begun(other, later) if *other != serial && *later > since
        );
        if took > bound {
            self.found = Found::Unwanted(format!(
                "the rotation to {serial} took {} ms from file to load, and {} ms are allowed",
                took.whole_milliseconds(),
                bound.as_millis()
            ));
        } else if is_last {
            self.found = Found::Wanted;
        }
        self.loaded = Some((serial, done));
        true
    }

    /// Whether what it looks for was there.
    fn is_met(&self) -> bool {
        match &self.what {
            What::Loaded(_) | What::GenerationAtLeast(_) => matches!(self.found, Found::Wanted),
            What::Order(order) => order.missing().is_none(),
            What::None(_) | What::NoKeyBytes(_) | What::Within(_) | What::ValidFor(_) => false,
        }
    }

    /// What is there is there. What is not may be lost, and so may be what would refute it.
    fn verdict(&self, state: &LogState, now: OffsetDateTime) -> Verdict {
        let verdict = self.by_what_is_there(state, now);
        let missing = self.lost.as_ref().or(self.doubt.as_ref());
        match (&self.what, missing, verdict) {
            (What::Within(_) | What::ValidFor(_), Some(missing), Verdict::Holds) => {
                Verdict::Untold(format!("{missing}, and may say otherwise"))
            }
            (_, Some(missing), Verdict::NotYet(said)) => {
                Verdict::Untold(format!("{missing}, and may hold what is missing: {said}"))
            }
            (.., verdict) => verdict,
        }
    }

    fn by_what_is_there(&self, state: &LogState, now: OffsetDateTime) -> Verdict {
        let said = match (&self.what, &self.found) {
            (_, Found::Unwanted(said)) => {
                let shown = match self.what {
                    What::NoKeyBytes(_) => said.clone(),
                    _ => self.place.show(said, "here"),
                };
                return Verdict::Never(shown);
            }
            (_, Found::Unreadable(said)) => return Verdict::Untold(said.clone()),
            (What::NoKeyBytes(_) | What::None(_), _) => return Verdict::Holds,
            (What::Loaded(_) | What::GenerationAtLeast(_) | What::Within(_), Found::Wanted) => {
                return Verdict::Holds;
            }
            (What::Loaded(serial), _) => {
                let missing = want("identity_loaded").with("serial", serial.as_str());
                format!("the log lacks `{missing}`")
            }
            (What::GenerationAtLeast(least), _) => {
                format!("no generation from {least} on was loaded")
            }
            (What::Order(order), _) => match order.missing() {
                None => return Verdict::Holds,
                Some(missing) => format!("the log lacks `{missing}` at the mark"),
            },
            (What::Within(_), Found::Begun(serial, _)) => {
                format!("the rotation to {serial} was started, and not loaded")
            }
            (What::Within(_), _) => "no rotation was started and loaded".into(),
            (What::ValidFor(wanted), _) => match long_enough(state, *wanted, now) {
                Verdict::NotYet(said) => said,
                verdict => return verdict,
            },
        };
        Verdict::NotYet(self.place.show(&said, "missing from here on"))
    }
}
