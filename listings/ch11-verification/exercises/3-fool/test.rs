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
    /// Goes back to what it has read at its start when it rejects a file.
    FallsBack,
    /// Stops looking at the first file that it rejects.
    StopsLooking,
    /// Its second worker never reloads.
    OneWorkerLags,
    /// One worker of sixteen never reloads.
    OneOfManyLags,
    /// Its second worker loads into the context that is live.
    OneWorkerInPlace,
    /// Its second worker stops looking at the first file that it rejects.
    OneWorkerStopsLooking,
    /// One worker of sixteen loads into the context that is live.
    OneOfManyInPlace,
    /// One worker of sixteen stops looking at the first file that it rejects.
    OneOfManyStopsLooking,
    /// Turns down the first client after each rotation, while it swaps.
    Stumbles,
    /// Turns down the first client over spoiled files, while it rejects them.
    StumblesOverSpoiled,
    /// Its watch is on the file, which goes with the first renewal.
    NoticesOnce,
}

/// A server of which one worker takes each fourth client, or each sixteenth.
struct Model {
    habit: Habit,
    written: u32,
    looks: bool,
    second_looks: bool,
    workers: [Option<u32>; 2],
    handshakes: usize,
    /// How many others have come before the first handshake.
    others: usize,
    spoiled: bool,
    /// Whether that was done when it served a later generation than the first.
    spoiled_later: bool,
    /// Whether the files are spoiled now, and whether a handshake was made meanwhile.
    now: bool,
    seen_then: bool,
    /// Whether the next client is turned down.
    stumbles: bool,
}

impl Model {
    fn new(habit: Habit) -> Self {
        Self {
            habit,
            written: 1,
            looks: habit != Habit::Frozen,
            second_looks: !matches!(habit, Habit::OneWorkerLags | Habit::OneOfManyLags),
            workers: [Some(1); 2],
            handshakes: 0,
            others: 0,
            spoiled: false,
            spoiled_later: false,
            now: false,
            seen_then: false,
            stumbles: false,
        }
    }
}

impl Server for Model {
    fn rotate(&mut self) -> u32 {
        self.written += 1;
        self.now = false;
        self.stumbles = self.habit == Habit::Stumbles;
        if self.looks {
            self.workers[0] = Some(self.written);
            if self.second_looks {
                self.workers[1] = Some(self.written);
            }
            self.looks = self.habit != Habit::NoticesOnce;
        }
        self.written
    }

    fn spoil(&mut self) {
        self.spoiled = true;
        self.spoiled_later |= self.written > 1;
        self.now = true;
        match self.habit {
            Habit::InPlace => self.workers = [None; 2],
            Habit::FallsBack => self.workers = [Some(1); 2],
            Habit::OneWorkerInPlace | Habit::OneOfManyInPlace => self.workers[1] = None,
            Habit::StopsLooking => self.looks = false,
            Habit::OneWorkerStopsLooking | Habit::OneOfManyStopsLooking => {
                self.second_looks = false;
            }
            Habit::StumblesOverSpoiled => self.stumbles = true,
            _ => {}
        }
    }

    fn handshake(&mut self) -> Option<u32> {
        self.handshakes += 1;
        self.seen_then |= self.now;
        if std::mem::take(&mut self.stumbles) {
            return None;
        }
        let each = match self.habit {
            Habit::OneOfManyLags | Habit::OneOfManyInPlace | Habit::OneOfManyStopsLooking => 16,
            _ => 4,
        };
        self.workers[usize::from((self.handshakes + self.others).is_multiple_of(each))]
    }
}

/// What is said of such a server, and what was done to it.
fn judged(habit: Habit) -> (bool, Model) {
    let mut server = Model::new(habit);
    (zero_downtime(&mut server), server)
}

/// Whether such a server passes, whichever worker the first handshake meets. Between the handshakes no other client comes.
fn passes_whoever_comes_first(habit: Habit) -> bool {
    (0..16).any(|others| {
        let mut server = Model::new(habit);
        server.others = others;
        zero_downtime(&mut server)
    })
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
    let passes = passes_whoever_comes_first(Habit::OneWorkerLags);
    assert!(
        !passes,
        "This server has two workers, and the second, which takes each fourth client, never reloads. Those clients are shown generation 1, and \
         it passes. One handshake meets one worker."
    );
    let passes = passes_whoever_comes_first(Habit::OneOfManyLags);
    assert!(
        !passes,
        "This server has sixteen workers, and one of them, which takes each sixteenth client, never reloads. It passes: a few handshakes at a time \
         do not meet it. Make more for each look than a server may have workers: two dozen, say."
    );
}

/// A server that loses its last good pair with the first bad one fails.
pub fn a_server_that_loses_its_last_good_pair_fails() {
    let (passes, server) = judged(Habit::InPlace);
    assert!(
        !passes || !server.spoiled || server.seen_then,
        "This server loads its files into the context that is live. You spoiled its files, and every handshake failed from then on, until you \
         mended them. It passes, because you made no handshake in between: look while the files are spoiled."
    );
    assert!(
        !passes || !server.spoiled,
        "This server loads its files into the context that is live. You spoiled its files, and every handshake failed from then on. You met \
         that, and it passes: a failed handshake over spoiled files is a failure, since a sound server goes on with its last good pair."
    );
    assert!(
        !passes,
        "This server loads its files into the context that is live. When a writer dies between the two files, it has no pair left, and every \
         handshake fails. It passes: you made {} handshakes and {} rotations, and none of those went wrong. Rotations that go well cannot show \
         this, however many they are. Make one go wrong.",
        server.handshakes,
        server.written - 1
    );
    let (passes, server) = judged(Habit::FallsBack);
    // Where the first generation is the last good one, to show it is right.
    assert!(
        !passes || !server.spoiled_later,
        "Over spoiled files, this server goes back to generation 1, which it has read at its start: no handshake fails, and clients are shown a certificate \
         that has been replaced, and may have expired. It passes. Over spoiled files the last good generation has to be shown, and no other."
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

/// A server with one worker that fails over spoiled files, or after them, fails as well.
pub fn each_look_is_at_all_workers() {
    let passes = passes_whoever_comes_first(Habit::OneWorkerInPlace);
    assert!(
        !passes,
        "Over spoiled files, one of this server's two workers loses its last good pair. Each fourth handshake fails then, and it passes. The look \
         over spoiled files has to meet all workers, as the others do."
    );
    let passes = passes_whoever_comes_first(Habit::OneWorkerStopsLooking);
    assert!(
        !passes,
        "Over spoiled files, the watcher of one of this server's two workers ends. It shows the old certificate from then on, to each fourth \
         client, and it passes. The look at the mended files has to meet all workers, as the others do."
    );
    for (habit, look) in [
        (Habit::OneOfManyInPlace, "over spoiled files"),
        (Habit::OneOfManyStopsLooking, "at the mended files"),
    ] {
        assert!(
            !passes_whoever_comes_first(habit),
            "This server has sixteen workers, and one of them, which takes each sixteenth client, fails over spoiled files, or never looks again. It passes: your look {look} is a few handshakes, which \
             do not meet that worker. Make as many in this look as in the others: two dozen, say."
        );
    }
    let (passes, _) = judged(Habit::Stumbles);
    assert!(
        !passes,
        "This server turns down the first client after each rotation, while it swaps, and it passes. Each handshake counts, the first after a rotation as well, and one that failed is not made good by the next: the client \
         that met it was turned down."
    );
    let (passes, server) = judged(Habit::StumblesOverSpoiled);
    assert!(
        !passes || !server.spoiled,
        "This server turns down the first client that comes over spoiled files, while it rejects them, and it passes. The first handshake of that look counts as all others do: a sound server goes on with its last good pair at once."
    );
}

/// A server that notices one renewal and no later one fails.
pub fn each_renewal_has_to_be_noticed() {
    let (passes, server) = judged(Habit::NoticesOnce);
    assert!(
        !passes,
        "This server watches its file, and a watch follows an inode: the first renewal is noticed, and no later one. It passes, and its certificate will expire. Rotations that you made: {}. What goes well once need not go well again: make two that are whole, at least.",
        server.written - 1
    );
}
