//! Real logs: cut lines, two servers in one file, clocks that are set back, no beginning.

mod answers;
mod halves;
mod lines;
mod odd;
mod order;
mod servers;
mod told;
mod wrapped;

use std::io::Cursor;

use ch10_log_analysis::answers::Answers;
use ch10_log_analysis::read::Lines;
use ch10_log_analysis::state::LogState;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-01 00:10:00 UTC);

pub(crate) fn state(log: &str) -> LogState {
    let mut state = LogState::default();
    let mut lines = Lines::new(Cursor::new(log), 0);
    while let Some(line) = lines.whole().unwrap() {
        state.line(&line);
    }
    lines.last().iter().for_each(|line| state.line(line));
    state
}

pub(crate) fn answers(log: &str) -> Value {
    serde_json::to_value(Answers::of(&state(log), NOW)).unwrap()
}

pub(crate) fn said(log: &str) -> String {
    Answers::of(&state(log), NOW).to_string()
}

/// An event at so many seconds after the new year.
pub(crate) fn at(second: u32, rest: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(r#"{{"ts":"2026-01-01T00:{minute:02}:{second:02}.000000000Z",{rest}}}"#)
}

pub(crate) fn loaded(second: u32, generation: u64, serial: &str) -> String {
    at(
        second,
        &format!(
            r#""event":"identity_loaded","generation":{generation},"serial":"{serial}","not_after":"2026-01-01T01:00:00Z""#
        ),
    )
}

fn opened(second: u32, connection: u64, generation: u64) -> String {
    let rest = format!(
        r#""event":"connection_opened","connection":{connection},"generation":{generation},"resumed":false,"tls":"1.3""#
    );
    at(second, &rest)
}

fn closed(second: u32, connection: u64) -> String {
    at(
        second,
        &format!(r#""event":"connection_closed","connection":{connection}"#),
    )
}

pub(crate) fn log<const N: usize>(lines: [String; N]) -> String {
    lines.map(|line| line + "\n").concat()
}
