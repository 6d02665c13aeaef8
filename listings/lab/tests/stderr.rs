//! A log whose reader stops reading.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use lab::BOUND;
use lab::event::Event;
use lab::stderr::{LINES, Queue, Reader};
use parking_lot::{Condvar, Mutex};

/// A reader that reads so many lines more.
#[derive(Clone, Default)]
struct Slow(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    reads: usize,
    /// It says that it has room, whatever it reads.
    claims_room: bool,
    /// Writes that have begun and not ended.
    writing: usize,
    /// Whether one has begun while another was at it.
    overlapped: bool,
    read: Vec<String>,
}

impl Slow {
    fn reads(&self, more: usize) {
        self.0.0.lock().reads += more;
        self.0.1.notify_all();
    }

    /// One that says that it has room and reads nothing.
    fn claiming() -> Self {
        let this = Self::default();
        this.0.0.lock().claims_room = true;
        this
    }

    /// Waits until a line is being written.
    fn is_written_to(&self) {
        let mut state = self.0.0.lock();
        while state.writing == 0 {
            let late = self.0.1.wait_for(&mut state, BOUND).timed_out();
            assert!(!late, "nothing is written");
        }
    }

    /// Waits until so many lines were read.
    fn read(&self, lines: usize) -> Vec<String> {
        let mut state = self.0.0.lock();
        while state.read.len() < lines {
            let late = self.0.1.wait_for(&mut state, BOUND).timed_out();
            assert!(!late, "{lines} lines are not read: {}", state.read.len());
        }
        state.read.clone()
    }
}

impl Reader for Slow {
    fn has_room(&self) -> bool {
        let state = self.0.0.lock();
        state.claims_room || state.reads > 0
    }

    fn write(&self, line: &str) {
        let mut state = self.0.0.lock();
        state.writing += 1;
        state.overlapped |= state.writing > 1;
        self.0.1.notify_all();
        while state.reads == 0 {
            self.0.1.wait(&mut state);
        }
        state.reads -= 1;
        state.writing -= 1;
        state.read.push(line.to_owned());
        self.0.1.notify_all();
    }
}

/// Does something in a thread, which must not wait for a reader.
fn at_once<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, done) = channel();
    thread::spawn(move || sender.send(what()));
    done.recv_timeout(BOUND).expect("it waits for the reader")
}

fn queue(reader: &Slow) -> Queue<Slow> {
    Queue::new(reader.clone(), |event| format!("{event}\n"))
}

#[test]
fn a_line_is_written_at_once_where_it_is_read() {
    let reader = Slow::default();
    reader.reads(2);
    let queue = queue(&reader);
    queue.put(|| "1\n".into());
    queue.put(String::new);
    queue.put(|| "2\n".into());
    assert_eq!(reader.0.0.lock().read, ["1\n", "2\n"]);
}

/// Nothing waits for the reader, nothing comes in another order, and what was lost is told where it is missing:
/// twice, if there was room between.
#[test]
fn lines_that_find_no_room_are_counted() {
    let reader = Slow::default();
    let queue = Arc::new(queue(&reader));
    let put = |lines: Range<usize>| {
        let queue = queue.clone();
        at_once(move || lines.for_each(|nth| queue.put(|| format!("{nth}\n"))));
    };
    put(0..1);
    // The first is on its way; then so many wait, and one more does not.
    reader.is_written_to();
    put(1..LINES + 50);
    reader.reads(1);
    reader.read(1);
    // The second is on its way, and what stands in its place says what was lost.
    reader.is_written_to();
    put(LINES + 50..LINES + 57);
    reader.reads(2 * LINES);
    reader.read(LINES + 3);
    queue.put(|| "last\n".into());
    let read = reader.read(LINES + 4);
    let lost = |line: &String| Event::parse(line)?.number("lines");
    assert!(
        read[..=LINES]
            .iter()
            .enumerate()
            .all(|(nth, line)| *line == format!("{nth}\n"))
    );
    let told: Vec<_> = read[LINES + 1..].iter().map(lost).collect();
    assert_eq!(told, [Some(49), Some(7), None], "{:?}", &read[LINES + 1..]);
    assert_eq!(read.last().unwrap(), "last\n");
}

/// A line may be too long for the room that there is, and another may be on its way already.
#[test]
fn what_may_wait_is_written_by_the_thread_that_may() {
    let reader = Slow::claiming();
    let long = queue(&reader);
    at_once(move || long.put(|| "x".repeat(513)));
    reader.is_written_to();

    for _ in 0..50 {
        let reader = Slow::claiming();
        let queue = Arc::new(queue(&reader));
        let first = queue.clone();
        thread::spawn(move || ["1\n", "3\n"].map(|line| first.put(|| line.into())));
        reader.is_written_to();
        let then = queue.clone();
        at_once(move || then.put(|| "2\n".into()));
        reader.reads(3);
        assert_eq!(reader.read(3), ["1\n", "2\n", "3\n"]);
        assert!(!reader.0.0.lock().overlapped, "two lines at once");
    }
}

/// The end of a process waits a second for a line that is on its way, rather than forever.
#[test]
fn the_end_waits_for_a_second() {
    let reader = Slow::default();
    let queue = Arc::new(queue(&reader));
    let putting = queue.clone();
    at_once(move || putting.put(|| "1\n".into()));
    reader.is_written_to();
    let began = Instant::now();
    at_once(move || queue.flush());
    assert!(began.elapsed() >= Duration::from_secs(1), "it did not wait");
}
