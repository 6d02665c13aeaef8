//! The drawing of a run, and its caption.

use svg::Document;
use svg::node::element::{
    Definitions, Description, Group, Line, Path, Pattern, Rectangle, TSpan, Text, Title,
};

use super::labels::{Heads, lines, together};
use super::measure::{LEFT, LETTER, WIDTH, label};
use super::run::{Bar, End, Ms, Run};
use super::words::{count, duration, mebibytes, unit};
use crate::markup::round;

const RIGHT: f64 = 24.0;
const TOP: f64 = 46.0;
const LANE: f64 = 18.0;
const BAR: f64 = 14.0;
/// The least width of a bar, and of a gap, so that it can be seen at all.
const MINIMUM: f64 = 2.0;
const GAP_WIDTH: f64 = 6.0;
/// How far above the lanes a shaded stretch begins.
const HEAD: f64 = 14.0;

impl Run {
    /// Where a moment lies, in pixels from the left edge.
    fn x(&self, at: Ms) -> f64 {
        LEFT + at / self.length.max(0.001) * (WIDTH - LEFT - RIGHT)
    }

    /// The run in a few sentences: what the picture shows, and what in it is not to scale.
    pub(super) fn caption(&self) -> String {
        let mut said = format!(
            "One run of {}: {} under {}, {} cut, {} refused.",
            duration(self.length),
            count(self.bars.len(), "connection"),
            count(self.rotations.len(), "generation"),
            self.ended(End::Cut),
            count(self.refused.len(), "client"),
        );
        let drained = self.ended(End::Drained);
        if drained > 0 {
            let drained = count(drained, "connection");
            said += &format!(" {drained} drained (a bar across the end).");
        }
        for (from, to) in &self.gaps {
            said += &format!(" No process listened for {}.", duration(to - from));
        }
        let thin = |(from, to): &(Ms, Ms)| self.x(*to) - self.x(*from) < GAP_WIDTH;
        if self.gaps.iter().any(thin) {
            said += " The gap is drawn wider than it was, so that it can be seen.";
        }
        if self.has_hole() {
            said += " Where there is neither a bar nor shading, a process listened, but no client was connected.";
        }
        let resumed = self.resumed().count();
        if resumed > 0 {
            said += &format!(" {} resumed (hatched).", count(resumed, "connection"));
        }
        said
    }

    /// The picture. `id` begins the names of its parts.
    pub(super) fn draw(&self, id: &str) -> Document {
        let lanes = Lanes::pack(self);
        let marks = self.marks();
        let marks_y = lanes.bottom() + 4.0;
        let rows: usize = marks.iter().map(Mark::rows).sum();
        let axis_y = marks_y + rows as f64 * LANE + 2.0;
        let height = axis_y + 40.0;

        let mut drawing = self.shades(Group::new(), axis_y);
        drawing = self.rotations(drawing, axis_y);
        for (bar, lane) in self.bars.iter().zip(&lanes.of) {
            drawing = drawing.add(self.bar(bar, TOP + *lane as f64 * LANE));
        }
        let mut row = 0;
        for mark in marks {
            let y = marks_y + row as f64 * LANE;
            row += mark.rows();
            drawing = mark.draw(drawing, y);
        }
        drawing = self.axis(drawing, axis_y);

        let words = svg::node::Text::new(self.caption());
        Document::new()
            .set("viewBox", (0, 0, WIDTH as i64, height as i64))
            .set("role", "img")
            .set("aria-labelledby", format!("{id}-title {id}-description"))
            .add(Title::new("Timeline of the run").set("id", format!("{id}-title")))
            .add(
                Description::new()
                    .set("id", format!("{id}-description"))
                    .add(words),
            )
            .add(Definitions::new().add(hatch(id)))
            .add(drawing.set("style", format!("--hatch: url(#{id}-hatch)")))
    }

    /// The stretches of time in which nobody listened, or connections were asked to leave.
    fn shades(&self, mut drawing: Group, axis_y: f64) -> Group {
        let top = TOP - HEAD;
        let mut heads = Heads::default();
        for (from, to) in &self.gaps {
            let (x, width) = (self.x(*from), (self.x(*to) - self.x(*from)).max(GAP_WIDTH));
            let words = format!("gap {}", duration(to - from));
            drawing = drawing.add(rectangle("gap", x, top, width, axis_y - top));
            drawing = heads.add(drawing, "gap-label", x + width / 2.0, words);
        }
        for drain in &self.drains {
            let (x, width) = (self.x(drain.from), self.x(drain.to) - self.x(drain.from));
            let words = format!("drain of generation {}", drain.generation);
            drawing = drawing.add(rectangle("drain", x, top, width.max(MINIMUM), axis_y - top));
            drawing = heads.add(drawing, "drain-label", x + width / 2.0, words);
        }
        drawing
    }

    /// A line for each rotation. Those that are too close for a label each have one together.
    fn rotations(&self, mut drawing: Group, axis_y: f64) -> Group {
        for (at, generation, _) in &self.rotations {
            let x = round(self.x(*at));
            let line = Line::new()
                .set("class", format!("rotation {}", class(Some(*generation))))
                .set("x1", x)
                .set("x2", x)
                .set("y1", TOP - 8.0)
                .set("y2", round(axis_y));
            drawing = drawing.add(line);
        }
        let places = self.rotations.iter();
        let places = places.map(|(at, generation, _)| (self.x(*at), *generation));
        for (x, anchor, words) in together(places) {
            drawing = drawing.add(named(x, anchor, words));
        }
        drawing
    }

    /// What happened to clients, a row for each kind.
    fn marks(&self) -> Vec<Mark> {
        let at = |moments: &[Ms]| -> Vec<f64> { moments.iter().map(|at| self.x(*at)).collect() };
        let of = |told: &[(Ms, String)]| told.iter().map(|(at, _)| self.x(*at)).collect();
        let levels: Vec<_> = self
            .alarms
            .iter()
            .map(|(_, level)| level.as_str())
            .collect();
        let refused = format!("{} refused", count(self.refused.len(), "client"));
        let failed = format!("{} failed", count(self.failed.len(), "handshake"));
        let failed = format!("{failed}: {}", told(&self.failed));
        let calls = count(self.calls.len(), "call");
        let calls = format!("{calls} failed: {}", told(&self.calls));
        let reasons = format!("files rejected: {}", told(&self.rejections));
        let late = self.written_late();
        let mut marks = vec![
            Mark::new("refused", at(&self.refused), refused),
            Mark::new("refused", of(&self.failed), failed),
            Mark::new("refused", of(&self.calls), calls),
            Mark::new("alarm", of(&late), told(&late)),
            Mark::new("rejected", of(&self.rejections), reasons),
            Mark::new(
                "alarm",
                of(&self.alarms),
                format!("alarms: {}", levels.join(", ")),
            ),
            Mark::new(
                "alarm",
                of(&self.ends),
                format!("ends: the certificate of {}", told(&self.ends)),
            ),
        ];
        for (at, bytes, of) in &self.severed {
            let (of, bytes) = (mebibytes(*of), mebibytes(*bytes));
            let words = format!("a download of {of} severed after {bytes}");
            marks.push(Mark::new("severed", vec![self.x(*at)], words));
        }
        let resumed: Vec<_> = self.resumed().map(|bar| self.x(bar.from)).collect();
        let words = count(resumed.len(), "connection");
        let words = format!("{words} resumed, under no known generation");
        marks.push(Mark::new("resumed", resumed, words));
        marks.retain(|mark| !mark.places.is_empty());
        marks
    }

    fn bar(&self, bar: &Bar, y: f64) -> Group {
        let (x, end) = (self.x(bar.from), self.x(bar.to));
        let width = (end - x).max(MINIMUM);
        let coloured = format!("bar {}", class(bar.generation));
        let group = Group::new().add(rectangle(&coloured, x, y, width, BAR));
        let group = match bar.end {
            End::Left => group,
            End::Cut => group.add(cross("cut", x + width, y + BAR / 2.0)),
            End::Drained => group.add(rectangle(
                "drained",
                x + width - 3.0,
                y - 2.0,
                3.0,
                BAR + 4.0,
            )),
        };
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
        drawing = drawing.add(line((LEFT, y), (WIDTH - RIGHT, y)));
        let mut at = 0.0;
        while at <= self.length {
            let x = self.x(at);
            let words = format!("{}", round(at / scale * 100.0) / 100.0);
            drawing = drawing.add(line((x, y), (x, y + 4.0))).add(label(
                "axis-label",
                x,
                y + 16.0,
                "middle",
                words,
            ));
            at += step;
        }
        let words = format!("{unit} since the run began");
        drawing.add(label("axis-label", WIDTH - RIGHT, y + 32.0, "end", words))
    }
}

/// A row of crosses of one kind, with its words.
struct Mark {
    class: &'static str,
    places: Vec<f64>,
    words: String,
}

impl Mark {
    fn new(class: &'static str, places: Vec<f64>, words: String) -> Self {
        Self {
            class,
            places,
            words,
        }
    }

    /// Its words, where they go: beside the marks in one line or more, or in lines above them.
    fn place(&self) -> Place {
        if let Some((anchor, x)) = self.beside() {
            let lines = vec![self.words.clone()];
            return Place {
                anchor,
                x,
                lines,
                marks: 0,
            };
        }
        let (first, last) = (self.places[0], self.places[self.places.len() - 1]);
        let (before, behind) = (first - 10.0 - LEFT, WIDTH - last - 10.0);
        let (anchor, x, room) = match before > behind {
            true => ("end", first - 10.0, before),
            false => ("start", last + 10.0, behind),
        };
        if room > WIDTH / 2.0 {
            let lines = lines(&self.words, room);
            return Place {
                anchor,
                x,
                lines,
                marks: 0,
            };
        }
        let lines = lines(&self.words, WIDTH - LEFT);
        Place {
            anchor: "start",
            x: LEFT,
            marks: lines.len(),
            lines,
        }
    }

    /// How many rows it takes.
    fn rows(&self) -> usize {
        let place = self.place();
        place.lines.len().max(place.marks + 1)
    }

    fn draw(self, mut drawing: Group, y: f64) -> Group {
        let class = format!("mark-label {}", self.class);
        let place = self.place();
        for (row, line) in place.lines.into_iter().enumerate() {
            let below = y + row as f64 * LANE + BAR - 3.0;
            drawing = drawing.add(label(&class, place.x, below, place.anchor, line));
        }
        let y = y + place.marks as f64 * LANE;
        for x in &self.places {
            drawing = drawing.add(cross(self.class, *x, y + BAR / 2.0));
        }
        drawing
    }

    /// Where the words go if there is room beside the marks, so that they hide none: behind the last, before
    /// the first, or between two.
    fn beside(&self) -> Option<(&'static str, f64)> {
        let places = &self.places;
        let (first, last) = (places[0], places[places.len() - 1]);
        let width = self.words.chars().count() as f64 * LETTER;
        if last + 10.0 + width < WIDTH {
            return Some(("start", last + 10.0));
        }
        if first - 10.0 > width {
            return Some(("end", first - 10.0));
        }
        let spaces = places.windows(2).map(|two| (two[1] - two[0], two[0]));
        let (space, before) = spaces.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (space > width + 20.0).then_some(("start", before + 10.0))
    }
}

/// Where the words of a mark stand, and in which row below its first the marks do.
struct Place {
    anchor: &'static str,
    x: f64,
    lines: Vec<String>,
    marks: usize,
}

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

/// Each reason once: the marks tell how often.
fn told(told: &[(Ms, String)]) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for (_, reason) in told {
        if !reasons.contains(&reason.as_str()) {
            reasons.push(reason);
        }
    }
    reasons.join(", ")
}

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

/// The label of a generation. On the first page of a phone, its number stands without the word.
fn named(x: f64, anchor: &str, words: String) -> Text {
    let (word, numbers) = match words.split_once(' ') {
        Some((word, numbers)) if word.starts_with("generation") => (word, numbers.to_owned()),
        _ => return label("rotation-label", x, TOP - 12.0, anchor, words),
    };
    let word = TSpan::new(format!("{word} ")).set("class", "word");
    label("rotation-label", x, TOP - 12.0, anchor, String::new())
        .add(word)
        .add(svg::node::Text::new(numbers))
}

fn rectangle(class: &str, x: f64, y: f64, width: f64, height: f64) -> Rectangle {
    Rectangle::new()
        .set("class", class)
        .set("x", round(x))
        .set("y", round(y))
        .set("width", round(width))
        .set("height", round(height))
}

/// A line of the axis.
fn line(from: (f64, f64), to: (f64, f64)) -> Line {
    Line::new()
        .set("class", "axis")
        .set("x1", round(from.0))
        .set("x2", round(to.0))
        .set("y1", round(from.1))
        .set("y2", round(to.1))
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
