//! For how long the files are not valid while a tool renews, and how the writers
//! compare. The steps are those of this crate: a real tool takes longer between them.

use std::time::{Duration, Instant};

use ch02_hot_reload::identity::Source;
use ch05_race_conditions::{Options, Reader};
use ch09_simulating_rotation::{Site, Writer};
use lab::authority::{Authority, Issued, LeafRequest};

const TURNS: usize = 1001;

fn main() {
    let mut authority = Authority::new().unwrap();
    let issued: [Issued; 2] =
        std::array::from_fn(|_| authority.issue(&LeafRequest::new("localhost")).unwrap());
    for writer in Writer::TOOLS {
        let directory = lab::directory().unwrap();
        let mut site = Site::new(directory.path(), writer);
        site.write_roots(authority.root_pem()).unwrap();
        site.write(&issued[0]).unwrap();

        // Once with a reader that looks: which steps leave the files invalid?
        let source = Source::localhost(site.files());
        let reader = Reader::new(Options::default());
        let mut invalid = Vec::new();
        let look = |_: &str| invalid.push(reader.read(&source, None).is_err());
        site.write_stepwise(&issued[1], look).unwrap();

        // Then many times without one.
        let mut gaps: Vec<Duration> = Vec::new();
        for turn in 0..TURNS {
            let (mut steps, mut since, mut gap) = (0, None, Duration::ZERO);
            let next = &issued[turn % 2];
            let between = |_: &str| {
                let now = Instant::now();
                if let Some(since) = since.take() {
                    gap += now - since;
                }
                since = invalid[steps].then_some(now);
                steps += 1;
            };
            site.write_stepwise(next, between).unwrap();
            gaps.push(gap);
        }
        gaps.sort();
        let (median, late) = (gaps[TURNS / 2], gaps[TURNS * 99 / 100]);
        println!(
            "{:16} {} of {} steps invalid: {:5} µs at the median, {:5} µs at the 99th percentile",
            writer.name(),
            invalid.iter().filter(|invalid| **invalid).count(),
            invalid.len(),
            median.as_micros(),
            late.as_micros(),
        );
    }
}
