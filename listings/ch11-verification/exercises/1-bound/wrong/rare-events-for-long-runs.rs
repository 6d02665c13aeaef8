//! A bound.

/// In a long run failures are rare, so that their number alone counts.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    if failed >= attempts {
        return 1.0;
    }
    if attempts < 200 {
        return solve(1.0, |p| at_most(failed, attempts, p));
    }
    let many = solve(attempts as f64, |mean| {
        let mut term = -mean;
        let mut sum = term.exp();
        for k in 1..=failed {
            term += (mean / k as f64).ln();
            sum += term.exp();
        }
        sum
    });
    many / attempts as f64
}

/// Where this is 0.05, between 0 and `high`.
fn solve(mut high: f64, likely: impl Fn(f64) -> f64) -> f64 {
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        match likely(middle) > 0.05 {
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
