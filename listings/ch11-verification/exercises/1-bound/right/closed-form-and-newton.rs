//! A bound.

/// Has a formula where nothing failed, and draws nearer by the slope elsewhere.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    if failed >= attempts {
        return 1.0;
    }
    let n = attempts as f64;
    if failed == 0 {
        return -(0.05_f64.ln() / n).exp_m1();
    }
    let (mut low, mut high) = (failed as f64 / n, 1.0);
    let mut rate = f64::midpoint(low, high);
    for _ in 0..500 {
        let (sum, last) = at_most(failed, n, rate);
        if sum > 0.05 {
            low = rate;
        } else {
            high = rate;
        }
        // The derivative of the sum is its last term, times what follows it.
        let slope = -last * (n - failed as f64) / (1.0 - rate);
        let next = rate - (sum - 0.05) / slope;
        rate = if next > low && next < high {
            next
        } else {
            f64::midpoint(low, high)
        };
    }
    rate
}

/// The sum of the terms from 0 to `failed`, and the last of them.
fn at_most(failed: u64, n: f64, rate: f64) -> (f64, f64) {
    let odds = rate.ln() - (-rate).ln_1p();
    let mut log = n * (-rate).ln_1p();
    let mut terms = vec![log];
    for k in 1..=failed {
        let k = k as f64;
        log += ((n - k + 1.0) / k).ln() + odds;
        terms.push(log);
    }
    (terms.iter().map(|term| term.exp()).sum(), log.exp())
}
