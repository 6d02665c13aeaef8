//! The hook logs the contract's events, and its figures are those that chapter 7's alert rules ask for.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use ch07_graceful_degradation::alerts::{Condition, RULES};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::event::Event;
use lab_test::contract::Contract;
use recipes::report::{Figures, LINES, Log, hook};
use recipes::rotating::{Files, Hook, Look};
use rustls::Error;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde_json::{Value, json};

fn hooked() -> (Hook, Arc<Figures>) {
    let files: Files = ["/tls/tls.crt", "/tls/tls.key", "/tls/ca.crt"].map(Into::into);
    hook(&files)
}

fn loaded() -> Look {
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let chain = CertificateDer::pem_file_iter(files.certificate).unwrap();
    let chain = chain.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(files.key).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    Look::Loaded(Arc::new(
        CertifiedKey::from_der(chain, key, &provider).unwrap(),
    ))
}

/// The value of a figure.
fn value(figures: &Figures, name: &str) -> i64 {
    let text = figures.to_string();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.parse().unwrap()
}

#[test]
fn the_figures_are_those_that_the_rules_ask_for() {
    let (hook, figures) = hooked();
    hook(&loaded());
    let text = figures.to_string();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let have: BTreeSet<_> = lines
        .filter_map(|line| line.split([' ', '{']).next())
        .collect();
    let fed = RULES.iter().filter(|rule| match rule.when {
        Condition::Above(name, _) | Condition::Below(name, _) => have.contains(name),
        Condition::Over(one, other) | Condition::Within(one, other) => {
            have.contains(one) && have.contains(other)
        }
        Condition::Grew(..) | Condition::ShareRose(..) => false,
    });
    let fed: Vec<_> = fed.map(|rule| rule.alert).collect();
    let five = [
        "IdentityLate",
        "IdentityUrgent",
        "IdentityExpired",
        "IdentityRejected",
        "WatcherStuck",
    ];
    assert_eq!(fed, five);
}

#[test]
fn the_figures_say_what_came_of_the_looks() {
    let (hook, figures) = hooked();
    assert_eq!(value(&figures, "identity_generation"), 0);
    hook(&loaded());
    assert_eq!(value(&figures, "identity_generation"), 1);
    // The lab's leaves last for an hour.
    let left = value(&figures, "identity_seconds_left");
    assert!((3500..=3600).contains(&left), "{left}");
    assert_eq!(value(&figures, "identity_late_seconds"), 900);
    assert_eq!(value(&figures, "identity_urgent_seconds"), 450);

    let missing =
        Error::General("the key: /tls/tls.key: No such file or directory (os error 2)".into());
    for _ in 0..2 {
        hook(&Look::Rejected(missing.clone()));
    }
    let count = |reason| {
        value(
            &figures,
            &format!("identity_rejections_total{{reason=\"{reason}\"}}"),
        )
    };
    assert_eq!((count("missing"), count("expired")), (2, 0));
}

/// The reader of a log, who is shown each line, and sleeps until it is woken.
struct Sleeper {
    shown: Sender<String>,
    woken: Receiver<()>,
}

impl Write for Sleeper {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shown = self.shown.send(String::from_utf8(line.to_vec()).unwrap());
        shown.map_err(io::Error::other)?;
        // Without its other end it is awake.
        let _ = self.woken.recv();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Nothing waits for the reader of the log. When it wakes, it is told what it lacks, in the place of that.
#[test]
fn lines_that_find_no_room_are_counted() {
    let ((shown, read), (wake, woken)) = (channel::<String>(), channel());
    let read = || {
        let line = read.recv_timeout(BOUND).expect("a line");
        Event::parse(&line).unwrap_or_else(|| panic!("{line}"))
    };
    let log = Log::to(Sleeper { shown, woken });
    log.put(json!({ "event": "first" }));
    assert_eq!(read().name(), "first");
    let (sender, done) = channel();
    thread::spawn(move || {
        for nth in 0..LINES + 50 {
            log.put(json!({ "event": "nth", "nth": nth }));
        }
        sender.send(log)
    });
    let log = done.recv_timeout(BOUND);
    let log = log.expect("a line waits for the reader of the log");
    drop(wake);
    for nth in 0..LINES {
        assert_eq!(read().number("nth"), Some(nth as u64));
    }
    log.put(json!({ "event": "last" }));
    let told = read();
    assert_eq!(
        (told.name(), told.number("lines")),
        ("lines_lost", Some(50))
    );
    assert!(Contract::of_events().allows(&Value::Object(told.0)));
    assert_eq!(read().name(), "last");
}
