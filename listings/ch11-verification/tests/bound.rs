//! The bound, held against tables, its definition and its limits.

use ch11_verification::bound::upper;

/// The probability of `failed` or fewer failures among `attempts`, added up term by term: the
/// definition, which `upper` inverts by another way.
fn as_few(failed: u64, attempts: u64, share: f64) -> f64 {
    let n = attempts as f64;
    let mut term = (n * (-share).ln_1p()).exp();
    let mut sum = term;
    for k in 0..failed {
        let k = k as f64;
        term *= (n - k) / (k + 1.0) * share / (1.0 - share);
        sum += term;
    }
    sum
}

/// "95/95": how many must be tried, with so many failures, to say that fewer than 5 % fail, with
/// 95 % confidence. Wilks, Annals of Mathematical Statistics 12 (1941); the row as in Guba, Makai
/// and Pál, Reliability Engineering and System Safety 80 (2003).
#[test]
fn as_many_tries_as_the_tables_ask_for() {
    let tries = [59, 93, 124, 153, 181, 208, 234, 260, 286, 311];
    for (failed, tries) in (0..).zip(tries) {
        assert!(upper(failed, tries) < 0.05, "{failed} of {tries}");
        assert!(upper(failed, tries - 1) > 0.05, "{failed} of {tries} - 1");
    }
}

#[test]
fn three_for_none() {
    // The rule of three: 2.9957 / n, for n that is large.
    for attempts in [1_000, 1_000_000, 1_000_000_000_000_u64] {
        let times = upper(0, attempts) * attempts as f64;
        assert!((2.99..3.0).contains(&times), "{times} of {attempts}");
    }
}

#[test]
fn it_is_what_its_definition_says() {
    for attempts in [2, 10, 1_000, 250_000, 3_000_000, 1_000_000_000] {
        for failed in [1, 2, 5, 17, 100] {
            if failed < attempts {
                let chance = as_few(failed, attempts, upper(failed, attempts));
                assert!(
                    (chance - 0.05).abs() < 1e-6,
                    "{failed} of {attempts}: {chance}"
                );
            }
        }
    }
}

#[test]
fn nothing_is_known_of_nothing() {
    assert_eq!(upper(0, 0), 1.0);
    assert_eq!(upper(7, 7), 1.0);
    assert_eq!(upper(8, 7), 1.0, "a report that was written by hand");
}

#[test]
fn more_failures_raise_it_and_more_attempts_lower_it() {
    for attempts in [10, 1_000, 1_000_000] {
        for failed in 0..9 {
            assert!(upper(failed, attempts) < upper(failed + 1, attempts));
            assert!(upper(failed, attempts) > upper(failed, attempts + 1));
            assert!(upper(failed, attempts) > failed as f64 / attempts as f64);
        }
    }
    // Half of many: above the half by 1.645 standard deviations, each 0.5 / 10,000.
    let half = upper(50_000_000, 100_000_000);
    assert!((0.500_08..0.500_09).contains(&half), "{half}");
}
