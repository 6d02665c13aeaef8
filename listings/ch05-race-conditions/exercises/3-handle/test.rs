//! What is wanted of `look`. Each function is a check, and its comment says what has to hold.
//!
//! The files are real. A kubelet lays them and renews them, step by step, before whichever call the check wants.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ch05_race_conditions::writer::{Grain, Set, Step, Writer};
use lab::agent::Strategy;
use rustix::fs::{CWD, Mode, OFlags, openat};
use tempfile::TempDir;

use super::exercise::{Kernel, look};

const KUBELET: Writer = Writer::Agent(Strategy::Symlink);

/// Where the directory is, as an answer is told. The kernel of these checks knows it by this name alone, as it knows the files of another machine.
const DIRECTORY: &str = "/the directory of the check";

/// What stands among the calls where the writer came.
const RENEWAL: &str = "(renewal)";

/// What is in the files of a generation.
fn set(generation: u32) -> Set {
    Set {
        chain: format!("certificate {generation}"),
        key: format!("key {generation}"),
        roots: "root".into(),
    }
}

/// A directory with generation 1 as `writer` lays it, and the steps that renew it.
struct World {
    directory: TempDir,
    renewal: std::vec::IntoIter<Step>,
    /// Before this call, counted from 0, so many steps are taken.
    interrupt: Option<(usize, usize)>,
    /// Before this call, another renewal comes.
    again: Option<usize>,
    calls: Vec<String>,
    /// Whether the first call that opens something fails, for want of a descriptor.
    fails: bool,
}

fn world(writer: Writer, interrupt: Option<(usize, usize)>) -> World {
    let directory = lab::directory().unwrap();
    for step in writer.lay(&set(1)) {
        step.apply(directory.path()).unwrap();
    }
    let renewal = writer.plan(&set(2), Grain::Whole).into_iter();
    World {
        directory,
        renewal,
        interrupt,
        again: None,
        calls: Vec::new(),
        fails: false,
    }
}

impl World {
    fn look(&mut self) -> io::Result<(String, String)> {
        look(self, Path::new(DIRECTORY))
    }

    /// Where a path leads on this machine.
    fn here(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(DIRECTORY) {
            // Not `join`, which adds a slash to an empty name.
            Ok(within) if within.as_os_str().is_empty() => self.directory.path().to_owned(),
            Ok(within) => self.directory.path().join(within),
            Err(_) => path.to_owned(),
        }
    }

    fn renew(&mut self, steps: usize) {
        for step in self.renewal.by_ref().take(steps) {
            step.apply(self.directory.path()).unwrap();
        }
    }

    /// A call begins: the writer may come first.
    fn call(&mut self, name: &str, path: &Path) {
        let number = self.calls.iter().filter(|call| *call != RENEWAL).count();
        if self.again == Some(number) {
            generation_3(self.directory.path());
            self.calls.push(RENEWAL.into());
        }
        if let Some((call, steps)) = self.interrupt
            && call == number
        {
            self.renew(steps);
            self.calls.push(RENEWAL.into());
            self.interrupt = None;
        }
        let path = match path.strip_prefix(DIRECTORY) {
            Ok(within) if within.as_os_str().is_empty() => Path::new("."),
            Ok(within) => within,
            Err(_) => path,
        };
        self.calls.push(format!("{name}({})", path.display()));
        assert!(
            self.calls.len() < 1000,
            "A file is missing and stays so, and the look has made a thousand calls: it begins again at each error, forever. Return the error: the caller looks \
             again, at its next tick."
        );
    }
}

impl Kernel for World {
    type Directory = File;

    fn open(&mut self, path: &Path) -> io::Result<File> {
        self.call("open", path);
        if std::mem::take(&mut self.fails) {
            return Err(io::Error::other("too many open files"));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(openat(CWD, self.here(path), flags, Mode::empty())?.into())
    }

    fn read_at(&mut self, directory: &File, name: &str) -> io::Result<String> {
        self.call("read_at", Path::new(name));
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mut text = String::new();
        File::from(openat(directory, name, flags, Mode::empty())?).read_to_string(&mut text)?;
        Ok(text)
    }

    fn read(&mut self, path: &Path) -> io::Result<String> {
        self.call("read", path);
        fs::read_to_string(self.here(path))
    }

    fn canonicalize(&mut self, path: &Path) -> io::Result<PathBuf> {
        self.call("canonicalize", path);
        let here = self.here(path).canonicalize()?;
        let within = self.directory.path().canonicalize()?;
        // Of a path that leads elsewhere, there is no other name.
        let within = here
            .strip_prefix(within)
            .map(|part| match part.as_os_str() {
                part if part.is_empty() => PathBuf::from(DIRECTORY),
                part => Path::new(DIRECTORY).join(part),
            });
        Ok(within.unwrap_or(here))
    }
}

fn of(generation: u32) -> (String, String) {
    (set(generation).chain, set(generation).key)
}

/// What a look returned, in words.
fn said(seen: &io::Result<(String, String)>) -> String {
    match seen {
        Ok((certificate, key)) => format!("`{certificate}` with `{key}`"),
        Err(error) => format!("an error: {error}"),
    }
}

/// While nothing is renewed, both files are read.
pub fn what_rests_is_read() {
    let mut world = world(KUBELET, None);
    let seen = world.look();
    assert!(
        matches!(&seen, Ok(seen) if *seen == of(1)),
        "The kubelet has laid generation 1, and nothing is renewed. The look returned {}, and called {}. The files are those of the kernel that `look` is given: ask it, and neither `std::fs` nor `exists`.",
        said(&seen),
        match world.calls.join(", ") {
            calls if calls.is_empty() => "nothing of the kernel".to_owned(),
            calls => calls,
        }
    );
    world.renew(usize::MAX);
    let seen = world.look();
    assert!(
        matches!(&seen, Ok(seen) if *seen == of(2)),
        "The kubelet has laid generation 2 in the place of generation 1. The next look returned {}.",
        said(&seen)
    );
}

/// A renewal between any two calls mixes no generations.
pub fn a_renewal_between_two_calls_mixes_nothing() {
    let steps = KUBELET.plan(&set(2), Grain::Whole).len();
    let mut undisturbed = world(KUBELET, None);
    let _ = undisturbed.look();
    for call in 0..=undisturbed.calls.len() {
        for steps in 1..=steps {
            let mut world = world(KUBELET, Some((call, steps)));
            let seen = world.look();
            let calls = world.calls.join(", ");
            let Ok((certificate, key)) = seen else {
                // The generation is gone. Another look finds the next one.
                continue;
            };
            assert!(
                [of(1), of(2)].contains(&(certificate.clone(), key.clone())),
                "The kubelet's renewal came between two calls of the look, which returned `{certificate}` with `{key}`. The calls were: {calls}. \
                 The rename is atomic, but the link `..data` was followed before it and after it. Follow it once."
            );
        }
    }
    a_second_renewal_mixes_nothing_either();
}

/// As between two looks, and a look that begins anew may take as long.
fn a_second_renewal_mixes_nothing_either() {
    let mut undisturbed = world(KUBELET, None);
    let _ = undisturbed.look();
    for call in 0..=undisturbed.calls.len() {
        for later in call + 1..=call + 6 {
            let mut world = world(KUBELET, Some((call, usize::MAX)));
            world.again = Some(later);
            let seen = world.look();
            let calls = world.calls.join(", ");
            let Ok(seen) = seen else { continue };
            assert!(
                [of(1), of(2), of(3)].contains(&seen),
                "The kubelet's renewal came between two calls of the look, and a second renewal later on. The look returned `{}` with `{}`. The calls were: {calls}. \
                 What goes by a path follows `..data` each time, also as a way out of an error.",
                seen.0,
                seen.1
            );
        }
    }
}

/// Lays generation 3 in the place of whichever is there.
fn generation_3(directory: &Path) {
    let next = directory.join("..generation_3");
    fs::create_dir(&next).unwrap();
    fs::write(next.join("tls.crt"), of(3).0).unwrap();
    fs::write(next.join("tls.key"), of(3).1).unwrap();
    let (data, link) = (directory.join("..data"), directory.join("..data_3"));
    let before = directory.join(fs::read_link(&data).unwrap());
    symlink("..generation_3", &link).unwrap();
    fs::rename(link, data).unwrap();
    fs::remove_dir_all(before).unwrap();
}

/// Plain files, without the kubelet's links, are read as well.
pub fn plain_files_are_read() {
    let mut world = world(Writer::Agent(Strategy::RenameEach), None);
    let seen = world.look();
    assert!(
        matches!(&seen, Ok(seen) if *seen == of(1)),
        "The directory holds `tls.crt` and `tls.key` as plain files, and no `..data`. The look returned {}. Its calls were: {}. Where there is no `..data`, \
         the directory itself is what has to be opened.",
        said(&seen),
        world.calls.join(", ")
    );
}

/// A file that is missing is an error.
pub fn a_missing_file_is_an_error() {
    for name in ["tls.crt", "tls.key"] {
        let mut world = world(Writer::Agent(Strategy::RenameEach), None);
        fs::remove_file(world.directory.path().join(name)).unwrap();
        let seen = world.look();
        assert!(
            seen.is_err(),
            "`{name}` is missing, and the look returned {}.",
            said(&seen)
        );
    }
}

/// An error of the kernel is no sign of plain files.
pub fn another_error_is_no_sign_of_plain_files() {
    for call in 0..4 {
        let mut world = world(KUBELET, Some((call, usize::MAX)));
        world.fails = true;
        let seen = world.look();
        let whole = [of(1), of(2)];
        assert!(
            seen.as_ref().map_or(true, |seen| whole.contains(seen)),
            "The first `open` failed for want of a file descriptor, and a renewal came later on. The look returned {}; its calls were: {}. Only `NotFound` says that there is \
             no `..data`. An answer that falls back to the directory above at any error reads through the link, twice.",
            said(&seen),
            world.calls.join(", ")
        );
    }
}
