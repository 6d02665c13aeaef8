//! A log is followed as it grows, is rotated, is truncated, and is not there yet.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use ch10_log_analysis::read::{Input, News, start};
use lab::BOUND;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::Receiver;

fn line(n: u64) -> String {
    format!(
        "{{\"ts\":\"2026-01-01T00:00:00.{n:09}Z\",\"event\":\"identity_loaded\",\"generation\":{n},\"serial\":\"{n:x}\",\"not_after\":\"2036-01-01T00:00:00Z\"}}\n"
    )
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

struct Reader(Receiver<News>);

impl Reader {
    fn of(path: &Path) -> Self {
        Self(start(Input::Follow(vec![path.to_owned()])).unwrap())
    }

    async fn next(&mut self) -> News {
        let next = tokio::time::timeout(BOUND, self.0.recv()).await;
        next.expect("the reader is silent")
            .expect("the reader ended")
    }

    /// Reads until so many lines have come: the generation in each, 0 where it is broken.
    async fn lines(&mut self, count: usize) -> Vec<u64> {
        let reading = tokio::time::timeout(BOUND, self.some_lines(count)).await;
        reading.unwrap_or_else(|_| panic!("waited {BOUND:?} for {count} lines"))
    }

    async fn some_lines(&mut self, count: usize) -> Vec<u64> {
        let mut found = Vec::new();
        while found.len() < count {
            if let News::Lines(lines) = self.next().await {
                found.extend(lines.iter().map(|line| {
                    let event = line.event.as_ref().filter(|_| line.broken.is_none());
                    event
                        .and_then(|event| event.number("generation"))
                        .unwrap_or(0)
                }));
            }
        }
        found
    }

    /// Waits until all that is written by now has been read, and nothing of it is news.
    async fn idle(&mut self) {
        let from = Instant::now();
        loop {
            match self.next().await {
                News::CaughtUp(at) if at > from => return,
                News::Begun(_) | News::CaughtUp(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_grows() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    let mut reader = Reader::of(&path);
    // It need not be there yet.
    reader.idle().await;
    append(&path, &line(1));
    assert_eq!(reader.lines(1).await, [1]);
    // A line is read when it is whole.
    let second = line(2);
    append(&path, &second[..30]);
    reader.idle().await;
    append(&path, &second[30..]);
    assert_eq!(reader.lines(1).await, [2]);
}

/// As logrotate does: what is written into the old file until the end is read, too.
#[tokio::test]
async fn a_file_that_is_renamed() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    append(&path, &line(1));
    let mut reader = Reader::of(&path);
    assert_eq!(reader.lines(1).await, [1]);
    let old = directory.path().join("events.jsonl.1");
    fs::rename(&path, &old).unwrap();
    append(&old, &line(2));
    assert_eq!(reader.lines(1).await, [2]);
    append(&old, &line(3)[..20]);
    append(&path, &line(4));
    // The line that was cut by the rotation, and the new file.
    assert_eq!(reader.lines(2).await, [0, 4]);
}

#[tokio::test]
async fn a_file_that_is_truncated() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    append(&path, &(line(1) + &line(2)));
    let mut reader = Reader::of(&path);
    assert_eq!(reader.lines(2).await, [1, 2]);
    fs::write(&path, line(3)).unwrap();
    assert_eq!(reader.lines(1).await, [3]);
    // What was begun before is over: it does not become a line with what comes now.
    append(&path, &line(4)[..60]);
    reader.idle().await;
    fs::write(&path, line(5)).unwrap();
    assert_eq!(reader.lines(2).await, [0, 5]);
}

/// By the next look a busy server has written more than was there before.
#[tokio::test]
async fn a_file_that_is_truncated_and_written_past_its_old_end() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    append(&path, &(line(1) + &line(2)));
    let mut reader = Reader::of(&path);
    assert_eq!(reader.lines(2).await, [1, 2]);
    reader.idle().await;
    // Both at once, so that no look comes between the two.
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    let more: String = (3..=6).map(line).collect();
    file.write_all(more.as_bytes()).unwrap();
    assert_eq!(reader.lines(4).await, [3, 4, 5, 6]);
    append(&path, &line(7));
    assert_eq!(reader.lines(1).await, [7]);
}

/// However large it is: so much at a time is kept.
#[tokio::test]
async fn a_batch_has_a_bound() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    append(&path, &(1..=1000).map(line).collect::<String>());
    let mut reader = Reader::of(&path);
    let mut came = 0;
    while came < 1000 {
        if let News::Lines(lines) = reader.next().await {
            assert!(lines.len() <= 256, "{} at once", lines.len());
            came += lines.len();
        }
    }
}

#[tokio::test]
async fn more_than_one_batch() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    append(&path, &(1..=1000).map(line).collect::<String>());
    let mut reader = Reader::of(&path);
    assert_eq!(reader.lines(1000).await, (1..=1000).collect::<Vec<_>>());
    append(&path, &line(1001));
    assert_eq!(reader.lines(1).await, [1001]);
}

/// Follows in a process of its own, which does not outlive the test.
fn follow(path: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ch10-log-analysis"))
        .args(["log", "--follow"])
        .arg(path)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Waits for its end: the exit code, and what it said.
async fn ends(child: Child) -> (Option<i32>, String) {
    let ending = tokio::time::timeout(BOUND, child.wait_with_output()).await;
    let output = ending.expect("it does not end").unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[tokio::test]
async fn until_an_event_has_come() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    let child = follow(&path, &["--until", "identity_loaded serial=2"]);
    append(&path, &(line(1) + &line(2) + &line(3)));
    let (code, said) = ends(child).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("generation 1 is served: serial 1"), "{said}");
    assert!(
        said.contains("served now: generation 2, serial 2"),
        "{said}"
    );
}

#[tokio::test]
async fn for_a_time() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    append(&path, &line(1));
    let (code, said) = ends(follow(&path, &["--for", "1", "--json"])).await;
    assert_eq!(code, Some(0), "{said}");
    let answers: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(answers["servers"][0]["serving"]["serial"], "1");
}

/// Ctrl-C is how a person ends it: the answers come, and it is no failure.
#[tokio::test]
async fn until_ctrl_c() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    append(&path, &line(1));
    let mut child = follow(&path, &[]);
    // It has told of the load: it reads, and listens.
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    let reading = tokio::time::timeout(BOUND, told.read_line(&mut said));
    reading.await.expect("it is silent").unwrap();
    assert!(said.contains("generation 1 is served"), "{said}");
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let reading = tokio::time::timeout(BOUND, told.read_to_string(&mut said));
    reading.await.expect("it does not end").unwrap();
    assert!(said.contains("served now: generation 1"), "{said}");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

/// A line that was sent twice has happened once, and a load that does not say what was loaded is no generation.
#[test]
fn what_has_not_happened_is_not_told() {
    let directory = lab::directory().unwrap();
    let odd = line(2).replace("\"generation\":2,", "");
    let log = [line(1), line(1), odd, line(3)].concat();
    fs::write(directory.path().join("events.jsonl"), log).unwrap();
    let until = ["--until", "identity_loaded generation=3"];
    let asked = [["--follow", "events.jsonl"], until].concat();
    let output = crate::zdr::log(directory.path(), &asked).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.matches("is served: serial").count(), 2, "{told}");
}

fn pipe(directory: &Path) -> std::path::PathBuf {
    let pipe = directory.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    pipe
}

/// To open a pipe waits for its writer. Whoever reads one can be interrupted meanwhile.
#[test]
fn a_pipe_without_a_writer_holds_up_nobody() {
    let directory = lab::directory().unwrap();
    let pipe = pipe(directory.path());
    let (sender, started) = std::sync::mpsc::channel();
    let path = pipe.clone();
    std::thread::spawn(move || sender.send(start(Input::Files(vec![path])).is_ok()));
    let started = started.recv_timeout(BOUND);
    assert!(started.expect("it waits for a writer"));
    // Let the thread go.
    drop(OpenOptions::new().write(true).open(&pipe).unwrap());
}

/// It is told what stands there, be it from the start or in the place of the file that was followed.
#[tokio::test]
async fn a_pipe_that_takes_the_place_of_a_file_is_told() {
    let directory = lab::directory().unwrap();
    let waiting = pipe(directory.path());
    let path = directory.path().join("events.jsonl");
    append(&path, &line(1));
    let mut reader = Reader::of(&path);
    assert_eq!(reader.lines(1).await, [1]);
    fs::rename(&waiting, &path).unwrap();
    for mut reader in [reader, Reader::of(&path)] {
        let failed = loop {
            match reader.next().await {
                News::Failed(error) => break error.to_string(),
                News::Begun(_) | News::CaughtUp(_) => {}
                News::Lines(lines) => panic!("{lines:?}"),
            }
        };
        assert!(failed.contains("it is no regular file"), "{failed}");
    }
}
