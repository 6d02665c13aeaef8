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

/// The cells of a picture that moves, in the state in which it is drawn, and all of its data.
fn moving(figure: &str) -> (Html, serde_json::Value) {
    assert!(
        !figure.trim_end().contains('\n'),
        "an empty line would end it"
    );
    let html = Html::parse_fragment(figure);
    let data = select(&html, "script[type='application/json']")[0];
    let data = serde_json::from_str(&data.text().collect::<String>()).unwrap();
    (html, data)
}

fn cell(html: &Html, name: &str) -> String {
    let cell = select(html, &format!("[data-cell='{name}']"))[0];
    cell.text().collect()
}

fn class(html: &Html, name: &str) -> String {
    let cell = select(html, &format!("[data-cell='{name}']"))[0];
    cell.attr("class").unwrap_or_default().to_owned()
}

const STEPS: &str = "$ cargo run -- steps
writer | step | certificate | key | found | generation | old connection | new connection | generations alive
tool | before | 1001 | 1001 | unchanged | 1 | 1001 | 1001 | 1
tool | tls.crt <cut> | 1002 | missing | pair_mismatch | 1 | 1001 | 1001 | 1
tool | tls.key renamed | 1002 | 1002 | loaded | 2 | ended | 1002 | 2
";

#[test]
fn a_rotation_is_drawn_in_its_second_state_and_has_the_others() {
    let figure = scripts::pictures::rotation::render(STEPS).unwrap();
    let (html, data) = moving(&figure);
    assert_eq!(cell(&html, "step"), "tls.crt <cut>");
    assert_eq!(cell(&html, "crt"), "certificate 1002");
    assert_eq!(
        [class(&html, "crt-box"), class(&html, "key-box")],
        ["two", "open"]
    );
    assert_eq!(
        [class(&html, "served-box"), class(&html, "found")],
        ["one", "wrong"]
    );
    let said = cell(&html, "said");
    assert!(
        said.contains("rejects the files: pair_mismatch, and serves generation 1"),
        "{said}"
    );
    // What is the same, and then the three states.
    let states = &data["states"]["tool"];
    assert_eq!(states.as_array().unwrap().len(), 4);
    assert_eq!(states[0], serde_json::json!([]));
    assert!(
        states[3][0]
            .as_str()
            .unwrap()
            .contains("Old connection: it has ended")
    );
    assert!(!figure.contains("<cut>"), "{figure}");
    assert_eq!(select(&html, "details tbody tr").len(), 3);
    assert_eq!(
        select(&html, "script[src='pictures/moving.js'][defer]").len(),
        1
    );
}

const LOAD: &str = "$ cargo run -- load
lifetime | authority | spread | tries | busiest second | last renewal | busiest second in each piece
1 h | there | 0 | 1000 | 1000 | 0.667 | 0 1000 0 0
24 h | there | 0 | 1000 | 1000 | 0.667 | 0 1000 0 0
24 h | there | 0.1 | 1000 | 10 | 0.716 | 10 10 0 1
24 h | away, pauses | 0 | 7112 | 1000 | 0.840 | 0 1000 10 1
";

#[test]
fn a_bar_is_as_high_as_its_load_has_digits() {
    let figure = scripts::pictures::schedules::render(LOAD).unwrap();
    let (html, data) = moving(&figure);
    assert_eq!(cell(&html, "spread"), "spread 0");
    let bars = |key: &str, at: usize| data["states"][key][at][1].as_str().unwrap().to_owned();
    assert_eq!(bars("24 h/there", 1), "M153 176V74");
    assert_eq!(bars("24 h/there", 2), "M75 176V134M153 176V134M309 176V164");
    // The time in which nobody answers is drawn where there is one.
    let away = |key: &str| data["states"][key][1][2].as_str().unwrap().to_owned();
    assert_eq!(away("24 h/there"), "M0 0");
    assert_eq!(away("24 h/away, pauses"), "M114 68H270V176H114z");
    let said = cell(&html, "said");
    assert!(
        said.starts_with("Leaves of 24 h, spread 0. The authority answers. 1000 tries"),
        "{said}"
    );
}

const EXPLORED: &str = r#"{"event":"explored","writer":"rename","reader":"by_path"}
{"event":"explored_stretch","writer":"rename","reader":"by_path","states":9,"step":"write","served":"old","refused":null}
{"event":"explored_stretch","writer":"rename","reader":"by_path","states":1,"step":"rename","served":"new","refused":null}
{"event":"explored_stretch","writer":"rename","reader":"ours","states":9,"step":"write","served":"old","refused":null}
{"event":"explored_stretch","writer":"rename","reader":"ours","states":1,"step":"rename","served":"new","refused":null}
{"event":"explored_stretch","writer":"in_place","reader":"by_path","states":4,"step":"write","served":"old","refused":"truncated"}
{"event":"explored_stretch","writer":"in_place","reader":"by_path","states":6,"step":"write","served":"cut","refused":null}
{"event":"explored_stretch","writer":"in_place","reader":"ours","states":8,"step":"write","served":"old","refused":"truncated"}
{"event":"explored_stretch","writer":"in_place","reader":"ours","states":2,"step":"write","served":"new","refused":null}
"#;

#[test]
fn an_exploration_is_cut_where_either_reader_does_something_else() {
    let figure = scripts::pictures::explorer::render(EXPLORED).unwrap();
    let (html, data) = moving(&figure);
    // Drawn where a reader is tricked.
    let said = cell(&html, "said");
    assert_eq!(
        said,
        "After “write”, states 5 to 8: the reader by path serves a cut set; \
         ours refuses (truncated), and serves the old set."
    );
    let places = data["states"]["in_place"]
        .as_array()
        .unwrap()
        .iter()
        .skip(1);
    let places: Vec<_> = places.map(|state| state[2].as_str().unwrap()).collect();
    assert_eq!(places, ["states 1 to 4", "states 5 to 8", "states 9 to 10"]);
    assert_eq!(data["states"]["rename"].as_array().unwrap().len(), 3);
    // One reader has met other states than the other.
    let fewer = EXPLORED.replace("\"states\":8", "\"states\":7");
    let error = scripts::pictures::explorer::render(&fewer)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("in_place: the readers met other states"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_drawn_is_named_by_its_line() {
    use scripts::pictures::{explorer, rotation, schedules};
    for (error, said) in [
        (
            rotation::render("$ x\nhead\na | b"),
            "line 3: 2 columns, not 9",
        ),
        (rotation::render("$ x\nhead\n"), "no rows"),
        (
            schedules::render(&LOAD.replace("10 10 0 1", "10 x 0 1")),
            "line 5: `x` is no number",
        ),
        (explorer::render("{}"), "nothing was explored"),
        (explorer::render("not json"), "line 1: "),
        (
            explorer::render(&EXPLORED.replace("\"step\":\"rename\",", "")),
            "line 3: missing field `step`",
        ),
        (
            explorer::render(&EXPLORED.replace("ours", "theirs")),
            "line 4: `theirs` is no reader",
        ),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
}
