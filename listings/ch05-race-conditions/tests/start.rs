//! What is known at the start: files that are not there yet, and files that will never change.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use ch02_hot_reload::arguments::Serve;
use ch05_race_conditions::mounted::{Pin, pins};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::want;

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ch05-race-conditions"))
}

/// Nothing is there, then the trust anchors, then the identity: the server waits, and says for
/// what. From then on it follows the files as ever.
#[tokio::test]
async fn files_that_come_after_the_server() {
    let directory = lab::directory().unwrap();
    let later = directory.path().join("later");
    let elsewhere = lab::directory().unwrap();
    let mut agent = Agent::new(elsewhere.path(), Strategy::RenameEach).unwrap();
    let mut arguments = Serve::command_line(&agent.files()).map(|argument| {
        let path = Path::new(&argument).strip_prefix(elsewhere.path());
        path.map_or(argument.clone(), |name| later.join(name).into_os_string())
    });
    arguments[0] = "serve".into();
    let extra = ["--wait", "--poll-ms", "5"].map(OsString::from);
    let child = Child::spawn(program(), arguments.iter().chain(&extra), |_| ()).unwrap();
    let missing = want("identity_awaited").with("reason", "missing");
    child.log().wait_for(&missing, BOUND).await;

    agent.rotate().unwrap();
    fs::rename(elsewhere.path(), &later).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], child.port(BOUND).await));
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    assert_eq!(client.probe(server).await.unwrap().chain.serial, "1001");
    // The same reason is news once, however often it was looked.
    assert_eq!(child.log().all(&missing).len(), 1);

    let next = agent.issue().unwrap();
    fs::write(later.join("tls.key"), next.key.expose()).unwrap();
    fs::write(later.join("tls.crt"), &next.chain_pem).unwrap();
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    child.log().wait_for(&loaded, BOUND).await;
    fs::create_dir(elsewhere.path()).unwrap();
}

/// The control: without being told to wait, it ends with one line.
#[tokio::test]
async fn without_waiting_the_server_ends() {
    let directory = lab::directory().unwrap();
    let agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let arguments = Serve::command_line(&agent.files());
    let child = Child::spawn(program(), arguments, |_| ()).unwrap();
    let said = child.log().wait_for(&want("stray_line"), BOUND).await;
    assert!(
        said.text("text").unwrap().contains("tls.crt: missing: "),
        "{said}"
    );
    assert!(!child.wait(BOUND).await.unwrap().success());
}

#[test]
fn a_file_with_another_name_is_pinned() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    assert_eq!(pins(&files), []);
    fs::hard_link(&files.certificate, directory.path().join("other")).unwrap();
    assert_eq!(pins(&files), [(files.certificate.clone(), Pin::HardLink)]);
}

/// The kubelet's links are no pins: they are what makes the swap possible.
#[test]
fn a_link_into_a_generation_is_not_pinned() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::Symlink).unwrap();
    assert_eq!(pins(&agent.files()), []);
}

/// As with `subPath` in Kubernetes: the server sees one file of a directory, mounted by itself. A
/// rename at the source never arrives, so the server says at the start that it will not.
#[tokio::test]
async fn a_file_that_is_mounted_by_itself() {
    let Some(unshare) = lab_test::peer::find("unshare") else {
        return;
    };
    let may_mount = std::process::Command::new(&unshare)
        .args(["--user", "--map-root-user", "--mount", "true"])
        .output();
    if !may_mount.is_ok_and(|tried| tried.status.success()) {
        eprintln!("skipped: this user may not mount");
        return;
    }
    let (source, seen) = (lab::directory().unwrap(), lab::directory().unwrap());
    let mut agent = Agent::started(source.path(), Strategy::RenameEach).unwrap();
    for name in ["tls.crt", "tls.key", "ca.crt"] {
        fs::write(seen.path().join(name), "").unwrap();
    }
    let script = r#"
        for name in tls.crt tls.key ca.crt; do mount --bind "$1/$name" "$2/$name" || exit; done
        shift 2
        exec "$@"
    "#;
    let mut arguments: Vec<OsString> = [
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
    ]
    .map(Into::into)
    .to_vec();
    arguments.extend([source.path().into(), seen.path().into(), program().into()]);
    arguments.extend(Serve::command_line(&agent.files()).map(|argument| {
        let path = Path::new(&argument).strip_prefix(source.path());
        path.map_or(argument.clone(), |name| {
            seen.path().join(name).into_os_string()
        })
    }));
    arguments.extend(["--poll-ms", "1"].map(OsString::from));
    let child = Child::spawn(&unshare, arguments, |_| ()).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], child.port(BOUND).await));
    let pinned = want("file_pinned").with("why", "mounted");
    assert_eq!(child.log().all(&pinned).len(), 3);

    // Each probe takes about as long as a poll: the new files never arrive.
    agent.rotate().unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    for _ in 0..20 {
        assert_eq!(client.probe(server).await.unwrap().chain.serial, "1001");
    }
}
