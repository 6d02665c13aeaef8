//! How punctual this side was.

use std::time::Duration;

/// A load that is later than this is not what was asked for.
pub const LATE: Duration = Duration::from_millis(250);

/// How far this side was behind with the attempts that were due.
#[derive(Clone, Debug, Default)]
pub struct Behind {
    /// The worst lateness.
    pub worst: Duration,
    /// How many attempts were not made at all, because too many others were under way.
    pub not_made: u64,
    /// When those that came late were due, and when they began.
    late: Vec<[Duration; 2]>,
}

impl Behind {
    /// An attempt that was due at one moment begins at another.
    pub(crate) fn begins(&mut self, due: Duration, now: Duration) {
        let late = now.saturating_sub(due);
        self.worst = self.worst.max(late);
        if late >= LATE {
            self.late.push([due, now]);
        }
    }

    /// The stretches of time, in their order, in which this side did not come to what was due, each at least as long
    /// as `limit`.
    pub fn stretches(&self, limit: Duration) -> Vec<[Duration; 2]> {
        let is_long = |[due, now]: &&[Duration; 2]| now.saturating_sub(*due) >= limit;
        let mut long: Vec<_> = self.late.iter().filter(is_long).copied().collect();
        long.sort_unstable();
        long.dedup_by(|next, before| {
            let meets = next[0] <= before[1];
            if meets {
                before[1] = before[1].max(next[1]);
            }
            meets
        });
        long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn moments_that_meet_are_one_stretch_and_short_ones_are_none() {
        let mut behind = Behind::default();
        for (due, now) in [
            (0, 10),
            (5000, 6500),
            (5100, 6500),
            (6400, 7900),
            (1000, 2000),
            (9000, 9300),
        ] {
            behind.begins(ms(due), ms(now));
        }
        assert_eq!(behind.worst, ms(1500));
        let of = |limit| behind.stretches(ms(limit));
        assert_eq!(of(1000), [[ms(1000), ms(2000)], [ms(5000), ms(7900)]]);
        assert_eq!(of(300).len(), 3);
        assert_eq!(of(2000), [[Duration::ZERO; 2]; 0]);
    }
}
