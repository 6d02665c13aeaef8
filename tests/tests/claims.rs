//! Numbers in the text that follow from other numbers in the text.

use std::collections::BTreeSet;
use std::fs;

use exercise::set::{Set, Track};
use regex::Regex;
use walkdir::WalkDir;

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

/// The mean worth of a leaked key, and the rotations in a year, follow from the lifetime and from
/// the share of it after which it is renewed. The key leaks at any moment until then.
#[test]
fn the_table_of_lifetimes_is_right() {
    let page = fs::read_to_string(scripts::root().unwrap().join("src/challenge.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<Vec<_>> = rows
        .skip(1)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let [lifetime, _, share, worth, rotations] = row[..] else {
            panic!("{row:?}");
        };
        let rotations: f64 = rotations.parse().unwrap();
        let close = |claimed: f64, right: f64| (claimed / right - 1.0).abs() < 0.035;
        let (part, whole) = share.split_once('/').unwrap();
        let share = part.parse::<f64>().unwrap() / whole.parse::<f64>().unwrap();
        let in_service = hours(lifetime) * share;
        let left = hours(lifetime) - in_service / 2.0;
        assert!(close(hours(worth), left), "{row:?}");
        assert!(close(rotations, 365.0 * 24.0 / in_service), "{row:?}");
    }
}

/// Numbers that pages say, each with the file that makes it so and the words there. When one of the two changes,
/// the other has to change with it.
const COUNTED: [[&str; 4]; 11] = [
    [
        "src/ch02-hot-reload.md",
        "in 671 *schedules*",
        "listings/ch02-hot-reload/tests/schedules.rs",
        "assert_eq!(schedules, 671);",
    ],
    [
        "src/ch05-whole-sets.md",
        "makes all 90 combinations",
        "listings/ch05-race-conditions/tests/reader.rs",
        "assert_eq!(taken, (3 + 1 + 2) * 5 * 3);",
    ],
    [
        "src/ch05-whole-sets.md",
        "tries 4,000 inputs",
        "listings/ch05-race-conditions/tests/fuzz.rs",
        "CASES: u32 = 4_000;",
    ],
    [
        "src/ch06-in-flight-requests.md",
        "137 a second",
        "listings/ch06-in-flight-requests/src/main.rs",
        "default_value_t = 4096",
    ],
    [
        "src/ch07-graceful-degradation.md",
        "each of the 20 steps",
        "listings/ch07-graceful-degradation/tests/keeper/last_known_good.rs",
        "assert_eq!(deaths, 20,",
    ],
    [
        "src/ch07-alarms.md",
        "135 pairs, eight renewals each",
        "listings/ch09-simulating-rotation/tests/alarms.rs",
        "assert_eq!(met, 9 * 15);",
    ],
    [
        "src/checklist.md",
        "fifteen rules in all",
        "listings/ch07-graceful-degradation/src/alerts.rs",
        "RULES: [Rule; 15]",
    ],
    [
        "src/ch08-second-look.md",
        "192 tries, and none gets in. In 78 of them",
        "listings/ch08-trust-rotation/tests/trust/never.rs",
        "assert_eq!(tried, (192, 78));",
    ],
    [
        "src/ch09-simulating-rotation.md",
        "each of the fifteen writers",
        "listings/ch09-simulating-rotation/tests/alarms.rs",
        "assert_eq!(met, 9 * 15);",
    ],
    [
        "src/ch09-simulating-rotation.md",
        "eleven ways",
        "listings/ch09-simulating-rotation/src/sabotage.rs",
        "ALL: [Self; 11]",
    ],
    [
        "src/ch11-verification.md",
        "A rotation is done when 12 consecutive",
        "listings/ch11-verification/src/rotation.rs",
        "IN_A_ROW: u32 = 12;",
    ],
];

/// A page counts what the code counts.
#[test]
fn numbers_in_the_text_are_those_of_the_code() {
    let root = scripts::root().unwrap();
    for [page, says, file, counts] in COUNTED {
        let has = |file: &str, words: &str| {
            let text = fs::read_to_string(root.join(file)).unwrap();
            text.contains(words)
        };
        assert!(
            has(file, counts),
            "{file} counts anew: what does {page} say?"
        );
        assert!(has(page, says), "{page} no longer says {says:?}");
    }
}

/// A page that names a test by its file names one that is there.
#[test]
fn every_test_that_a_page_names_exists() {
    let root = scripts::root().unwrap();
    let named = Regex::new(r"`((?:listings|scripts|tests)/[^`\s]+::[A-Za-z0-9_]+)`").unwrap();
    let mut names = 0;
    for page in scripts::check::markdown(&root.join("src")).unwrap() {
        let text = fs::read_to_string(&page).unwrap();
        for name in named.captures_iter(&text) {
            names += 1;
            let exists = scripts::catalogue::exists(&root, &name[1]);
            exists.unwrap_or_else(|why| panic!("{}: {why}", page.display()));
        }
    }
    assert!(names > 0, "no page names a test");
}

/// The entries of the failure catalogue that `zdr` does not catch stand on the page of those that it does.
#[test]
fn the_page_names_the_entries_that_are_not_caught() {
    let root = scripts::root().unwrap();
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let table: toml::Table = toml::from_str(&read("listings/zdr/falsification.toml")).unwrap();
    let rows = table.values().filter_map(toml::Value::as_array).flatten();
    let numbers = rows.filter_map(|row| row.get("catalogue")?.as_array());
    let caught: BTreeSet<_> = numbers
        .flatten()
        .filter_map(toml::Value::as_integer)
        .collect();
    let entries = read("tests/catalogue.toml").matches("[[failure]]").count() as i64;
    let missing: BTreeSet<_> = (1..=entries)
        .filter(|entry| !caught.contains(entry))
        .collect();

    let page = read("src/falsification.md");
    let told = page
        .lines()
        .find(|line| line.starts_with("Entries of the catalogue"));
    let range = Regex::new(r"(\d+)(?: to (\d+))?").unwrap();
    let told = range.captures_iter(told.unwrap()).flat_map(|found| {
        let number = |at| {
            found
                .get(at)
                .map(|found| found.as_str().parse::<i64>().unwrap())
        };
        let first = number(1).unwrap();
        first..=number(2).unwrap_or(first)
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), missing);
}

/// What a column of a section's table adds up to.
fn sum(page: &str, heading: &str, column: usize) -> u32 {
    let (_, section) = page.split_once(heading).expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_matches('|').split('|').nth(column));
    cells
        .filter_map(|cell| cell.trim().parse::<u32>().ok())
        .sum()
}

/// The page of trials adds up what exercises state, and what its tables have.
#[test]
fn sums_on_the_page_of_trials_are_right() {
    let root = scripts::root().unwrap();
    let page = fs::read_to_string(root.join("src/teaching-stumbles.md")).unwrap();
    let minutes = |track, chapters: &[&str]| -> u32 {
        let set = Set::of_track(&root, track).unwrap();
        let exercises = set.exercises.iter();
        let exercises = exercises.filter(|one| chapters.contains(&one.chapter.as_str()));
        exercises.map(|one| one.about.minutes).sum()
    };
    let all = [
        "ch01", "ch02", "ch03", "ch04", "ch05", "ch06", "ch07", "ch08", "ch09", "ch10", "ch11",
    ];
    let twins = minutes(Track::Go, &all) + minutes(Track::Python, &all);
    let [first, later] = [&all[..3], &all[3..]].map(|some| minutes(Track::Rust, some));
    let three = minutes(Track::Rust, &["ch01", "ch05", "ch08"]);
    let hurried = "\n## Answers of the hurried kind";
    let said = [
        format!("The exercises state {first} minutes together: these"),
        format!(
            "The exercises state {} minutes together, as",
            sum(&page, "\n## A trial of chapters 4 to 8", 1)
        ),
        format!(
            "the exercises state {} minutes together, and",
            sum(&page, "\n## A trial of chapters 9 to 11", 1)
        ),
        format!("The exercises state {three} minutes; all ten"),
        format!(
            "The exercises in Rust state {later} minutes, those in Go and Python {twins} together."
        ),
        format!(
            "wrote {} wrong answers and 55 right ones",
            sum(&page, hurried, 1)
        ),
        format!("and {} passed: far more", sum(&page, hurried, 2)),
    ];
    for words in said {
        assert!(page.contains(&words), "the page does not say: {words}");
    }
}

/// What RFC 9846 obsoletes is named where its history is told, and cited nowhere.
#[test]
fn no_obsolete_rfc_is_cited() {
    const OBSOLETE: [&str; 6] = ["8446", "5246", "5077", "6961", "7627", "8422"];
    const HISTORY: [&str; 3] = ["src/sources.md", "src/changelog.md", "tests/errata.toml"];
    let root = scripts::root().unwrap();
    let (mut read, mut cited) = (0, Vec::new());
    for folder in ["src", "listings", "scripts", "tests"] {
        let files = WalkDir::new(root.join(folder))
            .into_iter()
            .filter_entry(|entry| {
                !matches!(entry.file_name().to_str(), Some("node_modules" | "target"))
            })
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file());
        for file in files {
            let path = file
                .path()
                .strip_prefix(&root)
                .unwrap()
                .display()
                .to_string();
            let kind = file.path().extension().and_then(|kind| kind.to_str());
            let text = ["md", "rs", "go", "py", "toml"].contains(&kind.unwrap_or_default());
            if !text || HISTORY.contains(&path.as_str()) {
                continue;
            }
            read += 1;
            for line in fs::read_to_string(file.path()).unwrap().lines() {
                let cites = |rfc: &str| {
                    [format!("RFC {rfc}"), format!("rfc{rfc}")]
                        .iter()
                        .any(|name| line.contains(name))
                };
                if OBSOLETE.iter().any(|rfc| cites(rfc)) {
                    cited.push(format!("{path}: {}", line.trim()));
                }
            }
        }
    }
    assert!(read > 200, "only {read} files were read");
    assert!(cited.is_empty(), "\n{}", cited.join("\n"));
}
