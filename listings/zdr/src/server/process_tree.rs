//! A process and all that it has started, known by its group and by a mark in the environment.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

#[cfg(target_os = "linux")]
use crate::server::processes;
#[cfg(not(target_os = "linux"))]
use crate::server::processes_elsewhere as processes;
pub use crate::server::usage::Usage;

/// An environment variable by which a process is known that has left the group.
pub(crate) const MARKER: &str = "ZDR_RUN";

/// A process and all that come from it, those that left its group included.
pub(crate) struct ProcessTree {
    /// The process group, which bears the number of the first process; 0 for none.
    pub(crate) group: i32,
    /// What [`MARKER`] holds; empty for none.
    pub(crate) marker: String,
    /// Where something listens that is theirs, whatever it has done to its group and its environment; 0 for
    /// nowhere.
    pub(crate) port: u16,
}

impl ProcessTree {
    /// All that bear this mark, of any group.
    pub(crate) fn by(marker: &str) -> Self {
        Self {
            group: 0,
            marker: marker.to_owned(),
            port: 0,
        }
    }

    /// All of this group.
    pub(crate) fn group(group: i32) -> Self {
        Self {
            group,
            marker: String::new(),
            port: 0,
        }
    }

    fn members(&self) -> Vec<processes::Member> {
        let mut members = processes::members(self.group, MARKER, &self.marker);
        if self.port != 0 {
            members.extend(processes::listeners(self.port));
        }
        members
    }

    /// Takes those in that listen on this port. Whether there are any.
    pub(crate) fn take_in(&mut self, port: u16) -> bool {
        let found = !processes::listeners(port).is_empty();
        if found {
            self.port = port;
        }
        found
    }

    /// What they use at this moment. `None` where the system does not tell.
    pub(crate) fn usage(&self) -> Option<Usage> {
        processes::usage(&self.members())
    }

    /// Where they listen, for TCP. Nowhere, where the system does not tell.
    pub(crate) fn listening(&self) -> Vec<SocketAddr> {
        processes::listening(&self.members())
    }

    /// How many connections they keep open whose other ends are closed. None where the system does not tell.
    pub(crate) fn unclosed(&self) -> usize {
        processes::unclosed(&self.members())
    }

    /// Which of them listen on this port, the one that began first at the front.
    pub(crate) fn serving(&self, port: u16) -> Vec<i32> {
        processes::serving(&self.members(), port)
    }

    /// Their sockets, by their number. None where the system does not tell.
    pub(crate) fn sockets(&self) -> HashSet<u64> {
        processes::sockets_of(&self.members())
    }

    /// Signals the first process.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.group) {
            // It may be gone already.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Signals all of them.
    pub(crate) fn signal_all(&self, signal: Signal) {
        processes::signal(&self.members(), signal);
    }

    /// Ends them all. A process that forks meanwhile is caught by the next look.
    pub(crate) fn kill(&self) {
        let bound = Instant::now() + Duration::from_secs(2);
        loop {
            let members = self.members();
            if members.is_empty() || Instant::now() > bound {
                return;
            }
            processes::signal(&members, Signal::KILL);
            // A look at all processes takes longer than the end of one.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Whether a process is there, and has not ended.
pub(crate) fn lives(pid: i32) -> bool {
    processes::lives(pid)
}

/// Which process has started this one. `None` where the system does not tell.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    processes::parent(pid)
}

/// Whether two processes run the same program. True where the system does not tell.
pub(crate) fn same_program(one: i32, other: i32) -> bool {
    processes::same_program(one, other)
}

/// Whether this signal would end a process. `None` where the system does not tell.
pub(crate) fn would_end(pid: i32, signal: Signal) -> Option<bool> {
    processes::would_end(pid, signal)
}

/// Ends all that the `zdr` with this process number has started: what bears its mark, and what is
/// of these process groups.
pub fn end_all(zdr: u32, groups: impl IntoIterator<Item = i32>) {
    for group in groups {
        ProcessTree::group(group).kill();
    }
    ProcessTree::by(&format!("{zdr}-")).kill();
}
