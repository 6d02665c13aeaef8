//! The page: what it says, that nothing of it obeys the report, and that everybody can read it.

use std::fs;
use std::path::Path;

use scraper::{Html, Selector};
use zdr::compare::merge::merge;
use zdr::report::format::wrapped;
use zdr::report::page::page;
use zdr::report::{Failures, Phase, Report};

use super::sample;

fn samples() -> Vec<(&'static str, Report)> {
    let merged = merge(sample::pods().to_vec()).expect("they are of one run");
    vec![
        ("healthy", sample::healthy()),
        ("failing", sample::failing()),
        ("interrupted", sample::interrupted()),
        ("empty", sample::empty()),
        ("merged", merged),
        ("hundreds", sample::long(300)),
        ("never", sample::never()),
    ]
}

fn all<'a>(document: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a selector");
    document.select(&selector).collect()
}

fn text(element: &scraper::ElementRef<'_>) -> String {
    let words: Vec<&str> = element.text().flat_map(str::split_whitespace).collect();
    words.join(" ")
}

/// For eyes: the pages lie in the target folder after each run.
#[test]
fn pages_to_look_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&folder).expect("there is room");
    for (name, report) in samples() {
        fs::write(folder.join(name).with_extension("html"), page(&report)).expect("there is room");
    }
}

/// Sentences are written for a terminal, which shows code between backticks.
#[test]
fn what_a_terminal_shows_in_backticks_is_code() {
    for (name, report) in samples() {
        let html = page(&report);
        let document = Html::parse_document(&html);
        assert!(!text(&all(&document, "body")[0]).contains('`'), "{name}");
    }
    let document = Html::parse_document(&page(&sample::failing()));
    let code = all(&document, ".findings p code");
    assert!(code.iter().any(|code| text(code) == "rotation"));
}

#[test]
fn the_verdict_stands_first() {
    for (name, report) in samples() {
        let document = Html::parse_document(&page(&report));
        let first = text(&all(&document, "h1")[0]);
        let verdict = if report.verdict.passed {
            "Passed"
        } else {
            "Failed"
        };
        assert!(first.contains(verdict), "{name}: {first}");
        let shown: String = all(&document, ".verdict")[0].text().collect();
        let shown = shown.replace('\u{A0}', " ");
        assert_eq!(shown, report.verdict.words.replace('`', ""), "{name}");
        assert_eq!(all(&document, "h1").len(), 1);
    }
}

#[test]
fn findings_lead_to_the_catalogue() {
    let mut report = sample::failing();
    let document = Html::parse_document(&page(&report));
    let findings: Vec<String> = all(&document, ".findings li").iter().map(text).collect();
    assert_eq!(findings.len(), 4, "{findings:#?}");
    let refuses = "Failure: It refuses clients while it reloads. handshakes_failed in rotation: ";
    assert!(findings[0].starts_with(refuses), "{findings:#?}");
    assert!(findings[0].contains("What to do: "), "{findings:#?}");
    assert!(!findings[0].contains("catalogue"), "none may be it");
    for (place, said) in [
        (1, "failure catalogue, entry 37."),
        (2, "failure catalogue, entries 5, 19."),
        (3, "Warning: tickets_lost"),
        (3, "failure catalogue, entry 31."),
    ] {
        assert!(findings[place].contains(said), "{said}: {findings:#?}");
    }
    assert!(
        all(&document, "a").is_empty(),
        "nobody knows where the book is"
    );
    report.book = Some("https://book.example/".parse().expect("an address"));
    let document = Html::parse_document(&page(&report));
    let links = all(&document, ".findings a[href]");
    let links: Vec<_> = links
        .iter()
        .filter_map(|a| a.value().attr("href"))
        .collect();
    for link in [
        "https://book.example/failure-catalogue.html#entry-19",
        "https://book.example/ch02-hot-reload.html#how-it-works",
    ] {
        assert!(links.contains(&link), "{links:?}");
    }
}

/// A report is a file, and anybody may have written it.
#[test]
fn what_is_no_address_is_no_link() {
    for book in [
        "javascript:alert(1)",
        "https://x\" onmouseover=\"y",
        "data:text/html,x",
    ] {
        let mut json: serde_json::Value =
            serde_json::from_str(&sample::failing().json()).expect("it is JSON");
        json["book"] = book.into();
        let report: Report = serde_json::from_value(json).expect("a text");
        let document = Html::parse_document(&page(&report));
        assert!(all(&document, "a, [onmouseover]").is_empty(), "{book}");
        assert!(book.parse::<zdr::report::book::Book>().is_err(), "{book}");
    }
}

#[test]
fn findings_of_many_generators_are_one() {
    let mut report = sample::failing();
    let first = report.findings[0].clone();
    for pod in 0..100 {
        let mut same = first.clone();
        same.words = format!("{pod} were refused.");
        report.findings.push(same);
    }
    let document = Html::parse_document(&page(&report));
    let findings = all(&document, ".findings li");
    assert_eq!(findings.len(), 4);
    assert!(text(&findings[0]).contains("And 98 more like it."));
}

#[test]
fn none_failed_has_its_bound() {
    for (name, report) in samples() {
        let document = Html::parse_document(&page(&report));
        for cell in all(&document, "td, dd").iter().map(text) {
            assert!(!cell.starts_with("0 %"), "{name}: {cell}");
            let bound = cell.contains('<') || cell.contains("fewer than");
            let of_failures = cell.starts_with("none") && cell != "none: it ran already";
            assert!(bound || !of_failures, "{name}: {cell}");
        }
    }
    let document = Html::parse_document(&page(&sample::healthy()));
    let at_risk = "table:has(#at-risk-table) tbody tr td:nth-child(2)";
    let failed: Vec<String> = all(&document, at_risk).iter().map(text).collect();
    assert_eq!(failed.len(), 7, "six classes, and all of them");
    // Not that of all 2,400, most of which met no rotation.
    assert!(
        failed[..6]
            .iter()
            .all(|cell| cell == "none of 250 (< 1.2 %)"),
        "{failed:?}"
    );
}

#[test]
fn during_is_shown_as_a_ratio() {
    let document = Html::parse_document(&page(&sample::failing()));
    let ratios = all(&document, ".ratio");
    assert_eq!(ratios.len(), 6);
    let row = text(&ratios[0]);
    assert!(row.starts_with("during / before 8.9"), "{row}");
}

#[test]
fn all_that_comes_from_outside_is_text() {
    let evil =
        "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' &amp;";
    let mut report = sample::failing();
    let s = || evil.to_owned();
    report.zdr = s();
    report.server.name = s();
    report.server.command = vec![s()];
    report.server.reload = s();
    report.machine.processor = s();
    report.machine.system = s();
    report.began = s();
    report.plan.writer = s();
    report.verdict.words = s();
    report.interrupted = Some(s());
    for finding in &mut report.findings {
        finding.words = s();
        finding.scenario = s();
    }
    for class in &mut report.classes {
        class.failures = vec![Failures {
            kind: zdr::attempt::FailureKind::Lost,
            phase: Phase::After,
            count: 1,
            example: s(),
            first_ms: None,
        }];
    }
    for rotation in &mut report.rotations {
        rotation.serial = s();
        rotation.complaint = Some(s());
    }
    for scenario in &mut report.scenarios {
        scenario.name = s();
        scenario.what = s();
    }
    let html = page(&report);
    let document = Html::parse_document(&html);
    assert!(all(&document, "script, img, link, iframe, object, embed, base").is_empty());
    for element in all(&document, "*") {
        for (name, _) in element.value().attrs() {
            assert!(!name.starts_with("on"), "{name}");
        }
    }
    assert_eq!(text(&all(&document, ".verdict")[0]), evil);
    let title = text(&all(&document, "head > title")[0]);
    assert!(title.starts_with(evil), "{title}");
    // In SVG too, where it would be read by other rules.
    assert!(!html.contains("<script"), "raw");
}

#[test]
fn nothing_is_fetched() {
    for (name, report) in samples() {
        let html = page(&report);
        // A command that a reader may copy is text.
        let document = Html::parse_document(&html);
        let commands = all(&document, "pre code")
            .into_iter()
            .map(|code| code.inner_html());
        let html = commands.fold(html.clone(), |html, command| html.replace(&command, ""));
        for way in ["http:", "https:", "url(", "@import", "src=", "href="] {
            assert!(!html.contains(way), "{name} has {way}");
        }
    }
}

#[test]
fn tables_and_pictures_have_words() {
    for (name, report) in samples() {
        let document = Html::parse_document(&page(&report));
        for table in all(&document, "table") {
            let within = |selector| {
                let selector = Selector::parse(selector).expect("a selector");
                table.select(&selector).count()
            };
            assert_eq!(within("caption"), 1, "{name}");
            assert!(within("thead th[scope=col]") > 1, "{name}");
            assert_eq!(within("th"), within("th[scope]"), "{name}");
            let rows = within("tbody tr");
            assert_eq!(
                within("tbody th[scope=row]"),
                rows,
                "{name}: each row has its header"
            );
        }
        for svg in all(&document, "svg") {
            assert_eq!(svg.value().attr("role"), Some("img"), "{name}");
            let ids = svg.value().attr("aria-labelledby").expect("a name");
            for id in ids.split(' ') {
                let words = all(&document, &format!("#{id}"));
                assert_eq!(words.len(), 1, "{name}: {id}");
                assert!(!text(&words[0]).is_empty(), "{name}: {id}");
            }
        }
        for element in all(&document, "[aria-labelledby]") {
            let ids = element.value().attr("aria-labelledby").unwrap_or_default();
            for id in ids.split(' ') {
                assert_eq!(all(&document, &format!("#{id}")).len(), 1, "{name}: {id}");
            }
        }
        let levels: Vec<String> = all(&document, "h1, h2, h3")
            .iter()
            .map(|heading| heading.value().name().to_owned())
            .collect();
        for pair in levels.windows(2) {
            assert!(
                pair[1] <= pair[0] || pair[1].as_bytes()[1] == pair[0].as_bytes()[1] + 1,
                "{name}: {levels:?}"
            );
        }
        let mut ids: Vec<&str> = all(&document, "[id]")
            .iter()
            .filter_map(|e| e.value().attr("id"))
            .collect();
        let before = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), before, "{name}: an id is there twice");
    }
}

/// A colour in a picture would not follow the reader's choice of day or night.
#[test]
fn pictures_have_no_colours_of_their_own() {
    let html = page(&sample::failing());
    let document = Html::parse_document(&html);
    let pictures = all(&document, "svg");
    assert!(pictures.len() >= 10, "{}", pictures.len());
    for svg in pictures {
        let source = svg.html();
        assert!(!source.contains("\"#"), "{source}");
        assert!(!source.contains("style="), "{source}");
    }
    let style = text(&all(&document, "style")[0]);
    let mut classes: Vec<&str> = all(&document, "svg [class]")
        .iter()
        .filter_map(|element| element.value().attr("class"))
        .collect();
    classes.sort_unstable();
    classes.dedup();
    assert!(classes.len() > 8, "{classes:?}");
    for class in classes {
        assert!(
            style.contains(&format!(".{class} {{")),
            "no style for {class}"
        );
    }
}

/// Lines of figures and of code do not end within, nor does a picture have lines.
#[test]
fn no_number_is_torn_from_its_unit() {
    let units = ["%", "µs", "ms", "s", "MiB", "GHz", "days"];
    let torn = |words: &str| {
        let (before, after): (Vec<_>, Vec<_>) =
            words.split(' ').zip(words.split(' ').skip(1)).unzip();
        let mut pairs = before.iter().zip(after);
        pairs.any(|(number, unit)| {
            let unit = unit.trim_end_matches(['.', ',', ')']);
            number.ends_with(|c: char| c.is_ascii_digit()) && units.contains(&unit)
        })
    };
    let mut joined = 0;
    for (name, mut report) in samples() {
        report.verdict.words = "Fewer than 4.0 %, for `47 days` or 2 days.".to_owned();
        let document = Html::parse_document(&page(&report));
        for node in document.tree.root().descendants() {
            let Some(words) = node.value().as_text() else {
                continue;
            };
            let mut above = node
                .ancestors()
                .filter_map(|above| above.value().as_element());
            let lineless = ["code", "svg", "style", "title", "small"];
            let lineless = above.any(|above| {
                lineless.contains(&above.name())
                    || above
                        .attr("class")
                        .is_some_and(|class| class.contains("figure"))
            });
            if !lineless {
                assert!(!torn(words), "{name}: {}", &**words);
                joined += words.matches('\u{A0}').count();
            }
        }
    }
    assert!(joined > 30, "{joined}");
}

#[test]
fn a_number_stays_beside_its_unit_in_a_terminal() {
    let lines = wrapped("fewer than 4.0 %, and 12 of them", 16, "  ");
    assert_eq!(lines, "fewer than\n  4.0 %, and 12\n  of them");
}

/// A reader of a narrow page sees that a table goes on, whatever the ground.
#[test]
fn a_table_that_is_cut_says_so() {
    for (name, report) in samples() {
        let document = Html::parse_document(&page(&report));
        let [all_of_them, framed] =
            ["table", ".scroll[tabindex='0'] > table"].map(|which| all(&document, which).len());
        assert_eq!(all_of_them, framed, "{name}");
    }
    let style = include_str!("../../src/report/page/page.css");
    let shadows = style
        .matches("linear-gradient(to right, var(--edge)")
        .count()
        + style
            .matches("linear-gradient(to left, var(--edge)")
            .count();
    assert_eq!(shadows, 2);
    assert_eq!(style.matches("--edge: ").count(), 2, "by day, and by night");
}

/// In a slice of 50 attempts, 19 and 1: the first fills two fifths of its lane, the second is as tall
/// as can be seen.
#[test]
fn a_failure_is_as_tall_as_its_share() {
    let document = Html::parse_document(&page(&sample::failing()));
    let bars = all(&document, "svg.wide rect.fill-bad");
    let tall = |bar: &scraper::ElementRef<'_>| bar.value().attr("height").map(str::to_owned);
    let heights: Vec<String> = bars.iter().filter_map(tall).collect();
    // Five rotations, and the classes full, resuming, pooled and download.
    assert_eq!(heights.len(), 20);
    assert_eq!(heights[0], "9");
    assert_eq!(heights[19], "4");
}

/// WCAG 2.2, 1.4.3: 4.5 for text; 1.4.11: 3 for what must be told apart in a picture.
#[test]
fn contrast_by_day_by_night_and_on_paper() {
    let style = include_str!("../../src/report/page/page.css");
    let themes: Vec<&str> = style.split(":root {").skip(1).collect();
    assert_eq!(themes.len(), 3);
    for theme in themes {
        let theme = &theme[..theme.find('}').expect("an end")];
        let colour = |name: &str| {
            let from = theme
                .find(&format!("--{name}: #"))
                .unwrap_or_else(|| panic!("no {name}"));
            let hex = &theme[from + name.len() + 5..from + name.len() + 11];
            let part =
                |at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")) / 255.0;
            let linear = |c: f64| {
                if c <= 0.04045 {
                    c / 12.92
                } else {
                    ((c + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * linear(part(0)) + 0.7152 * linear(part(2)) + 0.0722 * linear(part(4))
        };
        let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
        for text in ["ink", "soft", "bad", "good", "warn"] {
            for ground in ["paper", "panel"] {
                let contrast = contrast(colour(text), colour(ground));
                assert!(
                    contrast >= 4.5,
                    "{text} on {ground}: {contrast:.2} in {theme}"
                );
            }
        }
        for part in [
            "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8", "bad", "mark",
        ] {
            let contrast = contrast(colour(part), colour("paper"));
            assert!(contrast >= 3.0, "{part}: {contrast:.2} in {theme}");
        }
        assert!(
            contrast(colour("paper"), colour("g1")) >= 4.5,
            "words on a bar"
        );
    }
}

#[test]
fn ten_thousand_rotations_are_a_page() {
    let report = sample::long(10_000);
    let html = page(&report);
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
    let document = Html::parse_document(&html);
    let rows = all(&document, "#rotations ~ .scroll tbody tr");
    // Four rows of quantiles, and the worst ten.
    assert_eq!(rows.len(), 14);
    let worst = text(&rows[4]);
    // Each hundredth is much slower than the others.
    assert!(
        worst.starts_with("100 ") && worst.contains("140 ms"),
        "{worst}"
    );
}

#[test]
fn a_rotation_that_never_came_is_the_worst() {
    let mut report = sample::long(300);
    report.rotations[122].first_new_ms = None;
    report.rotations[122].converged_ms = None;
    let document = Html::parse_document(&page(&report));
    let rows = all(&document, "#rotations ~ .scroll tbody tr");
    let worst = text(&rows[4]);
    assert!(
        worst.starts_with("123 ") && worst.contains("never"),
        "{worst}"
    );
}
