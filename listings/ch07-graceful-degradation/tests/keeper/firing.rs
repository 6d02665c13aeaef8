//! What the rules make of a scrape, at the marks themselves.

use std::time::Duration;

use ch07_graceful_degradation::alerts::Condition;
use ch07_graceful_degradation::firing::Firing;

const MINUTE: Duration = Duration::from_secs(60);

fn scraped(scrapes: &[&str]) -> Firing {
    let mut firing = Firing::default();
    for (minute, text) in (1..).zip(scrapes) {
        firing.scrape(MINUTE * minute, text);
    }
    firing
}

#[test]
fn a_gauge_at_its_mark() {
    let firing = scraped(&["left 5\nmark 5\nhigh 6\n"]);
    assert!(firing.holds(Condition::Within("left", "mark")));
    assert!(!firing.holds(Condition::Within("high", "mark")));
    assert!(!firing.holds(Condition::Over("left", "mark")));
    assert!(firing.holds(Condition::Over("high", "mark")));
    assert!(!firing.holds(Condition::Above("left", 5.0)));
    assert!(!firing.holds(Condition::Below("left", 5.0)));
    assert!(!firing.holds(Condition::Within("left", "unsaid")));
}

/// A process that was started again counts from zero: what it has counted since has come on top.
#[test]
fn a_counter_that_began_anew() {
    let firing = scraped(&["steps 7", "steps 8", "steps 2"]);
    assert!(firing.holds(Condition::Grew("steps", 3.0, 60)));
    assert!(!firing.holds(Condition::Grew("steps", 3.1, 60)));
}

/// From one scrape nothing is known of a growth, be it of nothing.
#[test]
fn one_scrape_is_no_growth() {
    assert!(!scraped(&["steps 7"]).holds(Condition::Grew("steps", 0.0, 60)));
    assert!(scraped(&["steps 7", "steps 7"]).holds(Condition::Grew("steps", 0.0, 60)));
}

/// An hour ago half of the handshakes failed, all of them a health check's. That no client comes any more makes
/// it all of them, and nothing fails that did not fail before.
#[test]
fn a_share_that_rises_since_clients_have_gone() {
    let share = Condition::ShareRose(["failed", "completed"], 0.25, 10);
    for (fails_more, rose) in [(0, false), (1, true)] {
        let mut firing = Firing::default();
        let (mut failed, mut completed) = (0, 0);
        for minute in 0..=120 {
            firing.scrape(
                MINUTE * minute,
                &format!("failed {failed}\ncompleted {completed}\n"),
            );
            let quiet = minute >= 60;
            failed += if quiet { 1 + fails_more } else { 1 };
            completed += u32::from(!quiet);
        }
        assert_eq!(firing.holds(share), rose, "{fails_more} more a minute");
    }
}

/// No condition has a label, so a series that has some is none of theirs.
#[test]
fn a_series_with_labels_is_another() {
    let firing = scraped(&["rejections{reason=\"torn\"} 3\n# HELP rejections 4\n"]);
    let labelled = "rejections{reason=\"torn\"}";
    assert!(!firing.holds(Condition::Above(labelled, 0.0)));
    assert!(!firing.holds(Condition::Above("rejections", 0.0)));
}
