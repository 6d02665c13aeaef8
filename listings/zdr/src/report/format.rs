//! How figures are said: the same on the page, in the terminal and in a comparison.

use serde::Serialize;

use crate::server::lines::steers;

/// How wide a terminal's lines are: no terminal is narrower by default.
pub const WIDTH: usize = 80;

/// The name that a value has in the report's JSON.
pub fn name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// `1 attempt`, `2 attempts`.
pub fn counted(number: u64, one: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {one}{s}", count(number))
}

/// A share of 1 with two digits that count: `0.0025 %`. Bounds are rounded up by the caller.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        return "0 %".into();
    }
    let whole = percent.log10().floor();
    let digits = (1.0 - whole).clamp(0.0, 12.0) as usize;
    format!("{percent:.digits$} %")
}

/// An upper bound: rounded up in its second digit, so that what is said is true.
pub fn below(share: f64) -> String {
    if share >= 1.0 {
        return "100 %".into();
    }
    if share <= 0.0 {
        return "0 %".into();
    }
    let step = 10_f64.powf(share.log10().floor() - 1.0);
    percent((share / step - 1e-9).ceil() * step)
}

/// How many failed, and what follows: never "0 %" without its bound.
pub fn failures(failed: u64, attempts: u64, bound: f64) -> String {
    match (failed, attempts) {
        (_, 0) => "nothing attempted".into(),
        (0, _) => format!("none (< {})", below(bound)),
        _ if failed >= attempts => format!("all {}", count(failed)),
        _ => {
            let share = percent(failed as f64 / attempts as f64);
            format!("{} ({share}, < {})", count(failed), below(bound))
        }
    }
}

/// How many failed, with their share, where the bound stands elsewhere.
pub fn failed(failed: u64, attempts: u64) -> String {
    match (failed, attempts) {
        (_, 0) => "nothing attempted".into(),
        (0, _) => "0".into(),
        _ if failed >= attempts => format!("all {}", count(failed)),
        _ => format!(
            "{} ({})",
            count(failed),
            percent(failed as f64 / attempts as f64)
        ),
    }
}

/// Microseconds with three digits that count: `412 µs`, `1.24 ms`, `10.3 s`.
pub fn micros(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => digits(micros as f64 / 1e3, "ms"),
        _ => digits(micros as f64 / 1e6, "s"),
    }
}

/// Milliseconds, perhaps below zero.
pub fn millis(millis: f64) -> String {
    let size = micros((millis.abs() * 1e3).round() as u64);
    if millis < 0.0 && !size.starts_with("0 ") {
        format!("−{size}")
    } else {
        size
    }
}

/// Milliseconds, or a dash.
pub fn maybe_millis(value: Option<f64>) -> String {
    value.map_or_else(|| "—".into(), millis)
}

/// `12.3 MiB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => digits(bytes as f64 / 1_024.0, "KiB"),
        1_048_576..1_073_741_824 => digits(bytes as f64 / 1_048_576.0, "MiB"),
        _ => digits(bytes as f64 / 1_073_741_824.0, "GiB"),
    }
}

/// A ratio: `1.25×`, or a dash where there is nothing to divide.
pub fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(
        || "—".into(),
        |ratio| digits(ratio, "").trim().to_owned() + "×",
    )
}

fn digits(value: f64, unit: &str) -> String {
    let decimals = match value {
        ..9.995 => 2,
        9.995..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// One value by another; `None` where that says nothing.
pub fn ratio(over: u64, under: u64) -> Option<f64> {
    (over > 0 && under > 0).then(|| over as f64 / under as f64)
}

/// What a terminal may show of a text from outside: no control characters, which could move its
/// cursor or colour its words, and none that turn the direction of what follows (Unicode's UAX #9).
pub fn plain(text: &str) -> String {
    let shown = |c: char| {
        if c.is_whitespace() {
            ' '
        } else if steers(c) {
            '\u{FFFD}'
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// A line of a table, cut where absurd figures made it much wider than a terminal. Figures that are only
/// large stay: a terminal breaks their line.
pub fn clipped(line: &str) -> String {
    const LONGEST: usize = 2 * WIDTH;
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let kept: String = line.chars().take(LONGEST - 1).collect();
    kept + "…"
}

/// A table in lines, each column as wide as its widest cell. The first `left` columns begin at the left, the
/// others end at the right. A row of a single cell is a line of its own, however long.
pub fn table(rows: &[Vec<String>], left: usize) -> Vec<String> {
    let length = |cell: &String| cell.chars().count();
    let whole = || rows.iter().filter(|row| row.len() > 1);
    let width = |at: usize| whole().filter_map(|row| row.get(at)).map(length).max();
    let padded = |(at, cell): (usize, &String)| {
        let width = width(at).unwrap_or(0);
        match at < left {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        }
    };
    let lines = rows.iter().map(|row| {
        let cells: Vec<_> = row.iter().enumerate().map(padded).collect();
        clipped(cells.join("  ").trim_end())
    });
    lines.collect()
}

/// The text, in which no line can end between a number and its unit: a no-break space joins them.
pub fn unbroken(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    for (place, word) in text.split(' ').enumerate() {
        if place > 0 {
            let unit = word.trim_end_matches(['.', ',', ';', ':', ')', '?', '!']);
            let measured = said.ends_with(|c: char| c.is_ascii_digit()) && UNITS.contains(&unit);
            said.push(if measured { NO_BREAK } else { ' ' });
        }
        said.push_str(word);
    }
    said
}

const NO_BREAK: char = '\u{A0}';

const UNITS: [&str; 19] = [
    "%", "µs", "ms", "s", "B", "KiB", "MiB", "GiB", "kB", "MB", "GHz", "second", "seconds",
    "minute", "minutes", "hour", "hours", "day", "days",
];

/// Breaks a text into lines of at most `width` characters, the second and later with `indent`. A
/// word that is longer is broken too, and a number stays beside its unit.
pub fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let room = width.saturating_sub(indent.chars().count()).max(1);
    let mut lines = vec![String::new()];
    let text = unbroken(&plain(text));
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(room) {
            let piece: String = piece.iter().collect();
            let last = lines.last_mut().expect("there is a first line");
            let used = last.chars().count();
            if used == 0 {
                *last = piece;
            } else if used + 1 + piece.chars().count() <= width {
                last.push(' ');
                last.push_str(&piece);
            } else {
                lines.push(format!("{indent}{piece}"));
            }
        }
    }
    lines.join("\n").replace(NO_BREAK, " ")
}
