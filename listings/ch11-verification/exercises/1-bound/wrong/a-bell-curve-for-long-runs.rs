//! A bound.

/// A long run is as good as normal.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    if failed >= attempts {
        return 1.0;
    }
    let n = attempts as f64;
    if attempts > 1000 {
        let seen = failed as f64 / n;
        let spread = (seen * (1.0 - seen) / n).sqrt();
        return if failed == 0 {
            2.9957 / n
        } else {
            seen + 1.645 * spread
        };
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        match at_most(failed, attempts, middle) > 0.05 {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

fn at_most(failed: u64, attempts: u64, p: f64) -> f64 {
    let n = attempts as f64;
    let mut log_of_term = n * (-p).ln_1p();
    let mut sum = log_of_term.exp();
    for k in 0..failed {
        let k = k as f64;
        log_of_term += ((n - k) / (k + 1.0)).ln() + p.ln() - (-p).ln_1p();
        sum += log_of_term.exp();
    }
    sum
}
