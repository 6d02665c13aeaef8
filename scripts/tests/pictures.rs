//! A picture comes with its words, and takes its colours from the page.

use std::fs;
use std::path::PathBuf;

use scraper::{Html, Selector};
use scripts::pictures::render;

const SAMPLE: &str = "<svg viewBox=\"0 0 350 40\">
<title>A box</title>
<desc>One box.</desc>
<metadata>It is *empty*.</metadata>
<rect class=\"box\" x=\"1\" y=\"1\" width=\"9\" height=\"9\"/>
<text x=\"1\" y=\"30\">a &lt; b</text>
</svg>
";

fn root() -> PathBuf {
    scripts::root().unwrap()
}

/// Every picture that is drawn by hand: its name, its path in the pages, and its text.
fn drawn() -> Vec<(String, String)> {
    let folder = root().join("src/pictures");
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "svg"));
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    let mut drawn: Vec<_> = paths.map(read).collect();
    drawn.sort();
    assert!(drawn.len() >= 8, "{drawn:?}");
    drawn
}

fn select<'a>(html: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

#[test]
fn a_picture_has_a_name_a_description_and_a_caption() {
    let figure = render("pictures/a.box.svg", SAMPLE).unwrap();
    let html = Html::parse_fragment(&figure);
    let svg = select(&html, "figure.picture > svg[role=img]")[0];
    for part in svg.attr("aria-labelledby").unwrap().split(' ') {
        assert_eq!(select(&html, &format!("#{part}")).len(), 1, "{figure}");
    }
    let text = |selector| select(&html, selector)[0].text().collect::<String>();
    assert_eq!(text("svg > title"), "A box");
    assert_eq!(text("svg > desc"), "One box.");
    // Markdown begins after an empty line, and no empty line stands before.
    let (before, caption) = figure.split_once("<figcaption>\n\n").unwrap();
    assert!(!before.contains('\n'), "{before}");
    assert!(
        caption.starts_with("**A box.** It is *empty*."),
        "{caption}"
    );
    assert!(
        caption.ends_with("\n\n</figcaption></figure>\n"),
        "{caption}"
    );
    assert!(!figure.contains("<metadata>"), "{figure}");
}

#[test]
fn a_picture_without_words_is_refused() {
    for part in ["title", "desc", "metadata"] {
        let without = |to: &str| {
            let (before, rest) = SAMPLE.split_once(&format!("<{part}>")).unwrap();
            let (_, after) = rest.split_once(&format!("</{part}>")).unwrap();
            render("x.svg", &format!("{before}{to}{after}"))
        };
        let twice = format!("<{part}>a</{part}>").repeat(2);
        for wrong in ["", &format!("<{part}> </{part}>"), &twice] {
            let said = without(wrong).unwrap_err().to_string();
            assert!(said.contains(&format!("`<{part}>`")), "{wrong}: {said}");
        }
    }
    for (wrong, said) in [
        (SAMPLE.replace("</svg>", ""), "`</svg>`"),
        (SAMPLE.replace("<svg viewBox", "<svg width"), "viewBox"),
    ] {
        let error = render("x.svg", &wrong).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// One that has a colour of its own is right in one theme, and wrong in another.
#[test]
fn every_picture_takes_its_colours_from_the_page() {
    let styles = fs::read_to_string(root().join("theme/pictures.css")).unwrap();
    for (name, text) in drawn() {
        let html = Html::parse_fragment(&text);
        for element in select(&html, "svg *") {
            for own in ["style", "fill", "stroke", "font-size", "font-family", "id"] {
                assert!(element.attr(own).is_none(), "{name}: {}", element.html());
            }
            for class in element.value().classes() {
                let known = styles.contains(&format!(".{class}")) || is_a_row(class);
                assert!(known, "{name}: no rule for `{class}`");
            }
        }
        // The width of the text on a phone: there a letter has the size that the style sheet says.
        assert!(text.starts_with("<svg viewBox=\"0 0 350 "), "{name}");
    }
}

fn is_a_row(class: &str) -> bool {
    ["picked", "accepting"].contains(&class)
}

#[test]
fn every_picture_stands_on_one_page() {
    let pages = scripts::check::markdown(&root().join("src")).unwrap();
    let pages: Vec<_> = pages
        .iter()
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    for (name, _) in drawn() {
        let directive = format!("{{{{#picture pictures/{name}}}}}");
        let times: usize = pages
            .iter()
            .map(|page| page.matches(&directive).count())
            .sum();
        assert_eq!(times, 1, "{directive}");
    }
}

/// The picture of the contexts has the rows of the table that chapter 4's test holds.
#[test]
fn the_contexts_decide_what_the_table_says() {
    let table = root().join("listings/ch04-dynamic-contexts/carried.md");
    let table = fs::read_to_string(table).unwrap();
    let context = drawn().into_iter().find(|(name, _)| name == "context.svg");
    let html = Html::parse_fragment(&context.unwrap().1);
    for which in ["picked", "accepting"] {
        let decided = format!("| the {which} context |");
        let rows = table.lines().filter_map(|row| row.strip_suffix(&decided));
        let rows: Vec<_> = rows.map(|row| row.trim_matches(['|', ' '])).collect();
        let drawn = select(&html, &format!("text.{which}"));
        let drawn: Vec<String> = drawn.iter().map(|text| text.text().collect()).collect();
        assert_eq!(drawn, rows, "{which}");
        assert!(!rows.is_empty(), "{which}");
    }
}
