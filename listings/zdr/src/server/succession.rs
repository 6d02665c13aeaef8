//! How long a server lives, and in which of its processes.
//!
//! A server may hand its port over: at each reload a new process takes the place of the one before, which ends when
//! its clients have left, as programs with Cloudflare's tableflip do. The new one is the server from then on.
//!
//! Others leave the last step to whoever signals them: at SIGUSR2, gunicorn, unicorn and nginx start a second master
//! beside the first, and both serve until the first is told to end. Such a handover is recognised, and not completed:
//! which signal ends the old one, and when, is for the description to say.

use crate::server::Server;
use crate::server::holder::Holder;
use crate::server::process_tree::{ProcessTree, lives, parent, same_program};
use crate::server::taken_ports::behind;

/// A process that listens, and the one that has started it.
pub(super) type Serving = (i32, i32);

/// Which process has been started by this one and serves with processes of its own. The workers that a reload starts
/// have none, and neither has a process that serves one client. What such a one starts, such as a script, may inherit the
/// socket: it is left out by [`Server::serving`].
fn master_below(first: i32, serving: &[Serving]) -> Option<i32> {
    let has_workers = |pid: i32| serving.iter().any(|(_, parent)| *parent == pid);
    let below = serving.iter().filter(|(_, parent)| *parent == first);
    let mut below = below.map(|(pid, _)| *pid);
    below.find(|pid| has_workers(*pid))
}

impl Server {
    /// How its process ended, where it did.
    pub fn ended(&mut self) -> Option<String> {
        let Some(process) = self.process.as_mut() else {
            // Of a server that is attached to nothing is known but this.
            let pid = self.pid.filter(|_| self.spec.attach.is_some())?;
            return (!lives(pid)).then(|| format!("process {pid} is gone"));
        };
        let status = process.child.try_wait().ok().flatten()?;
        match status.success() && self.is_followed() {
            true => None,
            false => Some(status.to_string()),
        }
    }

    /// Whether its command has ended well, and what it started goes on without it.
    pub(super) fn goes_on(&mut self) -> bool {
        let port = self.port();
        let Some(process) = self.process.as_mut() else {
            return false;
        };
        let ended = process.child.try_wait().ok().flatten();
        let left = |tree: &ProcessTree| tree.usage().is_some_and(|usage| usage.processes > 0);
        // One that has left its group and written over its environment is known by its port, as nginx is.
        // It is looked for in any case: what is of the group now may be about to leave it.
        ended.is_some_and(|status| status.success())
            && (process.tree.take_in(port) | left(&process.tree))
    }

    /// Whether what it started goes on without it, and serves where it did, though it was never the one that served.
    pub fn is_in_background(&mut self) -> bool {
        let port = self.port();
        self.ended().is_some()
            && self.goes_on()
            && self.process.as_ref().is_some_and(|process| {
                let mut listening = process.tree.listening().into_iter();
                listening.any(|address| address.port() == port)
            })
    }

    /// Which of its processes listens on its port, where the first one, which is signalled, does not. `None`
    /// where that is not known.
    pub(crate) fn behind(&self) -> Option<Holder> {
        let process = self.process.as_ref()?;
        behind(&process.tree, self.port())
    }

    /// Takes the process that listens now for the one to signal, if the one before has listened and does so no more.
    /// A first process that has never listened, such as HAProxy's master, is the server as long as it lives.
    pub(super) fn follow(&mut self) {
        let (port, pid) = (self.port(), self.pid);
        let process = self.process.as_mut().filter(|process| process.has_listened);
        let (Some(process), Some(pid)) = (process, pid) else {
            return;
        };
        let mut serving = process.tree.serving(port);
        // A successor may have left the group, and its environment with it. It is known by its port then.
        if serving.is_empty() && process.tree.take_in(port) {
            serving = process.tree.serving(port);
        }
        if !serving.contains(&pid)
            && let Some(successor) = serving.first()
        {
            self.pid = Some(*successor);
        }
    }

    /// Remembers which of its processes serve before it is first told of new files.
    pub(super) fn remember_who_serves(&mut self) {
        if self.served_first.is_none() {
            self.served_first = Some(self.serving());
        }
    }

    /// Those that listen on its port, each with the process that has started it. Below the workers, none that runs
    /// another program: it has inherited the socket, and does not serve.
    fn serving(&self) -> Vec<Serving> {
        let port = self.port();
        let serving = match (&self.process, self.pid) {
            (Some(process), _) => process.tree.serving(port),
            (None, Some(pid)) => ProcessTree::group(pid).serving(port),
            (None, None) => Vec::new(),
        };
        let with_parent = |pid| Some((pid, parent(pid)?));
        let first = self.pid.unwrap_or(0);
        let serves = |(pid, parent): &Serving| {
            [*pid, *parent].contains(&first) || same_program(*pid, *parent)
        };
        let serving = serving.into_iter().filter_map(with_parent);
        serving.filter(serves).collect()
    }

    /// The signal that only began a handover, the process that got it, and the one that this has started since: both
    /// serve.
    pub(crate) fn half_handed_over(&self) -> Option<(&str, i32, i32)> {
        let signal = self.spec.reload.signal.as_deref()?;
        let (first, before) = (self.pid?, self.served_first.as_ref()?);
        // One that has had such a process from the beginning replaces it, maybe, when it reloads.
        if master_below(first, before).is_some() {
            return None;
        }
        let serving = self.serving();
        let still_serves = serving.iter().any(|(pid, _)| *pid == first);
        let second = master_below(first, &serving)?;
        still_serves.then_some((signal, first, second))
    }

    /// Whether another process than the first one serves, since that has handed its port over.
    pub(super) fn is_followed(&mut self) -> bool {
        let is_first =
            |server: &Self| server.pid == server.process.as_ref().map(|of| of.tree.group);
        if is_first(self) || !self.pid.is_some_and(lives) {
            self.follow();
        }
        !is_first(self) && self.pid.is_some_and(lives)
    }
}

#[cfg(test)]
mod tests {
    use super::master_below;

    #[test]
    fn a_second_master_is_told_from_workers() {
        // A master with two workers, and with those of a reload.
        let first = [(10, 1), (11, 10), (12, 10)];
        assert_eq!(master_below(10, &first), None);
        let reloaded = [&first[..], &[(13, 10), (14, 10)]].concat();
        assert_eq!(master_below(10, &reloaded), None);
        // A second master, as gunicorn's: its first worker serves, or does not yet.
        let second = [&first[..], &[(20, 10)]].concat();
        assert_eq!(master_below(10, &second), None);
        let second = [&second[..], &[(21, 20)]].concat();
        assert_eq!(master_below(10, &second), Some(20));
        assert_eq!(master_below(20, &second), None);
    }
}
