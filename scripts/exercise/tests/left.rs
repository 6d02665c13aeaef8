//! What an answer starts ends with it: at its end, and at Ctrl-C.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::track::there;
use super::{Learner, root};

/// On a machine that may be slow.
const BOUND: Duration = Duration::from_secs(120);

const LIVENESS: &str = "listings/ch07-graceful-degradation/exercises/1-liveness";

/// A learner who has begun `liveness` in this language, and written this answer.
fn with(track: &str, file: &str, answer: &str) -> Learner {
    let learner = Learner::new();
    learner.says(&["next", "liveness", "--track", track]);
    learner.write(file, answer);
    learner
}

fn solution(file: &str) -> String {
    fs::read_to_string(root().join(LIVENESS).join(file)).unwrap()
}

/// Waits for the number of a process in a file.
fn number_in(file: &Path) -> Pid {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(file).unwrap_or_default();
        if let Some(number) = text.strip_suffix('\n') {
            return Pid::from_raw(number.parse().unwrap()).unwrap();
        }
        let file = file.display();
        assert!(began.elapsed() < BOUND, "waited for a number in {file}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until it is gone. It is ended here where it is not.
fn is_gone(pid: Pid) {
    let began = Instant::now();
    while runs(pid) {
        if began.elapsed() > BOUND {
            kill_process(pid, Signal::KILL).unwrap();
            panic!("waited for the end of {pid:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether it is there. One that has ended, and that nobody waits for, is not.
fn runs(pid: Pid) -> bool {
    let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let stat = fs::read_to_string(stat).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    test_kill_process(pid).is_ok() && !state.starts_with('Z')
}

/// Nothing that an answer or its attempt has written is left there.
fn is_empty(temporary: &Path) {
    let names = fs::read_dir(temporary).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.is_empty(), "{names:?}");
}

/// In a session of its own, and with the pipes of the answer still in its hands.
fn detached(file: &Path) -> String {
    let script = format!(
        "setsid sh -c 'echo $$ >{}; exec sleep 1000' & wait",
        file.display()
    );
    format!(
        "\nimport subprocess\nsubprocess.Popen(['sh', '-c', {script:?}])\nimport time\nimport os\nwhile not os.path.exists({file:?}) or not os.path.getsize({file:?}):\n    time.sleep(0.01)\n"
    )
}

/// A folder of an attempt that was killed: old, and no process has its lock.
#[test]
fn what_a_killed_attempt_has_left_behind_is_removed_by_the_next() {
    if !there(&["python3"]) {
        return;
    }
    let answer = solution("python/solution.py");
    let learner = with("python", "ch07/liveness-python.py", &answer);
    let temporary = learner.path().join("temporary");
    let left = temporary.join("exercise-held-left");
    fs::create_dir_all(&left).unwrap();
    let old = SystemTime::now() - Duration::from_secs(3600);
    fs::File::open(&left).unwrap().set_modified(old).unwrap();
    let mut command = learner.command(&["run", "liveness", "--track", "python"]);
    let output = command.env("TMPDIR", &temporary).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    is_empty(&temporary);
}

#[test]
fn what_an_answer_in_python_leaves_running_is_ended_and_told() {
    if !there(&["python3", "setsid"]) {
        return;
    }
    let python = ["run", "liveness", "--track", "python"];
    let learner = with("python", "ch07/liveness-python.py", "");
    let file = learner.path().join("pid");
    let answer = solution("python/solution.py") + &detached(&file);
    learner.write("ch07/liveness-python.py", &answer);
    // What else the learner has started is not touched.
    let mut sleep = Command::new("sleep");
    let sleep = sleep
        .arg("1000")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut other = Guarded(sleep.spawn().unwrap());
    let said = super::text(&learner.run(&python));
    is_gone(number_in(&file));
    assert!(other.0.try_wait().unwrap().is_none());
    assert!(said.contains("Done."), "{said}");
    assert!(
        said.contains("Left running by your answer\n") && said.contains("sleep 1000\n"),
        "{said}"
    );
    // An import that fails leaves nothing either.
    fs::remove_file(&file).unwrap();
    learner.write(
        "ch07/liveness-python.py",
        &(detached(&file) + "\nraise ValueError\n"),
    );
    super::text(&learner.run(&python));
    is_gone(number_in(&file));
    let said = super::text(
        &with(
            "python",
            "ch07/liveness-python.py",
            &solution("python/solution.py"),
        )
        .run(&python),
    );
    assert!(
        said.contains("Done.") && !said.contains("Left running"),
        "{said}"
    );
}

#[test]
fn what_an_answer_in_go_leaves_running_is_ended_and_told() {
    if !there(&["go", "setsid"]) {
        return;
    }
    let learner = with("go", "ch07/liveness-go/answer.go", "");
    let file = learner.path().join("pid");
    let path = file.display();
    let temporary = learner.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let starts = format!(
        "\nfunc init() {{\n\tos.Mkdir(os.TempDir()+\"/keys\", 0o700)\n\tcommand := exec.Command(\"setsid\", \"sh\", \"-c\", \"echo $$ >{path}; exec sleep 1000\")\n\t\
         command.Stdout = os.Stdout\n\tif err := command.Start(); err != nil {{\n\t\tpanic(err)\n\t}}\n\t\
         for {{\n\t\tif text, _ := os.ReadFile(\"{path}\"); len(text) > 0 {{\n\t\t\tbreak\n\t\t}}\n\t}}\n}}\n"
    );
    let answer = solution("go/solution.go");
    let answer = answer.replacen(
        "package answer\n",
        "package answer\n\nimport (\n\t\"os\"\n\t\"os/exec\"\n)\n",
        1,
    ) + &starts;
    learner.write("ch07/liveness-go/answer.go", &answer);
    let began = Instant::now();
    let mut command = learner.command(&["run", "liveness", "--track", "go"]);
    let said = super::text(&command.env("TMPDIR", &temporary).output().unwrap());
    is_gone(number_in(&file));
    is_empty(&temporary);
    assert!(said.contains("Done."), "{said}");
    assert!(
        said.contains("Left running by your answer\n") && said.contains("sleep 1000\n"),
        "{said}"
    );
    // Go itself waits for whatever holds its pipe.
    assert!(began.elapsed() < Duration::from_secs(300), "{said}");
}

/// What an answer starts without its environment is not known as the answer's. Go waits for it, if it holds the output of the tests.
#[test]
fn what_holds_the_output_of_tests_in_go_is_waited_for() {
    if !there(&["go", "env"]) {
        return;
    }
    let starts = "\nfunc init() {\n\tcommand := exec.Command(\"env\", \"-i\", \"sleep\", \"15\")\n\t\
                  command.Stdout = os.Stdout\n\tif err := command.Start(); err != nil {\n\t\tpanic(err)\n\t}\n}\n";
    let answer = solution("go/solution.go");
    let answer = answer.replacen(
        "package answer\n",
        "package answer\n\nimport (\n\t\"os\"\n\t\"os/exec\"\n)\n",
        1,
    ) + starts;
    let learner = with("go", "ch07/liveness-go/answer.go", &answer);
    let said = super::text(&learner.run(&["run", "liveness", "--track", "go"]));
    assert!(said.contains("Done."), "{said}");
}

/// Its program is built with the crates of its chapter.
#[test]
fn what_an_answer_in_rust_leaves_running_is_ended_and_told() {
    if !there(&["setsid"]) {
        return;
    }
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    let file = learner.path().join("pid");
    let path = file.display();
    let temporary = learner.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let starts = format!(
        "pub fn cost(log: &[Event]) -> Cost {{\n    static ONCE: std::sync::Once = std::sync::Once::new();\n    ONCE.call_once(|| {{\n        \
         std::fs::create_dir(std::env::temp_dir().join(\"keys\")).unwrap();\n        \
         std::process::Command::new(\"setsid\").args([\"sh\", \"-c\", \"echo $$ >{path}; exec sleep 1000\"]).spawn().unwrap();\n        \
         while std::fs::read(\"{path}\").unwrap_or_default().is_empty() {{}}\n    }});\n"
    );
    let answer = super::of_cost("solution.rs");
    let answer = answer.replacen("pub fn cost(log: &[Event]) -> Cost {\n", &starts, 1);
    learner.write("ch01/cost.rs", &answer);
    let mut command = learner.command(&["run", "cost"]);
    let said = super::text(&command.env("TMPDIR", &temporary).output().unwrap());
    is_gone(number_in(&file));
    is_empty(&temporary);
    assert!(said.contains("Done."), "{said}");
    assert!(
        said.contains("Left running by your answer\n") && said.contains("sleep 1000\n"),
        "{said}"
    );
}

/// Killed when it is dropped: nothing outlives the test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `watch` is interrupted while it waits for a change, and while an answer runs that never ends.
#[test]
fn a_signal_ends_watch_and_all_that_the_answer_has_started() {
    if !there(&["python3", "setsid"]) {
        return;
    }
    for (signal, code, while_it_runs) in [
        (Signal::INT, Some(130), true),
        (Signal::TERM, Some(143), true),
        (Signal::HUP, Some(129), true),
        (Signal::INT, Some(130), false),
        // It is asked nothing: its keeper ends what it has left.
        (Signal::KILL, None, true),
    ] {
        let learner = with("python", "ch07/liveness-python.py", "");
        let files = ["pid", "own"].map(|name| learner.path().join(name));
        let own = format!(
            "\nwith open({:?}, 'w') as file:\n    print(__import__('os').getpid(), file=file)\n",
            files[1]
        );
        let mut answer = solution("python/solution.py");
        if while_it_runs {
            answer += &(detached(&files[0]) + &own + "\nimport time\ntime.sleep(1000)\n");
        }
        learner.write(
            "ch07/liveness-python.py",
            &answer.replace("return True", "return False"),
        );
        let mut command = learner.command(&["watch", "liveness", "--track", "python"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut watch = Guarded(command.spawn().unwrap());
        let pids = match while_it_runs {
            true => files.iter().map(|file| number_in(file)).collect(),
            false => {
                let lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
                let mut lines = lines.map_while(Result::ok);
                assert!(lines.any(|line| line.starts_with("Watching. ")));
                Vec::new()
            }
        };
        let pid = Pid::from_child(&watch.0);
        kill_process(pid, signal).unwrap();
        is_gone(pid);
        assert_eq!(watch.0.wait().unwrap().code(), code, "{signal:?}");
        pids.into_iter().for_each(is_gone);
        // The record is whole.
        learner.says(&["progress", "--track", "python"]);
    }
}
