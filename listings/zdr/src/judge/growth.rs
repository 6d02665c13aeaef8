//! What each rotation leaves behind, told from what a server needs to warm up: a heap that finds its size, a pool
//! that fills.

use std::time::Duration;

use crate::judge::findings::{ROTATION, finding, of_handles};
use crate::judge::work::Work;
use crate::report::format::counted;
use crate::report::{Code, Finding, Resources, Severity};
use crate::server::process_tree::Usage;

const MIB: f64 = 1_048_576.0;
/// What grows by itself in less time is not told from noise.
pub(crate) const LONG: Duration = Duration::from_millis(500);

/// With fewer rotations, what a server needs to warm up (a heap, a pool of threads) is not told from what each of
/// them leaves behind.
const WARM: usize = 3;

/// What a heap adds until it has found its size is no more than this in all.
const IN_ALL: f64 = 8.0 * MIB;
/// In a run of few rotations, what each of them adds is told from noise from this on; in a longer one, where all together
/// are above [`IN_ALL`], down to the other.
const EACH: [f64; 2] = [MIB / 4.0, MIB / 16.0];

/// What a server used at several moments of a run.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// Before the first rotation, and after each.
    rotations: Vec<Moment>,
    /// At the beginning and at the end of times in which clients came and nothing was rotated.
    between: Vec<[Moment; 2]>,
    /// What it used at several looks before the first rotation, and after the last.
    looks: [Vec<Usage>; 2],
    /// How many connections were open at its end alone, before the first client came and after the last had left.
    unclosed: (usize, usize),
    work: Work,
}

type Moment = (Duration, Usage);

impl Growth {
    /// Of a server that had so many connections open at its end alone.
    pub fn since(unclosed: usize) -> Self {
        Self {
            unclosed: (unclosed, unclosed),
            ..Self::default()
        }
    }

    /// How many it has after the last client has left.
    pub fn left(&mut self, unclosed: usize) {
        self.unclosed.1 = unclosed;
    }

    /// Before the first rotation, and after each.
    pub fn rotated(&mut self, at: Duration, usage: Option<Usage>) {
        self.rotations.extend(usage.map(|usage| (at, usage)));
    }

    /// What it uses once answers have come to their end that were in progress after the last rotation.
    pub fn settled(&mut self, usage: Option<Usage>) {
        if let (Some((_, last)), Some(usage)) = (self.rotations.last_mut(), usage) {
            *last = usage;
        }
    }

    /// What it uses while nothing is rotated: before the first rotation, or after the last.
    pub fn looked(&mut self, usage: Option<Usage>) {
        let has_rotated = usize::from(!self.rotations.is_empty());
        self.looks[has_rotated].extend(usage);
    }

    /// Whether the fewest after the last rotation are more than the most before the first one. Where each client has a
    /// process or a thread of its own, their number goes up and down by itself. `true` where that is not known.
    fn leaves(&self, of: fn(&Usage) -> usize) -> bool {
        let [before, after] = &self.looks;
        let most_and_least = before.iter().map(of).max().zip(after.iter().map(of).min());
        most_and_least.is_none_or(|(most, least)| least > most)
    }

    /// At the beginning and the end of a time in which nothing is rotated.
    pub fn passed(&mut self, began: (Duration, Option<Usage>), ended: (Duration, Option<Usage>)) {
        let both = began.1.zip(ended.1);
        let both = both.map(|(first, last)| [(began.0, first), (ended.0, last)]);
        self.between.extend(both);
        self.idled(began, ended);
    }

    /// The same of a time that may be short: all that it tells is how much there is to do.
    pub fn idled(&mut self, began: (Duration, Option<Usage>), ended: (Duration, Option<Usage>)) {
        if let (Some(first), Some(last)) = (began.1, ended.1) {
            self.work.idle((began.0, first), (ended.0, last));
        }
    }

    /// From the end of a rotation to the next one.
    pub fn went_on(&mut self, began: (Duration, Option<Usage>), ended: (Duration, Option<Usage>)) {
        if let (Some(first), Some(last)) = (began.1, ended.1) {
            self.work.gap((began.0, first), (ended.0, last));
        }
    }

    /// Whether it may have been left with work by its reloads: then it is watched for longer, since a reload may
    /// take its time.
    pub fn is_restless(&self) -> bool {
        self.work.goes_on()
    }

    /// How much each of the last rotations has added, without what is added while nothing is rotated; and the
    /// number of these rotations, a third of all. Of their two halves the one counts that has added less: a leak
    /// adds to both, and what happens once is none. `None` where that is not known.
    fn lately(&self, of: fn(&Usage) -> f64) -> Option<(f64, usize)> {
        let rotations = self.rotations.len().checked_sub(1)?;
        let last = rotations.div_ceil(3);
        let middle = rotations - last / 2;
        let first = self.added(of, rotations - last, middle);
        let second = self.added(of, middle, rotations);
        let least = match (first, second) {
            (Some(first), Some(second)) => first.min(second),
            (one, other) => one.or(other)?,
        };
        Some((least, last))
    }

    /// How much each of the rotations between these two has added, without what is added in the same time
    /// while nothing is rotated.
    fn added(&self, of: fn(&Usage) -> f64, from: usize, to: usize) -> Option<f64> {
        let rotations = to.checked_sub(from).filter(|rotations| *rotations > 0)?;
        let (began, first) = self.rotations.get(from)?;
        let (ended, last) = self.rotations.get(to)?;
        let took = ended.saturating_sub(*began).as_secs_f64();
        let added = of(last) - of(first) - self.by_itself(of) * took;
        Some(added / rotations as f64)
    }

    /// What each second adds while nothing is rotated, where it adds anything.
    fn by_itself(&self, of: fn(&Usage) -> f64) -> f64 {
        let each = self.between.iter().filter_map(|[began, ended]| {
            let took = ended.0.saturating_sub(began.0);
            let added = of(&ended.1) - of(&began.1);
            (took >= LONG).then(|| added / took.as_secs_f64())
        });
        each.fold(0.0, f64::max)
    }

    /// What to say of its processor time where it had more to do after the last rotation than before the first,
    /// with the same clients and nothing rotated: too much to do is then no matter of this machine alone. Empty
    /// where it had no more, or that is not known.
    pub fn of_processor(&self) -> String {
        self.work.grown().map_or_else(String::new, |(before, after)| {
            format!(
                ". The server itself kept {before:.1} processors busy before the first rotation, and {after:.1} after \
                 the last: a reload may leave work behind that never ends"
            )
        })
    }

    /// How much is added between two rotations while nothing is rotated.
    fn between_two(&self, of: fn(&Usage) -> f64) -> Option<f64> {
        let (began, ended) = (self.rotations.first()?, self.rotations.last()?);
        let took = ended.0.saturating_sub(began.0).as_secs_f64();
        Some(self.by_itself(of) * took / (self.rotations.len() - 1) as f64)
    }

    /// Whether the last rotations still add `least` each, and a quarter of what all added on average: what
    /// warms up has settled by then. Each rotation has handshakes of its own. So where memory grows with the
    /// clients, a rotation must add twice as much beside. `None` where that is not known.
    fn goes_on(&self, of: fn(&Usage) -> f64, least: f64) -> Option<bool> {
        let (added, _) = self.lately(of)?;
        let (first, last) = (self.rotations.first()?, self.rotations.last()?);
        let all = (of(&last.1) - of(&first.1)) / (self.rotations.len() - 1) as f64;
        let with_clients = 2.0 * self.between_two(of)?;
        Some(added >= least.max(all / 4.0).max(with_clients))
    }
}

/// Memory that grows, processes that stay, and work that goes on. Some of each is normal; what counts is what each
/// rotation adds, to the last.
pub fn of_resources(resources: &Resources, growth: &Growth, rotations: usize) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(of_memory(resources, growth, rotations));
    found.extend(of_work(growth, rotations));
    found.extend(of_unwaited(growth, rotations));
    found.extend(of_unclosed(growth));
    let more = resources.processes_after > resources.processes_before;
    if more && growth.leaves(|usage| usage.processes) {
        let words = format!(
            "There were {} processes before and {} after {}, with {} kept open. If a timer ends those that are left, it \
             cuts what they still serve, after the end of this run (--steady-ms).",
            resources.processes_before,
            resources.processes_after,
            counted(rotations as u64, "rotation"),
            counted(resources.connections_held as u64, "connection")
        );
        found.push(warning(Code::ProcessesLeft, words));
    } else if let Some(handles) = resources
        .handles
        .as_ref()
        .filter(|_| rotations >= WARM && !more)
    {
        // Each process has descriptors and threads: where processes are left, that is said already.
        let mut handles = *handles;
        let settled = growth.goes_on(|usage| usage.threads as f64, 1.0) == Some(false);
        if settled || !growth.leaves(|usage| usage.threads) {
            handles.threads_after = handles.threads_before;
        }
        let descriptors = |usage: &Usage| usage.descriptors.unwrap_or(0) as f64;
        if growth.goes_on(descriptors, 1.0) == Some(false) {
            handles.descriptors_after = handles.descriptors_before;
        }
        found.extend(of_handles(&handles, rotations, "rotations"));
    }
    found
}

/// Connections that the server keeps open though their clients have closed them. A few may be about to be closed.
pub(crate) fn of_unclosed(growth: &Growth) -> Option<Finding> {
    const FEW: usize = 10;
    let (before, after) = growth.unclosed;
    let more = after.saturating_sub(before);
    let words = format!(
        "{more} connections were still open at the server that their clients had closed. Each keeps a descriptor, \
         until there are no more: close a connection when a read says that it has ended, or fails."
    );
    (more >= FEW).then(|| warning(Code::ConnectionsLeft, words))
}

/// Whether memory grew with the number of processes alone: those that serve their last clients have theirs, and that
/// they are left is said already.
fn is_of_processes(resources: &Resources) -> bool {
    let each = |memory: u64, processes: usize| memory as f64 / processes.max(1) as f64;
    let before = each(resources.memory_before, resources.processes_before);
    let after = each(resources.memory_after, resources.processes_after);
    resources.processes_after > resources.processes_before && after <= before * 1.25
}

/// Whether its memory has grown as if each rotation left some behind.
pub fn is_of_memory(resources: &Resources, growth: &Growth, rotations: usize) -> bool {
    of_memory(resources, growth, rotations).is_some()
}

fn of_memory(resources: &Resources, growth: &Growth, rotations: usize) -> Option<Finding> {
    let before = resources.memory_before as f64;
    let grown = resources.memory_after as f64 - before;
    let each = grown / rotations.max(1) as f64;
    let [few, many] = EACH;
    let least = (IN_ALL / rotations.max(1) as f64).clamp(many, few);
    let of = |usage: &Usage| usage.memory as f64;
    // With less of either, what a heap adds until it has found its size is not told from what is left behind.
    let is_known = rotations >= WARM && !growth.between.is_empty();
    let goes_on = is_known && growth.goes_on(of, least) != Some(false);
    let is_own = !is_of_processes(resources);
    let grows = is_own && goes_on && grown > IN_ALL && grown > before / 4.0 && each > least;
    let lately = growth.lately(of).map_or_else(String::new, |(added, last)| {
        let rotations = match last {
            1 => "The last one".to_owned(),
            _ => format!("Each of the last {last}"),
        };
        format!(
            " {rotations} added at least {:.2} MiB, beside the growth that comes without rotations.",
            added / MIB
        )
    });
    let words = format!(
        "Its memory grew from {:.1} to {:.1} MiB over {rotations} rotations, by {:.2} MiB each.{lately}",
        before / MIB,
        resources.memory_after as f64 / MIB,
        each / MIB
    );
    grows.then(|| warning(Code::MemoryGrows, words))
}

/// Each of a few may be waited for in a moment.
fn of_unwaited(growth: &Growth, rotations: usize) -> Option<Finding> {
    let ((_, first), (_, last)) = (growth.rotations.first()?, growth.rotations.last()?);
    let left = last.unwaited.saturating_sub(first.unwaited);
    let words = format!(
        "Over {rotations} rotations, {left} processes that it had started ended, and it has not waited for them: each \
         keeps its number until that is done (a zombie), and the system has no more than so many."
    );
    (rotations >= WARM && left >= rotations).then(|| warning(Code::ProcessesLeft, words))
}

fn of_work(growth: &Growth, rotations: usize) -> Option<Finding> {
    let (before, after) = growth.work.left_behind()?;
    let words = format!(
        "It kept {before:.1} processors busy before the first rotation, and {after:.1} after {rotations} rotations, \
         with the same clients and nothing rotated: a reload leaves work behind that does not end, such as a loop \
         without a pause."
    );
    Some(warning(Code::ProcessorGrows, words))
}

fn warning(code: Code, words: String) -> Finding {
    finding(Severity::Warning, code, ROTATION, words)
}
