//! The commands, as a shell runs them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ch02_hot_reload::identity::{self, Source};
use ch09_simulating_rotation::{Site, Writer};
use lab::BOUND;
use lab::agent::Strategy;
use lab::authority::KeyKind;
use lab::child::Child;
use lab::log::{Log, want};
use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::signal::unix::{SignalKind, signal};
use x509_parser::parse_x509_certificate;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch09-simulating-rotation");

/// One rotation, and the end.
const ONCE: [&str; 2] = ["--times", "1"];

/// A directory with an authority in `ca`, and an empty place for a site.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(lab::directory().unwrap());
        let made = home.run("ca", &[home.ca().to_str().unwrap()]);
        assert!(made.status.success(), "{}", err(&made));
        home
    }

    fn ca(&self) -> PathBuf {
        self.0.path().join("ca")
    }

    fn site(&self) -> PathBuf {
        self.0.path().join("site")
    }

    fn run(&self, verb: &str, arguments: &[&str]) -> Output {
        Command::new(PROGRAM)
            .arg(verb)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// `issue` or `rotate` from this authority to this site.
    fn arguments(&self, verb: &str, more: &[&str]) -> Vec<String> {
        let (ca, site) = (self.ca(), self.site());
        let whole = [
            verb,
            "--ca",
            ca.to_str().unwrap(),
            "--to",
            site.to_str().unwrap(),
        ];
        whole.iter().chain(more).map(ToString::to_string).collect()
    }

    fn agent(&self, verb: &str, more: &[&str]) -> Output {
        let arguments = self.arguments(verb, more);
        Command::new(PROGRAM).args(arguments).output().unwrap()
    }

    fn rotating(&self, more: &[&str]) -> Child {
        Child::spawn(Path::new(PROGRAM), self.arguments("rotate", more), |_| ()).unwrap()
    }

    fn read(&self, writer: Writer) -> Result<identity::Identity, identity::Rejected> {
        identity::read(&Source::localhost(Site::new(&self.site(), writer).files()))
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_authority_is_made_once() {
    let home = Home::new();
    assert_eq!(mode(&home.ca()), 0o700);
    assert_eq!(mode(&home.ca().join("intermediate.key")), 0o600);
    let before = fs::read(home.ca().join("root.crt")).unwrap();
    let again = home.run("ca", &[home.ca().to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        err(&again).contains("it is not empty, and nothing is overwritten"),
        "{}",
        err(&again)
    );
    assert_eq!(fs::read(home.ca().join("root.crt")).unwrap(), before);
    let nowhere = home.run("ca", &["/proc/no/such/place"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(
        err(&nowhere).contains("/proc/no/such/place: "),
        "{}",
        err(&nowhere)
    );
}

#[test]
fn a_leaf_by_every_writer_and_with_every_key() {
    let home = Home::new();
    for writer in Writer::ALL {
        // Each tool its own folder: none of them expects what another has left.
        let _ = fs::remove_dir_all(home.site());
        let issued = home.agent("issue", &["--writer", writer.name()]);
        assert!(issued.status.success(), "{}", err(&issued));
        let read = home.read(writer).unwrap();
        let said = String::from_utf8_lossy(&issued.stdout).into_owned();
        assert!(said.contains(&read.facts.serial), "{said}");
        assert!(!(said + &err(&issued)).contains("PRIVATE"));
    }
    for (name, kind) in [
        ("ecdsa-p256", KeyKind::EcdsaP256),
        ("ed25519", KeyKind::Ed25519),
        ("rsa-2048", KeyKind::Rsa2048),
        ("ml-dsa-44", KeyKind::MlDsa44),
    ] {
        assert!(home.agent("issue", &["--key", name]).status.success());
        let read = home.read(Writer::Bare(Strategy::RenameEach)).unwrap();
        let size = read.key.secret_der().len();
        let expected = match kind {
            KeyKind::EcdsaP256 => 100..160,
            KeyKind::Ed25519 => 40..90,
            KeyKind::Rsa2048 => 1100..1300,
            KeyKind::MlDsa44 => 50..60,
        };
        assert!(expected.contains(&size), "{name}: {size}");
    }
}

#[test]
fn a_leaf_of_another_time() {
    let home = Home::new();
    let refused = |more: &[&str]| {
        assert!(home.agent("issue", more).status.success());
        home.read(Writer::Bare(Strategy::RenameEach))
            .unwrap_err()
            .reason
            .name()
    };
    assert_eq!(
        refused(&["--lifetime", "1h", "--started-ago", "2h"]),
        "expired"
    );
    assert_eq!(refused(&["--starts-in", "1h"]), "not_yet_valid");
    assert_eq!(refused(&["--name", "elsewhere.example"]), "name_lost");
    let both = ["--name", "elsewhere.example", "--name", "localhost"];
    assert!(home.agent("issue", &both).status.success());
    home.read(Writer::Bare(Strategy::RenameEach)).unwrap();
}

/// What is wrong is said in one line that names the file or the argument.
#[test]
fn what_is_wrong_is_said() {
    let home = Home::new();
    let fails = |verb: &str, more: &[&str], code: i32, said: &str| {
        let output = home.agent(verb, more);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{more:?}: {}",
            err(&output)
        );
        assert!(err(&output).contains(said), "{more:?}: {}", err(&output));
        assert!(!err(&output).contains("panicked"), "{}", err(&output));
    };
    fails("issue", &["--name", "bad name"], 2, "`bad name` is neither");
    fails("issue", &["--name", "localhost:8443"], 2, "no port");
    fails("issue", &["--name", "näh"], 2, "`xn--…`");
    let twice = ["--name", "localhost", "--name", ""];
    fails("rotate", &[&twice, &ONCE[..]].concat(), 2, "`` is neither");
    fails("issue", &["--starts-in", "9000years"], 2, "a hundred years");
    fails(
        "issue",
        &["--started-ago", "9000years"],
        2,
        "a hundred years",
    );
    fails("issue", &["--lifetime", "0s"], 2, "less than a second");
    fails(
        "issue",
        &["--lifetime", "101years"],
        2,
        "more than a hundred years",
    );
    fails("issue", &["--lifetime", "soon"], 2, "--lifetime");
    fails(
        "issue",
        &["--writer", "nobody"],
        2,
        "possible values: vault-agent",
    );
    fails("rotate", &["--at", "1.5"], 2, "a number from 0 to 0.9");
    fails("rotate", &["--jitter", "NaN"], 2, "a number from 0 to 0.9");
    fails("rotate", &["--times", "0"], 2, "--times");
    fails("rotate", &["--every", "2"], 2, "--sabotage");
    fails("rotate", &["--signal", "hup"], 2, "--pid");
    fails("rotate", &["--pid=-1", "--signal", "hup"], 2, "--pid");
    let missing = home.run("issue", &["--ca", "/nowhere", "--to", "/tmp"]);
    assert!(
        err(&missing).contains("/nowhere/root.crt: No such file"),
        "{}",
        err(&missing)
    );
    assert!(
        err(&missing).contains("`ca /nowhere` makes an authority there"),
        "{}",
        err(&missing)
    );
    assert!(!home.site().exists(), "nothing was made of any of this");
    fs::write(home.site(), "a file").unwrap();
    fails("issue", &[], 1, "site: ");
    let key = home.ca().join("intermediate.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    fails("rotate", &[], 1, "intermediate.key: mode 0644");
}

/// A name that is given twice, also in other letters or another notation, stands in the leaf once.
#[test]
fn a_name_that_is_given_twice() {
    let home = Home::new();
    let names = [
        "localhost",
        "a.example",
        "A.Example",
        "::1",
        "0:0::1",
        "a.example",
    ];
    let more: Vec<_> = names.iter().flat_map(|name| ["--name", name]).collect();
    let issued = home.agent("issue", &more);
    assert!(issued.status.success(), "{}", err(&issued));
    let leaf = fs::read(home.site().join("tls.crt")).unwrap();
    let leaf = CertificateDer::from_pem_slice(&leaf).unwrap();
    let (_, leaf) = parse_x509_certificate(&leaf).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 3, "{names:?}");
}

/// What no authority of ours issued is not written over, by any writer.
#[test]
fn the_key_of_a_service_is_spared() {
    let home = Home::new();
    for writer in Writer::ALL {
        let _ = fs::remove_dir_all(home.site());
        let files = Site::new(&home.site(), writer).files();
        fs::create_dir_all(files.key.parent().unwrap()).unwrap();
        fs::write(&files.key, "precious").unwrap();
        let name = files
            .key
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        for (verb, more) in [("issue", &[][..]), ("rotate", &ONCE)] {
            let output = home.agent(verb, &[&["--writer", writer.name()], more].concat());
            assert_eq!(
                output.status.code(),
                Some(1),
                "{writer:?}: {}",
                err(&output)
            );
            let said = err(&output);
            assert!(said.contains(&format!("{name}: it exists")), "{said}");
            assert!(said.contains("Name another folder"), "{said}");
        }
        assert_eq!(fs::read_to_string(&files.key).unwrap(), "precious");
        assert!(!files.roots.exists());
    }
    // So are the trust anchors of a service, and what a writer would put its backup over.
    for writer in Writer::ALL {
        let roots = Site::new(&home.site(), writer).files().roots;
        let mut theirs = vec![roots];
        if writer == Writer::ConsulTemplate {
            theirs.extend(["tls.crt.bak", "tls.key.bak"].map(|name| home.site().join(name)));
        }
        for file in theirs {
            let _ = fs::remove_dir_all(home.site());
            fs::create_dir_all(home.site()).unwrap();
            fs::write(&file, "precious").unwrap();
            let output = home.agent("issue", &["--writer", writer.name()]);
            let said = err(&output);
            assert_eq!(output.status.code(), Some(1), "{writer:?}: {said}");
            assert!(said.contains("it exists, and no authority"), "{said}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
            assert_eq!(fs::read_dir(home.site()).unwrap().count(), 1);
        }
    }
    // What an authority of ours has written is replaced, also by another authority's leaf.
    fs::remove_dir_all(home.site()).unwrap();
    assert!(home.agent("issue", &[]).status.success());
    let other = home.0.path().join("other");
    let made = home.run("ca", &[other.to_str().unwrap(), "--name", "Another Root"]);
    assert!(made.status.success(), "{}", err(&made));
    let site = home.site();
    let arguments = [
        "--ca",
        other.to_str().unwrap(),
        "--to",
        site.to_str().unwrap(),
    ];
    let issued = home.run("issue", &arguments);
    assert!(issued.status.success(), "{}", err(&issued));
}

/// A swap removes the directory that it swaps out, and no other.
#[test]
fn what_a_link_of_somebody_else_leads_to_is_spared() {
    let home = Home::new();
    let precious = home.0.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("file"), "precious").unwrap();
    for writer in [
        Writer::Kubelet,
        Writer::CertManagerCsi,
        Writer::Bare(Strategy::Symlink),
    ] {
        for target in [
            precious.as_path(),
            Path::new("../precious"),
            Path::new("beside"),
        ] {
            let _ = fs::remove_dir_all(home.site());
            fs::create_dir_all(home.site().join("beside")).unwrap();
            fs::write(home.site().join("beside/file"), "precious").unwrap();
            symlink(target, home.site().join("..data")).unwrap();
            let output = home.agent("issue", &["--writer", writer.name()]);
            assert_eq!(output.status.code(), Some(1), "{}", err(&output));
            assert!(
                err(&output).contains("which no swap has made"),
                "{}",
                err(&output)
            );
            assert!(precious.join("file").exists() && home.site().join("beside/file").exists());
        }
    }
}

#[test]
fn a_rotation_says_where_it_writes() {
    let home = Home::new();
    for writer in Writer::ALL {
        let _ = fs::remove_dir_all(home.site());
        let output = home.agent(
            "rotate",
            &[&ONCE[..], &["--writer", writer.name()]].concat(),
        );
        assert!(output.status.success(), "{}", err(&output));
        let files = Site::new(&home.site(), writer).files();
        let said = String::from_utf8_lossy(&output.stdout);
        for file in [files.certificate, files.key, files.roots] {
            assert!(file.exists(), "{writer:?}: {}", file.display());
            assert!(said.contains(&format!(" {}\n", file.display())), "{said}");
        }
    }
}

#[test]
fn a_root_has_a_name() {
    let home = Home::new();
    let to = home.0.path().join("other");
    for (name, said) in [
        ("", "a letter"),
        (" ", "a letter"),
        (&*"a".repeat(65), "64 are allowed"),
    ] {
        let made = home.run("ca", &[to.to_str().unwrap(), "--name", name]);
        assert_eq!(made.status.code(), Some(2));
        assert!(err(&made).contains(said), "{}", err(&made));
        assert!(!to.exists());
    }
}

/// Rotations that follow each other at once.
const AT_ONCE: [&str; 6] = ["--at", "0", "--jitter", "0", "--seed", "1"];

async fn rotated(home: &Home, more: &[&str]) -> Log {
    let rotating = home.rotating(&[&AT_ONCE, more].concat());
    let log = rotating.log().clone();
    assert!(rotating.wait(BOUND).await.unwrap().success());
    log.assert_none(&want("stray_line"));
    log
}

#[tokio::test]
async fn it_rotates_so_often_and_tells_a_command() {
    let home = Home::new();
    let told = home.0.path().join("told");
    let command = format!("echo >> {}", told.display());
    let log = rotated(
        &home,
        &["--times", "4", "--writer", "certbot", "--command", &command],
    )
    .await;
    assert_eq!(
        log.all(&want("rotation_started").with("strategy", "certbot"))
            .len(),
        4
    );
    assert_eq!(
        log.all(&want("hook_finished").with("hook", "command"))
            .len(),
        4
    );
    assert_eq!(fs::read_to_string(told).unwrap().lines().count(), 4);
    log.assert_unique("rotation_started", "serial");
    // Each is told after the write, and before the next.
    let (started, finished) = (want("rotation_started"), want("hook_finished"));
    log.assert_order(&[&started, &finished, &started, &finished].map(Clone::clone));
    let last = log.all(&started)[3].text("serial").unwrap();
    assert_eq!(home.read(Writer::Certbot).unwrap().facts.serial, last);
    let key = fs::read_to_string(home.site().join("live/service/privkey.pem")).unwrap();
    let line = key.lines().nth(1).unwrap();
    assert!(
        log.events()
            .iter()
            .all(|event| !event.to_string().contains(line))
    );
}

#[tokio::test]
async fn it_tells_a_process() {
    let home = Home::new();
    let mut told = signal(SignalKind::user_defined1()).unwrap();
    let pid_file = home.0.path().join("pid");
    fs::write(&pid_file, format!("{}\n", std::process::id())).unwrap();
    let to_us = ["--signal", "usr1", "--pid-file", pid_file.to_str().unwrap()];
    let log = rotated(&home, &[&["--times", "1"][..], &to_us].concat()).await;
    log.assert_order(&[
        want("rotation_started"),
        want("hook_finished").with("hook", "signal"),
    ]);
    tokio::time::timeout(BOUND, told.recv())
        .await
        .expect("no signal came");

    // A process that is gone, and numbers that mean more than one process.
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    for (number, said) in [
        (gone.id().to_string(), "No such process"),
        ("0".into(), "0 is no process"),
        ("-1".into(), "-1 is no process"),
        ("many".into(), "invalid digit"),
    ] {
        fs::write(&pid_file, &number).unwrap();
        let log = rotated(&home, &[&["--times", "1"][..], &to_us].concat()).await;
        let why = log.all(&want("hook_failed"))[0].text("why").unwrap();
        assert!(why.contains(said), "{number}: {why}");
    }
}

/// A hook that fails is said, and the rotation goes on.
#[tokio::test]
async fn a_hook_that_fails_stops_nothing() {
    let home = Home::new();
    let log = rotated(&home, &["--times", "2", "--command", "exit 3"]).await;
    let failed = log.all(&want("hook_failed").with("hook", "command"));
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0].text("why").unwrap(), "exit status: 3");
    assert_eq!(log.all(&want("rotation_started")).len(), 2);
}

#[tokio::test]
async fn sabotage_comes_when_it_is_asked_for() {
    let home = Home::new();
    let kinds = |log: &Log| -> String {
        let name = |event: &lab::event::Event| match event.name() {
            "rotation_started" => Some('.'),
            "sabotage_started" => Some('x'),
            _ => None,
        };
        log.events().iter().filter_map(name).collect()
    };
    let run = async |more: &[&str]| {
        let sabotage = ["--times", "5", "--sabotage", "torn"];
        kinds(&rotated(&home, &[&sabotage, more].concat()).await)
    };
    assert_eq!(run(&[]).await, ".xxxx");
    assert_eq!(run(&["--every", "2"]).await, ".x.x.");
    assert_eq!(run(&["--only", "3"]).await, "..x..");
}

/// The same seed, the same lot. A tenth of a day is spread over more than two hours.
#[tokio::test]
async fn a_seed_makes_it_the_same_lot() {
    let home = Home::new();
    let scheduled = async |seed: &str| {
        let rotating = home.rotating(&["--seed", seed]);
        let log = rotating.log();
        let scheduled = log.wait_for(&want("renewal_scheduled"), BOUND).await;
        scheduled.0["in_seconds"].as_f64().unwrap()
    };
    let (one, again, two) = (
        scheduled("1").await,
        scheduled("1").await,
        scheduled("2").await,
    );
    // Dates are whole seconds.
    assert!((one - again).abs() < 2.0, "{one} and {again}");
    assert!((one - two).abs() > 2.0, "{one} and {two}");
}

/// For ever is until told to end, and then at once, with nothing half done.
#[tokio::test]
async fn it_ends_when_told() {
    let day: &[&str] = &["--lifetime", "24h"];
    for (told, when) in [
        (Signal::INT, day),
        (Signal::TERM, day),
        (Signal::TERM, &AT_ONCE),
    ] {
        let home = Home::new();
        let rotating = home.rotating(when);
        rotating
            .log()
            .wait_for(&want("renewal_scheduled"), BOUND)
            .await;
        rotating.signal(told).unwrap();
        assert!(rotating.wait(BOUND).await.unwrap().success());
        home.read(Writer::Bare(Strategy::RenameEach)).unwrap();
    }
}

/// Neither the command of a hook nor its children outlive an agent that is told to end.
#[tokio::test]
async fn a_hook_ends_with_its_agent() {
    let home = Home::new();
    let number = home.0.path().join("number");
    let command = format!(
        "sleep 3600 & echo $! > {0}.new; mv {0}.new {0}; wait",
        number.display()
    );
    let rotating = home.rotating(&["--command", &command]);
    let child = async {
        loop {
            if let Ok(text) = fs::read_to_string(&number) {
                return text.trim().parse().unwrap();
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let child: i32 = tokio::time::timeout(BOUND, child)
        .await
        .expect("the hook did not start");
    rotating.signal(Signal::INT).unwrap();
    assert!(rotating.wait(BOUND).await.unwrap().success());
    let child = rustix::process::Pid::from_raw(child).unwrap();
    let gone = async {
        while rustix::process::test_kill_process(child).is_ok() && !is_zombie(child) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(BOUND, gone)
        .await
        .expect("its child is still there");
}

/// Dead, and nobody has asked yet: in a container there may be nobody who does.
fn is_zombie(process: rustix::process::Pid) -> bool {
    let stat = format!("/proc/{}/stat", process.as_raw_nonzero());
    fs::read_to_string(stat).is_ok_and(|text| text.contains(") Z "))
}
