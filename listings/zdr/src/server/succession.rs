//! How long a server lives, and in which of its processes.
//!
//! A server may hand its port over: at each reload a new process takes the place of the one before, which ends when
//! its clients have left, as programs with Cloudflare's tableflip do. The new one is the server from then on.

use crate::server::Server;
use crate::server::holder::Holder;
use crate::server::process_tree::{ProcessTree, lives};
use crate::server::taken_ports::behind;

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
