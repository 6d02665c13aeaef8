//! Before anything is rotated: does the server answer as its description says, and which clients can come?
//!
//! A mistake in the description would otherwise be told as the server's. Here it is told as what it is: what
//! was tried, what was seen, and what to change. Nothing was measured then.

use std::time::Duration;

use crate::attempt::FailureKind;
use ch11_verification::attempt::Class;
use clap::ValueEnum;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::load::Target;
use crate::load::failure::Failed;
use crate::load::silence::ENDS_SILENCE;
use crate::server::advice::Advice;
use crate::server::spec::{Protocol, Spec};
use crate::testbed::TestBed;
use crate::testbed::hello::unmet;
use crate::testbed::long_answer::long_answer;
use crate::testbed::look::{Look, greets_as, look};
use crate::testbed::side_by_side::served_side_by_side;
use crate::testbed::signalled::can_be_told;

/// A server behind a proxy may still be on its way.
const PAUSE: Duration = Duration::from_millis(50);

/// What was found to be well, and which clients cannot come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What the server does, each in a phrase with a word before it.
    pub found: Vec<(&'static str, String)>,
    /// The classes of clients by which it is judged.
    pub classes: Vec<Class>,
    /// Each other class, and what would make it possible.
    pub without: Vec<(Class, String)>,
}

/// Asks a server for what clients will ask for: one answer, and a long one where there are downloads.
///
/// So many connections are kept in the `pool`.
///
/// # Errors
/// With what was tried, what was seen, and what to change.
pub(crate) async fn ready(
    testbed: &TestBed,
    classes: &[Class],
    there: &[Class],
    pool: usize,
) -> Result<Ready, Error> {
    let (target, spec) = (&testbed.target, testbed.spec());
    let answered = answers(target, classes.contains(&Class::Download)).await;
    answered.map_err(|error| error.with_said(testbed.server.output()))?;
    if classes.contains(&Class::Pooled) {
        served_side_by_side(target, pool).await?;
    }
    can_be_told(&testbed.server).await?;
    let serial = &testbed.good.facts.serial;
    let told = match spec.attach {
        Some(_) => format!(
            "what was written to {}: serial {serial}",
            testbed.site.files().certificate.display()
        ),
        None => format!("the certificate that was issued: serial {serial}"),
    };
    let without = Class::value_variants()
        .iter()
        .filter(|class| !classes.contains(class));
    Ok(Ready {
        found: vec![
            ("listens", format!("on {}", *target.address.borrow())),
            ("shows", told),
            ("answers", asked(target)),
            ("reload", spec.reload.words()),
        ],
        classes: classes.to_vec(),
        without: without
            .map(|class| match there.contains(class) {
                true => (*class, "it was not asked for (`--classes`)".into()),
                false => (*class, reason(*class, spec)),
            })
            .collect(),
    })
}

/// Why a class is not there, and what would change that.
fn reason(class: Class, spec: &Spec) -> String {
    match (class, spec.protocol) {
        (Class::Tls12, _) => {
            "it speaks no TLS 1.2; nothing in the description changes that".into()
        }
        (Class::Nameless | Class::Sibling, _) if spec.other_name.is_none() => {
            "the description gives it one name: set `other_name` if it has two".into()
        }
        (Class::Second, _) => {
            "the description gives it one kind of key: set `second_keys` if it has two".into()
        }
        (Class::Quic | Class::Http3 | Class::Moving, _) if !spec.http3 => {
            "the description does not say that it speaks HTTP/3: set `http3 = true` if it does".into()
        }
        (Class::Moving, _) if spec.download.is_some() || spec.protocol == Protocol::Http => {
            "a connection whose client changed its address was lost, before anything was rotated".into()
        }
        (Class::Http2 | Class::Download | Class::Upload, protocol) if protocol.is_dialogue() => {
            "its protocol is not HTTP".into()
        }
        (Class::Upload, _) if spec.upload.is_none() => {
            "it is unknown whether a long upload is cut: name a path that takes one, `upload = \"/path\"`"
                .into()
        }
        (Class::Held, protocol) if protocol.is_http() && spec.websocket.is_none() => {
            "no conversation crosses a rotation: name a WebSocket that echoes, `websocket = \"/path\"`"
                .into()
        }
        (Class::Held, Protocol::Tls) if !spec.grpc => ENDS_SILENCE.into(),
        (Class::Grpc, _) => {
            "the description does not say that it has gRPC's health service: set `grpc = true` if it has"
                .into()
        }
        (Class::Pooled | Class::Http2 | Class::Upload | Class::Held, Protocol::Lab) => {
            "its protocol is not HTTP: set `protocol` to \"http\" or \"any_http\" if it is".into()
        }
        (Class::Http2, _) => {
            "it does not agree on `h2` in the handshake (ALPN); nothing in the description changes that"
                .into()
        }
        (Class::Download, Protocol::AnyHttp) if spec.download.is_none() => {
            "it is unknown whether a long answer is cut: name one of 8 MB or more, `download = \"/path\"`"
                .into()
        }
        (Class::Mutual, _) if spec.attach.is_some() => {
            "zdr does not try this with a server that it has not started".into()
        }
        (Class::Mutual, _) => {
            "it asks clients for no certificate: set `client_auth = true` if it does, `mutual` if it can"
                .into()
        }
        _ => "nothing in the description makes it possible".into(),
    }
}

/// What is asked for, in words.
pub(super) fn asked(target: &Target) -> String {
    match target.protocol {
        Protocol::Http => "`GET /bytes/1`, with the byte that is known".into(),
        Protocol::AnyHttp => "`GET /`".into(),
        Protocol::Lab => "the lab's protocol".into(),
        Protocol::Postgresql => "`SSLRequest`, and `select 1` over TLS".into(),
        Protocol::Redis => "`PING`".into(),
        Protocol::Smtp if target.identity.is_some() => {
            "STARTTLS, and over TLS a mail from and to <zdr@localhost>, with a certificate".into()
        }
        Protocol::Imap if target.identity.is_some() => {
            "STARTTLS, and over TLS `LOGIN zdr zdr` and `SELECT INBOX`, with a certificate".into()
        }
        Protocol::Smtp | Protocol::Imap => "STARTTLS, and `NOOP` over TLS".into(),
        Protocol::Tls => match &target.told.exchange().ask {
            Some(turn) => format!("what `[exchange]` tells, and {}", turn.words()),
            None => "a handshake, and no request: `[exchange]` tells of none to `ask`".into(),
        },
    }
}

/// Asks for what clients ask for, and for a long answer where `downloads` says so.
///
/// # Errors
/// With what was tried, what was seen, and what to change.
pub(crate) async fn answers(target: &Target, downloads: bool) -> Result<(), Error> {
    let client = target.client(None, false, target.identity.as_deref())?;
    let began = Instant::now();
    while let (_, Err(failed)) = target.probe(&client).await {
        let is_final = failed.kind == FailureKind::Status && failed.error.starts_with('4');
        if is_final || began.elapsed() >= target.patience {
            return Err(Error::Preflight(Box::new(explained(target, &failed).await)));
        }
        sleep(PAUSE).await;
    }
    if let Some(sibling) = target.sibling() {
        Box::pin(other_name(&sibling)).await?;
    }
    match downloads && target.protocol.is_http() {
        true => long_answer(target).await,
        false => Ok(()),
    }
}

/// Whether the other name has its own certificate.
async fn other_name(sibling: &Target) -> Result<(), Error> {
    let client = sibling.client(None, false, sibling.identity.as_deref())?;
    let (_, answer) = sibling.probe(&client).await;
    answer.map_err(|failed| {
        Error::Preflight(Box::new(Advice {
            what: format!(
                "clients that ask for the other name are not served: {}",
                failed.kind
            ),
            tried: format!(
                "a handshake as a client that asks for `{}`, which is `other_name`, then {}",
                sibling.name,
                asked(sibling)
            ),
            seen: failed.error,
            change:
                "let the server show `{other_certificate}`, with `{other_key}`, to such a client"
                    .into(),
        }))
    })
}

/// Why no client is served, after a look without a client's scruples.
async fn explained(target: &Target, failed: &Failed) -> Advice {
    let address = *target.address.borrow();
    if let Some(advice) = unmet(target, failed).await {
        return advice;
    }
    if target.protocol.is_dialogue() && !shows_something_else(failed.kind) {
        return dialogue(target, failed);
    }
    let names = target.told.exchange().alpn.iter();
    let mut alpn: Vec<_> = names.map(String::as_str).collect();
    alpn.extend(target.protocol.is_http().then_some("http/1.1"));
    let asked_for = (target.speech(), alpn.as_slice());
    let mut seen = look(address, &target.name, asked_for, target.patience).await;
    if target.protocol.is_http() && seen.alpn.is_none() && seen.version.is_some() {
        let asked_for: (_, &[&str]) = (target.protocol, &[HTTP2]);
        let other = look(address, &target.name, asked_for, target.patience).await;
        seen.alpn = other.alpn;
    }
    let (what, change) = cause(target, failed, &seen);
    Advice {
        what,
        tried: format!(
            "a handshake with {address} as a client that asks for `{}` and trusts the test authority, then {}",
            target.name,
            asked(target)
        ),
        seen: in_words(failed, &seen),
        change,
    }
}

/// What to do about a server that listens no more.
const ENDED: &str =
    "see whether it ended, and what it said: run the command by hand, with files of your own";

/// The same of a server that is spoken to in its own protocol: there what the client met says it.
fn dialogue(target: &Target, failed: &Failed) -> Advice {
    let change = match target.protocol {
        _ if failed.kind == FailureKind::Refused => ENDED,
        Protocol::Tls => "check `[exchange]`: what is sent and expected. `zdr help toml` says it",
        _ => "check `protocol`, and how clients log in: `zdr help toml` says it",
    };
    Advice {
        what: format!("no client is served: {}", failed.kind),
        tried: format!("{} with {}", asked(target), *target.address.borrow()),
        seen: failed.error.clone(),
        change: change.into(),
    }
}

/// HTTP/2 over TLS (RFC 9113, section 3.1), which servers of gRPC speak alone.
const HTTP2: &str = "h2";

/// What a client met, and what the look saw.
fn in_words(failed: &Failed, seen: &Look) -> String {
    let mut words = vec![format!("{} ({})", failed.kind, failed.error)];
    words.extend(seen.leaf.as_ref().map(ToString::to_string));
    words.extend(
        seen.version
            .as_ref()
            .map(|version| format!("a handshake of {version}")),
    );
    if seen.asks_clients {
        words.push("a request for the client's certificate".into());
    }
    words.extend(seen.no_text());
    let said = |line: &String, how: &str| format!("{how} it says: {line}");
    words.extend(seen.in_clear.as_ref().map(|line| said(line, "without TLS")));
    words.extend(seen.answer.as_ref().map(|line| said(line, "asked for `/`")));
    words.join("\n")
}

/// What is wrong, and what to change. The surest comes first.
fn cause(target: &Target, failed: &Failed, seen: &Look) -> (String, String) {
    before_tls(target, failed, seen)
        .or_else(|| in_handshake(target, failed, seen))
        .unwrap_or_else(|| in_answer(target, failed, seen))
}

/// A cause, and what to change about it.
fn because(what: &str, change: &str) -> Option<(String, String)> {
    Some((what.to_owned(), change.to_owned()))
}

fn before_tls(target: &Target, failed: &Failed, seen: &Look) -> Option<(String, String)> {
    const IN_CLEAR: &str = "it does not speak TLS from the first byte";
    const LATER: &str = "if TLS has to be switched on, switch it on for this port. Where TLS begins after some words in \
                         the clear, `zdr help toml` lists each `protocol` that zdr speaks; in any other, set \
                         `protocol = \"tls\"`, and say in `[exchange]` what comes `before_tls`";
    // Whoever answers over TLS has let the client in, unless that is an answer of HTTP that refuses it. A client that
    // objects to what it is shown was refused by nobody.
    let refuses = |line: &String| {
        let status = line.split(' ').nth(1).unwrap_or_default();
        line.starts_with("HTTP/") && status.starts_with('4')
    };
    let objects = shows_something_else(failed.kind);
    let let_in = objects || seen.answer.as_ref().is_some_and(|line| !refuses(line));
    if let Some((_, word)) = seen.in_clear.as_deref().and_then(greets_as) {
        let change = format!(
            "it greets in the clear: set `protocol = \"{word}\"`, which asks for TLS by STARTTLS"
        );
        return because(IN_CLEAR, &change);
    }
    match &seen.in_clear {
        Some(line) if line.starts_with("HTTP/") => because(
            "it speaks plain HTTP, without TLS",
            "switch TLS on for this port, with `{certificate}` and `{key}`",
        ),
        Some(_) => because(IN_CLEAR, LATER),
        // What begins in the clear, and is no text: MariaDB's greeting.
        None if failed.error.contains("InvalidContentType") => because(IN_CLEAR, LATER),
        None if seen.asks_clients && target.identity.is_none() && !let_in => because(
            "it rejects clients without a certificate",
            "set `client_auth = true`, and give the server `{client_roots}` as the authorities of its clients",
        ),
        None => None,
    }
}

fn in_handshake(target: &Target, failed: &Failed, seen: &Look) -> Option<(String, String)> {
    const READ: &str =
        "let the server read only the files that zdr gives it, `{certificate}` and `{key}`";
    if shows_something_else(failed.kind) {
        return match &seen.leaf {
            Some(leaf) if !target.chains.has_leaf(leaf.sha256()) => because(
                "the certificate that it shows is not the one that was written",
                READ,
            ),
            Some(leaf) if leaf.came_alone() => because(
                "it shows the leaf that was written, without the intermediate",
                "let the server send the whole chain of `{certificate}`, the leaf first",
            ),
            _ => because(
                &format!("what it shows is not what was written: {}", failed.kind),
                READ,
            ),
        };
    }
    let refuses = [
        "HandshakeFailure",
        "InsufficientSecurity",
        "no shared cipher",
    ];
    let error = &failed.error;
    if failed.kind == FailureKind::Alert && refuses.iter().any(|word| error.contains(word)) {
        return because(
            "the server and the client have no cipher or signature algorithm in common",
            "if the server takes only another kind of key, set `keys` to \"ecdsa\", \"rsa\" or \"ed25519\" (without a TOML \
             file, give `--keys`)",
        );
    }
    if error.contains("NoApplicationProtocol") {
        return because(
            "it does not agree on HTTP/1.1 in the handshake (ALPN)",
            "let the server offer `http/1.1` as well: most classes of clients speak it",
        );
    }
    None
}

fn in_answer(target: &Target, failed: &Failed, seen: &Look) -> (String, String) {
    const IS_ANY: &str =
        "unless the server answers `GET /bytes/N` with N bytes, set `protocol = \"any_http\"`";
    let error = &failed.error;
    let line = seen.answer.as_ref();
    let is_http = line.is_some_and(|line| line.starts_with("HTTP/"));
    let (what, change) = match (failed.kind, target.protocol) {
        (_, Protocol::Lab) if is_http => ("it speaks HTTP".to_owned(), IS_ANY),
        (FailureKind::Status, Protocol::Http) => {
            (format!("`GET /bytes/1` answered {error}"), IS_ANY)
        }
        (FailureKind::Corrupt | FailureKind::Severed, Protocol::Http) => (
            "the answer to `GET /bytes/1` is not the one byte that was asked for".into(),
            IS_ANY,
        ),
        (_, protocol) if protocol.is_dialogue() => (
            format!("no client is served: {error}"),
            "check `protocol`: `zdr help toml` lists each one that zdr speaks",
        ),
        (FailureKind::Status, _) => (
            format!("`GET /` answered {error}"),
            "let the server answer `/` with a status below 500",
        ),
        (_, Protocol::Http | Protocol::AnyHttp)
            if !is_http && seen.alpn.as_deref() == Some(HTTP2) =>
        {
            (
                "it speaks HTTP/2 alone".into(),
                "let the server offer `http/1.1` as well: most classes of clients speak it. If it cannot, as servers of \
                 gRPC, set `protocol = \"tls\"` and `exchange = { alpn = [\"h2\"] }`; `grpc = true` judges its streams",
            )
        }
        (FailureKind::Stalled, Protocol::Http | Protocol::AnyHttp)
            if seen.version.is_some() && line.is_none() =>
        {
            (
                format!("it completes handshakes, and then says nothing: {error}"),
                "if it is a slow server of HTTP, let clients wait for longer (`--patience-ms`). `zdr help toml` lists each \
                 other `protocol` that zdr speaks",
            )
        }
        (_, Protocol::Http | Protocol::AnyHttp) if seen.version.is_some() && !is_http => (
            "it speaks TLS, but no HTTP/1.1 over it".into(),
            "`zdr help toml` lists each `protocol` that zdr speaks. For any other, set `protocol = \"tls\"`, and say in \
             `[exchange]` what clients ask",
        ),
        (FailureKind::Severed, Protocol::AnyHttp) if is_http => (
            "its answer to `GET /` has no end that a client can trust".into(),
            "let the server say how long its answer is (Content-Length, or chunks), or end it by an alert of TLS \
             (close_notify): without either, a client cannot tell a whole answer from one that was cut (RFC 9112, \
             section 9.8). If it can do neither: `protocol = \"tls\"`, a `GET` in `[exchange]`, and `--classes full`",
        ),
        (FailureKind::Refused, _) => ("it took no more connections".into(), ENDED),
        (kind, _) => (
            format!("no client is served: {kind}"),
            "try it by hand: openssl s_client -connect HOST:PORT -servername NAME",
        ),
    };
    (what, change.into())
}

/// Whether the handshake failed by what was shown in it.
fn shows_something_else(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::WrongChain
            | FailureKind::UnknownIssuer
            | FailureKind::WrongKey
            | FailureKind::WrongName
            | FailureKind::Expired
            | FailureKind::NotYetValid
    )
}
