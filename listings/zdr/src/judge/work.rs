//! Work that reloads leave behind and that never ends: a loop without a pause, a thread that spins. What a server
//! does all the time is none of it, and neither is what a reload needs and is done with.

use std::time::Duration;

use crate::server::process_tree::Usage;

/// What is used in less time is not told from noise: processor time is counted in hundredths of a second.
pub(crate) const ENOUGH: Duration = Duration::from_millis(250);
/// The same of the time from one rotation to the next. There are several of them.
const GAP: Duration = Duration::from_millis(100);
/// So many processors are more than the noise of a short time.
const MORE_TO_DO: f64 = 0.5;
/// The same where others leave it little time: caches that others empty make the same work take longer.
const NOISE: f64 = 0.2;
/// What a thread that never rests gets at least, on a machine with more to do than it has processors.
const A_SHARE: f64 = 0.1;

/// How much a server had to do at several times of a run, in each of which nothing was rotated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    /// Before the first rotation.
    before: Option<Busy>,
    /// After each rotation, until the next.
    gaps: Vec<Busy>,
    /// After the last rotation: when that began and what was used until then, and how much there was to do from
    /// then on, and when it was last looked at.
    after: Option<(Moment, Busy, Busy)>,
}

/// How many processors a server kept busy.
#[derive(Clone, Copy, Debug, Default)]
struct Busy {
    used: f64,
    /// With what it waited for. On a machine that has more to do than it has processors, a server uses less at one
    /// time than at another, although it does the same.
    wanted: f64,
}

impl Busy {
    fn between((began, first): (Duration, Usage), (ended, last): (Duration, Usage)) -> Self {
        let took = ended.saturating_sub(began).as_secs_f64();
        let second = rustix::param::clock_ticks_per_second() as f64;
        let used = last.ticks.saturating_sub(first.ticks) as f64 / second / took;
        let waited = last.waited.saturating_sub(first.waited).as_secs_f64() / took;
        Self {
            used,
            wanted: used + waited,
        }
    }

    /// Whether this is more, and not by what else the machine had to do: that leaves it a share of what it wants.
    fn exceeds(self, before: Self) -> bool {
        let share = (self.used / self.wanted).min(1.0);
        let more = (MORE_TO_DO * share).max(NOISE);
        self.used - before.used >= more && self.wants_more(before)
    }

    /// Whether it would be more if the machine had nothing else to do.
    fn wants_more(self, before: Self) -> bool {
        self.used - before.used >= A_SHARE && self.wanted - before.wanted >= MORE_TO_DO
    }
}

type Moment = (Duration, Usage);

impl Work {
    /// Before the first rotation or after the last. After that, one time follows the other.
    pub(crate) fn idle(&mut self, began: Moment, ended: Moment) {
        if ended.0 <= began.0 {
            return;
        }
        let busy = Busy::between(began, ended);
        match (self.before, self.after) {
            (None, _) => self.before = Some(busy),
            (Some(_), None) => self.after = Some((began, busy, busy)),
            (Some(_), Some((first, ..))) => {
                self.after = Some((first, Busy::between(first, ended), busy));
            }
        }
    }

    /// From one rotation to the next.
    pub(crate) fn gap(&mut self, began: Moment, ended: Moment) {
        if ended.0.saturating_sub(began.0) >= GAP {
            self.gaps.push(Busy::between(began, ended));
        }
    }

    /// Whether it has not come to rest since the last rotation. On a machine with more to do it may get little of
    /// what it wants.
    pub(crate) fn goes_on(&self) -> bool {
        let both = self.before.zip(self.after);
        both.is_some_and(|(before, (.., lately))| lately.wants_more(before))
    }

    /// How many processors it kept busy before the first rotation and after the last, where that is more by now.
    pub(crate) fn grown(&self) -> Option<(f64, f64)> {
        let (before, (_, after, _)) = self.before.zip(self.after)?;
        let more = self.goes_on() && after.exceeds(before);
        more.then_some((before.used, after.used))
    }

    /// The same, where it was so after most rotations already: what a server does once in a while begins at any
    /// time.
    pub(crate) fn left_behind(&self) -> Option<(f64, f64)> {
        let first = self.before?;
        let more = self.gaps.iter().filter(|gap| gap.wants_more(first)).count();
        self.grown().filter(|_| more * 2 >= self.gaps.len())
    }
}
