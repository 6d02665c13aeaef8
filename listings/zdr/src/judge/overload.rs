//! A server, or a machine, that has too much to do: clients wait, whether anything is rotated or not. What comes of
//! that says nothing about a rotation, so it is no failure. What no load explains remains one.

use std::time::Duration;

use crate::attempt::behind::{Behind, LATE};
use crate::attempt::{Attempt, FailureKind};
use crate::judge::explained::{
    at_few_rotations, is_given_up, is_load, near, waits_anywhere, while_late, while_none_is_served,
};
use crate::report::finding::NOT_COUNTED;
use crate::report::format::{count, millis};
use crate::report::{ClassReport, Code, Evidence, Finding, Severity};
use ch11_verification::rotation::Window;

/// So many of a class's last handshakes tell what it is shown in the end.
const LAST: usize = 12;

/// What tells that there was too much to do before anything was rotated, or for this side.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// A client that waits for as long is not served as usual.
    limit: Duration,
    /// How many attempts that were answered had waited for as long, and of how many.
    waited: (u64, u64),
    /// When that was.
    when: When,
    /// How late this side was.
    late: Duration,
    /// When it was as late as `limit`.
    stretches: Vec<[Duration; 2]>,
}

/// Whether there was any sign of too much to do: this side was late, or a client that was answered had waited long.
pub fn is_busy(records: &[Attempt], late: Duration, patience: Duration) -> bool {
    late >= LATE || tally(records, limit(patience), &|_| true).0 > 0
}

/// Whether clients wait for rotations, and at no other time: while one was coming through, one in four opened a
/// connection in vain or late, and nothing tells of too much to do.
pub fn rotations_keep_waiting(
    records: &[Attempt],
    (began, windows): (Duration, &[Window]),
    behind: &Behind,
    patience: Duration,
) -> bool {
    let limit = limit(patience);
    let at_rotations = records
        .iter()
        .filter(|of| of.paced && !of.class.is_long() && near(of, windows, limit));
    let waited = of_all_or_new(at_rotations, |of| of.done.saturating_sub(of.due) >= limit);
    too_much(waited) && Overload::of(records, (began, windows), behind, patience).is_none()
}

/// When clients had waited.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    /// Before the first rotation.
    Before,
    /// When a new certificate had been shown for as long.
    Shown,
    /// At any time.
    Ever,
    /// It is not known of any: this side alone was late, and not by much.
    Unknown,
}

impl Overload {
    /// Whether one in four of all that were answered had to wait, or this side was as `late`. Only for a server
    /// whose rotations are known to keep none waiting.
    pub fn ever(records: &[Attempt], behind: &Behind, patience: Duration) -> Option<Self> {
        let limit = limit(patience);
        let waited = tally(records, limit, &|_| true);
        Self {
            limit,
            waited: (0, 0),
            when: When::Ever,
            late: behind.worst,
            stretches: behind.stretches(limit),
        }
        .if_too_much(waited)
    }

    /// The same of a whole run; and of one in which this side came a little late, so that the machine may have stood
    /// still at a rotation or two.
    pub fn of_run(
        records: &[Attempt],
        rotated: (Duration, &[Window]),
        behind: &Behind,
        patience: Duration,
    ) -> Option<Self> {
        let slight = || Self {
            limit: limit(patience),
            waited: (0, 0),
            when: When::Unknown,
            late: behind.worst,
            stretches: Vec::new(),
        };
        let overload = Self::of(records, rotated, behind, patience);
        overload.or_else(|| (behind.worst >= LATE).then(slight))
    }

    /// Whether it explains nothing but clients that waited in vain at few of many rotations.
    pub fn is_slight(&self) -> bool {
        self.when == When::Unknown
    }

    /// The same with those that `waited`. `None` if neither they nor this side had too much to do.
    fn if_too_much(self, waited: (u64, u64)) -> Option<Self> {
        let waited = if too_much(waited) { waited } else { (0, 0) };
        let any = waited.0 > 0 || self.late >= self.limit;
        any.then_some(Self { waited, ..self })
    }

    /// Whether one in four attempts had to wait before the first rotation `began`, or this side was as `late`; or one
    /// in four after the new certificate of one of these `windows` had been shown for a while, until the next began:
    /// the reload is over then. What is long for a client depends on its `patience`. Only those count that were
    /// answered: some that never are say nothing of the others.
    pub fn of(
        records: &[Attempt],
        (began, windows): (Duration, &[Window]),
        behind: &Behind,
        patience: Duration,
    ) -> Option<Self> {
        let limit = limit(patience);
        let before = before(records, began, limit);
        let rotated = !windows.is_empty();
        let after = |of: &Attempt| rotated && of.due > began && !near(of, windows, limit);
        let (waited, when) = match too_much(before) {
            true => (before, When::Before),
            false => (tally(records, limit, &after), When::Shown),
        };
        Self {
            limit,
            waited: (0, 0),
            when,
            late: behind.worst,
            stretches: behind.stretches(limit),
        }
        .if_too_much(waited)
    }

    /// Whether there was too much to do until this moment, before which nothing was rotated but what clients
    /// `waited_for`: those who came then do not tell.
    pub fn until(
        records: &[Attempt],
        (until, waited_for): (Duration, &[Window]),
        behind: &Behind,
        patience: Duration,
    ) -> Option<Self> {
        let waited = |of: &&Attempt| near(of, waited_for, limit(patience));
        let others = records.iter().filter(|of| !waited(of));
        let others: Vec<_> = others.cloned().collect();
        Self::of(&others, (until, &[]), behind, patience)
    }

    /// Takes for a warning what too much to do explains. Of a failure that it explains in part, the evidence is kept
    /// that it does not. Whether there was any failure that it explains whole.
    pub fn excuse(
        &self,
        findings: &mut [Finding],
        classes: &[ClassReport],
        seen: (&[Attempt], &[Window]),
    ) -> bool {
        let came_through = came_through(seen.0, seen.1);
        let mut any = false;
        for found in findings {
            if found.severity != Severity::Failure {
                continue;
            }
            let evidence = found.evidence.iter().cloned();
            let (explained, left): (Vec<_>, Vec<_>) =
                evidence.partition(|of| self.explains(of, classes, seen));
            let is_explained = match found.evidence.is_empty() {
                true => self.explains_time(found.code, came_through),
                false => left.is_empty(),
            };
            if is_explained {
                found.severity = Severity::Warning;
                found.words = format!("{NOT_COUNTED}: {}", found.words);
                any = true;
            } else if !explained.is_empty() {
                without(found, &explained, left);
            }
        }
        any
    }

    /// Whether too much to do explains a failure of which no attempt tells.
    fn explains_time(&self, code: Code, came_through: bool) -> bool {
        let timed = [
            Code::NotPickedUp,
            Code::WorkersDisagree,
            Code::HandshakesFailed,
        ];
        timed.contains(&code) && came_through && !self.is_slight()
    }

    /// Whether too much to do explains that attempts of a class failed in one way.
    fn explains(
        &self,
        seen: &Evidence,
        classes: &[ClassReport],
        (records, windows): (&[Attempt], &[Window]),
    ) -> bool {
        let Some(class) = classes.iter().find(|of| of.class == seen.class) else {
            return false;
        };
        let of_class = || records.iter().filter(|of| of.class == class.class);
        if self.is_slight() {
            let all: Vec<_> = of_class().collect();
            return seen.kind == FailureKind::Stalled
                && at_few_rotations(&all, windows, self.limit);
        }
        let otherwise = || match seen.kind {
            FailureKind::Stalled => waits_anywhere(of_class(), windows, self.limit),
            kind => {
                let long = (self.limit, self.late);
                is_load(seen, class) || is_given_up(kind, of_class(), windows, long)
            }
        };
        while_late(seen.kind, of_class(), &self.stretches)
            || while_none_is_served(seen.kind, of_class(), records, windows, self.limit)
            || otherwise()
    }

    /// Takes a scenario's failures for what they are where too much to do explains all of them: of what it found,
    /// nothing is left but that. `last` is the rotation after which all should have been well. What clients meet at each
    /// rotation, these `daily` kinds, may stand beside it.
    pub fn explains_all(
        &self,
        found: &[Finding],
        (records, last): (&[Attempt], &Window),
        daily: &[FailureKind],
    ) -> bool {
        let last = std::slice::from_ref(last);
        let came_through = came_through(records, last);
        let mut failures = found.iter().filter(|of| of.severity == Severity::Failure);
        let in_time = |of: &Evidence| self.is_of_time(of, records, last);
        let awaited = |found: &Finding| {
            let code = matches!(found.code, Code::NotPickedUp | Code::NotRecovered);
            found.evidence.is_empty() && code && came_through
        };
        let is_daily = |of: &Evidence| daily.contains(&of.kind);
        let seen = |found: &Finding| {
            let mut seen = found.evidence.iter();
            !found.evidence.is_empty() && seen.all(|of| is_daily(of) || in_time(of))
        };
        let is_news = |found: &Finding| {
            let mut seen = found.evidence.iter();
            awaited(found) || seen.any(|of| !is_daily(of))
        };
        failures.clone().any(is_news) && failures.all(|found| awaited(found) || seen(found))
    }

    /// Of the evidence of a scenario's failure, what too much to do explains is taken away, where something is left.
    pub fn keeps_the_rest(&self, found: &mut Finding, records: &[Attempt], last: &Window) {
        let last = std::slice::from_ref(last);
        let evidence = found.evidence.iter().cloned();
        let (explained, left): (Vec<_>, Vec<_>) =
            evidence.partition(|of| self.is_of_time(of, records, last));
        if !explained.is_empty() && !left.is_empty() {
            without(found, &explained, left);
        }
    }

    /// Whether too much to do explains that clients of a scenario failed in one way: they waited, or were cut while they
    /// did, or while this side was late.
    fn is_of_time(&self, of: &Evidence, records: &[Attempt], last: &[Window]) -> bool {
        let of_class = || records.iter().filter(|it| it.class == of.class);
        of.kind == FailureKind::Stalled
            || while_late(of.kind, of_class(), &self.stretches)
            || while_none_is_served(of.kind, of_class(), records, last, self.limit)
    }

    /// Why there is no verdict, and what to change. `since` says what it was before.
    pub fn words(&self, since: &str) -> String {
        let limit = millis(self.limit.as_secs_f64() * 1000.0);
        let late = millis(self.late.as_secs_f64() * 1000.0);
        let (waited, of) = (count(self.waited.0), count(self.waited.1));
        let (who, what) = match self.waited.0 {
            0 => (
                "this machine",
                format!("the clients of this check came up to {late} late"),
            ),
            _ => (
                "the server, or this machine,",
                match self.when {
                    When::Before => format!(
                        "before {since}, {waited} of {of} attempts had waited for {limit} or longer"
                    ),
                    When::Shown => format!(
                        "{waited} of {of} attempts waited for {limit} or longer although the new certificate was \
                         already shown"
                    ),
                    When::Ever | When::Unknown => {
                        format!("{waited} of {of} attempts waited for {limit} or longer")
                    }
                },
            ),
        };
        format!(
            "{who} is overloaded ({what}), so later failures may have that cause. Ask for less load (`--rate`, \
             `--pool`, `--downloads`, `--classes`), or run the check while this machine has less to do"
        )
    }
}

/// Leaves this of a failure's evidence, and says what does not count.
fn without(found: &mut Finding, explained: &[Evidence], left: Vec<Evidence>) {
    let kinds: Vec<_> = explained.iter().map(|of| of.kind.words()).collect();
    found.words += &format!(" {NOT_COUNTED}: {}.", kinds.join("; "));
    found.evidence = left;
}

/// What is long for clients that wait for so long at most.
fn limit(patience: Duration) -> Duration {
    (patience / 5).min(Duration::from_secs(1))
}

/// How many of the attempts that count, and were answered, had waited, and of how many.
fn tally(records: &[Attempt], limit: Duration, counts: &dyn Fn(&Attempt) -> bool) -> (u64, u64) {
    let answered = |of: &&Attempt| of.failed.is_none() && of.paced && !of.class.is_long();
    let counted = records.iter().filter(answered).filter(|of| counts(of));
    of_all_or_new(counted, |of| of.done.saturating_sub(of.due) >= limit)
}

/// How many of them wait, and of how many: of those that open a connection where these alone have to wait. A handshake
/// is what costs a processor most, and requests over kept connections beside it may be answered in no time.
fn of_all_or_new<'a>(
    records: impl Iterator<Item = &'a Attempt>,
    waits: impl Fn(&Attempt) -> bool,
) -> (u64, u64) {
    let (mut all, mut new) = ((0, 0), (0, 0));
    for record in records {
        let waits = u64::from(waits(record));
        all = (all.0 + waits, all.1 + 1);
        if record.opened {
            new = (new.0 + waits, new.1 + 1);
        }
    }
    match !too_much(all) && too_much(new) {
        true => new,
        false => all,
    }
}

/// Whether one in four had to wait, and more than a few.
fn too_much((waited, of): (u64, u64)) -> bool {
    waited >= 3 && waited * 4 >= of
}

/// How many attempts had waited before the first rotation, answered or not, and of how many.
fn before(records: &[Attempt], began: Duration, limit: Duration) -> (u64, u64) {
    let paced = records.iter().filter(|of| of.paced && !of.class.is_long());
    let before = paced.filter(|of| of.due + limit <= began);
    of_all_or_new(before, |of| {
        of.done.min(began).saturating_sub(of.due) >= limit
    })
}

/// Whether all that is known of the end speaks for the last certificate: the last handshakes of each class show it,
/// or there were too few to tell.
fn came_through(records: &[Attempt], windows: &[Window]) -> bool {
    let Some(last) = windows.last() else {
        return false;
    };
    let mut shown: Vec<_> = records
        .iter()
        .filter(|of| of.opened && !of.resumed && of.failed.is_none() && of.began >= last.notified)
        .filter_map(|of| Some((of.class, of.began, of.shown?)))
        .collect();
    shown.sort_unstable_by_key(|(class, began, _)| (*class, *began));
    shown.chunk_by(|one, other| one.0 == other.0).all(|of| {
        let end = &of[of.len().saturating_sub(LAST)..];
        of.len() < LAST || end.iter().all(|(.., shown)| *shown >= last.generation)
    })
}

#[cfg(test)]
mod tests;
