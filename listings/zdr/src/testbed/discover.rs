//! What a server speaks and how it is told of new files, found by trying: it is started for that alone.
//!
//! A way to reload counts only when handshakes show the new certificate, and it is asked of a server that
//! was given the same time without being told.

use std::sync::Arc;
use std::time::Duration;

use crate::attempt::Recorder;
use ch09_simulating_rotation::Writer;

use crate::error::Error;
use crate::load::Target;
use crate::load::dialogue::Told;
use crate::load::held::holds;
use crate::server::advice::Advice;
use crate::server::exchange::Exchange;
use crate::server::holder::Holder;
use crate::server::spec::{Keys, Protocol, Reload, Spec};
use crate::server::written::Remarks;
use crate::testbed::TestBed;
use crate::testbed::http3::look_for_http3;
use crate::testbed::look::{Look, greets_as, look};
use crate::testbed::preflight::{answers, asked};
use crate::testbed::rotate::until_shown;
use crate::testbed::shared::SharedFixtures;

/// How long each way to reload has.
pub const EACH: Duration = Duration::from_secs(3);

/// How long a server has that nothing else reloads: it may look at its files as rarely. One that does so more rarely
/// has to be described.
pub const RARELY: Duration = Duration::from_secs(10);

/// The signals that are tried, in this order.
pub const SIGNALS: [&str; 3] = ["HUP", "USR1", "USR2"];

/// What is known already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// What it speaks.
    pub protocol: bool,
    /// How it is told of new files.
    pub reload: bool,
    /// The kind of its keys.
    pub keys: bool,
}

/// A protocol, what is told of it, and how it was found.
type Spoken = (Protocol, Option<Exchange>, String);

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The description, with what was found in it.
    pub spec: Spec,
    /// How it was found.
    pub remarks: Remarks,
}

/// Finds what is not known. Clients wait for as long as `patience`.
///
/// # Errors
/// When the server does not start, or no client is served, with what to change.
pub async fn discover(spec: &Spec, known: Known, patience: Duration) -> Result<Found, Error> {
    let mut trial = spec.clone();
    trial.limits.reload_within_ms = EACH.as_millis() as u64;
    trial.reload = Reload::default();
    let mut testbed = start(&trial, patience).await?;
    let mut found = Found {
        spec: spec.clone(),
        remarks: Remarks::default(),
    };
    let seen = seen(&testbed).await;
    if adjusted(&mut trial, known, &seen) {
        drop(testbed);
        testbed = start(&trial, patience).await?;
    }
    (found.spec.keys, found.spec.client_auth) = (trial.keys, trial.client_auth);
    found.remarks.protocol = match known.protocol {
        true => "As the options say.".into(),
        false => {
            let (protocol, exchange, how) = protocol(&testbed, &seen).await?;
            (trial.protocol, trial.exchange) = (protocol, exchange.clone());
            (found.spec.protocol, found.spec.exchange) = (protocol, exchange.clone());
            testbed.target.protocol = protocol;
            testbed.target.told = Arc::new(Told::new(exchange.unwrap_or_default()));
            how
        }
    };
    if found.spec.protocol.is_http() {
        let target = &testbed.target;
        let address = *target.address.borrow();
        let offered = seen.offers.as_deref();
        let looking = look_for_http3(address, &target.name, offered, target.patience);
        (found.spec.http3, found.remarks.http3) = Box::pin(looking).await;
    }
    found.remarks.reload = match known.reload {
        true => "As the options say.".into(),
        false => {
            served(&testbed, &testbed.target).await?;
            let (reload, how) = way_to_reload(&trial, testbed, patience).await?;
            found.spec.reload = reload;
            how
        }
    };
    Ok(found)
}

async fn start(spec: &Spec, patience: Duration) -> Result<TestBed, Error> {
    let fixtures = SharedFixtures::new(spec, patience).await?;
    // Boxed: without optimisation, so much room is more than a worker thread has.
    let started = Box::pin(fixtures.start(Writer::VaultAgent)).await;
    started.map_err(Error::in_preflight)
}

async fn seen(testbed: &TestBed) -> Look {
    let target = &testbed.target;
    let address = *target.address.borrow();
    let asked_for: (_, &[&str]) = (target.protocol, &["h2", "http/1.1"]);
    look(address, &target.name, asked_for, target.patience).await
}

/// Whether the description was changed so that the server may accept clients: other keys, or clients with
/// certificates.
fn adjusted(trial: &mut Spec, known: Known, seen: &Look) -> bool {
    let alerts = seen.failed.as_ref().is_some_and(|error| {
        let words = ["HandshakeFailure", "InsufficientSecurity"];
        words.iter().any(|word| error.contains(word))
    });
    let mut changed = false;
    if alerts && !known.keys && trial.keys == Keys::Ecdsa {
        (trial.keys, changed) = (Keys::Rsa, true);
    }
    if seen.asks_clients && !trial.client_auth {
        let has_roots = trial.mentions("{client_roots}") || trial.mentions("{roots}");
        (trial.client_auth, changed) = (has_roots, changed || has_roots);
    }
    changed
}

/// What is tried of a server that does not greet its clients, in this order.
const SILENT: &[Protocol] = &[
    Protocol::Http,
    Protocol::AnyHttp,
    Protocol::Redis,
    Protocol::Postgresql,
    Protocol::Lab,
];

/// What it speaks, and how that was found: the first protocol in which a client is answered.
async fn protocol(testbed: &TestBed, seen: &Look) -> Result<Spoken, Error> {
    let target = &testbed.target;
    let mut tried = Vec::new();
    let greeted = seen.in_clear.as_deref().and_then(greets_as);
    let candidates = match greeted {
        Some((protocol, _)) => vec![protocol],
        None => SILENT.to_vec(),
    };
    for protocol in candidates {
        let target = Target {
            protocol,
            // One that waits for more than it is told is not worth a client's whole patience.
            patience: target.patience.min(EACH),
            ..target.clone()
        };
        let client = target.client(None, false, target.identity.as_deref())?;
        let mut asked = asked(&target);
        let mut answered = target.probe(&client).await.1;
        // Others answer `+PONG` to anything, or to `PING`, and know no transaction.
        if protocol == Protocol::Redis && answered.is_ok() {
            asked += ", and a transaction (`MULTI`, `PING`, `EXEC`)";
            answered = holds(&target, &client).await;
        }
        match answered {
            Ok(()) => {
                tried.push(format!("Answered: {asked}."));
                return Ok((protocol, None, tried.join(" ")));
            }
            Err(failed) => tried.push(format!("Not answered: {asked} ({}).", failed.error)),
        }
    }
    if let Some((exchange, how)) = other_than_http(target, seen).await? {
        tried.push(how);
        return Ok((Protocol::Tls, exchange, tried.join(" ")));
    }
    // It may need longer; otherwise this tells why, in the protocol that it greeted with.
    let protocol = greeted.map_or(Protocol::AnyHttp, |(protocol, _)| protocol);
    let target = Target {
        protocol,
        ..target.clone()
    };
    served(testbed, &target).await?;
    Ok((protocol, None, format!("Answered: {}.", asked(&target))))
}

/// Whether it speaks something over TLS that is not HTTP, and what is judged of it then.
async fn other_than_http(
    target: &Target,
    seen: &Look,
) -> Result<Option<(Option<Exchange>, String)>, Error> {
    let answer = seen.answer.as_ref();
    let answers_http = answer.is_some_and(|line| line.starts_with("HTTP/"));
    if seen.version.is_none() || seen.alpn.as_deref() == Some("http/1.1") || answers_http {
        return Ok(None);
    }
    // HTTP/2 alone, as gRPC's own servers speak it.
    let exchange = seen.alpn.clone().map(|name| Exchange {
        alpn: vec![name],
        ..Exchange::default()
    });
    let target = Target {
        protocol: Protocol::Tls,
        told: Arc::new(Told::new(exchange.clone().unwrap_or_default())),
        ..target.clone()
    };
    let client = target.client(None, false, target.identity.as_deref())?;
    let (_, shown) = target.probe(&client).await;
    let how = match exchange {
        Some(_) => {
            "It speaks HTTP/2 alone, so handshakes are judged, and whether a reload ends open connections. If it \
             has gRPC's health service, grpc = true judges streams, too."
        }
        None => {
            "So handshakes are judged, and whether a reload ends open connections. Say in [exchange] what clients \
             ask, so that answers are judged, too."
        }
    };
    Ok(shown.is_ok().then(|| (exchange, how.to_owned())))
}

/// Whether a client is served; otherwise what the server said as well, since it may have ended by now.
async fn served(testbed: &TestBed, target: &Target) -> Result<(), Error> {
    let answered = answers(target, false).await;
    answered.map_err(|error| error.with_said(testbed.server.output()))
}

/// How it is told of new files, and how that was found.
async fn way_to_reload(
    spec: &Spec,
    mut testbed: TestBed,
    patience: Duration,
) -> Result<(Reload, String), Error> {
    let limit = format!("within {} s", EACH.as_secs());
    if let (Some(after), converged) = first_shown(&mut testbed, None).await?
        && shows_another(&mut testbed).await?
    {
        let (after, to_all) = (after.as_millis(), to_all(converged));
        let how = format!(
            "It showed a new certificate {after} ms after that was written, without being told{to_all}."
        );
        return Ok((Reload::default(), how));
    }
    let mut tried = vec![format!(
        "It showed no new certificate {limit} of its files."
    )];
    let mut starter = None;
    for signal in SIGNALS {
        if testbed.server.ended().is_some() {
            drop(testbed);
            testbed = started_and_served(spec, patience).await?;
        }
        let reload = Reload {
            signal: Some(signal.into()),
            ..Reload::default()
        };
        let behind = testbed.server.behind();
        if let (Some(after), _) = first_shown(&mut testbed, Some(&reload)).await? {
            tried.push(format!(
                "It showed one {} ms after SIG{signal}, and none without it.",
                after.as_millis()
            ));
            let found = follows(spec, testbed, patience, &reload).await?;
            return Ok(found.unwrap_or((reload, tried.join(" "))));
        }
        tried.push(match testbed.server.ended() {
            Some(status) => {
                starter = starter.or(behind.map(|server| (signal, server)));
                format!("SIG{signal} ended it ({status}).")
            }
            None => format!("SIG{signal} changed nothing {limit}."),
        });
    }
    drop(testbed);
    match starter {
        Some((signal, server)) => Err(not_reached(signal, &server, &tried)),
        None => by_no_signal(spec, patience, tried).await,
    }
}

/// What is left where no signal reloads it: it looks at its files rarely, or it is restarted.
async fn by_no_signal(
    spec: &Spec,
    patience: Duration,
    mut tried: Vec<String>,
) -> Result<(Reload, String), Error> {
    // The verdict on a server that is restarted is that it loses connections.
    if let Some(found) = rarely(spec, patience).await? {
        return Ok(found);
    }
    tried.push(format!(
        "Nor did it show one within {} s of its files.",
        RARELY.as_secs()
    ));
    Ok(by_restart(tried))
}

/// Whether it follows its files all the same, where a signal seems to reload it. By chance, the signal may have come
/// just before a look at the files: then the next one comes just after it, and shows nothing.
async fn follows(
    spec: &Spec,
    mut testbed: TestBed,
    patience: Duration,
    reload: &Reload,
) -> Result<Option<(Reload, String)>, Error> {
    if first_shown(&mut testbed, Some(reload)).await?.0.is_none() {
        drop(testbed);
        return rarely(spec, patience).await;
    }
    let (without, _) = first_shown(&mut testbed, None).await?;
    let how = format!("It may take longer than {} s.", EACH.as_secs());
    Ok(without.map(|_| (Reload::default(), how)))
}

/// A server that has read its files and knows its signals. Its port may be open long before that: a first process opens
/// it, and workers that are still starting would read the files that are written next.
async fn started_and_served(spec: &Spec, patience: Duration) -> Result<TestBed, Error> {
    let mut testbed = start(spec, patience).await?;
    testbed.target.protocol = spec.protocol;
    served(&testbed, &testbed.target).await?;
    Ok(testbed)
}

/// Whether it follows its files, but looks at them rarely: it is given more time.
async fn rarely(spec: &Spec, patience: Duration) -> Result<Option<(Reload, String)>, Error> {
    let mut rarely = spec.clone();
    rarely.limits.reload_within_ms = RARELY.as_millis() as u64;
    let mut testbed = started_and_served(&rarely, patience).await?;
    let (first, converged) = first_shown(&mut testbed, None).await?;
    if first.is_some() && !shows_another(&mut testbed).await? {
        return Ok(None);
    }
    let how = |first: Duration| {
        format!(
            "It looks at them rarely: it showed a new certificate {:.1} s after that was written{}.",
            first.as_secs_f64(),
            to_all(converged)
        )
    };
    Ok(first.map(|first| (Reload::default(), how(first))))
}

/// Whether it shows one more by itself. What a worker reads that started late, it reads once.
async fn shows_another(testbed: &mut TestBed) -> Result<bool, Error> {
    Ok(first_shown(testbed, None).await?.0.is_some())
}

/// A reload that has begun counts as one. Whether all of its workers come to it, the check itself will tell.
fn to_all(converged: Option<Duration>) -> &'static str {
    match converged {
        Some(_) => "",
        None => ", and not to all clients in time",
    }
}

/// What is left where nothing that was tried reloads it.
fn by_restart(mut tried: Vec<String>) -> (Reload, String) {
    tried.push(
        "So it is ended and started anew. Where a command tells it, say so: command = [...] in [reload], or \
         --reload \"command:...\"."
            .into(),
    );
    let restart = Reload {
        restart: true,
        ..Reload::default()
    };
    (restart, tried.join(" "))
}

/// What is said where a signal ends a process that has started the server, and never comes to the server.
fn not_reached(signal: &str, server: &Holder, tried: &[String]) -> Error {
    let signals = SIGNALS.map(|signal| format!("SIG{signal}")).join(", ");
    Error::Preflight(Box::new(Advice {
        what: format!(
            "SIG{signal} ended the process that starts the server, and did not reach the server"
        ),
        tried: format!("each of {signals}, for the first process of the command"),
        seen: format!(
            "{server}, and the first process does not. {}",
            tried.join(" ")
        ),
        change: "let a script become the server (`exec` before its last command), or name the server's own \
                 program. Or say how the server is told: --reload \"command:...\", or --reload restart"
            .into(),
    }))
}

/// Writes a new certificate, tells the server in this way, and waits. How long it took until the first handshake
/// that showed it, and the last of as many consecutive ones as are needed.
async fn first_shown(
    testbed: &mut TestBed,
    reload: Option<&Reload>,
) -> Result<(Option<Duration>, Option<Duration>), Error> {
    let issued = testbed.issue()?;
    testbed.site.write(&issued)?;
    if let Some(reload) = reload {
        // What it complains of does not matter: handshakes tell.
        let _ = testbed.server.reload_by(reload, "").await;
    }
    let client = testbed.client()?;
    let recorder = Recorder::default();
    let generation = testbed.chains.latest();
    let (first, mut converged) = until_shown(testbed, &recorder, &client, generation).await;
    // It has begun. Where all are slow, or many workers do it one by one, that takes longer than the first of them.
    if first.is_some() && converged.is_none() {
        (_, converged) = until_shown(testbed, &recorder, &client, generation).await;
    }
    testbed.good = issued;
    Ok((first, converged))
}
