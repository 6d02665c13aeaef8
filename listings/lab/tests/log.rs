//! The log's assertions fail when they should, and say where.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lab::authority::{Authority, KeyKind, LeafRequest};
use lab::event::Event;
use lab::log::{Log, want};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const RUN: &str = r#"
{"ts":"2026-01-01T00:00:00.000000001Z","event":"identity_loaded","generation":1,"serial":"a"}
this line is not an event
{"ts":"2026-01-01T00:00:00.000000002Z","event":"identity_rejected","generation":1,"reason":"truncated"}
{"ts":"2026-01-01T00:00:00.000000003Z","event":"identity_loaded","generation":2,"serial":"b"}
"#;

fn message(failing: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(failing)).expect_err("it must fail");
    panic
        .downcast_ref::<String>()
        .expect("with a message")
        .clone()
}

#[test]
fn order_that_holds() {
    Log::parse(RUN).assert_order(&[
        want("identity_loaded").with("generation", 1),
        want("identity_rejected").with("reason", "truncated"),
        want("identity_loaded").with("generation", 2),
    ]);
}

/// The mark stands where the missing event was looked for: after the last one that was found.
#[test]
fn a_missing_event_is_marked() {
    let log = Log::parse(RUN);
    let wanted = [
        want("identity_rejected"),
        want("identity_rejected").with("reason", "expired"),
    ];
    let said = message(|| log.assert_order(&wanted));
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].contains("lacks `identity_rejected reason=\"expired\"`"),
        "{said}"
    );
    assert!(lines[2].contains("truncated"), "{said}");
    assert!(lines[3].starts_with("----> missing from here on"), "{said}");
    assert!(lines[4].contains("\"generation\":2"), "{said}");
}

#[test]
fn the_wrong_order_is_a_failure() {
    let log = Log::parse(RUN);
    let wanted = [
        want("identity_loaded").with("generation", 2),
        want("identity_loaded").with("generation", 1),
    ];
    let said = message(|| log.assert_order(&wanted));
    assert!(
        said.trim_end().ends_with("identity_loaded generation=1"),
        "{said}"
    );
}

#[test]
fn a_repetition_is_marked() {
    let log = Log::parse(RUN);
    log.assert_unique("identity_loaded", "serial");
    log.push(log.events()[0].clone());
    let said = message(|| log.assert_unique("identity_loaded", "serial"));
    assert!(
        said.contains("came twice with serial=Some(\"a\")"),
        "{said}"
    );
    assert!(said.contains("----> the second time"), "{said}");
}

#[test]
fn what_must_not_be_there_is_marked() {
    let log = Log::parse(RUN);
    log.assert_none(&want("handshake_failed"));
    let said = message(|| log.assert_none(&want("identity_rejected")));
    assert!(said.contains("----> here"), "{said}");
}

#[test]
fn key_bytes_are_found_and_not_repeated() {
    let directory = lab::directory().unwrap();
    let strategy = lab::agent::Strategy::Bundle;
    let issued = lab::agent::Agent::new(directory.path(), strategy)
        .and_then(|mut agent| agent.issue())
        .unwrap();
    let log = Log::parse(RUN);
    log.assert_no_key_bytes([&issued.key]);
    let secret = issued.key.expose().lines().nth(1).unwrap();
    let leak = format!(r#"{{"event":"identity_rejected","detail":"near {secret}"}}"#);
    log.push(Event::parse(&leak).unwrap());
    let said = message(|| log.assert_no_key_bytes([&issued.key]));
    assert_eq!(said, "event 3 of the log holds key material");

    let bytes = format!("{:?}", secret.as_bytes());
    let log = Log::parse(&format!(r#"{{"event":"x","detail":"near {bytes}"}}"#));
    let said = message(|| log.assert_no_key_bytes([&issued.key]));
    assert_eq!(said, "event 0 of the log holds key material");
}

/// A line that is no text does not end the log of a child that goes on.
#[tokio::test]
async fn a_line_that_is_not_utf8_is_a_stray_line() {
    let script = r#"printf '{"event":"one"}\nbad \377 byte\n{"event":"two"}\n' >&2; sleep 60"#;
    let shell = std::path::Path::new("/bin/sh");
    let child = lab::child::Child::spawn(shell, ["-c", script], |_| ()).unwrap();
    child.log().wait_for(&want("two"), lab::BOUND).await;
    child
        .log()
        .assert_order(&[want("one"), want("stray_line"), want("two")]);
}

#[tokio::test]
async fn who_waits_is_woken() {
    let log = Log::default();
    let waiting = tokio::spawn({
        let log = log.clone();
        async move { log.wait_for(&want("listening"), lab::BOUND).await }
    });
    tokio::task::yield_now().await;
    log.push(Event::parse(r#"{"event":"listening","port":1}"#).unwrap());
    assert_eq!(waiting.await.unwrap().number("port"), Some(1));
}

/// The third of three, whether it is there already or comes while one waits; never an earlier one.
#[tokio::test]
async fn who_waits_for_the_third_gets_the_third() {
    let line = |port: u64| format!(r#"{{"event":"listening","port":{port}}}"#);
    let log = Log::parse(&format!("{}\n{}", line(1), line(2)));
    let want = want("listening");
    let second = log.wait_for_nth(&want, 2, lab::BOUND).await;
    assert_eq!(second.number("port"), Some(2));
    let (waiter, wanted) = (log.clone(), want.clone());
    let waiting = tokio::spawn(async move { waiter.wait_for_nth(&wanted, 3, lab::BOUND).await });
    tokio::task::yield_now().await;
    log.push(Event::parse(r#"{"event":"stray_line"}"#).unwrap());
    tokio::task::yield_now().await;
    log.push(Event::parse(&line(3)).unwrap());
    assert_eq!(waiting.await.unwrap().number("port"), Some(3));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "waited 5s for `listening`, and it did not come")]
async fn a_wait_has_a_bound() {
    let log = Log::parse(RUN);
    log.wait_for(&want("listening"), Duration::from_secs(5))
        .await;
}

#[tokio::test]
#[should_panic(expected = "the log ended without `listening`")]
async fn a_child_that_is_gone_is_not_waited_for() {
    let log = Log::parse(RUN);
    log.end();
    log.wait_for(&want("listening"), lab::BOUND).await;
}

#[test]
fn events_come_from_tracing_calls() {
    let (log, capturing) = lab::emit::capture();
    tracing::info!(
        event = "connection_opened",
        connection = 1,
        generation = None::<u64>
    );
    tracing::info!("a call without an event is left alone");
    drop(capturing);
    tracing::info!(event = "after the guard is gone");
    let events = log.events();
    assert_eq!(events.len(), 1);
    let keys: Vec<_> = events[0].0.keys().map(String::as_str).collect();
    assert_eq!(keys, ["ts", "event", "connection", "generation"]);
    assert!(events[0].0["generation"].is_null());
    let ts = events[0].text("ts").unwrap();
    assert_eq!(ts.len(), "2026-01-01T00:00:00.000000001Z".len(), "{ts}");
}

/// On a command line all is text: a serial that looks like a number is still found.
#[test]
fn a_want_as_a_person_types_it() {
    let event = |line| Event::parse(line).unwrap();
    let loaded = event(r#"{"event":"identity_loaded","generation":2,"serial":"1002"}"#);
    let wants = |typed: &str| typed.parse::<lab::log::Want>();
    for typed in [
        "identity_loaded",
        "identity_loaded serial=1002",
        "identity_loaded generation=2 serial=1002",
    ] {
        let want = wants(typed).unwrap();
        assert!(want.matches(&loaded), "{typed}");
        assert_eq!(want.to_string(), typed);
    }
    assert!(
        !wants("identity_loaded serial=1003")
            .unwrap()
            .matches(&loaded)
    );
    assert!(!wants("identity_loaded process=1").unwrap().matches(&loaded));
    let opened = event(r#"{"event":"connection_opened","generation":null}"#);
    let resumed = wants("connection_opened generation=null").unwrap();
    assert!(resumed.matches(&opened));
    assert_eq!(wants("").unwrap_err(), "an event's name comes first");
    assert_eq!(
        wants("serial=1").unwrap_err(),
        "an event's name comes first"
    );
    let said = wants("identity_loaded serial").unwrap_err();
    assert_eq!(said, "`serial` is not `field=value`");
}

/// A file with both: the chain is no secret.
#[test]
fn of_a_bundle_only_the_key_is_secret() {
    let directory = lab::directory().unwrap();
    let strategy = lab::agent::Strategy::Bundle;
    let issued = lab::agent::Agent::new(directory.path(), strategy)
        .and_then(|mut agent| agent.issue())
        .unwrap();
    let mut secrets = lab::log::Secrets::default();
    assert!(!secrets.add(&issued.chain_pem));
    assert!(secrets.add(&format!("{}{}", issued.chain_pem, issued.key.expose())));
    for line in issued.chain_pem.lines() {
        assert!(!secrets.leak_in(line), "{line}");
    }
    // The last line holds the public half alone.
    let lines = issued.key.expose().lines().filter(|l| !l.starts_with('-'));
    assert!(
        lines
            .take(2)
            .all(|line| secrets.leak_in(&format!("near {line}")))
    );
    assert_eq!(format!("{secrets:?}"), "Secrets");
}

fn secrets_of(kind: KeyKind) -> (lab::log::Secrets, String) {
    let mut authority = Authority::new().unwrap();
    let request = LeafRequest {
        key: Some(kind),
        ..LeafRequest::new("localhost")
    };
    let issued = authority.issue(&request).unwrap();
    let mut secrets = lab::log::Secrets::default();
    assert!(secrets.add(issued.key.expose()));
    (secrets, issued.key.expose().to_owned())
}

/// As logs write bytes: PEM at any width, base64 of PEM, hex, numbers, literals.
fn encodings(pem: &str) -> Vec<(String, String)> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let der = der.secret_der();
    let hex = |between: &str, digits: fn(&u8) -> String| -> String {
        der.iter().map(digits).collect::<Vec<_>>().join(between)
    };
    let lower: fn(&u8) -> String = |byte| format!("{byte:02x}");
    let upper: fn(&u8) -> String = |byte| format!("{byte:02X}");
    let mut all = vec![
        ("PEM in JSON".into(), format!("{:?}", pem)),
        (
            "base64url".into(),
            base64.replace('+', "-").replace('/', "_"),
        ),
        ("hex".into(), hex("", lower)),
        ("HEX".into(), hex("", upper)),
        ("hex:".into(), hex(":", lower)),
        ("HEX ".into(), hex(" ", upper)),
        ("0x, ".into(), hex(", ", |byte| format!("0x{byte:02x}"))),
        ("\\x".into(), hex("", |byte| format!("\\x{byte:02x}"))),
        ("literal".into(), der.escape_ascii().to_string()),
        ("numbers".into(), format!("{der:?}")),
        (
            "signed numbers".into(),
            format!("[{}]", hex(", ", |byte| byte.cast_signed().to_string())),
        ),
        (
            "numbers without commas".into(),
            hex(" ", |byte| byte.to_string()),
        ),
        ("numbers of PEM".into(), format!("{:?}", pem.as_bytes())),
        ("hex of PEM".into(), lab::chain::hex(pem.as_bytes())),
        ("octal".into(), hex("", |byte| format!("\\{byte:03o}"))),
        ("one number".into(), format!("D:+{}", decimal(der))),
    ];
    for width in [16, 31, 61, 64, 76, 2000] {
        let chars: Vec<char> = base64.chars().collect();
        let lines: Vec<String> = chars
            .chunks(width)
            .map(|line| line.iter().collect())
            .collect();
        all.push((format!("base64 at {width}"), lines.join("\n")));
    }
    all
}

/// Secret bytes of a key as one number, as Go prints them: by long division.
fn decimal(der: &[u8]) -> String {
    let mut number = match der.len() {
        // The public half of an elliptic curve's key comes last.
        100..200 => der[36..68].to_vec(),
        length => der[length - 32..].to_vec(),
    };
    let mut digits = Vec::new();
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u32;
        for byte in &mut number {
            rest = rest << 8 | u32::from(*byte);
            (*byte, rest) = ((rest / 10) as u8, rest % 10);
        }
        digits.push(char::from_digit(rest, 10).unwrap());
    }
    digits.iter().rev().collect()
}

#[test]
fn a_key_is_found_in_any_encoding() {
    for kind in KeyKind::ALL {
        let (secrets, pem) = secrets_of(kind);
        for (name, text) in encodings(&pem) {
            let found = text
                .lines()
                .any(|line| secrets.leak_in(&format!("{{\"detail\":\"{line}\"}}")));
            assert!(found, "{kind:?} as {name}");
        }
        // Of another key, the same is no secret of ours.
        for (name, text) in encodings(&secrets_of(kind).1) {
            assert!(
                !text.lines().any(|line| secrets.leak_in(line)),
                "{kind:?} as {name}"
            );
        }
    }
}

/// What a sound server may log: words about keys, its certificates, the public half of its key, and
/// any amount of other bytes.
#[test]
fn words_and_public_bytes_are_no_key() {
    for kind in KeyKind::ALL {
        let mut authority = Authority::new().unwrap();
        let request = LeafRequest {
            key: Some(kind),
            ..LeafRequest::new("localhost")
        };
        let issued = authority.issue(&request).unwrap();
        let mut secrets = lab::log::Secrets::default();
        assert!(secrets.add(issued.key.expose()));
        let leaf = CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap();
        let said = [
            "error:0480006C:PEM routines::no start line: Expecting: ANY PRIVATE KEY".to_owned(),
            // In two parts: what looks for secrets in a repository takes a whole mark for a key.
            concat!("-----BEGIN ", "PRIVATE KEY----- was not found").to_owned(),
            format!("public half and all: {}", lab::chain::hex(&leaf)),
            format!("{:?}", &leaf[..]),
            issued.chain_pem.clone(),
            "00 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff".to_owned(),
            "A".repeat(4000),
        ];
        for line in &said {
            assert!(!secrets.leak_in(line), "{kind:?}: {line}");
        }
    }
}
