//! What is rotated under a client, and what a sound client does then.

use std::collections::BTreeSet;
use std::time::Duration;

use lab::authority::{Authority, LeafRequest};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, sleep};

use crate::client::command::NAME;
use crate::client::options::{ClientOptions, Step};
use crate::client::outcome::StepReport;
use crate::client::peer::{Event, Opened};
use crate::client::program::{Bench, issue};
use crate::client::removed_root::removed_root;
use crate::error::Error;

/// Why a step about the client's own certificate is not taken.
const NO_CERTIFICATE: &str = "Its command has no `{certificate}`.";
/// Once the client has read a certificate, that waits so long for its key at most.
const TORN: Duration = Duration::from_secs(2);
/// From a request over one connection of a pool to one over the next.
const POOL: Duration = Duration::from_secs(1);

/// Takes a step.
///
/// # Errors
/// When files cannot be written or certificates not be issued.
pub async fn take(
    step: Step,
    bench: &mut Bench,
    options: &ClientOptions,
) -> Result<StepReport, Error> {
    if let Some(status) = bench.ended().filter(|_| step != Step::KeyInOutput) {
        let words = format!(
            "The client had ended by itself ({status}). {} One that asks once and ends is judged with `--once`.",
            bench.said()
        );
        return Ok(step.failed(words));
    }
    match step {
        Step::RenewedLeaf => renewed_leaf(bench, options.within).await,
        Step::AskedByOthers => asked_by_others(bench, options.within).await,
        Step::NewRoot => new_root(bench, options.within).await,
        Step::PastEnd => past_end(bench, options).await,
        Step::HalfRenewed => half_renewed(bench, options).await,
        Step::RemovedRoot => removed_root(bench, options.within).await,
        Step::KeyInOutput => Ok(key_in_output(bench)),
    }
}

async fn renewed_leaf(bench: &mut Bench, within: Duration) -> Result<StepReport, Error> {
    let step = Step::RenewedLeaf;
    if !bench.has_certificate {
        return Ok(step.left_out(NO_CERTIFICATE));
    }
    let mark = bench.peer.mark();
    let serial = bench.renew()?.facts.serial.clone();
    let began = Instant::now();
    let last = match until_it_shows(bench, &serial, began + within).await? {
        Ok(()) => {
            bench.follows = true;
            let after = began.elapsed();
            let words = format!(
                "A new connection showed its new certificate {} ms after its files were replaced.",
                after.as_millis()
            );
            return Ok(step.passed(Some(after), words));
        }
        Err(last) => last,
    };
    bench.follows = false;
    // An answer asks to leave. Where no request comes, none can.
    let asked = |event: &Event| matches!(event, Event::Asked { .. });
    let is_idle = !bench.peer.since(mark).iter().any(asked);
    Ok(step.failed(match last {
        None if is_idle => format!(
            "It opened no connection and sent no request within {} s: a client under test has to go on asking, or be given \
             more time (`--within-ms`).",
            within.as_secs_f64()
        ),
        None => format!(
            "It was asked to open a new connection, and opened none within {} s.",
            within.as_secs_f64()
        ),
        Some(Opened { client: None, .. }) => {
            "It sent no certificate, though it was asked for one and has one.".into()
        }
        Some(Opened { client: Some(old), .. }) => format!(
            "{} s after its files were replaced, new connections still showed its old certificate ({old}).",
            within.as_secs_f64()
        ),
    }))
}

/// Waits for a new connection that shows this certificate. Otherwise: the last one that came, if any.
async fn until_it_shows(
    bench: &mut Bench,
    serial: &str,
    until: Instant,
) -> Result<Result<(), Option<Opened>>, Error> {
    let mut from = bench.peer.mark();
    let shown = issue(&mut bench.first, NAME)?;
    let asks_for = bench.clients.root_pem().to_owned();
    let mut epoch = bench.peer.show(&shown, &asks_for)?;
    let mut last: Option<Opened> = None;
    while let Some(opened) = bench.full(from, epoch, until).await {
        if opened.client.as_deref() == Some(serial) {
            return Ok(Ok(()));
        }
        last = Some(opened);
        from = bench.peer.mark();
        // It may just not have looked yet. The next connection tells.
        epoch = bench.peer.show(&shown, &asks_for)?;
        sleep(Duration::from_millis(10)).await;
    }
    Ok(Err(last))
}

/// Its certificate is renewed, and the key follows only after a while, as with a tool that renames one file
/// after the other and is held up between them.
async fn half_renewed(bench: &mut Bench, options: &ClientOptions) -> Result<StepReport, Error> {
    let step = Step::HalfRenewed;
    if !bench.has_certificate {
        return Ok(step.left_out(NO_CERTIFICATE));
    }
    if !bench.follows {
        return Ok(step.left_out("It does not follow its files, as `renewed_leaf` shows."));
    }
    let old = bench.own().facts.serial.clone();
    let next = bench.half_renew()?;
    // One that has not looked yet has not met it.
    until_it_has_read(bench, Instant::now() + options.within).await;
    let unread = bench.has_read() == Some(false);
    let torn = until_it_shows(bench, &old, Instant::now() + options.within.min(TORN)).await?;
    let ended = bench.ended();
    bench.complete(next)?;
    if let Some(status) = ended {
        return Ok(step.failed(format!(
            "It ended ({status}) while its certificate was new and its key was old. {}",
            bench.said()
        )));
    }
    let serial = bench.own().facts.serial.clone();
    let began = Instant::now();
    let came = until_it_shows(bench, &serial, began + options.within).await?;
    let after = began.elapsed();
    let meanwhile = match torn {
        _ if unread => "It did not open its certificate while that was new and its key was old",
        Ok(()) => "While its certificate was new and its key was old, it showed the previous pair",
        Err(_) => {
            "While its certificate was new and its key was old, it opened no connection with a certificate"
        }
    };
    Ok(match came {
        Ok(()) => step.passed(
            Some(after),
            format!(
                "{meanwhile}. {} ms after the key had followed, it showed the new pair.",
                after.as_millis()
            ),
        ),
        Err(_) => step.failed(format!(
            "{meanwhile}. {} s after the key had followed, it still did not show the new pair.",
            options.within.as_secs_f64()
        )),
    })
}

/// Waits until the client has read its new certificate. Where the file system does not tell, that is at once.
async fn until_it_has_read(bench: &mut Bench, until: Instant) {
    while bench.has_read() == Some(false) && bench.ended().is_none() && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
}

/// What it has printed until now.
fn key_in_output(bench: &Bench) -> StepReport {
    let step = Step::KeyInOutput;
    if !bench.has_certificate {
        return step.left_out(NO_CERTIFICATE);
    }
    match bench.output.leaks() {
        0 => step.passed(None, "It printed no byte of its private keys."),
        1 => step.failed("It printed a line with bytes of its private key."),
        lines => step.failed(format!(
            "It printed {lines} lines with bytes of its private keys."
        )),
    }
}

async fn asked_by_others(bench: &mut Bench, within: Duration) -> Result<StepReport, Error> {
    let step = Step::AskedByOthers;
    if !bench.has_certificate {
        return Ok(step.left_out(NO_CERTIFICATE));
    }
    let stranger = Authority::named("Stranger Root").map_err(Error::issue)?;
    let shown = issue(&mut bench.first, NAME)?;
    let mark = bench.peer.mark();
    let epoch = bench.peer.show(&shown, stranger.root_pem())?;
    let met = bench.full(mark, epoch, Instant::now() + within).await;
    let asks_for = bench.clients.root_pem().to_owned();
    bench.peer.show(&shown, &asks_for)?;
    Ok(match met {
        None => step.left_out("It opened no new connection when it was asked to."),
        Some(Opened { client: None, .. }) => step.passed(
            None,
            "It sent no certificate to a server that asks for those of another authority.",
        ),
        Some(Opened { client: Some(_), .. }) => step.failed(
            "A server asked for certificates of another authority, and the client sent its own: so any server can \
             learn the client's identity.",
        ),
    })
}

async fn new_root(bench: &mut Bench, within: Duration) -> Result<StepReport, Error> {
    let step = Step::NewRoot;
    let both = format!("{}{}", bench.first.root_pem(), bench.second.root_pem());
    bench.trust(&both)?;
    let (began, mark) = (Instant::now(), bench.peer.mark());
    let shown = issue(&mut bench.second, NAME)?;
    let asks_for = bench.clients.root_pem().to_owned();
    let epoch = bench.peer.show(&shown, &asks_for)?;
    if bench.asks(mark, epoch, began + within).await {
        let after = began.elapsed();
        let words = format!(
            "It accepted a certificate of the new root {} ms after the root was added to its file.",
            after.as_millis()
        );
        return Ok(step.passed(Some(after), words));
    }
    let met = bench.peer.since(mark);
    let refused = met.iter().find_map(|event| match event {
        Event::Refused { why, .. } => Some(why),
        _ => None,
    });
    let opened = |event: &Event| matches!(event, Event::Opened(of) if of.epoch == epoch);
    let how = match (refused, bench.ended()) {
        (_, Some(status)) => format!("it ended ({status}). {}", bench.said()),
        (Some(why), None) => format!("it still rejects a certificate of the new root: {why}."),
        (None, None) if met.iter().any(opened) => {
            "it has sent no request over a new connection.".to_owned()
        }
        (None, None) => "it has opened no new connection.".to_owned(),
    };
    let words = format!(
        "{:.0} s after a root was added to its file, {how}",
        began.elapsed().as_secs_f64()
    );
    // What follows is asked of a client that is at work.
    let first = issue(&mut bench.first, NAME)?;
    bench.peer.show(&first, &asks_for)?;
    Ok(step.failed(words))
}

/// The connections that were opened in this epoch.
fn of_epoch(events: &[Event], epoch: u64) -> BTreeSet<u64> {
    let opened = events.iter().filter_map(|event| match event {
        Event::Opened(of) if of.epoch == epoch => Some(of.connection),
        _ => None,
    });
    opened.collect()
}

async fn past_end(bench: &mut Bench, options: &ClientOptions) -> Result<StepReport, Error> {
    let step = Step::PastEnd;
    let asks_for = bench.clients.root_pem().to_owned();
    let request = LeafRequest {
        lifetime: options.short,
        ..LeafRequest::new(NAME)
    };
    bench.first.set_clock(OffsetDateTime::now_utc());
    let short = bench.first.issue(&request).map_err(Error::issue)?;
    let mark = bench.peer.mark();
    let epoch = bench.peer.show(&short, &asks_for)?;
    let begun = Instant::now();
    let until = begun + options.short.min(options.within);
    if bench.full(mark, epoch, until).await.is_none() {
        let next = issue(&mut bench.first, NAME)?;
        bench.peer.show(&next, &asks_for)?;
        return Ok(step.left_out("It opened no connection while the short certificate was valid."));
    }
    let end = OffsetDateTime::parse(&short.facts.not_after, &Rfc3339).map_err(Error::issue)?;
    // The end is the last second of its validity (RFC 5280, section 4.1.2.5).
    let left = end + time::Duration::seconds(1) - OffsetDateTime::now_utc();
    sleep(left.max(time::Duration::ZERO).unsigned_abs()).await;
    let kept = of_epoch(&bench.peer.since(mark), epoch);
    let (over, mark) = (bench.peer.now(), bench.peer.mark());
    // Whatever comes first: a request over an old connection, or an attempt to open a new one.
    let next = |event: &Event| match event {
        Event::Asked { connection, at } if *at > over => Some(kept.contains(connection)),
        Event::Refused { .. } => Some(false),
        _ => None,
    };
    let until = Instant::now() + options.within;
    let mut kept_on = bench.peer.wait(mark, until, next).await;
    if kept_on == Some(false) {
        // Another connection of the same pool may have its turn a moment later.
        let late = |event: &Event| next(event).filter(|kept| *kept);
        let later = bench.peer.wait(mark, Instant::now() + POOL, late).await;
        kept_on = later.or(kept_on);
    }
    let next = issue(&mut bench.first, NAME)?;
    bench.peer.show(&next, &asks_for)?;
    // What has ended sends nothing, and is no client that does as it should.
    Ok(match (kept_on, bench.ended()) {
        (Some(true), _) => step.failed(
            "It sent a request over a kept connection although the server's certificate had expired. Only a new \
             handshake can show that: limit the age of its connections.",
        ),
        (_, Some(status)) => step.failed(format!(
            "Around the end of the server's certificate, it ended by itself ({status}). {}",
            bench.said()
        )),
        (Some(false), None) => step.passed(None, "After the server's certificate had expired, it sent nothing more over the connection."),
        (None, None) => step.passed(None, "After the server's certificate had expired, it sent no request at all."),
    })
}
