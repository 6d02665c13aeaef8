//! What is wanted of `zero_downtime`. Each function is a check, and its comment says what has to hold.
//!
//! The servers are small models: what counts is what can be seen of them from outside.

use super::exercise::{Server, zero_downtime};

/// How a server treats its files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Validates, then swaps.
    Sound,
    /// Looks at its files once, when it starts.
    Frozen,
    /// Loads into the context that is live, and so loses the last good pair with the first bad one.
    InPlace,
    /// Stops looking at the first file that it rejects.
    StopsLooking,
    /// Its second worker never reloads.
    OneWorkerLags,
}

/// A server with two workers, of which the second takes each fourth client.
struct Model {
    habit: Habit,
    written: u32,
    looks: bool,
    workers: [Option<u32>; 2],
    handshakes: usize,
    spoiled: bool,
}

impl Model {
    fn new(habit: Habit) -> Self {
        Self {
            habit,
            written: 1,
            looks: habit != Habit::Frozen,
            workers: [Some(1); 2],
            handshakes: 0,
            spoiled: false,
        }
    }
}

impl Server for Model {
    fn rotate(&mut self) -> u32 {
        self.written += 1;
        if self.looks {
            self.workers[0] = Some(self.written);
            if self.habit != Habit::OneWorkerLags {
                self.workers[1] = Some(self.written);
            }
        }
        self.written
    }

    fn spoil(&mut self) {
        self.spoiled = true;
        match self.habit {
            Habit::InPlace => self.workers = [None; 2],
            Habit::StopsLooking => self.looks = false,
            _ => {}
        }
    }

    fn handshake(&mut self) -> Option<u32> {
        self.handshakes += 1;
        self.workers[usize::from(self.handshakes.is_multiple_of(4))]
    }
}

/// What is said of such a server, and what was done to it.
fn judged(habit: Habit) -> (bool, Model) {
    let mut server = Model::new(habit);
    (zero_downtime(&mut server), server)
}

/// A sound server passes: it shows each new generation, and keeps the last good one over spoiled files.
pub fn a_sound_server_passes() {
    let (passes, server) = judged(Habit::Sound);
    let spoiled = match server.spoiled {
        true => {
            " It rejects spoiled files and goes on showing the last good generation, which is what it should do."
        }
        false => "",
    };
    assert!(
        passes,
        "This server validates before it swaps, and it does not pass.{spoiled}"
    );
}

/// A server that does not reload fails.
pub fn a_server_that_does_not_reload_fails() {
    let (passes, _) = judged(Habit::Frozen);
    assert!(
        !passes,
        "This server reads its files once, when it starts. No handshake fails, it shows generation 1 forever, and it passes."
    );
}

/// A server with a worker that never reloads fails.
pub fn a_worker_that_lags_fails() {
    let (passes, _) = judged(Habit::OneWorkerLags);
    assert!(
        !passes,
        "This server has two workers, and the second, which takes each fourth client, never reloads. Those clients are shown generation 1, and \
         it passes. One handshake meets one worker."
    );
}

/// A server that loses its last good pair with the first bad one fails.
pub fn a_server_that_loses_its_last_good_pair_fails() {
    let (passes, server) = judged(Habit::InPlace);
    assert!(
        !passes,
        "This server loads its files into the context that is live. When a writer dies between the two files, it has no pair left, and every \
         handshake fails. It passes: you made {} handshakes and {} rotations, and none of those went wrong. Rotations that go well cannot show \
         this, however many they are. Make one go wrong.",
        server.handshakes,
        server.written - 1
    );
}

/// A server that stops looking at the first file that it rejects fails.
pub fn a_server_that_never_looks_again_fails() {
    let (passes, _) = judged(Habit::StopsLooking);
    assert!(
        !passes,
        "This server rejects spoiled files, goes on with its last good pair, and never looks again: its watcher ended with the error. It \
         passes, and its certificate will expire. Look at what it does afterwards, when the files are mended."
    );
}
