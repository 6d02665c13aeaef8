//! Which changes an overlay reports: its own, and none that are made in the layers beneath it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use lab::BOUND;
use notify::{RecursiveMode, Watcher};

/// A process with an overlay in a namespace of its own. It ends when its input does.
struct Overlay {
    holder: Child,
    root: PathBuf,
}

impl Overlay {
    /// `None` where this user may not mount one.
    fn mount(directory: &Path) -> Option<Self> {
        const SCRIPT: &str = r#"
            mount -t tmpfs layers "$1" && cd "$1" && mkdir lower upper work merged &&
            echo old > lower/tls.crt &&
            mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged &&
            echo mounted && exec cat
        "#;
        let unshare = lab_test::peer::find("unshare")?;
        let mut holder = Command::new(unshare)
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                SCRIPT,
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
        let overlay = Self { holder, root };
        let mut said = String::new();
        // It says one line, or ends.
        let _ = BufReader::new(output?).read_line(&mut said);
        (said == "mounted\n").then_some(overlay)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

#[test]
fn an_overlay_reports_its_own_changes_and_none_from_beneath() {
    let directory = tempfile::tempdir().unwrap();
    let Some(overlay) = Overlay::mount(directory.path()) else {
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
