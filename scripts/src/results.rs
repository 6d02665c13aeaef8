//! The results of `cargo benchmark`, as tables: what `listings/zdr/measured/benchmark.json`
//! holds, and nothing beside it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::error::Error;
use crate::markup::whole_options;

/// What the file holds. Fields that the page does not show are passed over.
#[derive(Deserialize)]
struct Compared {
    date: String,
    command: String,
    machine: Machine,
    rounds: u32,
    rotations: u32,
    interval_ms: u64,
    rate: f64,
    servers: Vec<Server>,
    missing: Vec<String>,
}

/// Where servers and clients ran.
#[derive(Deserialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) system: String,
}

#[derive(Deserialize)]
struct Server {
    name: String,
    version: String,
    reload: String,
    classes: BTreeMap<String, Class>,
    scenarios: BTreeMap<String, String>,
    shown: (u32, u32),
    new_after_ms: Option<(f64, f64)>,
    failures: BTreeMap<String, String>,
    warnings: BTreeMap<String, String>,
    full: Vec<Speed>,
    returning: Vec<Speed>,
    held: Option<Held>,
    trouble: Option<String>,
}

/// What a class of clients met.
#[derive(Deserialize)]
pub(crate) struct Class {
    attempts: u64,
    failed: u64,
    at_risk: Option<Risk>,
    steady_us: (u64, u64),
    during_us: (u64, u64),
}

/// What rotations can have hurt.
#[derive(Deserialize)]
struct Risk {
    attempts: Exposure,
    connections: Option<Exposure>,
}

#[derive(Deserialize)]
struct Exposure {
    of: u64,
    failed: u64,
    failed_below: f64,
}

impl Exposure {
    /// The parts of a figure stay together.
    fn cell(&self) -> String {
        let below = percent(self.failed_below);
        let cell = format!("{} of {} (< {below})", self.failed, self.of);
        cell.replace(' ', "\u{a0}")
    }
}

/// Connections, and what they cost.
#[derive(Deserialize)]
pub(crate) struct Speed {
    connections: u64,
    resumed: u64,
    failed: u64,
    processor_seconds: f64,
}

impl Speed {
    /// How many failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }
}

#[derive(Deserialize)]
struct Held {
    connections: usize,
    asked: usize,
    alive: usize,
    memory_before: u64,
    memory_after: u64,
    processes_after: usize,
}

/// Which part of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    /// Where and how it was measured.
    Machine,
    /// What clients met.
    Clients,
    /// How fast, and what it costs.
    Cost,
    /// What was done to the servers on purpose.
    Scenarios,
}

/// A table in Markdown, from the text of the file. `which` is `machine`, `clients`, `cost` or
/// `scenarios`.
///
/// # Errors
/// When the text is not what `cargo benchmark` writes, or there is no such table.
pub fn render(text: &str, which: &str) -> Result<String, Error> {
    let compared: Compared = serde_json::from_str(text).map_err(Error::list)?;
    let which = match which {
        "machine" => Table::Machine,
        "clients" => Table::Clients,
        "cost" => Table::Cost,
        "scenarios" => Table::Scenarios,
        other => return Err(Error::list(format!("no table `{other}`"))),
    };
    if compared.servers.is_empty() {
        return Err(Error::list("no server in it"));
    }
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = match which {
        Table::Machine => machine(&mut page, &compared),
        Table::Clients => clients(&mut page, &compared),
        Table::Cost => cost(&mut page, &compared),
        Table::Scenarios => scenarios(&mut page, &compared),
    };
    Ok(page)
}

/// Text of a program that we do not know, for a cell.
pub(crate) fn cell(text: &str) -> String {
    let text = text.replace('|', "/").replace(['<', '>', '`', '\n'], " ");
    text.trim().to_owned()
}

/// A machine on which others take more than this share of the processor's time is not quiet.
const QUIET: f64 = 0.05;

/// What others took of the processor's time before anything was measured, in words.
pub(crate) fn busy(share: Option<f64>) -> String {
    let Some(share) = share else {
        return "How busy the machine was before, its system does not tell.".to_owned();
    };
    let took = format!(
        "before the first server was started, others took {:.0} % of the processor's time.",
        share * 100.0
    );
    match share <= QUIET {
        true => took.replacen("before", "Before", 1),
        false => format!(
            "**The machine was not quiet**: {took} Times are longer than they need to be, and differences between \
             servers may be chance."
        ),
    }
}

fn machine(page: &mut String, compared: &Compared) -> std::fmt::Result {
    let Machine {
        cores,
        processor,
        system,
    } = &compared.machine;
    writeln!(
        page,
        "Measured on {} by `{}`: {cores} cores of {}, {}. Each server had {} of {} rotations, one \
         each {} ms, with {} attempts a second of each class.\n",
        compared.date,
        compared.command,
        cell(processor),
        cell(system),
        match compared.rounds {
            1 => "1 turn".to_owned(),
            many => format!("{many} turns"),
        },
        compared.rotations,
        compared.interval_ms,
        compared.rate,
    )?;
    writeln!(page, "| server | version | reloads |\n|---|---|---|")?;
    for server in &compared.servers {
        let version = match server.version.as_str() {
            "" => "of this book".to_owned(),
            version => cell(version),
        };
        writeln!(
            page,
            "| {} | {version} | {} |",
            server.name,
            whole_options(&cell(&server.reload))
        )?;
    }
    if !compared.missing.is_empty() {
        writeln!(
            page,
            "\nNot on that machine: {}.",
            compared.missing.join(", ")
        )?;
    }
    Ok(())
}

fn clients(page: &mut String, compared: &Compared) -> std::fmt::Result {
    const CLASSES: [&str; 6] = ["full", "resuming", "pooled", "http2", "download", "mutual"];
    const OTHERS: [&str; 5] = ["tls12", "nameless", "sibling", "upload", "held"];
    let has_others = |server: &Server| OTHERS.iter().any(|of| server.classes.contains_key(*of));
    let others = compared.servers.iter().any(has_others);
    writeln!(
        page,
        "| server | {} |{} found |\n|---|{}---|",
        CLASSES.join(" | "),
        if others { " others |" } else { "" },
        "---|".repeat(CLASSES.len() + usize::from(others))
    )?;
    for server in &compared.servers {
        write!(page, "| {} |", server.name)?;
        for class in CLASSES {
            match server.classes.get(class) {
                Some(class) => write!(page, " {} |", failures(class))?,
                None => write!(page, " – |")?,
            }
        }
        if others {
            let of =
                |name: &&str| Some(format!("{name}: {}", failures(server.classes.get(*name)?)));
            let cells: Vec<_> = OTHERS.iter().filter_map(of).collect();
            match cells.is_empty() {
                true => write!(page, " – |")?,
                false => write!(page, " {} |", cells.join("; "))?,
            }
        }
        let found: Vec<_> = server
            .failures
            .keys()
            .map(|code| format!("`{code}`"))
            .collect();
        match (found.is_empty(), &server.trouble) {
            (_, Some(trouble)) => writeln!(page, " {} |", cell(trouble))?,
            (true, None) => writeln!(page, " nothing |")?,
            (false, None) => writeln!(page, " {} |", found.join(", "))?,
        }
    }
    Ok(())
}

/// What was at risk and its bound, and all attempts without one: a bound over attempts that met no
/// rotation says nothing of rotations.
pub(crate) fn failures(class: &Class) -> String {
    let all = format!("{}\u{a0}of\u{a0}{}", class.failed, class.attempts);
    let Some(at_risk) = &class.at_risk else {
        return all;
    };
    let connections = at_risk.connections.as_ref().map(Exposure::cell);
    let connections = connections.map_or_else(String::new, |cell| format!("; kept: {cell}"));
    format!(
        "{}{connections}; in\u{a0}all {all}",
        at_risk.attempts.cell()
    )
}

fn cost(page: &mut String, compared: &Compared) -> std::fmt::Result {
    writeln!(
        page,
        "| server | shown | new after, median | worst | p99, during / steady | full handshakes | \
         returning clients | resumed | memory | alive | processes | warnings |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
    )?;
    for server in &compared.servers {
        let (shown, of) = server.shown;
        write!(page, "| {} | {shown} of {of} |", server.name)?;
        match server.new_after_ms {
            Some((median, worst)) => write!(page, " {median:.1} ms | {worst:.1} ms |")?,
            None => write!(page, " – | – |")?,
        }
        let full = server.classes.get("full");
        match full.filter(|full| full.steady_us.1 > 0 && full.during_us.1 > 0) {
            Some(full) => write!(
                page,
                " {:.2} |",
                full.during_us.1 as f64 / full.steady_us.1 as f64
            )?,
            None => write!(page, " – |")?,
        }
        for speeds in [&server.full, &server.returning] {
            match median(speeds) {
                Some(speed) => write!(page, " {speed:.0} |")?,
                None => write!(page, " – |")?,
            }
        }
        let connections: u64 = server.returning.iter().map(|speed| speed.connections).sum();
        let resumed: u64 = server.returning.iter().map(|speed| speed.resumed).sum();
        match connections {
            0 => write!(page, " – |")?,
            _ => write!(
                page,
                " {:.0} % |",
                resumed as f64 * 100.0 / connections as f64
            )?,
        }
        match &server.held {
            Some(held) => write!(
                page,
                " {:.1} → {:.1} MiB | {} of {} | {} |",
                mib(held.memory_before),
                mib(held.memory_after),
                held.alive * held.connections / held.asked.max(1),
                held.connections,
                held.processes_after
            )?,
            None => write!(page, " – | – | – |")?,
        }
        let warnings: Vec<_> = server
            .warnings
            .keys()
            .map(|code| format!("`{code}`"))
            .collect();
        writeln!(page, " {} |", warnings.join(", "))?;
    }
    Ok(())
}

fn scenarios(page: &mut String, compared: &Compared) -> std::fmt::Result {
    let judged: Vec<_> = compared
        .servers
        .iter()
        .filter(|server| !server.scenarios.is_empty())
        .collect();
    let names: Vec<_> = judged.iter().map(|server| server.name.as_str()).collect();
    writeln!(
        page,
        "| scenario | {} |\n|---|{}",
        names.join(" | "),
        ":-:|".repeat(names.len())
    )?;
    let mut all: Vec<&String> = judged
        .iter()
        .flat_map(|server| server.scenarios.keys())
        .collect();
    all.sort();
    all.dedup();
    for scenario in all {
        write!(page, "| {scenario} |")?;
        for server in &judged {
            let outcome = server.scenarios.get(scenario).map(String::as_str);
            // The sign marks what stands out. A sign beside each word would break each line in two.
            let shown = match outcome {
                Some("passed") => "yes",
                Some("failed") => "✗ no",
                _ => "–",
            };
            write!(page, " {shown} |")?;
        }
        writeln!(page)?;
    }
    Ok(())
}

/// Connections for each second of the server's processor time, the median of all rounds. Those that failed have
/// cost something, and count as nothing.
pub(crate) fn median(speeds: &[Speed]) -> Option<f64> {
    let mut all: Vec<_> = speeds
        .iter()
        .filter(|speed| speed.processor_seconds > 0.0)
        .map(|speed| (speed.connections - speed.failed) as f64 / speed.processor_seconds)
        .collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// A bound with two digits, rounded up, so that what is said is true.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 100.0 || percent <= 0.0 {
        return format!("{percent:.0} %");
    }
    let place = percent.log10().floor() as i32 - 1;
    let step = 10f64.powi(place);
    let digits = usize::try_from(-place).unwrap_or(0);
    format!("{:.digits$} %", (percent / step - 1e-9).ceil() * step)
}
