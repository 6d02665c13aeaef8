//! What a watch has seen, for a terminal.

use std::fmt::Write;
use std::time::Duration;

use ch11_verification::bound::upper;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::report::Severity;
use crate::report::format::{self, count, counted, wrapped};
use crate::report::text::WIDTH;
use crate::watch::findings::clock;
use crate::watch::report::{ChainFacts, WatchReport, WatchedRotation};

/// The whole summary.
pub fn summary(report: &WatchReport) -> String {
    let mut text = headline(report);
    if !report.findings.is_empty() {
        text.push_str("\nFindings\n");
    }
    for found in &report.findings {
        let mark = match found.severity {
            Severity::Failure => "✗",
            Severity::Warning => "!",
        };
        let entries: Vec<_> = found.catalogue.iter().map(u32::to_string).collect();
        let entries = match entries.as_slice() {
            [] => String::new(),
            [only] => format!(" (failure catalogue, entry {only})"),
            all => format!(" (failure catalogue, entries {})", all.join(", ")),
        };
        let words = format!("{}{entries}", found.words);
        let _ = writeln!(
            text,
            "  {mark} {}",
            wrapped(&words, WIDTH - 4, "").replace('\n', "\n    ")
        );
    }
    for rotation in &report.rotations {
        of_rotation(&mut text, report, rotation);
    }
    let certificate = match report.asks_for_certificate {
        true => {
            "; how the server judges a client's certificate, because the watch has none to show"
        }
        false => "",
    };
    let stale = match report.passed {
        Some(true) => stale(report),
        _ => String::new(),
    };
    let not_seen = format!(
        "Not seen: failures between two looks, which are {} apart{certificate}{stale}; HTTP, resumed sessions, and \
         connections that are kept open. `zdr check` judges those.",
        span(Duration::from_secs_f64(
            report.addresses.len().max(1) as f64 / report.rate
        ))
    );
    let _ = writeln!(text, "\n{}", wrapped(&not_seen, WIDTH, ""));
    if !report.without_route.is_empty() {
        let each: Vec<_> = report
            .without_route
            .iter()
            .map(ToString::to_string)
            .collect();
        let words = format!(
            "Not watched: {}. No route leads there from here: watch from a machine that reaches it.",
            each.join(", ")
        );
        let _ = writeln!(text, "{}", wrapped(&words, WIDTH, ""));
    }
    text
}

/// So many looks in a row may all have missed one process of several.
fn stale(report: &WatchReport) -> String {
    let share = upper(0, report.settle.into());
    format!(
        "; a process behind an address that still has the old certificate, if fewer than {} of the connections come to it",
        format::percent(share)
    )
}

/// How many looks failed, and how many of those that met a rotation.
fn fared(report: &WatchReport) -> String {
    let of = |failed, looks| format::failures(failed, looks, upper(failed, looks));
    let all = match (report.looks, report.failed) {
        (0, _) => return "No handshake was complete".into(),
        (1, 0) => return "The only look did not fail".into(),
        (1, _) => return "The only look failed".into(),
        (looks, failed) => format!("Of {} looks {} failed", count(looks), of(failed, looks)),
    };
    match (report.during, report.during_failed) {
        (0, _) => all,
        (1, 0) => format!("{all}; the only one during a rotation did not"),
        (1, _) => format!("{all}; the only one during a rotation did"),
        (looks, failed) => format!(
            "{all}, of {} during a rotation {}",
            count(looks),
            of(failed, looks)
        ),
    }
}

fn headline(report: &WatchReport) -> String {
    let looks = fared(report);
    let server = &report.server;
    let ended = report.interrupted.as_ref();
    let ended = ended.map_or_else(String::new, |why| format!(" The watch ended early: {why}."));
    let (label, words) = match report.passed {
        Some(true) => (
            "PASSED",
            format!("{server} was rotated with zero downtime. {looks}.{ended}"),
        ),
        Some(false) => ("FAILED", format!("{server}: {looks}.{ended}")),
        None if report.rotations.is_empty() => (
            "NO VERDICT",
            format!("{server} was not rotated while it was watched. {looks}.{ended}"),
        ),
        None => (
            "NO VERDICT",
            format!(
                "The rotation of {server} had begun and was not complete when the watch ended. {looks}.{ended}"
            ),
        ),
    };
    let indent = " ".repeat(label.len() + 2);
    let words = wrapped(&words, WIDTH - indent.len(), "").replace('\n', &format!("\n{indent}"));
    format!("{label}  {words}\n")
}

fn of_rotation(text: &mut String, report: &WatchReport, rotation: &WatchedRotation) {
    let began = OffsetDateTime::parse(&report.began, &Rfc3339);
    let began = began.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let at = |ms: u64| clock(began + Duration::from_millis(ms));
    // Two looks within a second.
    let (last, first) = (rotation.last_before_ms, rotation.first_new_ms);
    let exact = |ms: u64| match at(last) == at(first) {
        true => {
            let ms = (began + Duration::from_millis(ms)).millisecond();
            format!("{}.{ms:03}", at(last))
        }
        false => at(ms),
    };
    let _ = writeln!(
        text,
        "\nRotation {} of {}",
        rotation.number, rotation.address
    );
    for (when, id) in [("before", &rotation.from), ("after", &rotation.to)] {
        if let Some(chain) = report.chains.get(id) {
            let line = wrapped(&of_chain(chain), WIDTH - 10, "").replace('\n', "\n          ");
            let _ = writeln!(text, "  {when:<7} {line}");
        }
    }
    let _ = writeln!(
        text,
        "  first shown between {} and {} UTC",
        exact(last),
        exact(first)
    );
    let _ = match (rotation.last_old_ms, rotation.settled_ms) {
        (None, Some(_)) => writeln!(text, "  the old one was not shown after that"),
        (Some(old), Some(_)) => writeln!(
            text,
            "  old and new side by side until {}: {} showed the old one",
            at(old),
            counted(rotation.old_again.into(), "look")
        ),
        (_, None) => writeln!(text, "  not complete when the watch ended"),
    };
    if !rotation.passing.is_empty() {
        let _ = writeln!(
            text,
            "  {} shown in between",
            counted(rotation.passing.len() as u64, "other chain")
        );
    }
}

fn of_chain(chain: &ChainFacts) -> String {
    format!(
        "serial {}, {}, issued by {}, {}, {} to {}",
        chain.serial,
        chain.names.join(" "),
        chain.issuer,
        counted(chain.certificates as u64, "certificate"),
        chain.not_before,
        chain.not_after
    )
}

fn span(of: Duration) -> String {
    match of.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} ms", seconds * 1000.0),
    }
}
