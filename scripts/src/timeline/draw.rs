//! The drawing of a run, and its caption.

use svg::Document;
use svg::node::element::{
    Definitions, Description, Group, Line, Path, Pattern, Rectangle, Text, Title,
};

use super::run::{Bar, End, Ms, Run};
use super::words::{count, duration, mebibytes, unit};
use crate::markup::round;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 14.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 46.0;
const LANE: f64 = 18.0;
const BAR: f64 = 14.0;
/// The least width of a bar, and of a gap, so that it can be seen at all.
const MINIMUM: f64 = 2.0;
const GAP_WIDTH: f64 = 6.0;
/// How far above the lanes a shaded stretch begins.
const HEAD: f64 = 14.0;
/// What a letter of a label takes.
const LETTER: f64 = 7.4;

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
            count(self.refused.len(), "caller"),
        );
        let drained = self.ended(End::Drained);
        if drained > 0 {
            let drained = count(drained, "connection");
            said += &format!(" {drained} drained (a bar across the end).");
        }
        for (from, to) in &self.gaps {
            said += &format!(" Nobody listened for {}.", duration(to - from));
        }
        let thin = |(from, to): &(Ms, Ms)| self.x(*to) - self.x(*from) < GAP_WIDTH;
        if self.gaps.iter().any(thin) {
            said += " The gap is drawn wider than it was, so that it can be seen.";
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
        let axis_y = marks_y + marks.len() as f64 * LANE + 2.0;
        let height = axis_y + 40.0;

        let mut drawing = self.shades(Group::new(), axis_y);
        drawing = self.rotations(drawing, axis_y);
        for (bar, lane) in self.bars.iter().zip(&lanes.of) {
            drawing = drawing.add(self.bar(bar, TOP + *lane as f64 * LANE));
        }
        for (row, mark) in marks.into_iter().enumerate() {
            drawing = mark.draw(drawing, marks_y + row as f64 * LANE);
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
        for (from, to) in &self.gaps {
            let (x, width) = (self.x(*from), (self.x(*to) - self.x(*from)).max(GAP_WIDTH));
            let words = format!("gap {}", duration(to - from));
            drawing = drawing
                .add(rectangle("gap", x, top, width, axis_y - top))
                .add(label("gap-label", x + width / 2.0, 12.0, "middle", words));
        }
        for drain in &self.drains {
            let (x, width) = (self.x(drain.from), self.x(drain.to) - self.x(drain.from));
            let words = format!("drain of generation {}", drain.generation);
            drawing = drawing
                .add(rectangle("drain", x, top, width.max(MINIMUM), axis_y - top))
                .add(label("drain-label", x + width / 2.0, 12.0, "middle", words));
        }
        drawing
    }

    /// A line for each rotation. Where two are close, only the first is labelled: the bars carry
    /// numbers.
    fn rotations(&self, mut drawing: Group, axis_y: f64) -> Group {
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
            if x < free_from {
                continue;
            }
            let (anchor, at, words) = if free_from == f64::MIN {
                let words = format!("generation {generation}");
                free_from = x - 4.0 + words.len() as f64 * LETTER + 8.0;
                ("start", x - 4.0, words)
            } else {
                free_from = x + 16.0;
                ("middle", x, generation.to_string())
            };
            drawing = drawing.add(label("rotation-label", at, TOP - 12.0, anchor, words));
        }
        drawing
    }

    /// What happened to callers, a row for each kind.
    fn marks(&self) -> Vec<Mark> {
        let at = |moments: &[Ms]| -> Vec<f64> { moments.iter().map(|at| self.x(*at)).collect() };
        let of = |told: &[(Ms, String)]| told.iter().map(|(at, _)| self.x(*at)).collect();
        // Each reason once: the marks tell how often.
        let mut reasons: Vec<&str> = Vec::new();
        for (_, reason) in &self.rejections {
            if !reasons.contains(&reason.as_str()) {
                reasons.push(reason);
            }
        }
        let levels: Vec<_> = self
            .alarms
            .iter()
            .map(|(_, level)| level.as_str())
            .collect();
        let refused = format!("{} refused", count(self.refused.len(), "caller"));
        let failed = format!("{} failed", count(self.failed.len(), "handshake"));
        let reasons = format!("files rejected: {}", reasons.join(", "));
        let mut marks = vec![
            Mark::new("refused", at(&self.refused), refused),
            Mark::new("refused", at(&self.failed), failed),
            Mark::new("rejected", of(&self.rejections), reasons),
            Mark::new(
                "alarm",
                of(&self.alarms),
                format!("alarms: {}", levels.join(", ")),
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
            End::Drained => group.add(rectangle("drained", x + width, y - 2.0, 3.0, BAR + 4.0)),
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

    fn draw(self, mut drawing: Group, y: f64) -> Group {
        for x in &self.places {
            drawing = drawing.add(cross(self.class, *x, y + BAR / 2.0));
        }
        let (anchor, x) = self.beside();
        let class = format!("mark-label {}", self.class);
        drawing.add(label(&class, x, y + BAR - 3.0, anchor, self.words))
    }

    /// Where the words go: beside the marks, on the side where there is room; else in the widest
    /// space between.
    fn beside(&self) -> (&'static str, f64) {
        let places = &self.places;
        let (first, last) = (places[0], places[places.len() - 1]);
        let width = self.words.chars().count() as f64 * LETTER;
        let spaces = places.windows(2).map(|two| (two[1] - two[0], two[0]));
        let widest = spaces.max_by(|a, b| a.0.total_cmp(&b.0));
        match widest {
            _ if first < WIDTH / 2.0 && last + 10.0 + width < WIDTH => ("start", last + 10.0),
            _ if first - 10.0 > width => ("end", first - 10.0),
            Some((_, before)) => ("start", before + 10.0),
            None => ("start", last + 10.0),
        }
    }
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

/// A line of the axis.
fn line(from: (f64, f64), to: (f64, f64)) -> Line {
    Line::new()
        .set("class", "axis")
        .set("x1", round(from.0))
        .set("x2", round(to.0))
        .set("y1", round(from.1))
        .set("y2", round(to.1))
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
