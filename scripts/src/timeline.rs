//! The timeline: a picture of one run, drawn from the events of that run.
//!
//! Connections are bars, coloured by the generation they were opened under. A rotation is a
//! vertical line. What was cut, refused or severed is marked, and the time in which nobody
//! listened is shaded. The same is said in words beside the picture.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use svg::Document;
use svg::node::element::{
    Definitions, Description, Group, Line, Path, Pattern, Rectangle, Text, Title,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Why events make no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// A line, counted from 1, is not an event with a time.
    Line(usize, String),
    /// There is nothing to draw.
    NoEvents,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line, why) => write!(f, "line {line}: {why}"),
            Self::NoEvents => f.write_str("no events"),
        }
    }
}

impl std::error::Error for Unclear {}

/// Draws a run: a `<figure>` with an SVG and the same in words. `name` tells figures of one page
/// apart, and is not shown.
///
/// # Errors
/// When a line is not an event, or there is none.
pub fn render(name: &str, events: &str) -> Result<String, Unclear> {
    let run = Run::read(events)?;
    let id = identity(name);
    let picture = run.draw(&id).to_string();
    // Markdown ends an HTML block at an empty line.
    let picture: String = picture.lines().map(str::trim).collect();
    let words: String = run
        .words()
        .into_iter()
        .map(|line| format!("<li>{}</li>", escape(&line)))
        .collect();
    Ok(format!(
        "<figure class=\"timeline\"><div class=\"timeline-picture\" tabindex=\"0\" role=\"group\" \
         aria-label=\"Timeline, scrolls sideways\">{picture}</div><figcaption>{}</figcaption>\
         <details><summary>The same in words</summary><ol>{words}</ol></details></figure>\n",
        escape(&run.caption())
    ))
}

/// Milliseconds since the run began.
type Ms = f64;

#[derive(Clone, Debug)]
struct Bar {
    from: Ms,
    to: Ms,
    generation: Option<u64>,
    bytes: Option<u64>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By the client, or not seen.
    Left,
    /// In the middle, by whoever.
    Cut,
    /// The server asked it to leave, and it did.
    Drained,
}

/// From the first that is asked to leave to the last that is gone.
#[derive(Clone, Debug)]
struct Drain {
    from: Ms,
    to: Ms,
    generation: u64,
    asked: usize,
    cut: usize,
}

#[derive(Debug, Default)]
struct Run {
    length: Ms,
    bars: Vec<Bar>,
    rotations: Vec<(Ms, u64, String)>,
    rejections: Vec<(Ms, String)>,
    // When the expiry of what is served was told, and at which level.
    alarms: Vec<(Ms, String)>,
    failed: Vec<Ms>,
    gaps: Vec<(Ms, Ms)>,
    drains: Vec<Drain>,
    refused: Vec<Ms>,
    severed: Vec<(Ms, u64, u64)>,
    finished: Vec<(Ms, u64)>,
}

impl Run {
    fn read(text: &str) -> Result<Self, Unclear> {
        let mut events = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let unclear = |why: &dyn fmt::Display| Unclear::Line(number, why.to_string());
            let event: Map<String, Value> = serde_json::from_str(line).map_err(|e| unclear(&e))?;
            let ts = event.get("ts").and_then(Value::as_str);
            let ts = ts.ok_or_else(|| unclear(&"an event without `ts`"))?;
            let at = OffsetDateTime::parse(ts, &Rfc3339).map_err(|e| unclear(&e))?;
            events.push((at, event));
        }
        // Events of several processes are written as they arrive, not as they happened.
        events.sort_by_key(|(at, _)| *at);
        let start = events.first().ok_or(Unclear::NoEvents)?.0;
        let mut run = Self::default();
        let mut open: BTreeMap<(u64, u64), Bar> = BTreeMap::new();
        let mut nobody_since = None;
        for (at, event) in &events {
            let at = (*at - start).as_seconds_f64() * 1000.0;
            run.length = at;
            let number = |field: &str| event.get(field).and_then(Value::as_u64);
            let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or("?");
            let process = number("process").unwrap_or(0);
            let key = (process, number("connection").unwrap_or(0));
            match text("event") {
                "connection_opened" => {
                    let bar = Bar {
                        from: at,
                        to: at,
                        generation: number("generation"),
                        bytes: None,
                        end: End::Left,
                    };
                    open.insert(key, bar);
                }
                "connection_closed" => {
                    if let Some(bar) = open.remove(&key) {
                        run.bars.push(Bar {
                            to: at,
                            bytes: number("bytes"),
                            end: match text("why") {
                                "cut" | "deadline" => End::Cut,
                                "drained" | "aged" => End::Drained,
                                _ => End::Left,
                            },
                            ..bar
                        });
                    }
                }
                "process_exited" => {
                    let (gone, alive) = open.into_iter().partition(|((of, _), _)| *of == process);
                    open = alive;
                    let gone: BTreeMap<_, Bar> = gone;
                    run.bars.extend(gone.into_values().map(|bar| Bar {
                        to: at,
                        end: End::Cut,
                        ..bar
                    }));
                    nobody_since = Some(at);
                }
                "drain_started" => run.drains.push(Drain {
                    from: at,
                    to: f64::NAN,
                    generation: number("generation").unwrap_or(0),
                    asked: number("connections").unwrap_or(0) as usize,
                    cut: 0,
                }),
                "drain_finished" => {
                    let generation = number("generation");
                    let begun = run.drains.iter_mut();
                    for drain in begun.filter(|d| Some(d.generation) == generation) {
                        drain.to = at;
                        drain.cut = number("cut").unwrap_or(0) as usize;
                    }
                }
                "listening" => run.gaps.extend(nobody_since.take().map(|from| (from, at))),
                "identity_loaded" => {
                    let generation = number("generation").unwrap_or(0);
                    run.rotations
                        .push((at, generation, text("serial").to_owned()));
                }
                "identity_rejected" => run.rejections.push((at, text("reason").to_owned())),
                "identity_expiring" => run.alarms.push((at, text("level").to_owned())),
                "handshake_failed" => run.failed.push(at),
                "connect_refused" => run.refused.push(at),
                "download_severed" => {
                    let (bytes, of) = (number("bytes"), number("of"));
                    run.severed.push((at, bytes.unwrap_or(0), of.unwrap_or(0)));
                }
                "download_finished" => run.finished.push((at, number("bytes").unwrap_or(0))),
                _ => {}
            }
        }
        let end = run.length;
        for drain in run.drains.iter_mut().filter(|drain| drain.to.is_nan()) {
            drain.to = end;
        }
        run.bars
            .extend(open.into_values().map(|bar| Bar { to: end, ..bar }));
        run.bars.sort_by(|a, b| a.from.total_cmp(&b.from));
        Ok(run)
    }

    fn generations(&self) -> usize {
        self.rotations.len()
    }

    fn ended(&self, end: End) -> usize {
        self.bars.iter().filter(|bar| bar.end == end).count()
    }

    fn caption(&self) -> String {
        let mut said = format!(
            "One run of {}: {} under {}, {} cut, {} refused.",
            duration(self.length),
            count(self.bars.len(), "connection"),
            count(self.generations(), "generation"),
            self.ended(End::Cut),
            count(self.refused.len(), "caller"),
        );
        let drained = self.ended(End::Drained);
        if drained > 0 {
            said += &format!(
                " {} drained (a bar across the end).",
                count(drained, "connection")
            );
        }
        for (from, to) in &self.gaps {
            said += &format!(" Nobody listened for {}.", duration(to - from));
        }
        let thin = self
            .gaps
            .iter()
            .any(|(from, to)| self.x(*to) - self.x(*from) < GAP_WIDTH);
        if thin {
            said += " The gap is drawn wider than it was, so that it can be seen.";
        }
        let resumed = self
            .bars
            .iter()
            .filter(|bar| bar.generation.is_none())
            .count();
        if resumed > 0 {
            said += &format!(" {} resumed (hatched).", count(resumed, "connection"));
        }
        said
    }

    fn words(&self) -> Vec<String> {
        let mut said: Vec<(Ms, String)> = Vec::new();
        for (at, generation, serial) in &self.rotations {
            let begun = self
                .bars
                .iter()
                .filter(|bar| bar.generation == Some(*generation));
            let begun = count(begun.count(), "connection");
            let words = format!(
                "generation {generation} (serial {serial}) is served; {begun} opened under it"
            );
            said.push((*at, words));
        }
        for (at, reason) in &self.rejections {
            said.push((*at, format!("files were rejected: {reason}")));
        }
        for (at, level) in &self.alarms {
            said.push((*at, format!("alarm: what is served is {level}")));
        }
        for at in &self.failed {
            said.push((*at, "a handshake fails".into()));
        }
        for (from, to) in &self.gaps {
            let refused = self
                .refused
                .iter()
                .filter(|at| (*from..=*to).contains(*at))
                .count();
            let words = format!(
                "the server is gone; nobody listens for {}, and {} refused",
                duration(to - from),
                count(refused, "caller")
            );
            said.push((*from, words));
        }
        for drain in &self.drains {
            let (generation, asked) = (drain.generation, count(drain.asked, "connection"));
            let words = format!("drain of generation {generation}: {asked} asked to leave");
            said.push((drain.from, words));
            let words = format!("drain of generation {generation} ends: {} cut", drain.cut);
            said.push((drain.to, words));
        }
        for bar in &self.bars {
            let how = match bar.end {
                End::Left => continue,
                End::Cut => "cut",
                End::Drained => "drained",
            };
            let open = duration(bar.to - bar.from);
            said.push((
                bar.to,
                format!("a connection that was open for {open} is {how}"),
            ));
        }
        for (at, bytes, of) in &self.severed {
            said.push((
                *at,
                format!("a download is found severed after {bytes} bytes of {of}"),
            ));
        }
        for (at, bytes) in &self.finished {
            said.push((*at, format!("a download of {bytes} bytes is whole")));
        }
        for bar in self.bars.iter().filter(|bar| bar.generation.is_none()) {
            said.push((
                bar.from,
                "a returning client resumes; no certificate is sent".into(),
            ));
        }
        said.sort_by(|a, b| a.0.total_cmp(&b.0));
        said.into_iter()
            .map(|(at, words)| format!("{}: {words}", self.moment(at)))
            .collect()
    }

    /// A moment of the run. In a run of days nobody wants to read milliseconds.
    fn moment(&self, at: Ms) -> String {
        match unit(self.length) {
            (_, "milliseconds") => format!("{at:.1} ms"),
            (scale, name) => format!("{:.1} {name}", at / scale),
        }
    }

    fn x(&self, at: Ms) -> f64 {
        LEFT + at / self.length.max(0.001) * (WIDTH - LEFT - RIGHT)
    }

    fn draw(&self, id: &str) -> Document {
        let lanes = Lanes::pack(self);
        let marks = self.marks();
        let marks_y = lanes.bottom() + 4.0;
        let axis_y = marks_y + marks.len() as f64 * LANE + 2.0;
        let height = axis_y + 40.0;
        let mut drawing = Group::new();

        for (from, to) in &self.gaps {
            let (x, width) = (self.x(*from), (self.x(*to) - self.x(*from)).max(GAP_WIDTH));
            let top = TOP - 14.0;
            drawing = drawing
                .add(rectangle("gap", x, top, width, axis_y - top))
                .add(label(
                    "gap-label",
                    x + width / 2.0,
                    12.0,
                    "middle",
                    format!("gap {}", duration(to - from)),
                ));
        }
        for drain in &self.drains {
            let (x, width) = (self.x(drain.from), self.x(drain.to) - self.x(drain.from));
            let (top, words) = (
                TOP - 14.0,
                format!("drain of generation {}", drain.generation),
            );
            drawing = drawing
                .add(rectangle("drain", x, top, width.max(MINIMUM), axis_y - top))
                .add(label("drain-label", x + width / 2.0, 12.0, "middle", words));
        }
        let mut free_from = f64::MIN;
        for (at, generation, _) in &self.rotations {
            let x = self.x(*at);
            drawing = drawing.add(
                Line::new()
                    .set("class", format!("rotation {}", class(Some(*generation))))
                    .set("x1", round(x))
                    .set("x2", round(x))
                    .set("y1", TOP - 8.0)
                    .set("y2", round(axis_y)),
            );
            // Where two rotations are close, only the first is labelled; the bars carry numbers.
            if x < free_from {
                continue;
            }
            let first = free_from == f64::MIN;
            let (anchor, at, words) = match first {
                true => ("start", x - 4.0, format!("generation {generation}")),
                false => ("middle", x, generation.to_string()),
            };
            let width = words.len() as f64 * 7.4;
            free_from = if first { at + width + 8.0 } else { x + 16.0 };
            drawing = drawing.add(label("rotation-label", at, TOP - 12.0, anchor, words));
        }
        for (bar, lane) in self.bars.iter().zip(&lanes.of) {
            drawing = drawing.add(self.bar(bar, TOP + *lane as f64 * LANE));
        }
        for (row, (class, places, words)) in marks.into_iter().enumerate() {
            let y = marks_y + row as f64 * LANE;
            for x in &places {
                drawing = drawing.add(cross(class, *x, y + BAR / 2.0));
            }
            // Beside the marks, on the side where there is room; else in the widest space between.
            let (first, last) = (places[0], places[places.len() - 1]);
            let width = words.chars().count() as f64 * 7.4;
            let spaces = places.windows(2).map(|two| (two[1] - two[0], two[0]));
            let widest = spaces.max_by(|a, b| a.0.total_cmp(&b.0));
            let (anchor, x) = match widest {
                _ if first < WIDTH / 2.0 && last + 10.0 + width < WIDTH => ("start", last + 10.0),
                _ if first - 10.0 > width => ("end", first - 10.0),
                Some((_, before)) => ("start", before + 10.0),
                None => ("start", last + 10.0),
            };
            drawing = drawing.add(label(
                &format!("mark-label {class}"),
                x,
                y + BAR - 3.0,
                anchor,
                words,
            ));
        }
        drawing = self.axis(drawing, axis_y);

        let words = self.caption();
        Document::new()
            .set("viewBox", (0, 0, WIDTH as i64, height as i64))
            .set("role", "img")
            .set("aria-labelledby", format!("{id}-title {id}-description"))
            .add(Title::new("Timeline of the run").set("id", format!("{id}-title")))
            .add(
                Description::new()
                    .set("id", format!("{id}-description"))
                    .add(svg::node::Text::new(words)),
            )
            .add(Definitions::new().add(hatch(id)))
            .add(drawing.set("style", format!("--hatch: url(#{id}-hatch)")))
    }

    /// What happened to callers, a row for each kind: its class, its places, and its words.
    fn marks(&self) -> Vec<(&'static str, Vec<f64>, String)> {
        let refused: Vec<_> = self.refused.iter().map(|at| self.x(*at)).collect();
        let words = format!("{} refused", count(refused.len(), "caller"));
        let mut marks = vec![("refused", refused, words)];
        let failed: Vec<_> = self.failed.iter().map(|at| self.x(*at)).collect();
        let words = format!("{} failed", count(failed.len(), "handshake"));
        marks.push(("refused", failed, words));
        let rejections: Vec<_> = self.rejections.iter().map(|(at, _)| self.x(*at)).collect();
        // Each reason once: the marks tell how often.
        let mut reasons: Vec<&str> = Vec::new();
        for (_, reason) in &self.rejections {
            if !reasons.contains(&reason.as_str()) {
                reasons.push(reason);
            }
        }
        let words = format!("files rejected: {}", reasons.join(", "));
        marks.push(("rejected", rejections, words));
        let alarms: Vec<_> = self.alarms.iter().map(|(at, _)| self.x(*at)).collect();
        let levels: Vec<_> = self
            .alarms
            .iter()
            .map(|(_, level)| level.as_str())
            .collect();
        marks.push(("alarm", alarms, format!("alarms: {}", levels.join(", "))));
        for (at, bytes, of) in &self.severed {
            let words = format!(
                "a download of {} severed after {}",
                mebibytes(*of),
                mebibytes(*bytes)
            );
            marks.push(("severed", vec![self.x(*at)], words));
        }
        let unknown = self.bars.iter().filter(|bar| bar.generation.is_none());
        let resumed: Vec<_> = unknown.map(|bar| self.x(bar.from)).collect();
        let words = format!(
            "{} resumed, under no known generation",
            count(resumed.len(), "connection")
        );
        marks.push(("resumed", resumed, words));
        marks.retain(|(_, places, _)| !places.is_empty());
        marks
    }

    fn bar(&self, bar: &Bar, y: f64) -> Group {
        let (x, end) = (self.x(bar.from), self.x(bar.to));
        let width = (end - x).max(MINIMUM);
        let mut group = Group::new().add(rectangle(
            &format!("bar {}", class(bar.generation)),
            x,
            y,
            width,
            BAR,
        ));
        match bar.end {
            End::Left => {}
            End::Cut => group = group.add(cross("cut", x + width, y + BAR / 2.0)),
            End::Drained => {
                group = group.add(rectangle("drained", x + width, y - 2.0, 3.0, BAR + 4.0))
            }
        }
        let generation = match bar.generation {
            Some(generation) => generation.to_string(),
            None => "resumed".into(),
        };
        let long = match bar.bytes {
            Some(bytes) if bytes >= 1 << 20 => format!("{generation} · {}", mebibytes(bytes)),
            _ => generation.clone(),
        };
        for words in [long, generation] {
            if width > words.chars().count() as f64 * 7.0 + 6.0 {
                return group.add(label("bar-label", x + 5.0, y + BAR - 3.0, "start", words));
            }
        }
        group
    }

    fn axis(&self, mut drawing: Group, y: f64) -> Group {
        let (scale, unit) = unit(self.length);
        let step = step(self.length / scale) * scale;
        drawing = drawing.add(
            Line::new()
                .set("class", "axis")
                .set("x1", LEFT)
                .set("x2", WIDTH - RIGHT)
                .set("y1", round(y))
                .set("y2", round(y)),
        );
        let mut at = 0.0;
        while at <= self.length {
            let x = self.x(at);
            drawing = drawing
                .add(
                    Line::new()
                        .set("class", "axis")
                        .set("x1", round(x))
                        .set("x2", round(x))
                        .set("y1", round(y))
                        .set("y2", round(y + 4.0)),
                )
                .add(label(
                    "axis-label",
                    x,
                    y + 16.0,
                    "middle",
                    format!("{}", round(at / scale * 100.0) / 100.0),
                ));
            at += step;
        }
        drawing.add(label(
            "axis-label",
            WIDTH - RIGHT,
            y + 32.0,
            "end",
            format!("{unit} since the run began"),
        ))
    }
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 14.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 46.0;
const LANE: f64 = 18.0;
const BAR: f64 = 14.0;
/// The least width of a bar, and of a gap, so that it can be seen at all.
const MINIMUM: f64 = 2.0;
const GAP_WIDTH: f64 = 6.0;

/// Which lane each bar lies in: the first that is free.
struct Lanes {
    of: Vec<usize>,
    count: usize,
}

impl Lanes {
    fn pack(run: &Run) -> Self {
        let mut free_from: Vec<f64> = Vec::new();
        let mut of = Vec::new();
        for bar in &run.bars {
            let (x, end) = (run.x(bar.from), run.x(bar.to));
            let lane = free_from.iter().position(|free| *free <= x);
            let lane = lane.unwrap_or_else(|| {
                free_from.push(0.0);
                free_from.len() - 1
            });
            // A cut mark stands over the end of its bar.
            let mark = if bar.end == End::Left { 1.0 } else { 8.0 };
            free_from[lane] = end.max(x + MINIMUM) + mark;
            of.push(lane);
        }
        Self {
            of,
            count: free_from.len(),
        }
    }

    fn bottom(&self) -> f64 {
        TOP + self.count.max(1) as f64 * LANE
    }
}

/// What the axis counts in: how many milliseconds one is, and the name of many.
fn unit(length: Ms) -> (Ms, &'static str) {
    match length {
        length if length < 2.0 * MINUTE => (1.0, "milliseconds"),
        length if length < 2.0 * HOUR => (1000.0, "seconds"),
        length if length < 2.0 * DAY => (HOUR, "hours"),
        _ => (DAY, "days"),
    }
}

const MINUTE: Ms = 60_000.0;
const HOUR: Ms = 60.0 * MINUTE;
const DAY: Ms = 24.0 * HOUR;

/// A round step that makes four to ten ticks.
fn step(length: Ms) -> f64 {
    let rough = (length / 8.0).max(0.01);
    let magnitude = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude);
    steps
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough)
}

/// Eight colours, then again from the first: the numbers tell generations apart, too.
fn class(generation: Option<u64>) -> String {
    match generation {
        Some(generation) => format!("generation-{}", generation.saturating_sub(1) % 8 + 1),
        None => "generation-unknown".into(),
    }
}

fn rectangle(class: &str, x: f64, y: f64, width: f64, height: f64) -> Rectangle {
    Rectangle::new()
        .set("class", class)
        .set("x", round(x))
        .set("y", round(y))
        .set("width", round(width))
        .set("height", round(height))
}

fn label(class: &str, x: f64, y: f64, anchor: &str, words: String) -> Text {
    Text::new(words)
        .set("class", class)
        .set("x", round(x))
        .set("y", round(y))
        .set("text-anchor", anchor)
}

fn cross(class: &str, x: f64, y: f64) -> Path {
    let (x, y) = (round(x), round(y));
    let path = format!("M {} {} l 8 8 m 0 -8 l -8 8", x - 4.0, y - 4.0);
    Path::new()
        .set("class", format!("cross {class}"))
        .set("d", path)
}

fn hatch(id: &str) -> Pattern {
    Pattern::new()
        .set("id", format!("{id}-hatch"))
        .set("width", 6)
        .set("height", 6)
        .set("patternUnits", "userSpaceOnUse")
        .set("patternTransform", "rotate(45)")
        .add(
            Rectangle::new()
                .set("class", "hatch")
                .set("width", 3)
                .set("height", 6),
        )
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

fn duration(ms: Ms) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms if ms < 2.0 * HOUR => format!("{:.1} s", ms / 1000.0),
        ms if ms < 2.0 * DAY => format!("{:.1} hours", ms / HOUR),
        ms => format!("{:.1} days", ms / DAY),
    }
}

fn mebibytes(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    match mebibytes.fract() {
        0.0 => format!("{mebibytes} MiB"),
        _ => format!("{mebibytes:.1} MiB"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A name that may stand in an `id`.
fn identity(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("timeline-{}", name.chars().map(plain).collect::<String>())
}
