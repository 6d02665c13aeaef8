//! What the processes of a server use.

/// What a server and its children use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Each process's share of memory (PSS), in bytes: what several of them share counts once.
    pub memory: u64,
    /// How many processes.
    pub processes: usize,
    /// How many threads in all of them.
    pub threads: usize,
    /// How many open descriptors, connections aside: those are as many as there are clients, and some
    /// that are being closed. `None` where they may not be looked at.
    pub descriptors: Option<usize>,
    /// Processor time used so far by those that live, in clock ticks.
    pub ticks: u64,
}
