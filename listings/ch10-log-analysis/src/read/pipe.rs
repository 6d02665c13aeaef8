//! The standard input, which is never waited for with a line in hand.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

/// A source that says [`io::ErrorKind::WouldBlock`] where its writer has to be waited for.
#[derive(Debug)]
pub(super) struct Pipe(File);

impl Pipe {
    /// The standard input.
    ///
    /// # Errors
    /// When this process has no more file descriptors.
    pub(super) fn stdin() -> io::Result<Self> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self(stdin.into()))
    }

    /// The same source, for whoever waits.
    ///
    /// # Errors
    /// When this process has no more file descriptors.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// Waits for more, or for the end.
    ///
    /// # Errors
    /// When that cannot be waited for.
    pub(super) fn wait(&self) -> io::Result<()> {
        self.poll(None).map(drop)
    }

    fn poll(&self, at_most: Option<&Timespec>) -> io::Result<bool> {
        let ready = retry_on_intr(|| {
            let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
            poll(&mut fds, at_most)
        })?;
        Ok(ready > 0)
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.poll(Some(&Timespec::default()))? {
            true => self.0.read(buffer),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}
