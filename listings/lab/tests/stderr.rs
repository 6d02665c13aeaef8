//! A log whose reader stops reading.

use std::sync::Arc;
use std::thread;

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
    read: Vec<String>,
}

impl Slow {
    fn reads(&self, more: usize) {
        self.0.0.lock().reads += more;
        self.0.1.notify_all();
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
        self.0.0.lock().reads > 0
    }

    fn write(&self, line: &str) {
        let mut state = self.0.0.lock();
        while state.reads == 0 {
            self.0.1.wait(&mut state);
        }
        state.reads -= 1;
        state.read.push(line.to_owned());
        self.0.1.notify_all();
    }
}

#[test]
fn a_line_is_written_at_once_where_it_is_read() {
    let reader = Slow::default();
    reader.reads(2);
    let queue = Queue::new(reader.clone());
    queue.put(|| "1\n".into());
    queue.put(String::new);
    queue.put(|| "2\n".into());
    assert_eq!(reader.0.0.lock().read, ["1\n", "2\n"]);
}

/// Nothing waits for the reader, nothing comes in another order, and what was lost is told where it is missing.
#[test]
fn lines_that_find_no_room_are_counted() {
    let reader = Slow::default();
    let queue = Arc::new(Queue::new(reader.clone()));
    let (putting, all) = (queue.clone(), LINES + 50);
    let put = thread::spawn(move || (0..all).for_each(|nth| putting.put(|| format!("{nth}\n"))));
    let end = std::time::Instant::now() + BOUND;
    while !put.is_finished() {
        assert!(
            std::time::Instant::now() < end,
            "a line waits for its reader"
        );
        thread::yield_now();
    }
    reader.reads(1);
    // The line that was being written, or the first, and room for one: what was lost is told of.
    reader.read(1);
    reader.reads(2 * LINES);
    queue.flush();
    queue.put(|| "last\n".into());
    let read = reader.read(LINES + 2);
    let told = read
        .iter()
        .position(|line| line.contains("lines_lost"))
        .expect("they are told of");
    let lost = Event::parse(&read[told]).unwrap().number("lines").unwrap() as usize;
    assert_eq!(told + lost, all, "each line was read or is told of");
    assert!(
        read[..told]
            .iter()
            .enumerate()
            .all(|(nth, line)| *line == format!("{nth}\n"))
    );
    assert_eq!(read[told + 1..], ["last\n"]);
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let queue = Queue::new(Slow::default());
    queue.put(|| "1\n".into());
    queue.flush();
}
