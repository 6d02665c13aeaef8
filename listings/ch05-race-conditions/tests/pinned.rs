//! One look: what changes while it reads.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use ch02_hot_reload::file::LARGEST;
use ch02_hot_reload::identity::Reason;
use ch05_race_conditions::pinned::look;
use lab::agent::{Agent, Strategy};

/// It was small when it was opened. The bound holds for what is read.
#[test]
fn a_file_that_grows_while_it_is_read() {
    for more in [0, 1] {
        let directory = lab::directory().unwrap();
        let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
        let files = agent.files();
        let mut file = OpenOptions::new()
            .append(true)
            .open(&files.certificate)
            .unwrap();
        let room = LARGEST - file.metadata().unwrap().len();
        let mut grow = Some(vec![b'\n'; (room + more) as usize]);
        let seen = look(&files, None, &mut |step| {
            if step == "file opened"
                && let Some(grow) = grow.take()
            {
                file.write_all(&grow).unwrap();
            }
        });
        match seen {
            Ok(seen) => {
                assert_eq!(more, 0, "more than the bound was read");
                assert_eq!(seen.certificate.bytes.len() as u64, LARGEST);
            }
            Err(rejected) => {
                assert_eq!(more, 1, "{rejected}");
                assert_eq!(rejected.reason, Reason::TooLarge);
                assert_eq!(rejected.file, files.certificate);
                let said = format!("more than {LARGEST} bytes");
                assert!(rejected.to_string().contains(&said), "{rejected}");
            }
        }
    }
}

/// A file that claims to be as large as a disk makes nobody ask for so much memory.
#[test]
fn a_file_that_is_mostly_a_hole() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let file = OpenOptions::new().write(true).open(&files.key).unwrap();
    file.set_len(1 << 42).unwrap();
    let rejected = look(&files, None, &mut |_| ()).err().unwrap();
    assert_eq!(rejected.reason, Reason::TooLarge);
    assert_eq!(rejected.file, files.key);
}

/// One file for both is read once: what takes its place in between does not make a pair of two halves.
#[test]
fn one_file_for_both_is_of_one_generation() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let files = agent.files();
    assert_eq!(files.certificate, files.key);
    let before = fs::read(&files.key).unwrap();
    let mut rotated = false;
    let seen = look(&files, None, &mut |step| {
        if step == "file read" && !rotated {
            rotated = true;
            agent.rotate().unwrap();
        }
    });
    let seen = seen.unwrap_or_else(|rejected| panic!("{rejected}"));
    assert_ne!(fs::read(&files.key).unwrap(), before, "it was replaced");
    assert!(seen.certificate.bytes == before, "the chain is another");
    assert!(seen.key.bytes == before, "the key is another");
}

/// A group may pass through Debian's `/etc/ssl/private` (mode 0710), and not list it. Root may do both, so
/// there it is asked how the directory was opened.
#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_may_be_passed_through_and_not_listed() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let at = agent.files().key.parent().unwrap().to_owned();
    fs::set_permissions(&at, Permissions::from_mode(0o311)).unwrap();
    let mut opened = Vec::new();
    let seen = look(&agent.files(), None, &mut |step| {
        if step == "generation pinned" {
            let all = fs::read_dir("/proc/self/fd").unwrap().flatten();
            let ours = all.filter(|fd| fs::read_link(fd.path()).is_ok_and(|path| path == at));
            let about = ours.map(|fd| {
                fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.file_name().display()))
            });
            opened.extend(about.flatten());
        }
    });
    // So that it can be removed.
    fs::set_permissions(&at, Permissions::from_mode(0o700)).unwrap();
    if let Err(rejected) = seen {
        panic!("{rejected}");
    }
    let path_alone = |about: &String| about.contains("flags:\t01"); // O_PATH, in octal: 010000000.
    assert!(
        !opened.is_empty() && opened.iter().all(path_alone),
        "{opened:?}"
    );
}
