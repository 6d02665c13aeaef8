//! What is wanted of `read_key`. Each function is a check, and its comment says what has to hold.

use std::io;
use std::path::Path;
use std::rc::Rc;

use super::exercise::{Access, Kernel, Key, read_key};

/// Two groups of the service, and another one.
const OURS: u32 = 1000;
const ALSO_OURS: u32 = 1500;
/// The group of number 0. Its members need not be root.
const ROOTS: u32 = 0;
const THEIRS: u32 = 2000;

/// A file in memory.
struct Held {
    text: &'static str,
    access: Access,
}

/// One path. Before the call of this number, a writer renames the second file over the first.
struct World {
    now: Rc<Held>,
    next: Option<(usize, Rc<Held>)>,
    calls: usize,
    /// The call of this number fails.
    fails: Option<usize>,
}

impl World {
    fn at_path(&mut self) -> Rc<Held> {
        self.now.clone()
    }

    fn call(&mut self) -> io::Result<()> {
        if let Some((_, next)) = self.next.take_if(|(call, _)| *call == self.calls) {
            self.now = next;
        }
        self.calls += 1;
        match self.fails {
            Some(call) if call + 1 == self.calls => Err(io::Error::other("an error of the disk")),
            _ => Ok(()),
        }
    }
}

impl Kernel for World {
    type File = Rc<Held>;

    fn open(&mut self, _: &Path) -> io::Result<Rc<Held>> {
        self.call()?;
        Ok(self.at_path())
    }

    fn access(&mut self, file: &Rc<Held>) -> io::Result<Access> {
        self.call()?;
        Ok(file.access)
    }

    fn access_of(&mut self, _: &Path) -> io::Result<Access> {
        self.call()?;
        Ok(self.at_path().access)
    }

    fn read(&mut self, file: &Rc<Held>) -> io::Result<String> {
        self.call()?;
        Ok(file.text.to_owned())
    }
}

fn file(text: &'static str, mode: u32, group: u32) -> Rc<Held> {
    let access = Access { mode, group };
    Rc::new(Held { text, access })
}

fn read(world: &mut World) -> Key {
    read_key(world, Path::new("tls.key"), &[OURS, ALSO_OURS])
        .unwrap_or_else(|error| panic!("The key is there, and `read_key` returned: {error}."))
}

fn is_exposed(mode: u32, group: u32) -> bool {
    let key = read(&mut World {
        now: file("key 1", mode, group),
        next: None,
        calls: 0,
        fails: None,
    });
    assert!(
        key.text == "key 1",
        "The file holds `key 1`, and `read_key` returned `{}`.",
        key.text
    );
    key.exposed
}

/// A key that its owner alone can use, or a group of ours can read, is not exposed.
pub fn a_key_for_the_service_is_not_exposed() {
    for (mode, group, whose) in [
        (0o600, OURS, "the service's own"),
        (0o400, THEIRS, "another"),
        (0o640, OURS, "the service's own"),
        (0o440, OURS, "the service's own"),
        (0o700, THEIRS, "another"),
        (0o640, ALSO_OURS, "one more of the service's"),
    ] {
        assert!(
            !is_exposed(mode, group),
            "A key has the mode {mode:04o} and its group is {whose}: the owner and the service can read it, and no other. It is said to be exposed. A service that \
             does not run as root is given its key by a group, so a rule of `0600` keeps it from starting."
        );
    }
}

/// A key that everybody can use is exposed.
pub fn a_key_for_everybody_is_exposed() {
    for mode in [0o644, 0o604, 0o602] {
        assert!(
            is_exposed(mode, OURS),
            "A key has the mode {mode:04o}: the last digit is what everybody may do. It is said not to be exposed."
        );
    }
}

/// A key that a group can read which this process is not in is exposed.
pub fn a_key_for_another_group_is_exposed() {
    assert!(
        is_exposed(0o640, THEIRS),
        "A key has the mode 0640, and its group is one that this process is not in. It is said not to be exposed, and all members of that group can read it."
    );
    let mut world = World {
        now: file("key 1", 0o640, THEIRS),
        next: None,
        calls: 0,
        fails: None,
    };
    let key = read_key(&mut world, Path::new("tls.key"), &[]).unwrap();
    assert!(
        key.exposed,
        "A process that is in no group read a key with the mode 0640. It is said not to be exposed, and all members of the key's group can read it: no group is ours where there is none."
    );
    assert!(
        is_exposed(0o640, ROOTS),
        "A key has the mode 0640, and its group is 0, which is named root. It is said not to be exposed. A group of that name is a group as all others are: its members are not the user root, and this \
         process is not in it."
    );
}

/// A key that a group may change is exposed, even a group of ours.
pub fn a_key_that_a_group_may_change_is_exposed() {
    for (mode, group, whose) in [
        (0o660, OURS, "the service's own"),
        (0o620, OURS, "the service's own"),
        (0o620, THEIRS, "another"),
    ] {
        assert!(
            is_exposed(mode, group),
            "A key has the mode {mode:04o}, and its group is {whose}. It is said not to be exposed. The service needs to read the key. A process that can write it can put \
             another key there."
        );
    }
    each_mode_is_judged_by_its_digits();
}

/// Each way in which the owner, a group and everybody may read or write. Whether they may execute is no matter: both are right.
fn each_mode_is_judged_by_its_digits() {
    let allowed = [0, 2, 4, 6];
    for (owner, of_group, everybody) in allowed
        .iter()
        .flat_map(|owner| allowed.iter().map(move |group| (owner, group)))
        .flat_map(|(owner, group)| allowed.iter().map(move |all| (*owner, *group, *all)))
    {
        let mode = (owner << 6) | (of_group << 3) | everybody;
        for (group, is_ours) in [(OURS, true), (ALSO_OURS, true), (THEIRS, false)] {
            let wanted = everybody != 0 || of_group & 2 != 0 || (of_group != 0 && !is_ours);
            let said = is_exposed(mode, group);
            assert!(
                said == wanted,
                "A key has the mode {mode:04o}, and its group is {}. It is said {}to be exposed. Each digit is a sum: 4 is to read, 2 is to write, and 6 is both. Ask for each of the bits by itself.",
                if is_ours {
                    "one of the service's own"
                } else {
                    "another"
                },
                if said { "" } else { "not " }
            );
        }
    }
}

/// What is said is said of the file that was read.
pub fn what_is_said_is_said_of_the_file_that_was_read() {
    for call in 0..4 {
        let mut world = World {
            now: file("key 1", 0o600, OURS),
            next: Some((call, file("key 2", 0o644, OURS))),
            calls: 0,
            fails: None,
        };
        let key = read(&mut world);
        let said = if key.exposed {
            "exposed"
        } else {
            "not exposed"
        };
        assert!(
            key.exposed == (key.text == "key 2"),
            "`key 1` has the mode 0600. A writer renamed `key 2`, with the mode 0644, over it during the read. What was read is `{}`, and it is said to be {said}. The mode of a \
             path is that of the file which was there when you asked: ask the open file.",
            key.text
        );
    }
}

/// What the kernel does not say is not taken for good.
pub fn what_the_kernel_does_not_say_is_an_error() {
    let mut undisturbed = 0;
    for fails in 0..8 {
        let mut world = World {
            now: file("key 1", 0o644, OURS),
            next: None,
            calls: 0,
            fails: Some(fails),
        };
        let key = read_key(&mut world, Path::new("tls.key"), &[OURS]);
        if world.calls <= fails {
            undisturbed += 1;
            continue;
        }
        assert!(
            key.as_ref()
                .map_or(true, |key| key.exposed && key.text == "key 1"),
            "Call number {} to the kernel failed, and `read_key` returned a key {}. Where the mode cannot be asked, which users have read the key is not known, and where the text \
             cannot be read there is none: return the error.",
            fails + 1,
            match key {
                Ok(key) if key.text.is_empty() => "without a text",
                _ => "that is said not to be exposed",
            }
        );
    }
    assert!(
        undisturbed > 0,
        "`read_key` asked the kernel more than eight times for one key."
    );
}
