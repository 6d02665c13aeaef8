//! The grid says what the events say, in the strips and in words.

use scraper::{Html, Selector};
use scripts::error::Error;
use scripts::grid::render;

const EVENTS: &str = r#"{"event":"explored","writer":"in_place","reader":"by_path","states":40,"refused":21,"cut":3,"mixed":0,"exposed":1,"stuck":0}
{"event":"explored_stretch","writer":"in_place","reader":"by_path","states":1,"step":"truncate tls.crt","served":"old","refused":"truncated"}
{"event":"explored_stretch","writer":"in_place","reader":"by_path","states":20,"step":"write tls.crt","served":"old","refused":"malformed"}
{"event":"explored_stretch","writer":"in_place","reader":"by_path","states":2,"step":"write tls.crt","served":"cut","refused":null}
{"event":"explored_stretch","writer":"in_place","reader":"by_path","states":3,"step":"write tls.key","served":"new","refused":null}
{"event":"explored","writer":"in_place","reader":"ours","states":90,"refused":80,"cut":0,"mixed":0,"exposed":0,"stuck":0}
{"event":"explored_stretch","writer":"in_place","reader":"ours","states":26,"step":"write <tls.crt>","served":"old","refused":null}
"#;

fn select(html: &str, selector: &str) -> Vec<String> {
    let html = Html::parse_fragment(html);
    let selector = Selector::parse(selector).unwrap();
    html.select(&selector)
        .map(|element| element.text().collect())
        .collect()
}

#[test]
fn an_exploration_in_strips_and_in_words() {
    let figure = render(EVENTS).unwrap();
    assert_eq!(select(&figure, "tbody tr").len(), 2);
    // Two refused stretches in a row are one bar.
    assert_eq!(select(&figure, "tbody tr:first-child rect").len(), 3);
    assert_eq!(select(&figure, "tbody rect.wrong").len(), 1);
    assert_eq!(select(&figure, "tbody path.cross").len(), 1);
    assert_eq!(select(&figure, "td.wrong"), ["4"]);
    assert_eq!(select(&figure, "td.right"), ["0"]);
    assert_eq!(
        select(&figure, "tbody title"),
        ["26 states: 3 new, 21 refused, 2 wrong", "26 states: 26 old"]
    );
    let caption = select(&figure, "figcaption > p").concat();
    assert!(
        caption.starts_with("by_path: 40 states, 4 wrong. ours: 90 states, 0 wrong."),
        "{caption}"
    );
    let words = select(&figure, "details li");
    assert!(
        words[0].contains("20 after “write tls.crt”: refused (malformed), old is served;"),
        "{words:?}"
    );
    assert!(words[1].contains("“write <tls.crt>”"), "{words:?}");
    assert!(
        !figure.trim_end().contains('\n'),
        "an empty line would end the HTML"
    );
}

/// A writer's steps before a server: what it found, and what a client was shown.
#[test]
fn a_writer_before_a_server() {
    let stepped = |step: &str, found: &str, shown: &str| {
        format!(
            r#"{{"event":"writer_stepped","strategy":"certbot","step":"{step}","found":"{found}","shown":"{shown}"}}"#
        ) + "\n"
    };
    let right = [
        stepped("archive written", "unchanged", "1001"),
        stepped("privkey.pem removed", "missing", "1001"),
        stepped("fullchain.pem linked", "loaded", "1002"),
        stepped("old directory removed", "unchanged", "1002"),
    ]
    .concat();
    let figure = render(&right).unwrap();
    assert_eq!(
        select(&figure, "tbody title"),
        ["4 states: 2 new, 1 old, 1 refused"]
    );
    assert_eq!(select(&figure, "td.right"), ["0"]);
    let words = select(&figure, "details li").concat();
    let refused = "1 after “privkey.pem removed”: refused (missing), old is served";
    assert!(words.contains(refused), "{words}");
    assert!(
        !select(&figure, "figcaption > p")
            .concat()
            .contains("interrupted")
    );

    // A client that is shown something else than what was loaded.
    let wrong = right.replace(r#""missing","shown":"1001""#, r#""missing","shown":"1002""#);
    let figure = render(&wrong).unwrap();
    assert_eq!(
        select(&figure, "td.wrong"),
        ["2"],
        "it changed, and then did not"
    );
}

#[test]
fn what_is_no_exploration_is_said() {
    assert_eq!(
        render(""),
        Err(Error::NothingToDraw("nothing was explored"))
    );
    let other = r#"{"event":"listening","port":1}"#;
    assert_eq!(
        render(other),
        Err(Error::NothingToDraw("nothing was explored"))
    );
    let text = "{\"event\":\"explored\",\"writer\":\"a\"}";
    assert_eq!(render(text), Err(Error::Line(1, "no `reader`".into())));
    let orphan = EVENTS.lines().nth(1).unwrap();
    assert_eq!(
        render(orphan),
        Err(Error::Line(1, "a stretch of nothing explored".into()))
    );
    let odd = EVENTS.replace("\"cut\",\"refused\":null", "\"half\",\"refused\":null");
    assert_eq!(
        render(&odd),
        Err(Error::Line(4, "`half` is unknown".into()))
    );
}
