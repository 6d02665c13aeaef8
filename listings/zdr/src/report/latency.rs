//! Latency as a histogram, and the histogram as a part of the report, so that reports can be added.

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
        Self {
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
            counts: histogram
                .iter_recorded()
                .map(|step| (step.value_iterated_to(), step.count_at_value()))
                .collect(),
        }
    }

    /// The histogram that it was.
    pub fn histogram(&self) -> Histogram<u64> {
        let mut histogram = histogram();
        self.add_to(&mut histogram);
        histogram
    }

    /// What all of them were together. The quantiles are those of all attempts: the mean of two
    /// 99th percentiles is the percentile of nothing.
    pub fn together<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = histogram();
        for part in parts {
            part.add_to(&mut all);
        }
        Self::of(&all)
    }

    fn add_to(&self, histogram: &mut Histogram<u64>) {
        for (value, count) in &self.counts {
            // Only a file that was written by hand holds more than a year.
            let grown = histogram.record_n((*value).min(YEAR), *count);
            debug_assert!(grown.is_ok(), "it grows to any value");
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

    #[test]
    fn nothing_together_is_nothing() {
        assert_eq!(Latency::together([]), Latency::default());
    }
}
