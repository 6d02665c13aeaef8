//! The questions of a chapter: what the page shows of them, and each lie that a set could tell.

use std::fmt::Write;
use std::fs;

use scripts::check::check;
use scripts::quiz;
use scripts::quiz::set::plain;
use tempfile::TempDir;

const CHAPTER: &str = "# Counting\n\n## What comes `next`\n\nOne comes before two, and
two comes before three.\n\n## Named {#other}\n";

const ONE: &str = r#"
[[question]]
id = "next"
asks = "Why does `two` come after *one*?"
kind = "one"
read = "ch01-counting.md#what-comes-next"
shown = [{ file = "src/ch01-counting.md", contains = "before two, and two comes before three" }]
log = "2 after <1>"
[[question.choice]]
says = "Because it is larger"
right = true
because = "By one."
[[question.choice]]
says = "Because it is even"
right = false
because = "Four is, too."
[[question.choice]]
says = "Because it's odd"
right = false
because = "It is not."
"#;

const SHORT: &str = r#"
[[question]]
id = "figure"
asks = "How many were counted in {time}?"
kind = "short"
answers = ["{count}", "about {count}"]
because = "The run says {count}."
read = "ch01-counting.md#other"
[question.values]
count = { file = "listings/ch01-counting/run.txt", captures = 'counted (\d+)' }
time = { file = "listings/ch01-counting/run.txt", captures = 'in (\d+ ms)' }
"#;

/// The last choice of the first question.
const UNEVEN: &str = "[[question.choice]]
says = \"Because it's odd\"
right = false
because = \"It is not.\"
";

/// Six questions that hold.
fn six() -> String {
    let mut all = format!(
        "{}{SHORT}",
        ONE.replace("src/ch01-counting.md", "listings/ch01-counting/run.txt")
            .replace(
                "before two, and two comes before three",
                "2 after <1> counted"
            )
    );
    for n in 0..4 {
        let one = ONE.replace("id = \"next\"", &format!("id = \"next-{n}\""));
        all += &one.replace("log = \"2 after <1>\"\n", "");
    }
    all
}

/// A book with one chapter, and these questions in it.
fn book(questions: &str) -> TempDir {
    let book = tempfile::tempdir().unwrap();
    let files = [
        ("src/ch01-counting.md", CHAPTER),
        (
            "src/exercises-ch01.md",
            "{{#quiz ../listings/ch01-counting}}",
        ),
        (
            "listings/ch01-counting/run.txt",
            "2 after <1>\ncounted 1000 in 5 ms",
        ),
        ("listings/ch01-counting/quiz.toml", questions),
    ];
    for (file, text) in files {
        let path = book.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    book
}

fn rendered(questions: &str) -> Result<String, String> {
    let book = book(questions);
    let listing = book.path().join("listings/ch01-counting");
    quiz::render(book.path(), &listing).map_err(|error| error.to_string())
}

#[test]
fn a_question_has_its_choices_and_a_folded_answer() {
    let page = rendered(&six()).unwrap();
    for part in [
        "6 questions that ask why.",
        "<fieldset id=\"quiz-ch01-next\">\n<legend><b>1.</b> Why does <code>two</code> come after <em>one</em>?</legend>\n",
        "<pre><code class=\"language-text\">2 after &lt;1&gt;\n</code></pre>\n",
        "<input type=\"radio\" name=\"quiz-ch01-next\" value=\"",
        "<b>Right.</b> <span>By one.</span>",
        "<b>No.</b> <span>Four is, too.</span>",
        "<a href=\"ch01-counting.md#what-comes-next\">What comes <code>next</code></a>",
        "<a href=\"ch01-counting.md#other\">Named</a>",
        // The figures are those of the run.
        "How many were counted in 5 ms?",
        "data-accepts=\"1000|about 1000\"",
        "<b>1000.</b> <span>The run says 1000.</span>",
    ] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
    // An empty line would end the block of HTML.
    let (_, block) = page.split_once("<section").unwrap();
    assert!(!block.trim_end().contains("\n\n"), "{page}");
}

#[test]
fn the_order_of_choices_is_drawn_and_stays() {
    let page = rendered(&six()).unwrap();
    assert_eq!(page, rendered(&six()).unwrap());
    let at = |page: &str| page.find("Because it is larger").unwrap();
    let orders = (0..20).map(|n| {
        let questions = six().replace("id = \"next\"", &format!("id = \"name-{n}\""));
        let page = rendered(&questions).unwrap();
        at(&page).cmp(&page.find("Because it is even").unwrap())
    });
    let orders: std::collections::BTreeSet<_> = orders.collect();
    assert_eq!(orders.len(), 2, "the right one stands always at one place");
}

#[test]
fn each_lie_is_found_with_its_file_and_line() {
    let with = |from: &str, to: &str| {
        assert!(six().contains(from), "{from}");
        six().replacen(from, to, 1)
    };
    let twice = "says = \"because it is larger.\"";
    let all_right = six().replacen("right = false", "right = true", 2);
    for (questions, why) in [
        (with("asks = \"Why", "ask = \"Why"), "unknown field `ask`"),
        (with("\nsays", "\nfrom = 1\nsays"), "unknown field `from`"),
        (with("kind = \"one\"", "kind = \"two\""), "unknown variant"),
        (with("one*?", "one*."), "asks no question"),
        (
            with("because = \"By one.\"", "because = \" \""),
            "`Because it is larger` is not explained",
        ),
        (with("right = true", "right = false"), "no choice is right"),
        (all_right, "every choice is right"),
        (
            six().replacen("right = false", "right = true", 1),
            "more than one choice is right",
        ),
        (
            with("says = \"Because it is even\"", twice),
            "stands there twice",
        ),
        (with("#what-comes-next", "#what-came"), "no such section"),
        (
            with("ch01-counting.md#what", "ch02-gone.md#what"),
            "cannot read",
        ),
        (with("#what-comes-next", ""), "names no section"),
        (
            with("before two, and", "before two, but"),
            "does not contain",
        ),
        (
            with(
                "contains = \"before two, and two comes before three\"",
                "contains = \"two\"",
            ),
            "too short",
        ),
        (
            with("shown = [", "# shown = ["),
            "nothing of the book is `shown`",
        ),
        (
            with("log = \"2", "log = \"3"),
            "`3 after <1>` stands in no file",
        ),
        (with("(\\d+)'", "(x+)'"), "captures nothing"),
        (with("counted (\\d+)", "(\\d)"), "captures 4 figures"),
        (with("in {time}", "in time"), "`{time}` stands nowhere"),
        (
            with("[\"{count}\", ", "[\"...\", \"{count}\", "),
            "can never be typed",
        ),
        (
            with("[\"{count}\", ", "[\"the 1,000!\", \"{count}\", "),
            "`1000` counts already",
        ),
        (
            with("[\"{count}\", \"about {count}\"]", "[]"),
            "no answer counts",
        ),
        (
            with("\"The run says {count}.\"", "\"\""),
            "the answer is not explained",
        ),
        (
            with("kind = \"one\"", "kind = \"one\"\nanswers = [\"1\"]"),
            "are of short answers",
        ),
        (
            with("kind = \"one\"", "kind = \"one\"\nbecause = \"So.\""),
            "are of short answers",
        ),
        (with(UNEVEN, ""), "fewer than three choices"),
        (
            with("[question.values]", &format!("{UNEVEN}[question.values]")),
            "a short answer has no choices",
        ),
        (
            with("id = \"next-1\"", "id = \"next-0\""),
            "another question has that name",
        ),
        (with("id = \"next-1\"", "id = \"Next 1\""), "small letters"),
        (
            with("one*?\"", "one*?\\n\\nIs it why?\""),
            "is not one paragraph",
        ),
    ] {
        let refused = rendered(&questions).unwrap_err();
        assert!(refused.contains(why), "{why}: {refused}");
        assert!(refused.contains("quiz.toml:"), "{refused}");
    }
    // A rule of one question is told with its line.
    let refused = rendered(&with("one*?", "one*.")).unwrap_err();
    assert_eq!(
        refused,
        "listings/ch01-counting/quiz.toml:3: next: asks no question: it ends without `?`"
    );
    let refused = rendered(&with("\nsays", "\nfrom = 1\nsays")).unwrap_err();
    assert!(refused.contains("at line 10"), "{refused}");
}

#[test]
fn a_chapter_asks_at_least_six() {
    let last = six().rfind("[[question]]").unwrap();
    let refused = rendered(&six()[..last]).unwrap_err();
    assert!(refused.contains("5 questions"), "{refused}");
}

fn faults(questions: &str, page: Option<&str>) -> String {
    let book = book(questions);
    let path = book.path().join("src/exercises-ch01.md");
    match page {
        Some(page) => fs::write(path, page).unwrap(),
        None => fs::remove_file(path).unwrap(),
    }
    let mut list = String::new();
    for (file, what) in quiz::faults(book.path()) {
        let file = file.strip_prefix(book.path()).unwrap().display();
        writeln!(list, "{file}: {what}").unwrap();
    }
    list
}

const SHOWN: Option<&str> = Some("{{#quiz ../listings/ch01-counting}}");

#[test]
fn questions_are_on_the_page_of_their_chapter() {
    assert_eq!(faults(&balanced(), SHOWN), "");
    assert!(faults(&balanced(), Some("# Nothing")).contains("exercises-ch01.md: asks nothing"));
    assert!(faults(&balanced(), None).contains("quiz.toml: no page shows it"));
}

/// Twelve questions whose right choice is now here, now there, and as long as the others.
fn balanced() -> String {
    let mut all = String::new();
    for n in 0..12 {
        let one = ONE.replace("id = \"next\"", &format!("id = \"next-{n}\""));
        let one = one.replace("log = \"2 after <1>\"\n", "");
        let one = one.replace("Because it is larger", "Because it's last");
        all += &one.replace("Because it is even", "Because it's even");
    }
    all.replace("Because it's odd", "Because it's uneven")
        .replacen("Because it's last", "Because it's later", 4)
        .replacen("Because it's later", "Because it's the last one", 3)
}

#[test]
fn a_right_choice_that_is_always_the_longest_is_found() {
    let longest = balanced().replace("Because it's last", "Because it is the last of all");
    let told = faults(&longest, SHOWN);
    assert!(
        told.contains("listings: the right choice is the longest in 11 of 12"),
        "{told}"
    );
    let shortest = balanced()
        .replace("Because it's last", "So")
        .replace("the last one", "");
    let told = faults(&shortest, SHOWN);
    assert!(told.contains("is the shortest in"), "{told}");
}

/// What is drawn for a name stays: twelve names for which the right one comes first are soon found.
#[test]
fn a_right_choice_that_always_stands_first_is_found() {
    let mut all = String::new();
    let mut n = 0;
    while all.matches("[[question]]").count() < 12 {
        n += 1;
        let one = balanced().replacen("id = \"next-0\"", &format!("id = \"try-{n}\""), 1);
        let page = rendered(&one).unwrap();
        let first = page.find("<label>").unwrap();
        let end = page[first..].find('\n').unwrap() + first;
        if page[first..end].contains("the last one") {
            let second = one.match_indices("[[question]]").nth(1).unwrap().0;
            all += &one[..second];
        }
    }
    let told = faults(&all, SHOWN);
    assert!(told.contains("the right choice is A in 12 of 12"), "{told}");
}

#[test]
fn an_answer_counts_however_it_is_typed() {
    for (typed, counts) in [
        ("1,000", "1000"),
        (" The  1000. ", "1000"),
        ("`Pair_Mismatch`", "pair_mismatch"),
        ("2.5 MS", "2.5 ms"),
        ("the", "the"),
        ("x-y", "x y"),
        ("100%", "100%"),
        ("...", ""),
    ] {
        assert_eq!(plain(typed), counts);
    }
}

/// The build asks: a question that breaks a rule, and a page without questions, end it.
#[test]
fn the_build_ends_where_a_question_lies() {
    let problems = |questions: &str, page: &str| {
        let book = book(questions);
        fs::write(book.path().join("src/SUMMARY.md"), "(ch01-counting.md)").unwrap();
        fs::write(book.path().join("src/exercises-ch01.md"), page).unwrap();
        let found = check(book.path()).unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let has = |problems: &[String], what: &str| problems.iter().any(|p| p.contains(what));
    let page = "{{#quiz ../listings/ch01-counting}}";
    let sound = problems(&balanced(), page);
    assert!(!sound.iter().any(|p| p.contains("quiz")), "{sound:#?}");
    let lie = problems(&balanced().replacen("one*?", "one*.", 1), page);
    assert!(has(&lie, "src/exercises-ch01.md:1: "), "{lie:#?}");
    assert!(
        has(&lie, "quiz.toml:3: next-0: asks no question"),
        "{lie:#?}"
    );
    let none = problems(&balanced(), "# Nothing");
    let asks_nothing = "src/exercises-ch01.md: asks nothing: `{{#quiz ../listings/ch01-counting}}`";
    assert!(has(&none, asks_nothing), "{none:#?}");
}
