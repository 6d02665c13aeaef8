//! A log on a page: the recorded run as a person reads it, and nothing that was not recorded.

use std::fs;

use scraper::{Html, Selector};
use scripts::error::Error;
use scripts::log::render;

const CONSOLE: &str = r#"$ cargo run -q -p one
{"ts":"[TIME]","event":"listening","port":"[PORT]"}

{"ts":"[TIME]","event":"connect_refused"}
{"ts":"[TIME]","event":"connect_refused"}
{"ts":"[TIME]","event":"identity_rejected","generation":1,"reason":"expired","file":"[PATH]/tls.crt","detail":"ended at [TIME], <[DURATION] seconds> ago"}
1 < 2
"#;

/// In the order in which it was written: of what was refused, the second came first.
const EVENTS: &str = r#"{"ts":"2026-11-24T10:00:00.000000000Z","event":"listening","port":40123}
{"ts":"2026-11-24T10:00:00.000000000Z","event":"connection_opened","connection":1}
{"ts":"2026-11-24T10:00:02.000000000Z","event":"connect_refused"}
{"ts":"2026-11-24T10:00:01.000000000Z","event":"connect_refused"}
{"ts":"2026-11-24T10:00:03.000000000Z","event":"identity_rejected","generation":1,"reason":"expired","file":"/tmp/a/tls.crt","detail":"ended at 1799712300, <300 seconds> ago"}
"#;

fn lines(html: &str) -> Vec<String> {
    let selector = Selector::parse(".log > div").unwrap();
    let html = Html::parse_fragment(html);
    let lines = html.select(&selector);
    let text = lines.map(|line| line.text().collect::<Vec<_>>().join(" "));
    text.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_log_has_the_recorded_values_in_the_order_of_time() {
    let html = render("../demo.console", CONSOLE, EVENTS).unwrap();
    assert_eq!(
        lines(&html),
        [
            "$ cargo run -q -p one",
            "+0 ms server listening port 40123",
            "",
            "+1 s client connect_refused",
            "and 1 more like it",
            "+3 s server identity_rejected generation 1 expired tls.crt \
             ended at 1799712300, <300 seconds> ago",
            "1 < 2",
        ]
    );
    // Markdown ends the block at an empty line.
    let block = html.split("</div>\n<details").next().unwrap();
    assert!(!block.contains("\n\n"), "{block}");
    assert!(html.contains("{{#include ../demo.console}}"), "{html}");
}

#[test]
fn what_was_not_recorded_is_not_shown() {
    let of_line = |console: &str| match render("x", console, EVENTS) {
        Err(Error::Line(line, why)) => Some((line, why)),
        _ => None,
    };
    let missing = |from: &str, to: &str| {
        assert!(CONSOLE.contains(from));
        of_line(&CONSOLE.replacen(from, to, 1)).map(|(line, _)| line)
    };
    assert_eq!(missing("\"[PORT]\"", "1"), Some(2));
    assert_eq!(missing("\"generation\":1", "\"generation\":2"), Some(6));
    assert_eq!(missing("/tls.crt", "/tls.key"), Some(6));
    assert_eq!(missing("seconds> ago", "seconds> to go"), Some(6));
    assert_eq!(missing("\"reason\":\"expired\",", ""), Some(6));
    // Each recorded event is shown once.
    let refused = "{\"ts\":\"[TIME]\",\"event\":\"connect_refused\"}\n";
    let thrice = CONSOLE.replacen(refused, &refused.repeat(2), 1);
    assert_eq!(of_line(&thrice).map(|(line, _)| line), Some(6));

    let broken = format!("{EVENTS}no event\n");
    assert!(matches!(
        render("x", CONSOLE, &broken),
        Err(Error::Line(6, _))
    ));
    assert!(matches!(
        render("x", "$ true\nok\n", EVENTS),
        Err(Error::NothingToDraw(_))
    ));
}

/// The numbers of a page's log are those of its transcript, wherever a chapter shows one.
#[test]
fn each_recorded_run_can_be_shown() {
    let listings = scripts::root().unwrap().join("listings");
    let mut shown = 0;
    for listing in fs::read_dir(listings).unwrap() {
        let Ok(folder) = fs::read_dir(listing.unwrap().path().join("transcripts")) else {
            continue;
        };
        for file in folder {
            let console = file.unwrap().path();
            let events = console.with_extension("events.jsonl");
            if console.extension().is_none_or(|e| e != "console") || !events.is_file() {
                continue;
            }
            let [console_text, events] =
                [&console, &events].map(|p| fs::read_to_string(p).unwrap());
            let html = render("x", &console_text, &events);
            let html = html.unwrap_or_else(|error| panic!("{}: {error}", console.display()));
            assert!(lines(&html).len() > 5, "{html}");
            shown += 1;
        }
    }
    assert!(shown > 10, "only {shown}");
}
