//! A bound.

/// Halves the interval until the probability is 0.05.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    if failed >= attempts {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if at_most(failed, attempts, middle) > 0.05 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn at_most(failed: u64, attempts: u64, p: f64) -> f64 {
    let term = |k: u64| {
        let ways: f64 = (0..k)
            .map(|i| (attempts - i) as f64 / (i + 1) as f64)
            .product();
        ways * p.powi(k as i32) * (1.0 - p).powi((attempts - k) as i32)
    };
    (0..=failed).map(term).sum()
}
