//! Processes, as Linux tells of them in `/proc`.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use procfs::process::{FDTarget, Process, Stat, Task};
use rustix::process::{Pid, Signal};

use crate::server::holder::Holder;
use crate::server::listeners::{self, Listener};
use crate::server::usage::Usage;

/// A process.
pub(super) type Member = Process;

/// All of a group, and all whose environment has this variable with this value; with any value that begins so,
/// if it ends in a dash. 0 is no group, and an empty value is none.
pub(super) fn members(group: i32, variable: &str, value: &str) -> Vec<Member> {
    let Ok(all) = procfs::process::all_processes() else {
        return Vec::new();
    };
    // What was there before this process cannot bear a mark of it.
    let since = began();
    let (mut members, mut others) = (Vec::new(), Vec::new());
    for process in all.flatten() {
        let Ok(stat) = process.stat() else { continue };
        if has_ended(&stat) {
            continue;
        }
        // Threads of the kernel are of group 0.
        let of_group = group != 0 && [stat.pgrp, process.pid].contains(&group);
        let may_bear = !value.is_empty() && stat.starttime >= since;
        if of_group || (may_bear && bears(&process, variable, value)) {
            members.push(process);
        } else {
            others.push((stat.ppid, process));
        }
    }
    with_children(members, others)
}

/// Processes, and all that they have started, and so on. One may have left their group and written over its
/// environment, as PostgreSQL's do.
fn with_children(mut members: Vec<Member>, mut others: Vec<(i32, Member)>) -> Vec<Member> {
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

/// Whether a process bears the mark: the whole of it, or, for all that one `zdr` has started, the number of
/// that before the dash.
fn bears(process: &Process, variable: &str, value: &str) -> bool {
    let environment = process.environ().unwrap_or_default();
    let mark = environment.get(OsStr::new(variable));
    let mark = mark.and_then(|mark| mark.to_str()).unwrap_or_default();
    match value.ends_with('-') {
        true => mark.starts_with(value),
        false => mark == value,
    }
}

/// Whether a process is there, and has not ended.
pub(super) fn lives(pid: i32) -> bool {
    let stat = Process::new(pid).and_then(|process| process.stat());
    stat.is_ok_and(|stat| !has_ended(&stat))
}

/// Whether a process has ended, and was not waited for: it uses nothing. Its first thread may have ended before others, which
/// still hold its files and locks.
fn has_ended(stat: &Stat) -> bool {
    stat.state == 'Z' && stat.num_threads <= 1
}

/// Whether this signal would end a process: it neither catches nor ignores it, no thread waits for it as in BIND, and not
/// all of them block it. `None` where that is not known.
pub(super) fn would_end(pid: i32, signal: Signal) -> Option<bool> {
    let process = Process::new(pid).ok()?;
    let status = process.status().ok()?;
    let bit = 1_u64 << (signal.as_raw() - 1);
    let threads: Vec<Task> = process.tasks().ok()?.flatten().collect();
    // Libraries start threads that block all signals: a signal goes to one that does not.
    let blocks = |thread: &Task| thread.status().is_ok_and(|of| of.sigblk & bit != 0);
    let places: Vec<_> = threads.iter().map(place).collect();
    // While a thread is in `sigwait` for signals that it blocks, Linux tells that it does not block them.
    let waits = places.iter().any(|place| place.contains("sigtimedwait"));
    if (status.sigcgt | status.sigign) & bit != 0 || waits || threads.iter().all(blocks) {
        return Some(false);
    }
    let is_untold = places
        .iter()
        .all(|place| ["", "0"].contains(&place.as_str()));
    (!is_untold || !threads.iter().any(blocks)).then_some(true)
}

/// Where in the kernel a thread sleeps: `0` if it does not, or that is not told, as of another user's.
fn place(thread: &Task) -> String {
    let file = format!("/proc/{}/task/{}/wchan", thread.pid, thread.tid);
    fs::read_to_string(file).unwrap_or_default()
}

/// What they use at this moment.
pub(super) fn usage(members: &[Member]) -> Option<Usage> {
    let mut usage = Usage {
        descriptors: Some(0),
        open: Some(0),
        unwaited: unwaited(members),
        ..Usage::default()
    };
    let listening = listening_sockets();
    for process in members {
        let rollup = process.smaps_rollup().ok();
        let share = rollup.and_then(|rollup| {
            let map = rollup.memory_map_rollup.into_iter().next()?;
            map.extension.map.get("Pss").copied()
        });
        let resident = || {
            let stat = process.stat();
            stat.map_or(0, |stat| stat.rss * rustix::param::page_size() as u64)
        };
        usage.memory += share.unwrap_or_else(resident);
        usage.processes += 1;
        let stat = process.stat().ok();
        let threads = stat.as_ref().map_or(0, |stat| stat.num_threads.max(0));
        usage.threads += threads as usize;
        let (kept, open) = descriptors(process, &listening).unzip();
        usage.descriptors = usage.descriptors.zip(kept).map(|(sum, kept)| sum + kept);
        usage.open = usage.open.zip(open).map(|(sum, open)| sum + open);
        usage.ticks += stat.map_or(0, |stat| {
            // Negative in no kernel that is known.
            let waited_for = [stat.cutime, stat.cstime].map(|ticks| ticks.max(0) as u64);
            stat.utime + stat.stime + waited_for.iter().sum::<u64>()
        });
        usage.waited += waited(process);
    }
    Some(usage)
}

/// How many of their children have ended and keep their number, because nobody has waited for them.
fn unwaited(members: &[Member]) -> usize {
    let parents: HashSet<_> = members.iter().map(|process| process.pid).collect();
    let all = procfs::process::all_processes();
    let all = all.into_iter().flatten().flatten();
    let ended = all
        .filter_map(|process| process.stat().ok())
        .filter(|stat| stat.state == 'Z' && parents.contains(&stat.ppid));
    ended.count()
}

/// For how long the threads of a process have waited for a processor.
fn waited(process: &Process) -> Duration {
    let threads = process.tasks().into_iter().flatten().flatten();
    let each = threads.filter_map(|thread| thread.schedstat().ok());
    Duration::from_nanos(each.map(|stat| stat.run_delay).sum())
}

/// Where they listen, for TCP.
pub(super) fn listening(members: &[Member]) -> Vec<SocketAddr> {
    let sockets = sockets_of(members);
    let theirs = all_listening().filter(|(inode, _)| sockets.contains(inode));
    theirs.map(|(_, address)| address).collect()
}

/// How many connections they keep open whose other ends are closed. None where they listen in another network
/// namespace, whose connections are not known.
pub(super) fn unclosed(members: &[Member]) -> usize {
    let sockets: HashMap<_, _> = members.iter().flat_map(all_sockets).collect();
    let in_use = listeners::in_use();
    let in_use: HashSet<_> = in_use.into_iter().map(|(inode, _)| inode).collect();
    if !sockets.keys().any(|inode| in_use.contains(inode)) {
        return 0;
    }
    let ended = sockets.iter().filter(|(inode, _)| !in_use.contains(inode));
    ended.filter(|(_, path)| is_tcp(path)).count()
}

/// The sockets of a process, by their number, and where each is found.
fn all_sockets(process: &Process) -> impl Iterator<Item = (u64, String)> + use<> {
    let pid = process.pid;
    let open = process.fd().into_iter().flatten().flatten();
    open.filter_map(move |descriptor| match descriptor.target {
        FDTarget::Socket(inode) => Some((inode, format!("/proc/{pid}/fd/{}", descriptor.fd))),
        _ => None,
    })
}

/// Whether a socket is for TCP, whatever state it is in.
fn is_tcp(path: &str) -> bool {
    let mut name = [0; 32];
    let known = rustix::fs::getxattr(path, "system.sockprotoname", &mut name);
    known.is_ok_and(|length| name[..length.min(name.len())].starts_with(b"TCP"))
}

/// Which of them listen on this port, the one that began first at the front: workers come after who started them.
pub(super) fn serving(members: &[Member], port: u16) -> Vec<i32> {
    let there = all_listening().filter(|(_, address)| address.port() == port);
    let there: HashSet<_> = there.map(|(inode, _)| inode).collect();
    let serve = members
        .iter()
        .filter(|process| sockets(process).any(|inode| there.contains(&inode)));
    let began = |process: &Member| Some((process.stat().ok()?.starttime, process.pid));
    let mut serving: Vec<_> = serve.filter_map(began).collect();
    serving.sort_unstable();
    serving.into_iter().map(|(_, pid)| pid).collect()
}

/// Which process has started this one, or has taken it over since. `None` where it is gone.
pub(super) fn parent(pid: i32) -> Option<i32> {
    Some(Process::new(pid).ok()?.stat().ok()?.ppid)
}

/// Whether two processes run the same program. True where that is not known: another user's may not be read.
pub(super) fn same_program(one: i32, other: i32) -> bool {
    let of = |pid| Process::new(pid).and_then(|process| process.exe()).ok();
    of(one)
        .zip(of(other))
        .is_none_or(|(one, other)| one == other)
}

/// All their sockets, by their number.
pub(super) fn sockets_of(members: &[Member]) -> HashSet<u64> {
    members.iter().flat_map(sockets).collect()
}

/// Who listens on those of all sockets that are meant, which are told by their number and address.
pub(super) fn holders(is_meant: impl Fn(u64, SocketAddr) -> bool) -> Vec<Holder> {
    let meant = all_listening().filter(|(inode, address)| is_meant(*inode, *address));
    let meant: Vec<_> = meant.collect();
    if meant.is_empty() {
        return Vec::new();
    }
    let all: Vec<_> = procfs::process::all_processes()
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    let who = |inode: u64| {
        let mut all = all.iter();
        let process = all.find(|process| sockets(process).any(|of| of == inode))?;
        Some((process.pid, program(process)?))
    };
    let meant = meant.into_iter();
    meant
        .map(|(inode, address)| Holder {
            address,
            process: who(inode),
        })
        .collect()
}

/// All that listen on this port, for TCP, and began after this process.
pub(super) fn listeners(port: u16) -> Vec<Member> {
    let there = all_listening().filter(|(_, address)| address.port() == port);
    let there: HashSet<_> = there.map(|(inode, _)| inode).collect();
    let (since, all) = (began(), procfs::process::all_processes());
    let all = all.into_iter().flatten().flatten();
    let later = all.filter(|process| process.stat().is_ok_and(|stat| stat.starttime >= since));
    later
        .filter(|process| sockets(process).any(|inode| there.contains(&inode)))
        .collect()
}

/// The name of its program. A process may give itself another, as Node's does.
fn program(process: &Process) -> Option<String> {
    let path = process.exe().ok();
    let name = path.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    name.or_else(|| Some(process.stat().ok()?.comm))
}

/// The sockets of a process, by their number.
fn sockets(process: &Process) -> impl Iterator<Item = u64> + use<> {
    all_sockets(process).map(|(inode, _)| inode)
}

/// When this process began.
fn began() -> u64 {
    let myself = Process::myself().and_then(|process| process.stat());
    myself.map_or(0, |stat| stat.starttime)
}

/// Signals each of them. One may be gone already.
pub(super) fn signal(members: &[Member], signal: Signal) {
    for process in members {
        if let Some(pid) = Pid::from_raw(process.pid) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

/// The sockets that listen, by their number.
pub(super) fn listening_sockets() -> HashSet<u64> {
    all_listening().map(|(inode, _)| inode).collect()
}

/// The same, and where.
pub(super) fn all_listening() -> impl Iterator<Item = Listener> {
    listeners::all().into_iter()
}

/// Open descriptors of a process: connections aside, and all.
fn descriptors(process: &Process, listening: &HashSet<u64>) -> Option<(usize, usize)> {
    let (mut kept, mut all) = (0, 0);
    for descriptor in process.fd().ok()?.flatten() {
        all += 1;
        kept += match descriptor.target {
            FDTarget::Socket(inode) => usize::from(listening.contains(&inode)),
            _ => 1,
        };
    }
    Some((kept, all))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;

    /// A worker and its master run the same one, a worker and a script that it starts do not.
    #[test]
    fn a_script_runs_another_program_than_its_parent() {
        let mut script = Command::new("sleep").arg("600").spawn().unwrap();
        let (script_pid, own) = (script.id() as i32, std::process::id() as i32);
        let bound = Instant::now() + Duration::from_secs(20);
        // Until it has become that program.
        while same_program(script_pid, own) {
            assert!(Instant::now() < bound, "it is still this one");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(same_program(own, own));
        script.kill().expect("it is there");
        script.wait().expect("it was ended");
        assert!(same_program(i32::MAX, own), "nothing is known");
    }

    #[test]
    fn a_child_that_nobody_waits_for_is_counted() {
        // The shell that waits becomes a program that does not.
        let mut parent = Command::new("sh")
            .args(["-c", "true & exec sleep 600"])
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        let bound = Instant::now() + Duration::from_secs(20);
        let members = || members(parent.id() as i32, "", "");
        while unwaited(&members()) == 0 {
            assert!(Instant::now() < bound, "no child that has ended");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(usage(&members()).map(|usage| usage.processes), Some(1));
        parent.kill().expect("it is there");
        parent.wait().expect("it was ended");
    }

    /// As PostgreSQL's do: by its group and its environment nobody finds it.
    #[test]
    fn a_child_is_found_that_has_left_group_and_environment() {
        let mut parent = Command::new("sh")
            .args(["-c", "setsid env -i sleep 600 & wait"])
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        let group = parent.id() as i32;
        let bound = Instant::now() + Duration::from_secs(20);
        let has_left = |process: &Process| {
            let stat = process.stat();
            stat.is_ok_and(|stat| stat.comm == "sleep" && stat.pgrp != group)
        };
        let child = loop {
            let found = members(group, "", "").into_iter().find(has_left);
            if let Some(child) = found {
                break child;
            }
            assert!(Instant::now() < bound, "no child that has left its group");
            std::thread::sleep(Duration::from_millis(5));
        };
        signal(&members(group, "", ""), Signal::KILL);
        parent.wait().expect("it was ended");
        while lives(child.pid) {
            assert!(Instant::now() < bound, "the child was not ended");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
