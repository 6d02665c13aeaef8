//! A bound.

/// With 95 % confidence, not more than this share of attempts fails, where `failed` of
/// `attempts` did.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    // Without an attempt nothing is known, and if all failed, all may.
    if failed >= attempts {
        return 1.0;
    }
    if attempts > 100_000 {
        let (mut l, mut h) = (0.0_f64, 1e9_f64);
        loop {
            let m = (l + h) / 2.0;
            if m <= l || m >= h {
                return (h / attempts as f64).min(1.0);
            }
            let mut t = -m;
            let mut sum = t.exp();
            for k in 0..failed {
                t += m.ln() - ((k + 1) as f64).ln();
                sum += t.exp();
            }
            if sum > 0.05 { l = m } else { h = m }
        }
    }
    let (mut low, mut high) = (0.0, 1.0);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return high;
        }
        // The higher the rate, the less likely a run with so few failures.
        match at_most(failed, attempts, middle) > 0.05 {
            true => low = middle,
            false => high = middle,
        }
    }
}

/// How likely it is that no more than `failed` of `attempts` fail, where each fails at the rate
/// `p`.
fn at_most(failed: u64, attempts: u64, p: f64) -> f64 {
    let n = attempts as f64;
    // Logarithms, since (1 - p)^n of a long run is below every number of 64 bits.
    let mut log_of_term = n * (-p).ln_1p();
    let mut sum = log_of_term.exp();
    for k in 0..failed {
        let k = k as f64;
        log_of_term += ((n - k) / (k + 1.0)).ln() + p.ln() - (-p).ln_1p();
        sum += log_of_term.exp();
    }
    sum
}
