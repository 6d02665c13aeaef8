//! What is wanted of `upper`. Each function is a check, and its comment says what has to hold.

use super::exercise::upper;

/// How likely it is that no more than `failed` of `attempts` fail, at this rate.
fn at_most(failed: u64, attempts: u64, rate: f64) -> f64 {
    let (n, mut log_of_ways) = (attempts as f64, 0.0);
    let mut sum = 0.0;
    for k in 0..=failed {
        let k = k as f64;
        sum += (log_of_ways + k * rate.ln() + (n - k) * (-rate).ln_1p()).exp();
        log_of_ways += ((n - k) / (k + 1.0)).ln();
    }
    sum
}

/// That none failed does not say that none ever will.
pub fn none_failed_is_not_a_rate_of_zero() {
    let bound = upper(0, 1000);
    assert!(
        (0.0029..0.0031).contains(&bound),
        "None of 1000 failed, and `upper` says {bound}. At a true rate of 0.003 one run in twenty shows no failure either, so the rate can \
         be as high as about that. It is never 0: a spread that is computed from what was seen is 0 where nothing was."
    );
}

/// At the bound, no more failures than were seen are seen in 5 of 100 runs.
pub fn no_more_failures_are_seen_in_5_of_100_runs() {
    for (failed, attempts) in [
        (0, 1),
        (0, 10),
        (1, 10),
        (1, 100),
        (30, 166),
        (9, 10),
        (300, 1000),
        (3, 100_000),
    ] {
        let bound = upper(failed, attempts);
        let share = at_most(failed, attempts, bound);
        assert!(
            (share - 0.05).abs() < 1e-6,
            "{failed} of {attempts} failed, and `upper` says {bound}. At this rate, no more than {failed} failures are seen in {:.1} of 100 \
             runs. It has to be the rate at which they are seen in 5 of 100 runs.{}",
            share * 100.0,
            if (share - 0.05).abs() < 1e-3 {
                " That is nearly so: a small rate needs more halvings than a large one, so halve until nothing lies between."
            } else {
                ""
            }
        );
    }
}

/// Where nothing was attempted, nothing is known, and where all failed, all may.
pub fn where_nothing_was_attempted_nothing_is_known() {
    let bound = upper(0, 0);
    assert!(
        bound == 1.0,
        "Nothing was attempted, and `upper` says {bound}. Then the rate can be anything up to 1."
    );
    let bound = upper(12, 12);
    assert!(
        bound == 1.0,
        "All of 12 attempts failed, and `upper` says {bound}. Then all may fail: the rate can be 1."
    );
}

/// More attempts without a failure lower it, and a failure raises it.
pub fn attempts_lower_it_and_failures_raise_it() {
    for attempts in 2..60 {
        let (few, more) = (upper(0, attempts), upper(0, attempts + 1));
        assert!(
            more < few,
            "None of {attempts} failed: {few}. None of {} failed: {more}. The second run says more, so its bound is lower.",
            attempts + 1
        );
        let failed = upper(1, attempts);
        assert!(
            failed > few,
            "Of {attempts} attempts none failed: {few}. One failed: {failed}. A failure raises the bound."
        );
    }
}

/// A long run is no harder than a short one.
pub fn a_long_run_is_no_harder() {
    for (failed, attempts, low, high) in [
        (0, 300_000, 9.9e-6, 10.0e-6),
        (0, 1_000_000_000_000, 2.99e-12, 3.0e-12),
        (1000, 1_000_000, 1.05e-3, 1.06e-3),
        // By the sum of the binomial distribution; approximations lie beside it.
        (2_000, 200_000, 0.010_373_5, 0.010_374_0),
    ] {
        let bound = upper(failed, attempts);
        assert!(
            failed < 2000 || (low..high).contains(&bound),
            "{failed} of {attempts} failed, and `upper` says {bound}. It lies between {low} and {high}. An approximation, by a normal distribution or by one for rare events, comes near and is not it: the sum is \
             worth its time for a long run as well."
        );
        assert!(
            (low..high).contains(&bound),
            "{failed} of {attempts} failed, and `upper` says {bound}. It lies between {low} and {high}. Powers of so many factors leave the range \
             of an `f64`: their logarithms do not. And a bound that is so small needs more halvings than one of a short run: halve until nothing \
             lies between."
        );
    }
}
