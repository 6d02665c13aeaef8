//! Numbers in the text that follow from other numbers in the text.

use std::fs;

/// A lifetime of the table as hours.
fn hours(lifetime: &str) -> f64 {
    let (number, unit) = lifetime.split_once(' ').unwrap();
    let number: f64 = number.parse().unwrap();
    number
        * match unit.trim_end_matches('s') {
            "year" => 365.0 * 24.0,
            "day" => 24.0,
            "hour" => 1.0,
            "minute" => 1.0 / 60.0,
            other => panic!("{other} is no unit"),
        }
}

/// The mean worth of a leaked key, and the rotations in a year, follow from the lifetime: it is
/// renewed at two thirds, and leaks at any moment until then.
#[test]
fn the_table_of_lifetimes_is_right() {
    let page = fs::read_to_string(scripts::root().unwrap().join("src/challenge.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<Vec<_>> = rows
        .skip(1)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let [lifetime, _, worth, rotations] = row[..] else {
            panic!("{row:?}");
        };
        let rotations: f64 = rotations.parse().unwrap();
        let close = |claimed: f64, right: f64| (claimed / right - 1.0).abs() < 0.035;
        let in_service = hours(lifetime) * 2.0 / 3.0;
        assert!(close(hours(worth), in_service), "{row:?}");
        assert!(close(rotations, 365.0 * 24.0 / in_service), "{row:?}");
    }
}
