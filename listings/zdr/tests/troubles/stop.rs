//! Ctrl-C, SIGTERM, SIGHUP, SIGKILL and a panic: what was measured is kept, and no process is left behind.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use ch11_verification::attempt::Class;
use rustix::process::Signal;
use tokio::sync::watch;
use zdr::check::{Options, RunControl, Step, check};
use zdr::report::{ClassReport, Finding, Report, Severity};
use zdr::server::spec::Spec;

use super::{
    Done, FOR_EVER, Folder, Running, SOUND, behind, children_of, is_alive, no_process_is_left,
    number_in, until, with_in,
};

/// One in the server's group, and one that has left it.
const OTHERS: &str = "sleep 998 & setsid sh -c 'echo $$ > {here}/left; exec sleep 999' &
while ! [ -s {here}/left ]; do :; done";

fn told(done: &Done, folder: &Folder, zdr: i32, error: &str) -> Report {
    done.says(130, &[]);
    assert!(done.out.contains(error), "{}", done.out);
    let report = folder.report();
    assert!(report.interrupted.as_deref().unwrap().contains(error));
    assert!(!report.verdict.passed);
    no_process_is_left(folder, zdr);
    report
}

#[test]
fn while_it_starts() {
    let folder = Folder::new();
    let script = format!("{OTHERS}\necho $$ > {{here}}/pid; exec sleep 997");
    let toml = format!("command = [\"sh\", \"-c\", '''{script}''']\n");
    let running = folder.check(&toml, &["--page", "page.html"]);
    let zdr = running.pid();
    let server = number_in(&folder.path("pid"));
    running.signal(Signal::INT);
    let report = told(&running.end(), &folder, zdr, "Ctrl-C");
    assert!(report.classes.is_empty());
    assert!(folder.path("page.html").exists());
    assert!(!is_alive(server) && !is_alive(number_in(&folder.path("left"))));
}

#[test]
fn while_it_prepares() {
    let folder = Folder::new();
    let setup = "setup = [[\"sh\", \"-c\", \"sleep 996 & echo $! > {here}/pid; wait\"]]";
    let running = folder.check(&format!("{setup}\n{SOUND}"), &[]);
    let zdr = running.pid();
    let sleeping = number_in(&folder.path("pid"));
    running.signal(Signal::TERM);
    told(&running.end(), &folder, zdr, "SIGTERM");
    assert!(!is_alive(sleeping));
}

#[test]
fn before_the_first_rotation() {
    let folder = Folder::new();
    let mut running = folder.check(SOUND, &["--steady-ms", "600000"]);
    let zdr = running.pid();
    running.until("before the first rotation");
    running.signal(Signal::TERM);
    let report = told(&running.end(), &folder, zdr, "SIGTERM");
    assert!(report.rotations.is_empty() && !report.classes.is_empty());
}

#[test]
fn when_its_terminal_is_closed() {
    let folder = Folder::new();
    let mut running = folder.check(&behind(OTHERS), &["--steady-ms", "600000"]);
    let zdr = running.pid();
    running.until("before the first rotation");
    running.signal(Signal::HUP);
    told(&running.end(), &folder, zdr, "SIGHUP");
    assert!(!is_alive(number_in(&folder.path("left"))));
}

/// `nohup` has SIGHUP ignored, and whoever says `nohup` means it.
#[test]
fn a_terminal_that_is_closed_is_nothing_to_nohup() {
    let folder = Folder::new();
    folder.write("server.toml", SOUND);
    let arguments = ["check", "server.toml", "--json", "report.json"];
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", super::ZDR])
        .args(arguments)
        .args(FOR_EVER)
        .current_dir(folder.path(""))
        .env("TMPDIR", folder.temporary());
    let mut running = Running::start(&mut command);
    let zdr = running.pid();
    running.until("rotation 1 of");
    running.signal(Signal::HUP);
    running.until("rotation 3 of");
    running.signal(Signal::TERM);
    told(&running.end(), &folder, zdr, "SIGTERM");
}

#[test]
fn while_it_rotates() {
    let folder = Folder::new();
    let mut running = folder.check(&behind(OTHERS), &FOR_EVER);
    let zdr = running.pid();
    running.until("rotation 2 of");
    // One more may be about to end.
    until("the server and the two that it has started", || {
        (children_of(zdr).len() == 3).then_some(())
    });
    running.signal(Signal::INT);
    let report = told(&running.end(), &folder, zdr, "Ctrl-C");
    assert!(report.rotations.len() >= 2);
    // Each rotation has clients of its own. Of the others, on a busy machine, all may still be on their way.
    let met = |class: &ClassReport| class.attempts > 0 && class.class == Class::Full;
    assert!(report.classes.iter().any(met), "{:#?}", report.classes);
    assert!(!is_alive(number_in(&folder.path("left"))));
}

#[test]
fn while_things_are_done_to_it() {
    let folder = Folder::new();
    let arguments = [
        "--rate",
        "5",
        "--rotations",
        "1",
        "--interval-ms",
        "10",
        "--steady-ms",
        "10",
        "--scenarios",
        "unchanged,torn,truncated,expired,slow-write",
        "--jobs",
        "1",
    ];
    let mut running = folder.check(&behind(OTHERS), &arguments);
    let zdr = running.pid();
    running.until(": passed");
    running.signal(Signal::INT);
    let report = told(&running.end(), &folder, zdr, "Ctrl-C");
    let done = report.scenarios.len();
    assert!((1..5).contains(&done), "{done} of 5 are over, and kept");
}

/// It has ended conversations. Until it is known that it does so without a rotation, they are no failures of one.
#[test]
fn while_it_looks_for_an_age_of_the_servers_own() {
    let folder = Folder::new();
    let unusual = "\"{port}\", \"--unusual=maximum-age\"]\nprotocol = \"redis\"";
    let arguments = [
        "--classes",
        "full,held",
        "--rate",
        "5",
        "--rotations",
        "1",
        "--interval-ms",
        "50",
        "--steady-ms",
        "1500",
        "--no-scenarios",
    ];
    let mut running = folder.check(&SOUND.replace("\"{port}\"]", unusual), &arguments);
    let zdr = running.pid();
    running.until("held: the server ended conversations; looking for up to");
    running.signal(Signal::INT);
    let done = running.end();
    let report = told(&done, &folder, zdr, "Ctrl-C");
    for words in ["no verdict on ", "an age of its own (not judged: "] {
        assert!(report.verdict.words.contains(words), "{}", done.out);
    }
    let failure = |of: &Finding| of.severity == Severity::Failure;
    assert!(!report.findings.iter().any(failure), "{}", done.out);
    assert_eq!(report.rotations.len(), 1);
}

#[test]
fn a_server_that_hangs_does_not_hold_up_the_end() {
    let folder = Folder::new();
    // Far longer than the test would wait.
    let arguments = ["--steady-ms", "600000", "--patience-ms", "600000"];
    let mut running = folder.check(&behind(""), &arguments);
    let zdr = running.pid();
    running.until("before the first rotation");
    super::kill(number_in(&folder.path("pid")), Signal::STOP);
    running.signal(Signal::INT);
    told(&running.end(), &folder, zdr, "Ctrl-C");
}

/// The report goes to a pipe without a reader: nothing but the second Ctrl-C ends that.
#[test]
fn the_second_one_ends_it_at_once() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe.as_os_str().as_bytes(), 0o600.into()).unwrap();
    let arguments = ["--steady-ms", "600000", "--page", "pipe"];
    let mut running = folder.check(&behind(OTHERS), &arguments);
    let zdr = running.pid();
    running.until("before the first rotation");
    running.signal(Signal::INT);
    // It is written before the page is.
    let report = folder.path("report.json");
    until("the report", || report.exists().then_some(()));
    running.signal(Signal::INT);
    running.end().says(130, &[]);
    assert_eq!(children_of(zdr), Vec::<String>::new());
    until("the reaper", || folder.left().is_empty().then_some(()));
}

#[test]
fn when_it_is_killed_itself() {
    let folder = Folder::new();
    let mut running = folder.check(&behind(OTHERS), &FOR_EVER);
    let zdr = running.pid();
    running.until("rotation 1 of");
    assert!(!folder.left().is_empty());
    running.signal(Signal::KILL);
    running.wait();
    until("the end of its children", || {
        children_of(zdr).is_empty().then_some(())
    });
    until("the end of its files", || {
        folder.left().is_empty().then_some(())
    });
}

/// A server that leaves its process group and forgets its environment is known by nothing but its
/// group; that was told before.
#[test]
fn when_it_is_killed_and_the_server_has_no_mark() {
    let folder = Folder::new();
    let script = "echo $$ > {here}/pid; exec env -i \"$0\" \"$@\"";
    let toml = behind("").replace("exec \"$0\" \"$@\"", script);
    let mut running = folder.check(&toml, &["--steady-ms", "600000"]);
    running.until("before the first rotation");
    let server = number_in(&folder.path("pid"));
    running.signal(Signal::KILL);
    running.wait();
    until("the end of the server", || {
        (!is_alive(server)).then_some(())
    });
}

/// In this process: no input makes `zdr` panic that we know of.
#[test]
fn when_it_panics() {
    let folder = Folder::new();
    // Other tests of this program start servers, too.
    let script = format!("export OF={{here}}\n{OTHERS}");
    let file = folder.write("server.toml", &behind(&script));
    let panicked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(panics(&file));
    });
    assert!(panicked.join().is_err());
    let left = with_in("OF", |of| Path::new(of) == folder.0.path());
    assert_eq!(left, Vec::<String>::new());
    assert!(!is_alive(number_in(&folder.path("left"))));
}

async fn panics(file: &Path) {
    let spec = Spec::read(file).unwrap();
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|step| {
            if let Step::Steady = step {
                panic!("on purpose");
            }
        },
        interrupt,
    };
    let _ = check(&spec, &Options::default(), &control).await;
}

/// The benchmark of one server, which says its process number in `pid`.
fn benchmark(folder: &Folder) -> Running {
    folder.write("mine.toml", &behind(OTHERS));
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchmark"));
    command
        .args(["--servers", ".", "--to", "figures.json"])
        .current_dir(folder.0.path())
        .env("TMPDIR", folder.temporary())
        .stdin(Stdio::null());
    Running::start(&mut command)
}

#[test]
fn a_benchmark_leaves_nothing_behind_however_it_is_ended() {
    let signals = [Signal::INT, Signal::TERM, Signal::KILL];
    let folders = signals.map(|signal| (signal, Folder::idle()));
    // What is measured does not matter: the three have one turn.
    let _turn = super::Turn::wait();
    let begun = folders.map(|(signal, folder)| (signal, benchmark(&folder), folder));
    for (signal, mut running, folder) in begun {
        let benchmark = running.pid();
        let server = number_in(&folder.path("pid"));
        assert!(is_alive(server));
        running.signal(signal);
        if signal == Signal::KILL {
            running.wait();
        } else {
            running.end().says(130, &["is kept"]);
            no_process_is_left(&folder, benchmark);
        }
        let (left, here) = (number_in(&folder.path("left")), server);
        until("the end of what it started", || {
            (!is_alive(here) && !is_alive(left)).then_some(())
        });
        until("the end of its files", || {
            folder.left().is_empty().then_some(())
        });
    }
}

/// Five servers at once are the demo's.
#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() {
    let folder = Folder::new();
    let running = Running::start(&mut folder.zdr(&["demo"]));
    let zdr = running.pid();
    until("its servers", || (children_of(zdr).len() > 1).then_some(()));
    running.signal(Signal::INT);
    running.end().says(130, &["no verdict: it was interrupted"]);
    no_process_is_left(&folder, zdr);
}
