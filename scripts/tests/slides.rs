//! Decks of slides: what a slide is, and what is wrong with one.

use std::fs;

use scripts::check::check;
use scripts::copy::copy;
use scripts::slides::{list, parse, problems};

/// A deck that holds.
fn deck() -> String {
    let slide = |title: &str| format!("## {title}\n\nOne idea.\n\nNotes:\nSay it.\n");
    let mut slides = vec!["# One\n\nWhat it is about.\n\nNotes:\nBegin.\n".to_owned()];
    slides.extend((2..=6).map(|number| slide(&format!("Idea {number}"))));
    slides.extend(["Exercise", "Question"].map(slide));
    slides.join("\n---\n\n")
}

/// What is said of the deck in which `from` is `to`, of which something must be said.
fn wrong(from: &str, to: &str) -> Vec<(usize, String)> {
    let spoilt = deck().replacen(from, to, 1);
    assert_ne!(spoilt, deck());
    problems(&spoilt)
}

#[test]
fn a_deck_that_holds_has_no_problem() {
    assert_eq!(problems(&deck()), []);
    let slides = parse(&deck());
    assert_eq!(slides.len(), 8);
    assert_eq!((slides[0].line, slides[1].line), (1, 9));
    assert_eq!(slides[1].title, "Idea 2");
    assert_eq!(slides[1].body.trim(), "One idea.");
    assert_eq!(slides[1].notes.trim(), "Say it.");
}

#[test]
fn what_stands_in_a_fence_is_code() {
    let code = "```text\n---\nNotes:\n# no title\n```";
    let slides = parse(&deck().replacen("One idea.", code, 1));
    assert_eq!(slides.len(), 8);
    assert_eq!(slides[1].body.trim(), code);
}

#[test]
fn a_slide_says_what_it_is_about_and_has_notes() {
    let line = 9;
    let title = (line, "a slide without a title".to_owned());
    assert_eq!(wrong("## Idea 2\n", "Idea 2\n"), [title]);
    let notes = "a slide without notes: say them after a line `Notes:`";
    let notes = (line, notes.to_owned());
    let begin = "## Idea 2\n\nOne idea.\n\n";
    let whole = format!("{begin}Notes:\nSay it.\n");
    assert_eq!(wrong(&whole, begin), std::slice::from_ref(&notes));
    assert_eq!(wrong(&whole, &format!("{begin}Notes:\n")), [notes]);
}

#[test]
fn a_slide_has_sixty_words_of_prose_and_as_much_code_as_fits() {
    let many = "word ".repeat(61);
    let what = "a slide of 61 words: 60 are the limit".to_owned();
    assert_eq!(wrong("One idea.", &many), [(9, what)]);
    let code = format!("```text\n{many}\n```\n\n{{{{#listing {many}}}}}");
    for right in ["word ".repeat(60), code] {
        assert_eq!(wrong("One idea.", &right), []);
    }
}

#[test]
fn a_deck_has_some_slides_and_ends_with_exercise_and_question() {
    let end = (
        0,
        "does not end with `## Exercise` and `## Question`".into(),
    );
    assert_eq!(wrong("## Question", "## Questions"), [end]);
    let short = deck().replacen(
        "\n---\n\n## Idea 2\n\nOne idea.\n\nNotes:\nSay it.\n",
        "",
        1,
    );
    let what = "a deck of 7 slides: it has 8 to 14".to_owned();
    assert_eq!(problems(&short), [(0, what)]);
    let fold = (9, "a slide folds nothing: use `listing`".into());
    assert_eq!(wrong("One idea.", "{{#fold It.}}"), [fold]);
}

#[test]
fn a_chapter_without_a_deck_is_found_and_so_is_a_deck_that_shows_what_is_not_there() {
    let book = tempfile::tempdir().unwrap();
    copy(&scripts::root().unwrap(), book.path()).unwrap();
    let decks = book.path().join("src/slides");
    fs::remove_file(decks.join("ch03.md")).unwrap();
    let second = decks.join("ch02.md");
    let text = fs::read_to_string(&second).unwrap();
    fs::write(&second, text.replacen(":generation}}", ":gone}}", 1)).unwrap();
    let found: Vec<_> = check(book.path()).unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].ends_with("no deck src/slides/ch03.md"),
        "{found:?}"
    );
    assert!(found[1].contains("src/slides/ch02.md:"), "{found:?}");
    assert!(found[1].contains("has no anchor `gone`"), "{found:?}");
}

#[test]
fn the_page_of_decks_names_each() {
    let folder = tempfile::tempdir().unwrap();
    assert!(list(folder.path()).is_err());
    fs::write(folder.path().join("ch01.md"), deck()).unwrap();
    let name = folder.path().file_name().unwrap().to_string_lossy();
    let wanted = format!("- [One]({name}/ch01.html), 8 slides\n");
    assert_eq!(list(folder.path()).unwrap(), wanted);
}
