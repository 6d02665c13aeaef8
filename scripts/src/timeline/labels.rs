//! Where labels go, so that none hides another.

use svg::node::element::Group;

use super::measure::{LETTER, WIDTH, label};

/// The labels of shaded stretches, in two rows above the picture.
#[derive(Default)]
pub(super) struct Heads {
    /// Up to where each row is taken.
    taken: [f64; 2],
}

impl Heads {
    const ROWS: [f64; 2] = [10.0, 22.0];

    /// Adds a label around `x`, or none where there is no room: the caption tells of each stretch.
    pub(super) fn add(&mut self, drawing: Group, class: &str, x: f64, words: String) -> Group {
        let half = words.chars().count() as f64 * LETTER / 2.0;
        let x = x.min(WIDTH - half).max(half);
        for (taken, y) in self.taken.iter_mut().zip(Self::ROWS) {
            if x - half >= *taken {
                *taken = x + half + LETTER;
                return drawing.add(label(class, x, y, "middle", words));
            }
        }
        drawing
    }
}

/// Labels for generations at their places: where they are too close, one label for several.
pub(super) fn together(
    places: impl Iterator<Item = (f64, u64)>,
) -> impl Iterator<Item = (f64, &'static str, String)> {
    let mut labels: Vec<(f64, Vec<u64>)> = Vec::new();
    for (x, generation) in places {
        // The first stands in full; of the others, each is centred on its line.
        let taken = match labels.as_slice() {
            [] => f64::MIN,
            [(x, first)] => x - 4.0 + width(&named(first)),
            [.., (x, others)] => x + width(&ranges(others)) / 2.0,
        };
        let half = width(&generation.to_string()) / 2.0;
        match labels.last_mut() {
            Some((_, together)) if x - half < taken + LETTER => together.push(generation),
            _ => labels.push((x, vec![generation])),
        }
    }
    labels
        .into_iter()
        .enumerate()
        .map(|(at, (x, all))| match at {
            0 => (x - 4.0, "start", named(&all)),
            _ => (x, "middle", ranges(&all)),
        })
}

fn named(generations: &[u64]) -> String {
    let plural = if generations.len() > 1 { "s" } else { "" };
    format!("generation{plural} {}", ranges(generations))
}

/// `2`, `2–5`, `4, 1–3`.
fn ranges(generations: &[u64]) -> String {
    let ranges = generations.chunk_by(|a, b| a + 1 == *b);
    let ranges = ranges.map(|range| match range {
        [first, .., last] => format!("{first}–{last}"),
        _ => range.iter().map(u64::to_string).collect(),
    });
    ranges.collect::<Vec<_>>().join(", ")
}

fn width(words: &str) -> f64 {
    words.chars().count() as f64 * LETTER
}

/// Words in lines that fit into this room.
pub(super) fn lines(words: &str, room: f64) -> Vec<String> {
    let room = (room / LETTER) as usize;
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
