//! How probable it is that two shares differ as much by chance.

/// How probable it is that of `of.0 + of.1` cases, of which `hit.0 + hit.1` are hits, `hit.0` or more of the
/// hits fall among the first `of.0` by chance (Fisher's exact test, one-sided).
pub(super) fn by_chance(hit: (u64, u64), of: (u64, u64)) -> f64 {
    let (first, second) = of;
    let hits = hit.0 + hit.1;
    let factorials: Vec<f64> = (0..=first + second)
        .scan(0.0, |sum, number| {
            *sum += (number.max(1) as f64).ln();
            Some(*sum)
        })
        .collect();
    let of = |all: u64, some: u64| -> f64 {
        let at = |number: u64| factorials.get(number as usize).copied().unwrap_or(0.0);
        at(all) - at(some) - at(all - some)
    };
    let each = (hit.0..=hits.min(first)).filter(|one| hits - one <= second);
    let each =
        each.map(|one| (of(first, one) + of(second, hits - one) - of(first + second, hits)).exp());
    each.sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_the_same_is_chance_and_one_that_is_not_is_none() {
        assert!(by_chance((5, 5), (10, 10)) > 0.5);
        assert!((by_chance((3, 0), (3, 3)) - 0.05).abs() < 1e-9);
        assert!(by_chance((20, 0), (40, 120)) < 1e-9);
        assert!(by_chance((0, 20), (40, 120)) > 0.9);
        for nothing in [by_chance((0, 0), (0, 0)), by_chance((0, 0), (9, 0))] {
            assert!((nothing - 1.0).abs() < 1e-9);
        }
    }
}
