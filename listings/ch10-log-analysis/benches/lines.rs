//! What the answers cost, beside reading the file and looking for the ends of its lines.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use ch10_log_analysis::assertion::{Assertions, What};
use ch10_log_analysis::read::Lines;
use ch10_log_analysis::state::LogState;
use lab::event::Event;

const ROTATIONS: u64 = 250;
const CONNECTIONS: u64 = 200;
const TURNS: usize = 5;

/// Goes through a log, and returns how many lines it has.
type Way = fn(&Path) -> u64;

fn main() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    fs::write(&path, log()).unwrap();
    let megabytes = fs::metadata(&path).unwrap().len() as f64 / 1e6;
    let ways: [(&str, Way); 4] = [
        ("read the file", read),
        ("parse each line as JSON", parse),
        ("answer", answer),
        ("answer and assert", assert),
    ];
    let mut times = vec![Vec::new(); ways.len()];
    let mut lines = 0;
    for turn in 0..=TURNS {
        for (way, times) in ways.iter().zip(&mut times) {
            let started = Instant::now();
            lines = way.1(&path);
            // The first turn warms up.
            if turn > 0 {
                times.push(started.elapsed());
            }
        }
    }
    println!("{lines} lines, {megabytes:.1} MB");
    let base = median(&mut times[0]);
    for ((name, _), times) in ways.iter().zip(&mut times) {
        let time = median(times);
        println!(
            "  {name}: {:.2} million lines a second, {:.0} times as long as reading",
            lines as f64 / time.as_secs_f64() / 1e6,
            time.as_secs_f64() / base.as_secs_f64()
        );
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn open(path: &Path) -> BufReader<File> {
    BufReader::new(File::open(path).unwrap())
}

fn read(path: &Path) -> u64 {
    open(path)
        .split(b'\n')
        .map(|line| line.map_or(0, |line| u64::from(!line.is_empty())))
        .sum()
}

fn parse(path: &Path) -> u64 {
    let events = open(path).lines().map(|line| Event::parse(&line.unwrap()));
    events.flatten().count() as u64
}

fn answer(path: &Path) -> u64 {
    let (mut lines, mut state, mut count) = (Lines::new(open(path), 0), LogState::default(), 0);
    while let Some(line) = lines.whole().unwrap() {
        state.line(&line);
        count += 1;
    }
    count
}

fn assert(path: &Path) -> u64 {
    let wanted = ["handshake_failed", "identity_rejected reason=expired"];
    let wanted = wanted.map(|want| What::None(want.parse().unwrap()));
    let mut assertions = Assertions::new(wanted);
    let (mut lines, mut state, mut count) = (Lines::new(open(path), 0), LogState::default(), 0);
    while let Some(line) = lines.whole().unwrap() {
        state.line(&line);
        assertions.line(&line, &|line| line.number.to_string());
        count += 1;
    }
    count
}

/// A day of a busy server: mostly connections.
fn log() -> String {
    let mut text = String::new();
    for generation in 1..=ROTATIONS {
        let (h, m) = (generation / 60, generation % 60);
        let mut event = |rest: &str| {
            let line = format!(r#"{{"ts":"2026-01-01T{h:02}:{m:02}:00.000000000Z",{rest}}}"#);
            writeln!(text, "{line}").unwrap();
        };
        event(&format!(
            r#""event":"identity_loaded","generation":{generation},"serial":"{generation:x}","not_after":"2026-01-02T00:00:00Z","chain_sha256":"e7b3a7e140a563a30cc8ce517119ccb6df8e4ed3699f2dc07b38ae8145268abd""#
        ));
        for connection in generation * CONNECTIONS..(generation + 1) * CONNECTIONS {
            event(&format!(
                r#""event":"connection_opened","connection":{connection},"generation":{generation},"resumed":false,"tls":"1.3""#
            ));
            event(&format!(
                r#""event":"connection_closed","connection":{connection},"generation":{generation},"bytes":1,"why":"client_closed""#
            ));
        }
    }
    text
}
