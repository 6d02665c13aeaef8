//! The commands that the page gives to begin with: each runs, and says something, on sound files.

use std::process::Stdio;

use crate::bench::Bench;
use crate::capture::{index, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_first_step_runs() {
    let (Some(_), Some(_)) = (
        lab_test::peer::find("openssl"),
        lab_test::peer::find("curl"),
    ) else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    for (name, from) in [
        ("tls.crt", "good.crt"),
        ("tls.key", "good.key"),
        ("client.crt", "good.crt"),
        ("client.key", "good.key"),
    ] {
        std::fs::copy(bench.path(from), bench.path(name)).unwrap();
    }
    let mut wrong = Vec::new();
    for step in &index().steps {
        // The server that asks for a certificate also answers without one, as far as OpenSSL shows it.
        let door = if step.command.contains("client.crt") {
            "mutual"
        } else {
            "good"
        };
        let address = format!("localhost:{}", doors.port(door));
        let line = step
            .command
            .replace("HOST:443", &address)
            .replace("HOST", "localhost");
        let mut command = bench.command("sh");
        command
            .args(["-c", &format!("set -e; {line}; echo ended well")])
            .stdin(Stdio::null());
        let said = run(&mut command).await;
        let told = said.strip_suffix("ended well\n").unwrap_or_default();
        if told.trim().is_empty() {
            wrong.push(format!("{}: {line}\n{said}", step.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The command of a step, as the page prints it.
fn command(step: &str) -> String {
    index().step(step).unwrap().command.clone()
}

async fn shell(bench: &Bench, line: &str) -> String {
    let mut command = bench.command("sh");
    command.args(["-c", line]).stdin(Stdio::null());
    run(&mut command).await
}

/// Two files that cannot be read gave two empty keys, which are equal.
#[tokio::test]
async fn a_pair_is_called_one_only_if_it_is_one() {
    if lab_test::peer::find("openssl").is_none() {
        return;
    }
    let (bench, line) = (Bench::new(), command("pair"));
    let verdict = "they belong together";
    let said = shell(&bench, &line).await;
    assert!(!said.contains(verdict), "without files: {said}");
    for (files, one) in [("mixed", false), ("good", true)] {
        for (to, from) in [("tls.crt", "crt"), ("tls.key", "key")] {
            std::fs::copy(bench.path(&format!("{files}.{from}")), bench.path(to)).unwrap();
        }
        let said = shell(&bench, &line).await;
        assert_eq!(said.contains(verdict), one, "{files}: {said}");
    }
}

/// A file that is not there is most often missed behind a link, or with its folder.
#[tokio::test]
async fn a_link_that_leads_nowhere_is_shown_with_where_it_leads() {
    let bench = Bench::new();
    std::os::unix::fs::symlink("nowhere/tls.key", bench.path("tls.key")).unwrap();
    let said = shell(&bench, &command("rights")).await;
    let names = |words: &str| said.contains(words);
    assert!(
        names("tls.key -> nowhere/tls.key") && names("nowhere - No such file or directory"),
        "{said}"
    );
}

/// `openssl crl` shows the first list of a file alone, and servers want one of each authority in it.
#[tokio::test]
async fn each_list_of_revocations_in_a_file_is_shown() {
    if lab_test::peer::find("openssl").is_none() {
        return;
    }
    let bench = Bench::new();
    let lists = ["crl.pem", "old-crl.pem"]
        .map(|name| std::fs::read_to_string(bench.path(name)).unwrap())
        .concat();
    std::fs::write(bench.path("crl.pem"), lists).unwrap();
    let said = shell(&bench, &command("revocations")).await;
    for (words, times) in [("Issuer:", 2), ("Next Update:", 2), ("Serial Number:", 1)] {
        assert!(said.matches(words).count() >= times, "{words}: {said}");
    }
}
