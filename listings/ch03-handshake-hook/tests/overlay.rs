//! What a mount reports: an overlay its own changes, and none that are made in the layers beneath it; a file that is
//! mounted by itself the end of its name.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use lab::BOUND;
use notify::event::{EventKind, ModifyKind};
use notify::{RecursiveMode, Watcher};

/// `merged`, an overlay of two layers.
const OVERLAY: &str = r#"
    mount -t tmpfs layers "$1" && cd "$1" && mkdir lower upper work merged &&
    echo old > lower/tls.crt &&
    mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged &&
    echo mounted && exec cat
"#;
/// `seen/tls.crt`, which is the file of `source`, as with `subPath` in Kubernetes.
const FILE: &str = r#"
    cd "$1" && mkdir source seen && echo old > source/tls.crt && touch seen/tls.crt &&
    mount --bind source/tls.crt seen/tls.crt &&
    echo mounted && exec cat
"#;

/// A process with mounts in a namespace of its own. It ends when its input does.
struct Mounts {
    holder: Child,
    root: PathBuf,
}

impl Mounts {
    /// `None` where this user may not mount them.
    fn made(script: &str, directory: &Path) -> Option<Self> {
        let unshare = lab_test::peer::find("unshare")?;
        let mut holder = Command::new(unshare)
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                script,
                "sh",
            ])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = holder.stdout.take();
        let root = format!("/proc/{}/root{}", holder.id(), directory.display()).into();
        // From here on it is waited for, however this ends.
        let mounts = Self { holder, root };
        let mut said = String::new();
        // It says one line, or ends.
        let _ = BufReader::new(output?).read_line(&mut said);
        (said == "mounted\n").then_some(mounts)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

#[test]
fn an_overlay_reports_its_own_changes_and_none_from_beneath() {
    let directory = tempfile::tempdir().unwrap();
    let Some(overlay) = Mounts::made(OVERLAY, directory.path()) else {
        eprintln!("skipped: this user may not mount an overlay");
        return;
    };
    let (seen, events) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        for path in event.unwrap().paths {
            // The test may have ended.
            let _ = seen.send(
                path.file_name()
                    .map(|name| name.to_string_lossy().into_owned()),
            );
        }
    })
    .unwrap();
    let merged = overlay.path("merged");
    watcher.watch(&merged, RecursiveMode::NonRecursive).unwrap();

    // Beneath, in both layers: of this nothing is told, and the next event is of the next change.
    fs::write(overlay.path("upper/beneath"), "new").unwrap();
    fs::write(overlay.path("lower/beneath-too"), "new").unwrap();
    // Through the mount: a file of the lower layer is replaced, as an agent does it.
    fs::write(merged.join("new"), "new").unwrap();
    fs::rename(merged.join("new"), merged.join("tls.crt")).unwrap();

    let mut told = Vec::new();
    while told.last().is_none_or(|name| name != "tls.crt") {
        let name = events.recv_timeout(BOUND).expect("an event of the rename");
        told.extend(name);
    }
    let own = |name: &String| name == "new" || name == "tls.crt";
    assert!(told.iter().all(own), "{told:?}");
    assert_eq!(fs::read_to_string(merged.join("tls.crt")).unwrap(), "new");
}

/// The kernel tells a watch on the file that the old inode lost its name, and nothing at all to a watch on the
/// directory in which the file is seen. What is seen there stays as it was.
#[test]
fn a_file_that_is_mounted_by_itself_reports_the_end_of_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let Some(mounts) = Mounts::made(FILE, directory.path()) else {
        eprintln!("skipped: this user may not mount a file");
        return;
    };
    let (seen, source) = (mounts.path("seen"), mounts.path("source"));
    let watch = |path: &Path| {
        let (told, events) = mpsc::channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // The test may have ended.
                let _ = told.send(event.unwrap());
            })
            .unwrap();
        watcher.watch(path, RecursiveMode::NonRecursive).unwrap();
        (watcher, events)
    };
    let (_watcher, of_directory) = watch(&seen);
    let (_another, of_file) = watch(&seen.join("tls.crt"));

    fs::write(source.join("new"), "new\n").unwrap();
    fs::rename(source.join("new"), source.join("tls.crt")).unwrap();
    let event = of_file.recv_timeout(BOUND).expect("an event of the file");
    let name_lost = matches!(event.kind, EventKind::Modify(ModifyKind::Metadata(_)));
    assert!(name_lost, "{event:?}");

    // The directory's first event is of what comes after that.
    fs::write(seen.join("later"), "").unwrap();
    let event = of_directory
        .recv_timeout(BOUND)
        .expect("an event of `later`");
    assert_eq!(event.paths, [seen.join("later")]);
    assert_eq!(fs::read_to_string(seen.join("tls.crt")).unwrap(), "old\n");
}
