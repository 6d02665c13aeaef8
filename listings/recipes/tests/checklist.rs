//! The checklist names what `zdr` has, and leaves no scenario out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::ValueEnum;
use zdr::gate::code::Code;
use zdr::gate::scenario::Scenario;

/// What stands in code in the last column of the tables.
fn named() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/checklist.md");
    let text = fs::read_to_string(page).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| check |"));
    let last = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once("| "));
    let code = last.flat_map(|(_, cell)| cell.split('`').skip(1).step_by(2));
    code.map(str::to_owned).collect()
}

#[test]
fn each_name_is_one_of_zdr() {
    let scenarios: BTreeSet<_> = Scenario::all().iter().map(|one| one.name()).collect();
    let codes = Code::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value);
    let codes: BTreeSet<_> = codes.map(|code| code.get_name().to_owned()).collect();
    let rules = ch07_graceful_degradation::alerts::RULES.map(|rule| rule.alert);
    let named = named();
    assert!(named.len() > 50, "{}", named.len());
    let unknown: Vec<_> = named
        .iter()
        .filter(|name| {
            let known = scenarios.contains(*name) || codes.contains(*name);
            !known && !rules.contains(&name.as_str()) && !name.starts_with("zdr")
        })
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let left_out: Vec<_> = scenarios.difference(&named).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}
