//! A run in words.

use super::run::{Bar, End, Ms, Run};

/// A line that is not yet in its place: when, and what.
type Said = (Ms, String);

impl Run {
    /// What happened, a sentence for each thing, in order.
    pub(super) fn words(&self) -> Vec<String> {
        let mut said = self.of_server();
        said.extend(self.of_drains());
        said.extend(self.of_connections());
        said.extend(self.of_clients());
        said.sort_by(|a, b| a.0.total_cmp(&b.0));
        said.into_iter()
            .map(|(at, words)| format!("{}: {words}", self.moment(at)))
            .collect()
    }

    fn of_server(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for (at, generation, serial) in &self.rotations {
            let begun = count(self.begun_under(*generation, *at), "connection");
            let words = format!(
                "generation {generation} (serial {serial}) is served; {begun} opened under it"
            );
            said.push((*at, words));
        }
        said.extend(self.written_late());
        for (at, reason) in &self.rejections {
            said.push((*at, format!("files were rejected: {reason}")));
        }
        for (at, level) in &self.alarms {
            said.push((*at, format!("alarm: what is served is {level}")));
        }
        for (at, which) in &self.ends {
            said.push((*at, format!("the certificate of {which} ends")));
        }
        for (at, why) in &self.failed {
            said.push((*at, format!("a handshake fails: {why}")));
        }
        for (from, to) in &self.gaps {
            let refused = self.refused.iter();
            let refused = refused.filter(|at| (*from..=*to).contains(*at)).count();
            let words = format!(
                "the server is gone; no process listens for {}, and {} refused",
                duration(to - from),
                count(refused, "client")
            );
            said.push((*from, words));
        }
        said
    }

    /// Files that were loaded long after they were written: when they were, and how long it took.
    pub(super) fn written_late(&self) -> Vec<(Ms, String)> {
        let late = self.late.iter().map(|(at, loaded, serial)| {
            let later = duration(loaded - at);
            let words = format!("{serial} is written, and loaded {later} later");
            (*at, words)
        });
        late.collect()
    }

    /// How many connections were opened under a generation that was published at `at`. Where servers run
    /// one after the other, each has a generation 1, and the connections of that one server count.
    fn begun_under(&self, generation: u64, at: Ms) -> usize {
        let published = self.rotations.iter().filter(|of| of.1 == generation);
        let published: Vec<Ms> = published.map(|of| of.0).collect();
        let since = published
            .iter()
            .position(|of| *of == at)
            .filter(|place| *place > 0);
        let since = since.map_or(Ms::NEG_INFINITY, |_| at);
        let until = published.iter().copied().find(|of| *of > at);
        let until = until.unwrap_or(Ms::INFINITY);
        let of_it =
            |bar: &&Bar| bar.generation == Some(generation) && (since..until).contains(&bar.from);
        self.bars.iter().filter(of_it).count()
    }

    fn of_drains(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for drain in &self.drains {
            let (generation, asked) = (drain.generation, count(drain.asked, "connection"));
            let words = format!("drain of generation {generation}: {asked} asked to leave");
            said.push((drain.from, words));
            let words = format!("drain of generation {generation} ends: {} cut", drain.cut);
            said.push((drain.to, words));
        }
        said
    }

    fn of_connections(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for bar in &self.bars {
            let how = match bar.end {
                End::Left => continue,
                End::Cut => "cut",
                End::Drained => "drained",
            };
            let open = duration(bar.to - bar.from);
            let words = format!("a connection that was open for {open} is {how}");
            said.push((bar.to, words));
        }
        said
    }

    fn of_clients(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for (at, bytes, of) in &self.severed {
            let words = format!("a download is found severed after {bytes} bytes of {of}");
            said.push((*at, words));
        }
        for (at, bytes) in &self.finished {
            said.push((*at, format!("a download of {bytes} bytes is whole")));
        }
        for (at, why) in &self.calls {
            said.push((*at, format!("a call fails: {why}")));
        }
        for bar in self.resumed() {
            let words = "a returning client resumes; no certificate is sent";
            said.push((bar.from, words.into()));
        }
        said
    }

    /// A moment of the run. In a run of days nobody wants to read milliseconds.
    fn moment(&self, at: Ms) -> String {
        match unit(self.length) {
            (_, "milliseconds") => format!("{at:.1} ms"),
            (scale, name) => format!("{:.1} {name}", at / scale),
        }
    }
}

const MINUTE: Ms = 60_000.0;
const HOUR: Ms = 60.0 * MINUTE;
const DAY: Ms = 24.0 * HOUR;

/// What the axis counts in: how many milliseconds one is, and the name of many.
pub(super) fn unit(length: Ms) -> (Ms, &'static str) {
    match length {
        length if length < 2.0 * MINUTE => (1.0, "milliseconds"),
        length if length < 2.0 * HOUR => (1000.0, "seconds"),
        length if length < 2.0 * DAY => (HOUR, "hours"),
        _ => (DAY, "days"),
    }
}

/// "1 client", "2 clients".
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

pub(super) fn duration(ms: Ms) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms if ms < 2.0 * HOUR => format!("{:.1} s", ms / 1000.0),
        ms if ms < 2.0 * DAY => format!("{:.1} hours", ms / HOUR),
        ms => format!("{:.1} days", ms / DAY),
    }
}

pub(super) fn mebibytes(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    match mebibytes.fract() {
        0.0 => format!("{mebibytes} MiB"),
        _ => format!("{mebibytes:.1} MiB"),
    }
}
