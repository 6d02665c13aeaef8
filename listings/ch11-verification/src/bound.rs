//! How sure a count can make us. "None of 1,000 failed" does not say that none ever will.

use statrs::distribution::{Beta, ContinuousCDF};

// ANCHOR: upper
/// With 95 % confidence, not more than this share of attempts fails: the one-sided bound of Clopper
/// and Pearson ("The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial",
/// Biometrika 26, 1934).
///
/// It is the share at which so few failures would be seen in 5 of 100 runs only. It is never 0, and
/// 1 where nothing was attempted: nothing is known then. Where none failed it is close to 3 / attempts
/// (Hanley and Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249, 1983).
pub fn upper(failed: u64, attempts: u64) -> f64 {
    if failed >= attempts {
        return 1.0;
    }
    let (k, n) = (failed as f64, attempts as f64);
    if failed == 0 {
        // 1 - 0.05^(1/n), without the loss of digits that n in the millions would bring.
        return -(0.05_f64.ln() / n).exp_m1();
    }
    // Both shapes are 1 or more: `new` refuses only what is not above 0.
    let Ok(beta) = Beta::new(k + 1.0, n - k) else {
        return 1.0;
    };
    // `inverse_cdf` of statrs 0.18 begins its search at 0.0001 and stops beside the mark for shares
    // that are much smaller. Its `cdf` is right, so halve.
    let (mut low, mut high) = (k / n, 1.0);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return high;
        }
        if beta.cdf(middle) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
}
// ANCHOR_END: upper
