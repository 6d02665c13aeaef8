//! What the processes of a server use.

use std::time::Duration;

/// What a server and its children use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Each process's share of memory (PSS), in bytes: what several of them share counts once.
    pub memory: u64,
    /// How many processes.
    pub processes: usize,
    /// How many more have ended, and were not waited for by the one that started them.
    pub unwaited: usize,
    /// How many threads in all of them.
    pub threads: usize,
    /// How many open descriptors, connections aside: those are as many as there are clients, and some
    /// that are being closed. `None` where they may not be looked at.
    pub descriptors: Option<usize>,
    /// How many open descriptors with those of connections. `None` where they may not be looked at.
    pub open: Option<usize>,
    /// Processor time used so far, in clock ticks: by those that live, and by their children that have ended
    /// and were waited for. A server may have a process for each connection.
    pub ticks: u64,
    /// For how long its threads that live have waited for a processor so far. Nothing where the kernel does not
    /// count that.
    pub waited: Duration,
}
