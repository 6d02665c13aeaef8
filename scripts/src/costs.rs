//! The results of `cargo benchmark --costs`, as tables: what `listings/zdr/measured/costs.json` holds, and nothing
//! beside it. Which server comes first in a table is said by the figures, too.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::error::Error;
use crate::results::{Class, Machine, Speed, busy, cell, failures, median};

/// What the file holds. Fields that the page does not show are passed over.
#[derive(Deserialize)]
struct Costs {
    date: String,
    command: String,
    machine: Machine,
    busy_before: Option<f64>,
    handshake_ms: u64,
    rounds: u32,
    servers: Vec<Server>,
    missing: Vec<String>,
}

#[derive(Deserialize)]
struct Server {
    name: String,
    version: String,
    connection: Option<Connection>,
    renewal: Option<Renewal>,
    held: Option<Held>,
    ecdsa: Vec<Speed>,
    rsa: Vec<Speed>,
    quic: Option<Quic>,
    not_measured: BTreeMap<String, String>,
}

impl Server {
    /// Whether it is one of the book's own in Rust.
    fn is_listing(&self) -> bool {
        self.name.starts_with("ch")
    }

    /// The rows of one that was measured over TCP: one with HTTP/3 has a table of its own.
    fn is_over_tcp(&self) -> bool {
        self.quic.is_none() && !self.not_measured.contains_key("quic")
    }
}

#[derive(Deserialize)]
struct Connection {
    wanted: usize,
    connections: usize,
    alive: usize,
    memory_before: u64,
    memory_after: u64,
    open_before: Option<usize>,
    open_after: Option<usize>,
    processes_before: usize,
    processes_after: usize,
}

impl Connection {
    fn memory(&self) -> f64 {
        let more = self.memory_after as f64 - self.memory_before as f64;
        more / self.connections as f64
    }

    fn descriptors(&self) -> Option<f64> {
        let more = self.open_after? as f64 - self.open_before? as f64;
        Some(more / self.connections as f64)
    }
}

#[derive(Deserialize)]
struct Renewal {
    rotations: u32,
    first_new_us: Vec<u64>,
    descriptors: Option<(usize, usize)>,
    processes: (usize, usize),
}

impl Renewal {
    /// The time within which this share of the rotations was shown, in milliseconds: one that was not shown in time
    /// took longer than any other.
    fn within(&self, share: f64) -> Option<f64> {
        let mut times = self.first_new_us.clone();
        times.sort_unstable();
        let rank = (f64::from(self.rotations) * share).ceil() as usize;
        let time = times.get(rank.checked_sub(1)?)?;
        Some(*time as f64 / 1000.0)
    }
}

#[derive(Deserialize)]
struct Held {
    rotations: u32,
    descriptors: Option<(usize, usize)>,
    processes_after: usize,
}

#[derive(Deserialize)]
struct Quic {
    handshakes: Speed,
    classes: BTreeMap<String, Class>,
    shown: (u32, u32),
}

/// A table in Markdown, from the text of the file. `which` is `machine`, `connections`, `renewals`, `handshakes` or
/// `quic`.
///
/// # Errors
/// When the text is not what `cargo benchmark --costs` writes, or there is no such table.
pub fn render(text: &str, which: &str) -> Result<String, Error> {
    let costs: Costs = serde_json::from_str(text).map_err(Error::list)?;
    if costs.servers.is_empty() {
        return Err(Error::list("no server in it"));
    }
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = match which {
        "machine" => machine(&mut page, &costs),
        "connections" => connections(&mut page, &costs),
        "renewals" => renewals(&mut page, &costs),
        "handshakes" => handshakes(&mut page, &costs),
        "quic" => quic(&mut page, &costs),
        other => return Err(Error::list(format!("no table `{other}`"))),
    };
    Ok(page)
}

fn machine(page: &mut String, costs: &Costs) -> std::fmt::Result {
    let Machine {
        cores,
        processor,
        system,
    } = &costs.machine;
    let busy = busy(costs.busy_before);
    writeln!(
        page,
        "Measured on {} by `{}`: {cores} cores of {}, {}. {busy} The handshakes were counted in {} of {} ms for each \
         kind of key.\n",
        costs.date,
        costs.command,
        cell(processor),
        cell(system),
        match costs.rounds {
            1 => "1 round".to_owned(),
            many => format!("{many} rounds"),
        },
        costs.handshake_ms,
    )?;
    let versions = costs
        .servers
        .iter()
        .filter(|server| !server.version.is_empty());
    let versions: Vec<_> = versions
        .map(|server| format!("- {}: {}\n", server.name, cell(&server.version)))
        .collect();
    writeln!(
        page,
        "<details>\n<summary>The version of each server</summary>\n\n{}\n</details>",
        versions.concat()
    )?;
    if !costs.missing.is_empty() {
        writeln!(page, "\nNot on that machine: {}.", costs.missing.join(", "))?;
    }
    Ok(())
}

fn connections(page: &mut String, costs: &Costs) -> std::fmt::Result {
    writeln!(
        page,
        "| server | connections | memory each | descriptors each | processes | answered after it |\n\
         |---|--:|--:|--:|--:|--:|"
    )?;
    for server in costs.servers.iter().filter(|server| server.is_over_tcp()) {
        let Some(cost) = &server.connection else {
            writeln!(page, "| {} | – | – | – | – | – |", server.name)?;
            continue;
        };
        let fewer = match cost.connections < cost.wanted {
            true => format!(" of {}", cost.wanted),
            false => String::new(),
        };
        writeln!(
            page,
            "| {} | {}{fewer} | {:.1} KiB | {} | {} → {} | {} |",
            server.name,
            cost.connections,
            cost.memory() / 1024.0,
            figure(cost.descriptors()),
            cost.processes_before,
            cost.processes_after,
            cost.alive,
        )?;
    }
    let memory = |server: &Server| Some(-server.connection.as_ref()?.memory());
    first(
        page,
        costs,
        "the least memory for a connection",
        memory,
        |least| format!("{:.1} KiB", -least / 1024.0),
    )
}

fn renewals(page: &mut String, costs: &Costs) -> std::fmt::Result {
    writeln!(
        page,
        "| server | rotations | shown | p50 | p99 | descriptors left by one | with an answer under way | processes \
         then |\n|---|--:|--:|--:|--:|--:|--:|--:|"
    )?;
    for server in costs.servers.iter().filter(|server| server.is_over_tcp()) {
        write!(page, "| {} |", server.name)?;
        match &server.renewal {
            Some(cost) => write!(
                page,
                " {} | {} | {} | {} | {} |",
                cost.rotations,
                cost.first_new_us.len(),
                milliseconds(cost.within(0.5)),
                milliseconds(cost.within(0.99)),
                figure(each(cost.descriptors, cost.rotations)),
            )?,
            None => write!(page, " – | – | – | – | – |")?,
        }
        match &server.held {
            Some(held) => writeln!(
                page,
                " {} | {} → {} |",
                figure(each(held.descriptors, held.rotations)),
                server.renewal.as_ref().map_or(0, |cost| cost.processes.0),
                held.processes_after
            )?,
            None => writeln!(page, " – | – |")?,
        }
    }
    let median = |server: &Server| Some(-server.renewal.as_ref()?.within(0.5)?);
    first(page, costs, "the shortest p50", median, |least| {
        format!("{:.1} ms", -least)
    })
}

fn handshakes(page: &mut String, costs: &Costs) -> std::fmt::Result {
    writeln!(
        page,
        "| server | ECDSA P-256 | RSA-2048 | RSA to ECDSA | failed |\n|---|--:|--:|--:|--:|"
    )?;
    let figures = |server: &Server| (median(&server.ecdsa), median(&server.rsa));
    for server in costs.servers.iter().filter(|server| server.is_over_tcp()) {
        let (ecdsa, rsa) = figures(server);
        let ratio = ecdsa.zip(rsa).map(|(ecdsa, rsa)| rsa / ecdsa);
        let all = || server.ecdsa.iter().chain(&server.rsa);
        let failed: u64 = all().map(Speed::failed).sum();
        writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            server.name,
            whole(ecdsa),
            whole(rsa),
            ratio.map_or_else(dash, |ratio| format!("{ratio:.2}")),
            if all().next().is_some() {
                failed.to_string()
            } else {
                dash()
            },
        )?;
    }
    let show = |most| format!("{most:.0}");
    let ecdsa = |server: &Server| figures(server).0;
    first(page, costs, "the most handshakes with ECDSA", ecdsa, show)?;
    let rsa = |server: &Server| figures(server).1;
    first(page, costs, "the most handshakes with RSA", rsa, show)
}

fn quic(page: &mut String, costs: &Costs) -> std::fmt::Result {
    writeln!(
        page,
        "| server | handshakes of QUIC | rotations shown | new connections of QUIC | requests of HTTP/3 | new \
         connections of TCP |\n|---|--:|--:|---|---|---|"
    )?;
    for server in costs.servers.iter().filter(|server| !server.is_over_tcp()) {
        let Some(cost) = &server.quic else {
            let error = server.not_measured.get("quic").map_or("", String::as_str);
            writeln!(
                page,
                "| {} | – | – | {} | – | – |",
                server.name,
                cell(error)
            )?;
            continue;
        };
        let (shown, of) = cost.shown;
        let handshakes = std::slice::from_ref(&cost.handshakes);
        write!(
            page,
            "| {} | {} | {shown} of {of} |",
            server.name,
            whole(median(handshakes))
        )?;
        for class in ["quic", "http3", "full"] {
            let met = cost.classes.get(class).map_or_else(dash, failures);
            write!(page, " {met} |")?;
        }
        writeln!(page)?;
    }
    Ok(())
}

/// Says which server has the most of something, and which of the book's listings, if that is another one.
fn first(
    page: &mut String,
    costs: &Costs,
    what: &str,
    of: impl Fn(&Server) -> Option<f64>,
    show: impl Fn(f64) -> String,
) -> std::fmt::Result {
    let best = |only: &dyn Fn(&Server) -> bool| {
        let servers = costs
            .servers
            .iter()
            .filter(|server| server.is_over_tcp() && only(server));
        let figures = servers.filter_map(|server| Some((server, of(server)?)));
        figures.max_by(|(_, a), (_, b)| a.total_cmp(b))
    };
    let Some((server, figure)) = best(&|_| true) else {
        return Ok(());
    };
    let mine = best(&Server::is_listing).filter(|(mine, _)| mine.name != server.name);
    let mine = mine.map_or_else(String::new, |(mine, figure)| {
        format!("; of the book's listings {} ({})", mine.name, show(figure))
    });
    writeln!(
        page,
        "\nFirst, with {what}: {} ({}){mine}.",
        server.name,
        show(figure)
    )
}

/// How many more there are for each.
fn each(counts: Option<(usize, usize)>, of: u32) -> Option<f64> {
    let (before, after) = counts?;
    (of > 0).then(|| (after as f64 - before as f64) / f64::from(of))
}

/// A figure with one digit behind the point, where there is one. What is nearly nothing has no sign.
fn figure(figure: Option<f64>) -> String {
    figure.map_or_else(dash, |figure| {
        format!("{:.1}", (figure * 10.0).round() / 10.0 + 0.0)
    })
}

fn milliseconds(time: Option<f64>) -> String {
    time.map_or_else(dash, |time| format!("{time:.1} ms"))
}

fn whole(figure: Option<f64>) -> String {
    figure.map_or_else(dash, |figure| format!("{figure:.0}"))
}

fn dash() -> String {
    "–".to_owned()
}
