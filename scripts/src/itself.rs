//! What a check itself costs, and its verdicts on a busy machine: what `cargo benchmark --itself` wrote to
//! `listings/zdr/measured/itself.json`, and nothing beside it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::error::Error;
use crate::results::{Machine, busy, cell};

/// What the file holds. Fields that the page does not show are passed over.
#[derive(Deserialize)]
struct Itself {
    date: String,
    command: String,
    machine: Machine,
    busy_before: Option<f64>,
    alone: OneRun,
    arguments: Vec<String>,
    loops: usize,
    at_once: usize,
    verdicts: Vec<Verdicts>,
}

#[derive(Deserialize)]
struct OneRun {
    arguments: Vec<String>,
    seconds: f64,
    processor_seconds: f64,
    peak_memory: u64,
    verdict: String,
}

#[derive(Deserialize)]
struct Verdicts {
    name: String,
    right: String,
    counts: BTreeMap<String, u32>,
}

/// Both in Markdown, from the text of the file.
///
/// # Errors
/// When the text is not what `cargo benchmark --itself` writes.
pub fn render(text: &str) -> Result<String, Error> {
    let itself: Itself = serde_json::from_str(text).map_err(Error::list)?;
    if itself.verdicts.is_empty() {
        return Err(Error::list("no server in it"));
    }
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = alone(&mut page, &itself);
    let _ = verdicts(&mut page, &itself);
    Ok(page)
}

fn alone(page: &mut String, itself: &Itself) -> std::fmt::Result {
    let Machine {
        cores,
        processor,
        system,
    } = &itself.machine;
    let run = &itself.alone;
    writeln!(
        page,
        "Measured on {} by `{}`: {cores} cores of {}, {}. {}\n\n`zdr {}` took {:.0} s, and {:.0} s of the processor's \
         time with that of the servers that it started. It had {:.0} MiB of memory at most, without theirs. Its verdict: \
         {}.\n",
        itself.date,
        itself.command,
        cell(processor),
        cell(system),
        busy(itself.busy_before),
        run.arguments.join(" "),
        run.seconds,
        run.processor_seconds,
        run.peak_memory as f64 / 1_048_576.0,
        run.verdict,
    )
}

fn verdicts(page: &mut String, itself: &Itself) -> std::fmt::Result {
    let runs: u32 = itself
        .verdicts
        .iter()
        .flat_map(|of| of.counts.values())
        .sum();
    let wrong: u32 = itself.verdicts.iter().map(Verdicts::wrong).sum();
    writeln!(
        page,
        "Beside {} loops that did nothing but take the processor's time, {} at a time, with `{}`: {} of {runs} verdicts \
         {} wrong.\n\n| bundled server | right verdict | runs | what they said |\n|---|---|--:|---|",
        itself.loops,
        itself.at_once,
        itself.arguments.join(" "),
        if wrong == 0 {
            "none".to_owned()
        } else {
            wrong.to_string()
        },
        if wrong > 1 { "were" } else { "was" },
    )?;
    for of in &itself.verdicts {
        let said: Vec<_> = of
            .counts
            .iter()
            .map(|(verdict, count)| format!("{verdict}: {count}"))
            .collect();
        let runs: u32 = of.counts.values().sum();
        writeln!(
            page,
            "| {} | {} | {runs} | {} |",
            of.name,
            of.right,
            said.join(", ")
        )?;
    }
    Ok(())
}

impl Verdicts {
    fn wrong(&self) -> u32 {
        let others = self
            .counts
            .iter()
            .filter(|(verdict, _)| **verdict != self.right);
        others.map(|(_, count)| count).sum()
    }
}
