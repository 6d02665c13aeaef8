//! The user that a server runs as, where that is not who runs `zdr`, and what such a user may read.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::umask;

use crate::server::error::StartError;

/// Where the system lists its users: name, password, number, group, and more.
const USERS: &str = "/etc/passwd";

/// A user that a server runs as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// The user of this name, as whom only root can start something.
    pub(crate) fn named(name: &str) -> Result<Self, StartError> {
        if !rustix::process::geteuid().is_root() {
            let why = "only root can start a server as another user. Leave `user` out, and it runs as you";
            return Err(StartError::User(name.to_owned(), why.into()));
        }
        let failed = |why: String| StartError::User(name.to_owned(), why);
        let users = fs::read_to_string(USERS).map_err(|error| failed(error.to_string()))?;
        let found = users.lines().find_map(|line| of_line(line, name));
        found.ok_or_else(|| failed(format!("{USERS} has no such user")))
    }

    /// Makes all in this folder the user's: it can be read there, and written. What is being removed
    /// meanwhile is left out.
    pub(crate) fn give(self, folder: &Path) -> io::Result<()> {
        self.give_one(folder)?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let about = fs::symlink_metadata(&path);
            let given = match about {
                Ok(about) if about.is_dir() => self.give(&path),
                _ => self.give_one(&path),
            };
            match given {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                given => given?,
            }
        }
        Ok(())
    }

    fn give_one(self, path: &Path) -> io::Result<()> {
        let about = fs::symlink_metadata(path)?;
        match (about.uid(), about.gid()) == (self.uid, self.gid) {
            true => Ok(()),
            false => lchown(path, Some(self.uid), Some(self.gid)),
        }
    }
}

/// As long as there is one, all users may enter the folders that this process makes and read their files. A server may
/// run as another user than `zdr`, or let its workers do so, and what a shell hides from it (`umask 077`) is no fault of
/// it. A service manager starts servers so (systemd.exec(5), `UMask=`). Keys have a mode of their own.
#[derive(Debug)]
pub struct OpenMask(Mode);

impl OpenMask {
    /// Sets the mask of this process, and of those that it starts, to 0022.
    pub fn set() -> Self {
        Self(umask(Mode::from_raw_mode(0o022)))
    }
}

impl Drop for OpenMask {
    /// A report has the mask of whoever asked for it.
    fn drop(&mut self) {
        umask(self.0);
    }
}

fn of_line(line: &str, name: &str) -> Option<User> {
    let mut fields = line.split(':');
    if fields.next() != Some(name) {
        return None;
    }
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(User { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_user_and_its_numbers() {
        let line = "postgres:x:104:110:PostgreSQL administrator:/var/lib/postgresql:/bin/bash";
        let user = of_line(line, "postgres").expect("it is there");
        assert_eq!((user.uid, user.gid), (104, 110));
        for (line, name) in [
            (line, "postgre"),
            ("postgres:x:", "postgres"),
            ("", "postgres"),
        ] {
            assert!(of_line(line, name).is_none(), "{line}");
        }
    }
}
