//! `--keep`: what is left of a failing scenario, for whom, and what is left alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Folder, PATIENT, SOUND};

fn short() -> Vec<&'static str> {
    keeping("kept")
}

/// Two scenarios, of which one is without fault, kept in this folder.
fn keeping(folder: &'static str) -> Vec<&'static str> {
    const WHAT: [&str; 4] = ["--scenarios", "torn,unchanged", "--writer", "kubelet"];
    [&PATIENT[..], &WHAT, &["--keep", folder]].concat()
}

/// Every file below a folder, links not followed.
fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.symlink_metadata().unwrap().is_dir() {
            true => below(&path, found),
            false => found.push(path),
        }
    }
}

fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    below(folder, &mut found);
    found.sort();
    found
}

/// Of a server that publishes a torn pair, the scenario `torn` is kept, and no other.
#[test]
fn a_failing_scenario_leaves_its_files_its_output_and_its_secrets() {
    let folder = Folder::new();
    let toml = SOUND.replace("\"{port}\"]", "\"{port}\", \"--defect=torn-pair\"]");
    let done = folder.check(&toml, &short()).end();
    done.says(1, &["What failed is kept in kept/run-1"]);
    let run = folder.path("kept/run-1");
    let names = fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["torn-1"]);
    let files = all(&run);
    for file in &files {
        let about = file.symlink_metadata().unwrap();
        if about.is_file() {
            assert_eq!(about.permissions().mode() & 0o777, 0o600, "{file:?}");
        }
    }
    // The states of the files, of which one has the key of another certificate.
    let states = fs::read_dir(run.join("torn-1/files")).unwrap().count();
    assert!(
        states >= 3,
        "a good one, the torn one, a good one: {files:#?}"
    );
    let named = |name: &str| files.iter().filter(|path| path.ends_with(name)).count();
    assert!(
        named("tls.key") >= states && named("tls.crt") >= states,
        "{files:#?}"
    );
    let output = fs::read_to_string(run.join("torn-1/output.txt")).unwrap();
    assert!(
        output.contains("connection_opened"),
        "its last lines: {output}"
    );
    let roots = fs::read_to_string(run.join("torn-1/roots.pem")).unwrap();
    assert!(roots.contains("BEGIN CERTIFICATE"));
    let secrets = fs::read_to_string(run.join("torn-1/keys.log")).unwrap();
    assert!(
        secrets.contains("CLIENT_HANDSHAKE_TRAFFIC_SECRET "),
        "{secrets}"
    );
    let hex =
        |word: &str| word.len().is_multiple_of(2) && word.bytes().all(|c| c.is_ascii_hexdigit());
    for line in secrets.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let [label, random, secret] = words[..] else {
            panic!("{line}")
        };
        assert!(
            label
                .bytes()
                .all(|c| c.is_ascii_uppercase() || c == b'_' || c.is_ascii_digit())
        );
        assert!(hex(random) && random.len() == 64 && hex(secret), "{line}");
    }

    // Another run adds, and changes nothing. One without a failure adds nothing.
    let before: Vec<_> = files.iter().map(|file| fs::read(file).ok()).collect();
    folder.check(&toml, &short()).end().says(1, &["kept/run-2"]);
    folder.check(SOUND, &short()).end().says(0, &[]);
    assert_eq!(all(&run), files);
    let after: Vec<_> = files.iter().map(|file| fs::read(file).ok()).collect();
    assert_eq!(before, after);
    assert!(!folder.path("kept/run-3").exists());
}

#[test]
fn a_folder_of_somebody_else_s_is_left_alone() {
    let folder = Folder::new();
    fs::create_dir(folder.path("kept")).unwrap();
    folder.write("kept/precious", "mine");
    let done = folder.check(SOUND, &short()).end();
    done.says(3, &["kept is not empty", "new or empty"]);
    assert_eq!(all(&folder.path("kept")), [folder.path("kept/precious")]);
    // Nor a file.
    folder.write("file", "mine");
    folder
        .check(SOUND, &keeping("file"))
        .end()
        .says(3, &["file"]);
    assert_eq!(fs::read_to_string(folder.path("file")).unwrap(), "mine");
    // Not even root makes folders here.
    let done = folder.check(SOUND, &keeping("/proc/1/kept")).end();
    done.says(3, &["/proc/1/kept: ", "name a folder for what fails"]);
}
