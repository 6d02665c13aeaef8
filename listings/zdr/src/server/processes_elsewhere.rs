//! Processes of a system without Linux's `/proc`: a group is known by its number, and nothing else is known. A
//! process that has left its group is not found, and nothing tells what it uses or where it listens.

use std::collections::HashSet;
use std::net::SocketAddr;

use rustix::process::{
    Pid, Signal, kill_process_group, test_kill_process, test_kill_process_group,
};

use crate::server::holder::Holder;
use crate::server::usage::Usage;

/// A group of processes.
pub(super) type Member = Pid;

/// The group, as long as a process of it is there. No environment can be read.
pub(super) fn members(group: i32, _: &str, _: &str) -> Vec<Member> {
    let group = Pid::from_raw(group).filter(|group| test_kill_process_group(*group).is_ok());
    group.into_iter().collect()
}

/// Whether a process is there.
pub(super) fn lives(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

/// Not known.
pub(super) fn would_end(_: i32, _: Signal) -> Option<bool> {
    None
}

/// Not known.
pub(super) fn usage(_: &[Member]) -> Option<Usage> {
    None
}

/// Not known.
pub(super) fn listening(_: &[Member]) -> Vec<SocketAddr> {
    Vec::new()
}

/// Not known.
pub(super) fn unclosed(_: &[Member]) -> usize {
    0
}

/// Not known.
pub(super) fn serving(_: &[Member], _: u16) -> Vec<i32> {
    Vec::new()
}

/// Not known.
pub(super) fn parent(_: i32) -> Option<i32> {
    None
}

/// Not known.
pub(super) fn same_program(_: i32, _: i32) -> bool {
    true
}

/// Not known.
pub(super) fn all_listening() -> impl Iterator<Item = (u64, SocketAddr)> {
    std::iter::empty()
}

/// Not known.
pub(super) fn listening_sockets() -> HashSet<u64> {
    HashSet::new()
}

/// Not known.
pub(super) fn sockets_of(_: &[Member]) -> HashSet<u64> {
    HashSet::new()
}

/// Not known.
pub(super) fn holders(_: impl Fn(u64, SocketAddr) -> bool) -> Vec<Holder> {
    Vec::new()
}

/// Not known.
pub(super) fn listeners(_: u16) -> Vec<Member> {
    Vec::new()
}

/// Signals each of them. One may be gone already.
pub(super) fn signal(members: &[Member], signal: Signal) {
    for group in members {
        let _ = kill_process_group(*group, signal);
    }
}
