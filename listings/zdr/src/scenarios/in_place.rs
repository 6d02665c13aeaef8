//! A renewal that nothing but the content of the files shows.

use std::fs::{self, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lab::authority::Issued;
use rustix::process::Signal;

use crate::error::Error;
use crate::scenarios::clients::ProbeClient;
use crate::testbed::TestBed;
use ch11_verification::rotation::Window;

/// How often another leaf is issued, where the text of one is longer than the file that it goes into:
/// a signature of ECDSA takes a byte or two more or less.
const TRIES: usize = 16;

/// Writes a renewal into the files that are there: their inodes and dates stay, and their sizes, which
/// line breaks at the end fill up.
pub(super) async fn in_place(testbed: &mut TestBed, probes: &ProbeClient) -> Result<Window, Error> {
    let files = testbed.site.files();
    let room = fs::metadata(&files.certificate)?.len() as usize;
    let mut issued = testbed.issue_unannounced()?;
    for _ in 0..TRIES {
        if written(testbed, &issued)[0].1.len() <= room {
            break;
        }
        issued = testbed.issue_unannounced()?;
    }
    let write = async |testbed: &mut TestBed, issued: &Issued| {
        // It must not see the files before they have their dates.
        testbed.server.pause(Signal::STOP);
        let rewritten = written(testbed, issued)
            .iter()
            .try_for_each(|(path, text)| rewrite(path, text));
        testbed.server.pause(Signal::CONT);
        Ok(rewritten?)
    };
    probes.rotate_by(testbed, issued, write).await
}

/// What goes into which file.
fn written(testbed: &TestBed, issued: &Issued) -> Vec<(PathBuf, String)> {
    let files = testbed.site.files();
    let (chain, key) = (issued.chain_pem.clone(), issued.key.expose());
    match files.certificate == files.key {
        true => vec![(files.certificate, chain + key)],
        false => vec![(files.certificate, chain), (files.key, key.to_owned())],
    }
}

fn rewrite(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let before = file.metadata()?;
    file.write_all(text.as_bytes())?;
    let more = (before.len() as usize).saturating_sub(text.len());
    file.write_all(&b"\n".repeat(more))?;
    file.set_times(FileTimes::new().set_modified(before.modified()?))
}
