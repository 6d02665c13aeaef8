//! A process and all that it has started, known by its group and by a mark in the environment.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use procfs::process::{FDTarget, Process};
use rustix::process::{Pid, Signal};

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

/// A process and all that come from it, those that left its group included.
pub(crate) struct ProcessTree {
    /// The process group, which bears the number of the first process; 0 for none.
    pub(crate) group: i32,
    /// What [`ProcessTree::MARKER`] holds; empty for none.
    pub(crate) marker: String,
}

impl ProcessTree {
    /// An environment variable by which a process is known that has left the group.
    pub(crate) const MARKER: &str = "ZDR_RUN";

    /// All that bear this mark, of any group.
    pub(crate) fn by(marker: &str) -> Self {
        Self {
            group: 0,
            marker: marker.to_owned(),
        }
    }

    /// All of this group.
    pub(crate) fn group(group: i32) -> Self {
        let marker = String::new();
        Self { group, marker }
    }

    fn members(&self) -> Vec<Process> {
        let Ok(all) = procfs::process::all_processes() else {
            return Vec::new();
        };
        let (mut members, mut others) = (Vec::new(), Vec::new());
        for process in all.flatten() {
            let Ok(stat) = process.stat() else { continue };
            // One that has ended, and was not waited for, uses nothing.
            if stat.state == 'Z' {
                continue;
            }
            // Threads of the kernel are of group 0.
            let of_group = self.group != 0 && [stat.pgrp, process.pid].contains(&self.group);
            if of_group || (!self.marker.is_empty() && self.marks(&process)) {
                members.push(process);
            } else {
                others.push((stat.ppid, process));
            }
        }
        with_children(members, others)
    }

    /// Whether a process bears the mark: the whole of it, or, for all that one `zdr` has started,
    /// the number of that before the dash.
    fn marks(&self, process: &Process) -> bool {
        let environment = process.environ().unwrap_or_default();
        let mark = environment.get(std::ffi::OsStr::new(Self::MARKER));
        let mark = mark.and_then(|mark| mark.to_str()).unwrap_or_default();
        match self.marker.ends_with('-') {
            true => mark.starts_with(&self.marker),
            false => mark == self.marker,
        }
    }

    /// What they use at this moment.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage {
            descriptors: Some(0),
            ..Usage::default()
        };
        let listening = listening();
        for process in self.members() {
            let rollup = process.smaps_rollup().ok();
            let share = rollup.and_then(|rollup| {
                let map = rollup.memory_map_rollup.into_iter().next()?;
                map.extension.map.get("Pss").copied()
            });
            let resident = || {
                process
                    .stat()
                    .map_or(0, |stat| stat.rss * rustix::param::page_size() as u64)
            };
            usage.memory += share.unwrap_or_else(resident);
            usage.processes += 1;
            usage.threads += process
                .stat()
                .map_or(0, |stat| stat.num_threads.max(0) as usize);
            let open = descriptors(&process, &listening);
            usage.descriptors = usage.descriptors.zip(open).map(|(sum, open)| sum + open);
            usage.ticks += process.stat().map_or(0, |stat| stat.utime + stat.stime);
        }
        usage
    }

    /// Where they listen, for TCP.
    pub(crate) fn listening(&self) -> Vec<SocketAddr> {
        let mut sockets = HashSet::new();
        for process in self.members() {
            let open = process.fd().into_iter().flatten().flatten();
            sockets.extend(open.filter_map(|descriptor| match descriptor.target {
                FDTarget::Socket(inode) => Some(inode),
                _ => None,
            }));
        }
        let tables = [procfs::net::tcp(), procfs::net::tcp6()];
        let all = tables.into_iter().flatten().flatten();
        let theirs = all.filter(|socket| {
            socket.state == procfs::net::TcpState::Listen && sockets.contains(&socket.inode)
        });
        theirs.map(|socket| socket.local_address).collect()
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
        signal_each(&self.members(), signal);
    }

    /// Ends them all. A process that forks meanwhile is caught by the next look.
    pub(crate) fn kill(&self) {
        let bound = Instant::now() + Duration::from_secs(2);
        loop {
            let members = self.members();
            if members.is_empty() || Instant::now() > bound {
                return;
            }
            signal_each(&members, Signal::KILL);
            // A look at all processes takes longer than the end of one.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Processes, and all that they have started, and so on. One may have left their group and written over its
/// environment, as PostgreSQL's do.
fn with_children(mut members: Vec<Process>, mut others: Vec<(i32, Process)>) -> Vec<Process> {
    loop {
        let parents: HashSet<_> = members.iter().map(|process| process.pid).collect();
        let is_child = |(parent, _): &mut (i32, _)| parents.contains(parent);
        let children: Vec<_> = others.extract_if(.., is_child).collect();
        if children.is_empty() {
            return members;
        }
        members.extend(children.into_iter().map(|(_, process)| process));
    }
}

fn signal_each(processes: &[Process], signal: Signal) {
    for process in processes {
        if let Some(pid) = Pid::from_raw(process.pid) {
            // It may be gone already.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

/// The sockets that listen, by their number. The kernel lists them before all others
/// (Documentation/networking/proc_net_tcp.rst), of which there may be tens of thousands.
fn listening() -> HashSet<u64> {
    const LISTEN: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(File::open);
    let mut sockets = HashSet::new();
    for table in tables.into_iter().flatten() {
        for line in BufReader::new(table).lines().skip(1) {
            let Ok(line) = line else { break };
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            if fields.get(3) != Some(&LISTEN) {
                break;
            }
            let inode = fields.get(9).and_then(|inode| inode.parse().ok());
            sockets.extend::<Option<u64>>(inode);
        }
    }
    sockets
}

/// Open descriptors of a process, connections aside.
fn descriptors(process: &Process, listening: &HashSet<u64>) -> Option<usize> {
    let open = process.fd().ok()?.flatten();
    let kept = open.filter(|descriptor| match descriptor.target {
        FDTarget::Socket(inode) => listening.contains(&inode),
        _ => true,
    });
    Some(kept.count())
}

/// Ends all that the `zdr` with this process number has started: what bears its mark, and what is
/// of these process groups.
pub fn end_all(zdr: u32, groups: impl IntoIterator<Item = i32>) {
    for group in groups {
        ProcessTree::group(group).kill();
    }
    ProcessTree::by(&format!("{zdr}-")).kill();
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    /// As PostgreSQL's do: by its group and its environment nobody finds it.
    #[test]
    fn a_child_is_found_that_has_left_group_and_environment() {
        let mut parent = Command::new("sh")
            .args(["-c", "setsid env -i sleep 600 & wait"])
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        let tree = ProcessTree::group(parent.id() as i32);
        let bound = Instant::now() + Duration::from_secs(20);
        let has_left = |process: &Process| {
            let stat = process.stat().expect("it lives");
            stat.comm == "sleep" && stat.pgrp != tree.group
        };
        while !tree.members().iter().any(has_left) {
            assert!(Instant::now() < bound, "no child that has left its group");
            std::thread::sleep(Duration::from_millis(5));
        }
        let child = tree.members().into_iter().find(has_left).expect("it lives");
        tree.kill();
        parent.wait().expect("it was ended");
        let state = child.stat().map(|stat| stat.state);
        assert!(state.is_err() || state.is_ok_and(|state| state == 'Z'));
    }
}
