//! A command with which a person sees the same as the clients of a check did.

use std::net::IpAddr;

use crate::attempt::differs::{Cipher, UNKNOWN};
use crate::attempt::failure::ANSWERED_STRANGER;
use crate::attempt::{Differs, FailureKind};
use crate::gate::ROTATION;
use crate::gate::code::Code;
use crate::gate::scenario::Scenario;
use crate::report::cause::Cause;
use crate::report::cause::kind::CauseKind;
use crate::report::reach::Reach;
use crate::report::{Finding, Report};
use ch11_verification::attempt::Class;

/// What to run, and what to do meanwhile.
#[derive(Debug, PartialEq)]
pub struct Reproduction {
    /// For a shell. `roots.pem` are the trust anchors of its clients.
    pub command: String,
    /// What it shows, and when.
    pub shows: &'static str,
}

/// How to see one of a report's causes. `None` where no client can: a log, a process.
pub fn reproduction(report: &Report, cause: &Cause) -> Option<Reproduction> {
    let reach = report.server.reach.as_ref()?;
    let first = cause.findings.first();
    let first = first.and_then(|at| report.findings.get(*at));
    let of_class = |found: &Finding| match found.evidence.first() {
        Some(seen) => Some(seen.class),
        None => found.class,
    };
    let class = first.and_then(of_class);
    let differs = first.and_then(|found| found.differs);
    let handshake = |more: &str| handshake(reach, class, differs, more);
    let (command, shows) = match (cause.kind, class) {
        (CauseKind::KeyExposed | CauseKind::Ends | CauseKind::LogLies, _) => return None,
        (CauseKind::LetsIn, _) => let_in(reach, first, &handshake("")?)?,
        (CauseKind::CutsConnections | CauseKind::WrongBytes, class) => {
            let is_long = first.is_some_and(|of| of.code == Code::Severed);
            cut(reach, class, is_long)?
        }
        (CauseKind::AnswersErrors, _) => (
            requests(reach, "--fail ")?,
            "fails if the server reloads meanwhile: an error status counts",
        ),
        (CauseKind::ForgetsSettings, _) if first.is_none_or(|of| of.code != Code::NotPickedUp) => (
            handshake("-verify_return_error -brief ")?,
            "differs before and after a reload: a handshake fails, or agrees on less",
        ),
        (CauseKind::Waits, _) => waits(first, reach, &handshake("-verify_return_error ")?)?,
        (CauseKind::RefusesClients | CauseKind::FailsHandshakes, _) => (
            format!("while {}; do :; done", handshake("-verify_return_error ")?),
            "goes on until the first handshake fails: reload the server meanwhile",
        ),
        (CauseKind::ShowsInvalid, _) if differs == Some(Differs::ChecksStatus) => (
            format!("{} 2>/dev/null | grep 'Serial Number'", handshake("")?),
            "prints the serial of which the OCSP response speaks: compare it with the certificate's",
        ),
        (CauseKind::ShowsInvalid | CauseKind::LosesLastGood | CauseKind::DoesNotValidate, _) => (
            handshake(&verifying(reach, first)?)?,
            "ends with the error that clients meet, once the server has such files",
        ),
        (CauseKind::ReadsTooEarly, _) if first.is_some_and(|of| of.code == Code::UnfitShown) => (
            format!(
                "while {}; do :; done",
                handshake(&verifying(reach, first)?)?
            ),
            "goes on until a client rejects what it is shown: write the files meanwhile",
        ),
        (CauseKind::FollowsNoTrust, _) => (
            handshake("-verify_return_error ")?,
            "is turned away although its authority is on the list",
        ),
        _ => (
            format!(
                "{} 2>/dev/null | openssl x509 -noout -serial -enddate",
                handshake("")?
            ),
            "prints the certificate that is shown: compare its serial with the file's",
        ),
    };
    Some(Reproduction { command, shows })
}

/// A handshake that nobody answers would wait for as long as the server does: `timeout` ends it.
fn waits(
    first: Option<&Finding>,
    reach: &Reach,
    handshake: &str,
) -> Option<(String, &'static str)> {
    let limited = format!("timeout 5 {handshake}");
    if first.is_some_and(|found| found.scenario == ROTATION) {
        return Some((
            format!("while {limited}; do :; done"),
            "goes on until a handshake takes 5 s: reload the server meanwhile, while downloads are open",
        ));
    }
    if first.is_none_or(|found| found.scenario != Scenario::HalfOpen.name()) {
        return Some((
            limited,
            "is ended after 5 s, while a file of the server is a FIFO (mkfifo) and it reloads",
        ));
    }
    // Bash opens the connection; nothing is sent over it.
    let (host, port) = reach.address.rsplit_once(':')?;
    let host = host.trim_matches(['[', ']']);
    let silent = quoted(&format!("sleep 20 3<>/dev/tcp/{host}/{port}"))?;
    Some((
        format!("bash -c {silent} & sleep 1; {limited}"),
        "is ended after 5 s, because it waits for a client that has connected and says nothing",
    ))
}

/// Whether those that were let in had a certificate, of an authority that is not in the list.
fn is_of_strangers(found: &Finding) -> bool {
    let mut evidence = found.evidence.iter();
    evidence.any(|seen| seen.said == ANSWERED_STRANGER)
}

/// As those that are let in and should not be: with a certificate of their own, with one whose authority was removed, or
/// with none.
fn let_in(
    reach: &Reach,
    first: Option<&Finding>,
    handshake: &str,
) -> Option<(String, &'static str)> {
    let removed = Scenario::TrustRemoved.name();
    Some(match first {
        Some(found) if is_of_strangers(found) => (
            as_a_stranger(reach)?,
            "is answered, although the server knows nothing of its certificate",
        ),
        Some(found) if found.code == Code::ResumedWithoutTrust => (
            resumed(handshake),
            "prints `Reused`, if you remove the client's authority and then press Enter",
        ),
        Some(found) if found.scenario == removed => (
            curl(reach, true, "", reach.request.as_deref()?)?,
            "is answered, although the authority of its certificate was removed from the list",
        ),
        _ => (
            curl(reach, false, "", reach.request.as_deref()?)?,
            "is answered, although it shows no certificate",
        ),
    })
}

/// A handshake, and one that resumes its session later. The ticket of TLS 1.3 comes behind the first.
fn resumed(handshake: &str) -> String {
    let asks = handshake.trim_end_matches("</dev/null");
    format!(
        "sleep 1 | {asks}-sess_out session.pem >/dev/null 2>&1; read -r _; {asks}-sess_in session.pem </dev/null \
         2>/dev/null | grep Reused"
    )
}

/// A request with a certificate that its client has made for itself.
fn as_a_stranger(reach: &Reach) -> Option<String> {
    let files = "--cert stranger.crt --key stranger.key ";
    let asks = curl(reach, false, files, reach.request.as_deref()?)?;
    Some(format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=stranger -keyout stranger.key -out stranger.crt && {asks}"
    ))
}

/// Many requests over one connection, with more options.
fn requests(reach: &Reach, more: &str) -> Option<String> {
    let many = format!("{}#[1-1000]", reach.request.as_deref()?);
    curl(
        reach,
        true,
        &format!("{more}--fail-early --rate 10/s "),
        &many,
    )
}

/// What is cut while the server reloads: a long answer, or a request. curl has HTTP/3 where it was built with it.
fn cut(reach: &Reach, class: Option<Class>, is_long: bool) -> Option<(String, &'static str)> {
    let download = |more| curl(reach, true, more, reach.download.as_deref()?);
    let over_one = "fails if the server reloads meanwhile: all requests go over one connection";
    Some(match class {
        Some(Class::Moving) => (
            download("--http3-only --limit-rate 1M ")?,
            "is cut if the server reloads meanwhile, from a machine that changes its network",
        ),
        Some(Class::Download) => (
            download("--limit-rate 1M ")?,
            "is cut if the server reloads meanwhile",
        ),
        // Requests may well go on where a stream beside them is cut.
        Some(Class::Http2) if is_long && reach.download.is_some() => (
            download("--http2 --limit-rate 1M ")?,
            "is cut if the server reloads meanwhile",
        ),
        Some(Class::Http3) if is_long && reach.download.is_some() => (
            download("--http3-only --limit-rate 1M ")?,
            "is cut if the server reloads meanwhile",
        ),
        Some(Class::Http3) => (requests(reach, "--http3-only ")?, over_one),
        // Requests may well go on where these are cut, and where they go the report does not say.
        Some(Class::Upload | Class::Held | Class::Grpc) => return None,
        _ => (requests(reach, "")?, over_one),
    })
}

/// One handshake, as a client of this class makes it, or one that differs in this. No protocol is offered (ALPN)
/// where none has to be.
fn handshake(
    reach: &Reach,
    class: Option<Class>,
    differs: Option<Differs>,
    more: &str,
) -> Option<String> {
    if reach.begins_in_clear {
        return None;
    }
    let address = match differs {
        Some(Differs::Address(other)) => {
            let (_, port) = reach.address.rsplit_once(':')?;
            match other {
                IpAddr::V4(other) => format!("{other}:{port}"),
                IpAddr::V6(other) => format!("[{other}]:{port}"),
            }
        }
        _ => reach.address.clone(),
    };
    let address = quoted(&address)?;
    let name = quoted(match differs {
        Some(Differs::UnknownName) => UNKNOWN,
        _ => &reach.name,
    })?;
    let asked = match class {
        Some(Class::Nameless) => "-noservername".to_owned(),
        Some(Class::Tls12) => format!("-servername {name} -tls1_2"),
        // Since OpenSSL 3.2 (openssl-s_client).
        Some(Class::Quic | Class::Http3 | Class::Moving) => {
            format!("-servername {name} -quic -alpn h3")
        }
        // Which kind of key that is, the report does not say.
        Some(Class::Second) => return None,
        _ => format!(
            "-servername {name}{}",
            differs.map_or_else(String::new, only)
        ),
    };
    let first = match &reach.starttls {
        Some(protocol) => format!(" -starttls {}", quoted(protocol)?),
        None => String::new(),
    };
    let client = match reach.client_auth {
        // Of the first file OpenSSL sends the leaf alone, and what issued it may be none that the server knows.
        true => " -cert client.crt -cert_chain client.crt -key client.key",
        false => "",
    };
    Some(format!(
        "openssl s_client -connect {address}{first} {asked} -CAfile roots.pem{client} {more}</dev/null"
    ))
}

/// What makes OpenSSL's client end with the error that was met. It looks at the name only if it is told to.
fn verifying(reach: &Reach, first: Option<&Finding>) -> Option<String> {
    let is_wrong_name = |found: &Finding| {
        let mut evidence = found.evidence.iter();
        evidence.any(|seen| seen.kind == FailureKind::WrongName)
    };
    let option = match reach.name.parse::<IpAddr>() {
        Ok(_) => "-verify_ip",
        Err(_) => "-verify_hostname",
    };
    Some(match first.is_some_and(is_wrong_name) {
        true => format!("{option} {} -verify_return_error ", quoted(&reach.name)?),
        false => "-verify_return_error ".into(),
    })
}

/// What makes OpenSSL's client offer or ask for the same as one that differs in this.
fn only(differs: Differs) -> String {
    let suites = |of_13, of_12| format!(" -ciphersuites {of_13} -cipher {of_12}");
    match differs {
        Differs::ChecksStatus => " -status".into(),
        Differs::Http2Alone => " -alpn h2".into(),
        Differs::OneGroup(group) => format!(" -groups {}", group.name()),
        Differs::OneCipher(Cipher::Aes128) => {
            suites("TLS_AES_128_GCM_SHA256", "ECDHE+AESGCM+AES128")
        }
        Differs::OneCipher(Cipher::Aes256) => {
            suites("TLS_AES_256_GCM_SHA384", "ECDHE+AESGCM+AES256")
        }
        Differs::OneCipher(Cipher::Chacha20) => {
            suites("TLS_CHACHA20_POLY1305_SHA256", "ECDHE+CHACHA20")
        }
        Differs::UnknownName | Differs::NoProtocol | Differs::Address(_) => String::new(),
    }
}

/// A request, or several.
fn curl(reach: &Reach, with_certificate: bool, more: &str, path: &str) -> Option<String> {
    let to = quoted(&format!("::{}", reach.address))?;
    let url = quoted(&format!("https://{}{path}", reach.name))?;
    let client = match reach.client_auth && with_certificate {
        true => "--cert client.crt --key client.key ",
        false => "",
    };
    Some(format!(
        "curl -sS -o /dev/null --cacert roots.pem {client}{more}--connect-to {to} {url}"
    ))
}

/// For a shell. `None` where no shell can be told: a NUL.
fn quoted(text: &str) -> Option<String> {
    shlex::try_quote(text)
        .ok()
        .map(std::borrow::Cow::into_owned)
}
