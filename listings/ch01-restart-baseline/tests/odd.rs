//! What stands where a file should: it is refused, and nothing waits for it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use ch01_restart_baseline::load_once;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

fn written() -> (TempDir, [PathBuf; 2]) {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    (directory, [agent.files().certificate, agent.files().key])
}

/// What is said of these files. The server must not wait for them.
fn said(files: &[PathBuf; 2]) -> Result<(), String> {
    let [certificate, key] = files.clone();
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(load_once(&certificate, &key, 1).map(drop)));
    let outcome = outcome.recv_timeout(BOUND).expect("it waits for the file");
    outcome.map_err(|error| error.to_string())
}

/// Each of the two files, with another thing in its place.
fn refused(put: impl Fn(&Path) + Sync, why: &str) {
    thread::scope(|scope| {
        let put = &put;
        for at in [0, 1] {
            scope.spawn(move || {
                let (_directory, files) = written();
                fs::remove_file(&files[at]).unwrap();
                put(&files[at]);
                let expected = format!("{}: {why}", files[at].display());
                assert_eq!(said(&files), Err(expected));
            });
        }
    });
}

fn pipe(path: &Path) {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
}

#[test]
fn a_fifo_without_a_writer() {
    refused(pipe, "it is a FIFO that nothing writes to");
}

/// Its writer has it open, and says nothing.
#[test]
fn a_fifo_whose_writer_does_not_end() {
    let put = |path: &Path| {
        pipe(path);
        // Open for both: to open it so waits for no other end. It is so until this program ends.
        let both = fs::OpenOptions::new().read(true).write(true).open(path);
        std::mem::forget(both.unwrap());
    };
    refused(put, "it is a FIFO whose writer does not end");
}

#[test]
fn a_device_that_has_no_end() {
    let put = |path: &Path| symlink("/dev/zero", path).unwrap();
    refused(put, "it is not a regular file");
}

#[test]
fn a_directory() {
    refused(
        |path| fs::create_dir(path).unwrap(),
        "it is not a regular file",
    );
}

#[test]
fn a_file_that_does_not_fit_into_memory() {
    let put = |path: &Path| fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
    refused(put, "more than 1048576 bytes");
}

#[test]
fn links_that_lead_in_a_circle() {
    let put = |path: &Path| symlink(path, path).unwrap();
    refused(put, "Too many levels of symbolic links (os error 40)");
}

/// A shell makes one of `<(command)`. Its writer may be slow.
#[test]
fn a_fifo_is_read_to_its_end() {
    let (_directory, files) = written();
    let text = fs::read(&files[0]).unwrap();
    fs::remove_file(&files[0]).unwrap();
    pipe(&files[0]);
    let path = files[0].clone();
    let writer = thread::spawn(move || {
        let mut options = fs::OpenOptions::new();
        let mut opened = options.write(true).open(path).unwrap();
        for part in text.chunks(100) {
            opened.write_all(part).unwrap();
            thread::yield_now();
        }
    });
    assert_eq!(said(&files), Ok(()));
    writer.join().unwrap();
}
