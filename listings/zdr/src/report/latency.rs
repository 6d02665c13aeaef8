//! Latency as a histogram, and the histogram as a part of the report, so that reports can be added.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::report::Latency;

/// In microseconds.
const YEAR: u64 = 366 * 24 * 3_600 * 1_000_000;

/// An empty histogram of microseconds, with three digits kept, that grows as it must.
#[expect(clippy::missing_panics_doc, reason = "a constant that is allowed")]
pub fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("0 to 5 digits can be kept")
}

impl Latency {
    /// What a histogram says.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let recorded = histogram.iter_recorded();
        let counts = recorded.map(|step| (step.value_iterated_to(), step.count_at_value()));
        Self::counted(counts.collect())
    }

    /// The histogram that it was.
    pub fn histogram(&self) -> Histogram<u64> {
        let mut histogram = histogram();
        for (value, count) in &self.counts {
            // Only a file that was written by hand holds more than a year.
            let grown = histogram.record_n((*value).min(YEAR), *count);
            debug_assert!(grown.is_ok(), "it grows to any value");
        }
        histogram
    }

    /// What all of them were together. The quantiles are those of all attempts: the mean of two
    /// 99th percentiles is the percentile of nothing.
    pub fn together<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let scale = histogram();
        let mut all: BTreeMap<u64, u64> = BTreeMap::new();
        for (value, count) in parts.into_iter().flat_map(|part| &part.counts) {
            // As the histogram names it, whatever a file that was written by hand holds.
            let sum = all.entry(scale.highest_equivalent((*value).min(YEAR)));
            let sum = sum.or_default();
            *sum = sum.saturating_add(*count);
        }
        all.retain(|_, count| *count > 0);
        Self::counted(all.into_iter().collect())
    }

    /// Values with their counts, in the order of the values. What has no count is not there.
    fn counted(counts: Vec<(u64, u64)>) -> Self {
        let sum = |sum: u64, (_, count): &(u64, u64)| sum.saturating_add(*count);
        let all = counts.iter().fold(0, sum);
        let at = |quantile: f64| {
            let rank = ((quantile * all as f64).ceil() as u64).max(1);
            let mut so_far = 0;
            let reaches = |step: &&(u64, u64)| {
                so_far = sum(so_far, step);
                so_far >= rank
            };
            counts.iter().find(reaches).map_or(0, |(value, _)| *value)
        };
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: counts.last().map_or(0, |(value, _)| *value),
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Latency, histogram};

    #[test]
    fn a_histogram_comes_back_from_the_report() {
        let mut before = histogram();
        for value in [0, 1, 7, 412, 413, 99_999, 3_600_000_000] {
            before.record(value).expect("it grows");
        }
        let said = Latency::of(&before);
        assert_eq!(Latency::of(&said.histogram()), said);
        assert_eq!(said.histogram().len(), before.len());
    }

    #[test]
    fn no_value_is_too_large() {
        let absurd = Latency {
            counts: vec![(u64::MAX, u64::MAX), (u64::MAX, 7)],
            ..Latency::default()
        };
        assert!(Latency::together([&absurd]).max >= super::YEAR);
    }

    #[test]
    fn together_is_not_the_mean() {
        let of = |value, count| {
            let mut one = histogram();
            one.record_n(value, count).expect("it grows");
            Latency::of(&one)
        };
        // 10 slow ones among 1,000: 1 %, and the 99th percentile stands just below them.
        let both = Latency::together([&of(100, 990), &of(10_000, 10)]);
        assert_eq!((both.p99, both.max), (100, 10_007));
        assert_eq!(both.p999, 10_007);
    }

    /// The quantiles are those that the histogram itself gives.
    #[test]
    fn the_quantiles_are_the_histograms() {
        let mut all = histogram();
        for value in 0..100_u64 {
            all.record(value * value % 91_331).expect("it grows");
            let said = Latency::of(&all);
            let at = |quantile| all.value_at_quantile(quantile);
            assert_eq!(
                [said.p50, said.p90, said.p99, said.p999, said.max],
                [at(0.5), at(0.9), at(0.99), at(0.999), all.max()],
                "{value}"
            );
        }
        let twice = Latency::together([&Latency::of(&all), &Latency::of(&all)]);
        assert_eq!(twice.p99, all.value_at_quantile(0.99));
    }

    #[test]
    fn nothing_together_is_nothing() {
        assert_eq!(Latency::together([]), Latency::default());
    }
}
