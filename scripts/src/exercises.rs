//! The exercises on their page, from what each says of itself: the page cannot drift from what is tried.

use std::fmt::Write;
use std::path::Path;

use exercise::set::{Exercise, Set, Track};

use crate::error::Error;

/// Of the folder of all listings: a table. Of one listing: its exercises, with folded hints and solutions.
///
/// # Errors
/// When an exercise cannot be read, a listing has none, or a cell would break the table.
pub fn render(root: &Path, of: &Path) -> Result<String, Error> {
    let set = Set::read(root).map_err(Error::list)?;
    let others = Track::OTHERS.map(|track| Set::of_track(root, track));
    let others = others.into_iter().collect::<Result<Vec<_>, _>>();
    let others = others.map_err(Error::list)?;
    let listing = of.file_name().unwrap_or_default();
    if listing == "listings" {
        return table(&set, &others);
    }
    let of_it = set
        .exercises
        .iter()
        .filter(|one| listing == one.listing.as_str());
    let sections = of_it.map(|one| section(one, &twins(one, &others)));
    let sections: Vec<_> = sections.collect::<Result<_, _>>()?;
    if sections.is_empty() {
        return Err(Error::list(format!("{} has no exercises", of.display())));
    }
    Ok(sections.concat())
}

fn table(set: &Set, others: &[Set]) -> Result<String, Error> {
    let mut page =
        String::from("| exercise | chapter | what it teaches | min |\n|---|---|---|--:|\n");
    let mut minutes = 0;
    for exercise in &set.exercises {
        let Exercise {
            id, chapter, about, ..
        } = exercise;
        let cells = [&about.title, &about.skill];
        if let Some(cell) = cells.into_iter().find(|cell| cell.contains(['|', '\n'])) {
            return Err(Error::list(format!("`{cell}` is no cell of a table")));
        }
        minutes += about.minutes;
        let number = number(exercise);
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| [{}](exercises-{chapter}.md#exercise-{id}) | {number} | <span class=\"sentence\">{}</span> | {} |",
            about.title, about.skill, about.minutes
        );
    }
    let all = set.exercises.len();
    let (s, together) = if all == 1 {
        ("", "")
    } else {
        ("s", " together")
    };
    let _ = writeln!(page, "\n{all} exercise{s}, {minutes} minutes{together}.");
    page += &other_tracks(set, others);
    Ok(page)
}

/// The same exercise in other languages.
fn twins<'a>(exercise: &Exercise, others: &'a [Set]) -> Vec<&'a Exercise> {
    let others = others.iter().flat_map(|other| &other.exercises);
    let is_it = |other: &&Exercise| other.shared_id() == exercise.id;
    others.filter(is_it).collect()
}

/// Which exercises each other track has, as a paragraph for each.
fn other_tracks(set: &Set, others: &[Set]) -> String {
    let mut page = String::new();
    for other in others {
        let of_it = set.exercises.iter();
        let of_it = of_it.filter(|one| !twins(one, std::slice::from_ref(other)).is_empty());
        let links = of_it.map(|one| {
            let Exercise { id, chapter, .. } = one;
            format!("[`{id}`](exercises-{chapter}.md#exercise-{id})")
        });
        let links: Vec<_> = links.collect();
        if !links.is_empty() {
            let (language, option) = (other.track.language(), other.track.option());
            let links = links.join(", ");
            // Writing to a string cannot fail.
            let _ = writeln!(
                page,
                "\nIn {language} as well, with `{}`: {links}.",
                option.trim()
            );
        }
    }
    page
}

/// The number of its chapter, as a person says it.
fn number(exercise: &Exercise) -> &str {
    let number = exercise.chapter.trim_start_matches("ch");
    number.trim_start_matches('0')
}

fn section(exercise: &Exercise, twins: &[&Exercise]) -> Result<String, Error> {
    let Exercise { id, about, .. } = exercise;
    let (title, read) = (&about.title, &about.read);
    let (minutes, number) = (about.minutes, number(exercise));
    let others = twins.iter().map(|twin| {
        let (language, option) = (twin.track.language(), twin.track.option());
        format!(" In {language}, with `cargo exercise next {id}{option}`.")
    });
    let also: String = others.collect();
    let mut page = format!(
        "### {title} {{#exercise-{id}}}\n\n{minutes} minutes. [Chapter {number}]({read}) has all that it needs. Begin with \
         `cargo exercise next {id}`.{also}\n\n{}\n",
        about.task.trim()
    );
    let hints = about.hints.len();
    for (hint, number) in about.hints.iter().zip(1..) {
        page += &folded(&format!("Hint {number} of {hints}"), hint);
    }
    let solution = exercise.solution().map_err(Error::list)?;
    page += &folded("Solution", &format!("```rust\n{solution}```"));
    for twin in twins {
        let solution = twin.solution().map_err(Error::list)?;
        let (language, fence) = (twin.track.language(), twin.track.language().to_lowercase());
        page += &folded(
            &format!("Solution in {language}"),
            &format!("```{fence}\n{solution}```"),
        );
    }
    page += &folded("What goes wrong often", &wrong(exercise)?);
    Ok(page + "\n")
}

/// The wrong answers, each with the check that catches it.
fn wrong(exercise: &Exercise) -> Result<String, Error> {
    let checks = exercise.checks().map_err(Error::list)?;
    let mut list = String::new();
    for wrong in &exercise.about.wrong {
        let check = checks.iter().find(|check| check.name == wrong.caught_by);
        let check = check.ok_or_else(|| {
            let (id, name) = (&exercise.id, &wrong.caught_by);
            Error::list(format!("{id} has no check `{name}`"))
        })?;
        let _ = writeln!(
            list,
            "- {} It is caught by the check: *{}*",
            wrong.words, check.words
        );
    }
    Ok(list)
}

fn folded(summary: &str, text: &str) -> String {
    format!(
        "\n<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>\n",
        text.trim()
    )
}
