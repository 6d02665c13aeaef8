//! A plan says how long it takes, and is refused where that does not fit or where it cannot be learned in its order.

use std::fs;
use std::path::Path;

use scripts::error::Error;
use scripts::plan::render;
use scripts::timetable;
use tempfile::TempDir;

/// Reading 10 minutes, a run of two commands, and an exercise of 20: with a break of 5, 39 minutes.
const PLAN: &str = r#"
about = "For two."
minutes = 40
[[session]]
title = "All"
minutes = 40
steps = [
    { demo = "ch01-counting/transcripts/demo.console" },
    { read = "ch01-counting" },
    { exercise = "two" },
    { pause = 5 },
]
"#;
const ABOUT: &str = r#"
title = "Count to two"
skill = "One comes before two."
minutes = 20
read = "ch01-counting.md#one"
task = "Write `two`."
starter = "this is the starter"
hints = []
wrong = []
"#;

/// Two chapters, the second on top of the first, and a page beside them.
fn book() -> TempDir {
    let book = tempfile::tempdir().unwrap();
    let page = |title: &str| format!("# {title}\n\n{}\n", "word ".repeat(1_998));
    for (file, text) in [
        ("src/ch01-counting.md", page("To count").as_str()),
        ("src/ch01-counting-back.md", "# Back\n\nthree two one\n"),
        ("src/ch02-adding.md", "# To add\n\none and one\n"),
        ("src/plans.md", "# Plans\n\n{{#plan plans/all.toml}}\n"),
        (
            "listings/ch01-counting/Cargo.toml",
            "[dependencies]\nserde = \"1\"\n",
        ),
        (
            "listings/ch02-adding/Cargo.toml",
            "[dependencies]\nch01-counting.workspace = true\n",
        ),
        (
            "listings/ch01-counting/transcripts/demo.console",
            "$ one\n1\n$ two\n2\n",
        ),
        ("listings/ch02-adding/empty.console", "no command\n"),
        (
            "listings/ch01-counting/exercises/1-two/exercise.toml",
            ABOUT,
        ),
        (
            "listings/ch02-adding/quiz.toml",
            "[[question]]\n[[question]]\n[[question]]\n",
        ),
    ] {
        let path = book.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    book
}

/// As it stands: these pages have no directives.
fn expand(text: &str) -> Result<String, Error> {
    Ok(text.to_owned())
}

fn planned(book: &Path, plan: &str) -> Result<String, String> {
    render(book, plan, &expand).map_err(|error| error.to_string())
}

#[test]
fn a_plan_shows_each_step_with_its_minutes_and_their_sum() {
    let book = book();
    let page = planned(book.path(), PLAN).unwrap();
    for row in [
        "For two.\n",
        "**All**, 40 minutes:\n",
        "| 0:00 | <span class=\"sentence\">Predict, then run `one` and 1 more</span> | 4 |\n",
        "| 0:04 | <span class=\"sentence\">Read [To count](ch01-counting.md)</span> | 10 |\n",
        "| 0:14 | <span class=\"sentence\">Exercise: [Count to two](exercises-ch01.md#exercise-two)</span> | 20 |\n",
        "| 0:34 | <span class=\"sentence\">Break</span> | 5 |\n",
        "| | of 40 minutes | 39 |\n",
    ] {
        assert!(page.contains(row), "no `{row}` in:\n{page}");
    }
}

/// What was read at home counts as read, and homework has a sum of its own.
#[test]
fn what_is_read_before_and_done_at_home_counts() {
    let book = book();
    let home = "home_minutes = 20\nhome = [{ read = \"ch02-adding\" }, { quiz = \"ch02\" }, { work = { on = \"More\", minutes = 14 } }]\n";
    let plan = PLAN
        .replace(
            "    { read = \"ch01-counting\" },\n",
            "    { talk = { about = \"why?\", minutes = 10 } },\n",
        )
        .replace("[[session]]", "before = [\"ch01-counting\"]\n[[session]]");
    let page = planned(book.path(), &(plan + home)).unwrap();
    for part in [
        "Before it, each reads [To count](ch01-counting.md): 10 minutes.\n",
        "Discuss: why?</span> | 10 |",
        "At home, 20 minutes:\n",
        "[Check yourself](exercises-ch02.md): 3 questions</span> | 3 |",
        "| | of 20 minutes | 18 |\n",
    ] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
}

/// A page shows what its command prints, so a learner who has read it has nothing to predict.
#[test]
fn what_was_read_is_not_predicted() {
    let book = book();
    let demo = "    { demo = \"ch01-counting/transcripts/demo.console\" },\n";
    let read = "    { read = \"ch01-counting\" },\n";
    let plan = PLAN.replace(&format!("{demo}{read}"), &format!("{read}{demo}"));
    let page = planned(book.path(), &plan).unwrap();
    let row = "| 0:10 | <span class=\"sentence\">Run `one` and 1 more</span> | 4 |\n";
    assert!(page.contains(row), "no `{row}` in:\n{page}");
}

#[test]
fn a_plan_that_does_not_fit_its_time_is_refused() {
    for (from, to, why) in [
        ("pause = 5", "pause = 6", ""),
        (
            "pause = 5",
            "pause = 7",
            "its steps take 41 minutes, and 34 to 40 fit: leave something out",
        ),
        ("    { pause = 5 },\n", "", ""),
        (
            "minutes = 40\nsteps",
            "minutes = 47\nsteps",
            "its steps take 39 minutes, and 40 to 47 fit: the rest is more",
        ),
        (
            "\nminutes = 40\n[[",
            "\nminutes = 60\n[[",
            "the plan has 60 minutes, and its sessions have 40",
        ),
        (
            "    { pause = 5 },\n]",
            "    { pause = 5 },\n]\nhome_minutes = 30",
            "at home: its steps take 0 minutes",
        ),
    ] {
        let book = book();
        let plan = PLAN.replace(from, to);
        assert_ne!(plan, PLAN);
        match planned(book.path(), &plan) {
            Ok(_) => assert!(why.is_empty(), "not refused: {why}"),
            Err(said) => assert!(!why.is_empty() && said.contains(why), "{said}"),
        }
    }
}

#[test]
fn what_is_not_there_is_refused_by_its_name() {
    for (from, to, why) in [
        (
            "read = \"ch01-counting\"",
            "read = \"ch01-dreaming\"",
            "there is no page `src/ch01-dreaming.md`",
        ),
        (
            "exercise = \"two\"",
            "exercise = \"too\"",
            "there is no exercise `too`. Did you mean `two`?",
        ),
        (
            "transcripts/demo",
            "transcripts/lost",
            "there is no transcript `listings/ch01-counting/transcripts/lost.console`",
        ),
        (
            "ch01-counting/transcripts/demo",
            "ch02-adding/empty",
            "`ch02-adding/empty.console` runs no command",
        ),
        ("pause = 5", "quiz = \"ch01\"", "`ch01` asks no questions"),
        ("pause = 5", "quiz = \"ch03\"", "there is no chapter `ch03`"),
        (
            "pause = 5",
            "read = \"plans\"",
            "`plans` is computed from other pages",
        ),
        ("pause = 5", "lunch = 5", "unknown variant `lunch`"),
        (
            "title = \"All\"",
            "title = \"All\"\nroom = 5",
            "unknown field `room`",
        ),
        ("about = \"For two.\"", "", "missing field `about`"),
    ] {
        let book = book();
        let plan = PLAN.replace(from, to);
        assert_ne!(plan, PLAN);
        let said = planned(book.path(), &plan).unwrap_err();
        assert!(said.contains(why), "`{why}`, and it said: {said}");
    }
}

#[test]
fn what_cannot_be_learned_in_this_order_is_refused() {
    let read = "{ read = \"ch01-counting\" }";
    for (from, to, why) in [
        (
            read,
            "{ talk = { about = \"counting\", minutes = 10 } }",
            "the exercise `two` needs `ch01-counting`, which is not read before it",
        ),
        (
            read,
            "{ read = \"ch02-adding\" }, { read = \"ch01-counting\" }",
            "`ch02-adding` builds on ch01, which is not read before it",
        ),
        (
            read,
            "{ read = \"ch01-counting-back\" }, { read = \"ch01-counting\" }",
            "`ch01-counting-back` comes before the first page of its chapter",
        ),
        (
            read,
            "{ quiz = \"ch02\" }, { read = \"ch01-counting\" }",
            "the questions of `ch02` come before its page",
        ),
        ("{ pause = 5 }", read, "`ch01-counting` is planned twice"),
        (
            "{ pause = 5 }",
            "{ exercise = \"ch01/two\" }",
            "is planned twice",
        ),
        (
            "{ pause = 5 }",
            "{ pause = 0 }",
            "`Break`, 0 minutes, is no row of a table",
        ),
        (
            "{ pause = 5 }",
            "{ work = { on = \"a | b\", minutes = 5 } }",
            "is no row of a table",
        ),
    ] {
        let book = book();
        let plan = PLAN.replace(from, to);
        assert_ne!(plan, PLAN);
        let said = planned(book.path(), &plan).unwrap_err();
        assert!(said.contains(why), "`{why}`, and it said: {said}");
        assert!(said.starts_with("All: "), "no session is named: {said}");
    }
}

#[test]
fn the_timetable_adds_up_what_each_chapter_has() {
    let book = book();
    let table = timetable::render(book.path(), &expand).unwrap();
    for row in [
        // Both pages of the chapter: ten minutes, and one that was begun.
        "| 1 [To count](ch01-counting.md) | 11 | – | 4 | 20 | – | 35 |\n",
        "| all | 12 | – | 4 | 20 | 3 | 39 |\n",
        "in all 0 hours and 39 minutes",
    ] {
        assert!(table.contains(row), "no `{row}` in:\n{table}");
    }
}

/// What the table says of a page is what the page says of itself.
#[test]
fn a_page_takes_as_long_as_it_says() {
    let root = scripts::root::root().unwrap();
    let source = root.join("src");
    let expand = |text: &str| scripts::expand::expand_all(&source, text);
    let times = timetable::Times::of(&root, &expand).unwrap();
    let name = "ch03-handshake-hook";
    let text = fs::read_to_string(source.join(format!("{name}.md"))).unwrap();
    let said = times.page(name).unwrap().minutes.to_string();
    assert!(expand(&text).unwrap().contains(&said), "{said}");
}
