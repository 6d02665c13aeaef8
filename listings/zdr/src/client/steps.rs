//! What is rotated under a client, and what a sound client does then.

use std::time::Duration;

use lab::authority::{Authority, Issued, LeafRequest};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, sleep};

use crate::client::options::{ClientOptions, Step};
use crate::client::outcome::StepReport;
use crate::client::peer::{Event, Opened};
use crate::client::program::{Bench, NAME, SLICE, issue};
use crate::error::Error;
use crate::server::error::it_said;

/// Why a step about the client's own certificate is not taken.
const NO_CERTIFICATE: &str = "Its command has no `{certificate}`.";
/// For so long at most a certificate waits for its key.
const TORN: Duration = Duration::from_secs(2);

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
        let words = format!("The client had ended by itself ({status}). {}", said(bench));
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

fn said(bench: &Bench) -> String {
    it_said(&bench.output.last())
}

async fn renewed_leaf(bench: &mut Bench, within: Duration) -> Result<StepReport, Error> {
    let step = Step::RenewedLeaf;
    if !bench.has_certificate {
        return Ok(step.left_out(NO_CERTIFICATE));
    }
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
    Ok(step.failed(match last {
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
    let torn = until_it_shows(bench, &old, Instant::now() + options.within.min(TORN)).await?;
    let ended = bench.ended();
    bench.complete(next)?;
    if let Some(status) = ended {
        return Ok(step.failed(format!(
            "It ended ({status}) while its certificate was new and its key was old. {}",
            said(bench)
        )));
    }
    let serial = bench.own().facts.serial.clone();
    let began = Instant::now();
    let came = until_it_shows(bench, &serial, began + options.within).await?;
    let after = began.elapsed();
    let meanwhile = match torn {
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
    if bench.full(mark, epoch, began + within).await.is_some() {
        let after = began.elapsed();
        let words = format!(
            "It accepted a certificate of the new root {} ms after the root was added to its file.",
            after.as_millis()
        );
        return Ok(step.passed(Some(after), words));
    }
    let refused = bench
        .peer
        .since(mark)
        .into_iter()
        .find_map(|event| match event {
            Event::Refused { why, .. } => Some(why),
            _ => None,
        });
    let how = match (refused, bench.ended()) {
        (_, Some(status)) => format!("it ended ({status}). {}", said(bench)),
        (Some(why), None) => format!("it still rejects a certificate of the new root: {why}."),
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
    let Some(opened) = bench
        .full(mark, epoch, begun + options.short.min(options.within))
        .await
    else {
        let next = issue(&mut bench.first, NAME)?;
        bench.peer.show(&next, &asks_for)?;
        return Ok(step.left_out("It opened no connection while the short certificate was valid."));
    };
    let end = OffsetDateTime::parse(&short.facts.not_after, &Rfc3339).map_err(Error::issue)?;
    // The end is the last second of its validity (RFC 5280, section 4.1.2.5).
    let left = end + time::Duration::seconds(1) - OffsetDateTime::now_utc();
    sleep(left.max(time::Duration::ZERO).unsigned_abs()).await;
    let (over, mark) = (bench.peer.now(), bench.peer.mark());
    // Whatever comes first: a request over the old connection, or an attempt to open a new one.
    let next = |event: &Event| match event {
        Event::Asked { connection, at } if *at > over => Some(*connection == opened.connection),
        Event::Refused { .. } => Some(false),
        _ => None,
    };
    let kept = bench
        .peer
        .wait(mark, Instant::now() + options.within, next)
        .await;
    let next = issue(&mut bench.first, NAME)?;
    bench.peer.show(&next, &asks_for)?;
    // What has ended sends nothing, and is no client that does as it should.
    Ok(match (kept, bench.ended()) {
        (Some(true), _) => step.failed(
            "It sent a request over a kept connection although the server's certificate had expired. Only a new \
             handshake can show that: limit the age of its connections.",
        ),
        (_, Some(status)) => step.failed(format!(
            "Around the end of the server's certificate, it ended by itself ({status}). {}",
            said(bench)
        )),
        (Some(false), None) => step.passed(None, "After the server's certificate had expired, it sent nothing more over the connection."),
        (None, None) => step.passed(None, "After the server's certificate had expired, it sent no request at all."),
    })
}

/// What tells whether a root that is gone from a client's file is gone for the client.
enum Met {
    /// The client objected.
    Objected,
    /// It ended.
    Ended,
    /// It was there until the end: by this handshake last.
    Stayed(Option<Opened>),
}

async fn removed_root(bench: &mut Bench, within: Duration) -> Result<StepReport, Error> {
    let step = Step::RemovedRoot;
    let asks_for = bench.clients.root_pem().to_owned();
    let both = format!("{}{}", bench.first.root_pem(), bench.second.root_pem());
    bench.trust(&both)?;
    let shown = issue(&mut bench.first, NAME)?;
    if !session_begins(bench, &shown, within).await? {
        return Ok(step.left_out("It did not connect while the root was still trusted."));
    }
    let only = bench.second.root_pem().to_owned();
    bench.trust(&only)?;
    let began = Instant::now();
    let met = until_it_objects(bench, began + within).await;
    let after = began.elapsed();
    let ms = after.as_millis();
    let words = match met {
        Met::Objected => {
            format!(
                "{ms} ms after the root was removed from its file, it rejected a certificate of that root."
            )
        }
        Met::Ended => format!(
            "It ended {ms} ms after the root was removed from its file. {}",
            said(bench)
        ),
        Met::Stayed(None) => {
            "After the root was removed, it sent nothing more to a server of that root.".into()
        }
        Met::Stayed(Some(last)) => {
            let accepts = match last.resumed {
                false => true,
                // And without a session?
                true => {
                    bench.peer.show(&shown, &asks_for)?;
                    let met = until_it_objects(bench, Instant::now() + within).await;
                    matches!(met, Met::Stayed(Some(_)))
                }
            };
            let seconds = within.as_secs_f64();
            let what = still(last.resumed, accepts);
            let words =
                format!("{seconds} s after the root was removed from its file, it still {what}.");
            return Ok(
                step.failed(match accepts && trusts_anybody(bench, within).await? {
                    true => format!("{words} {VERIFIES_NOTHING}"),
                    false => words,
                }),
            );
        }
    };
    Ok(step.passed(Some(after), words))
}

/// What is wrong with a client that accepts what no root of it has ever issued.
const VERIFIES_NOTHING: &str = "It also accepted a certificate of a root that was never in its file: it does not verify the server at all.";

/// Whether it accepts a certificate of a root that was never in its file.
async fn trusts_anybody(bench: &mut Bench, within: Duration) -> Result<bool, Error> {
    let mut stranger = Authority::named("Stranger Root").map_err(Error::issue)?;
    let shown = issue(&mut stranger, NAME)?;
    let asks_for = bench.clients.root_pem().to_owned();
    let mark = bench.peer.mark();
    let epoch = bench.peer.show(&shown, &asks_for)?;
    let until = Instant::now() + within;
    let Some(opened) = bench.full(mark, epoch, until).await else {
        return Ok(false);
    };
    // With TLS 1.3 a client may still object now: a request says that it did not.
    let asked = |event: &Event| match event {
        Event::Asked { connection, .. } if *connection == opened.connection => Some(true),
        Event::Refused { epoch: of, .. } if *of == epoch => Some(false),
        _ => None,
    };
    Ok(bench.peer.wait(mark, until, asked).await == Some(true))
}

/// What a client does that goes by a root it has no more.
fn still(resumes: bool, accepts: bool) -> &'static str {
    match (resumes, accepts) {
        (true, false) => {
            "resumed a session that began under that root, because a resumption verifies no certificate. It \
             rejected the root in a full handshake"
        }
        (true, true) => {
            "resumed sessions that began under that root, and accepted a certificate of that root"
        }
        (false, _) => "accepted a certificate of that root",
    }
}

/// Lets a session begin while the root is trusted: with a request later, its ticket has come.
async fn session_begins(
    bench: &mut Bench,
    shown: &Issued,
    within: Duration,
) -> Result<bool, Error> {
    let asks_for = bench.clients.root_pem().to_owned();
    let mark = bench.peer.mark();
    let epoch = bench.peer.show(shown, &asks_for)?;
    let Some(opened) = bench.full(mark, epoch, Instant::now() + within).await else {
        return Ok(false);
    };
    let asked = |event: &Event| match event {
        Event::Asked { connection, .. } => (*connection == opened.connection).then_some(()),
        _ => None,
    };
    let _ = bench.peer.wait(mark, Instant::now() + within, asked).await;
    Ok(true)
}

/// Shows the same again and again, with the sessions of before, until the client objects or the time is up.
async fn until_it_objects(bench: &mut Bench, until: Instant) -> Met {
    let config = bench.peer.shown();
    let mut last = None;
    while Instant::now() < until {
        let mark = bench.peer.mark();
        let epoch = bench.peer.show_config(config.clone());
        let next = |event: &Event| match event {
            Event::Opened(opened) if opened.epoch == epoch => Some(Some(opened.clone())),
            Event::Refused { epoch: of, .. } if *of == epoch => Some(None),
            _ => None,
        };
        let slice = until.min(Instant::now() + SLICE);
        match bench.peer.wait(mark, slice, next).await {
            Some(Some(opened)) => {
                // With TLS 1.3 a client objects after the server's own handshake is complete.
                let objected = |event: &Event| match event {
                    Event::Refused { epoch: of, .. } if *of == epoch => Some(true),
                    Event::Asked { connection, .. } if *connection == opened.connection => {
                        Some(false)
                    }
                    _ => None,
                };
                match bench.peer.wait(mark, slice, objected).await {
                    Some(true) => return Met::Objected,
                    Some(false) => last = Some(opened),
                    None => {}
                }
                sleep(Duration::from_millis(10)).await;
            }
            Some(None) => return Met::Objected,
            None if bench.ended().is_some() => return Met::Ended,
            None => {}
        }
    }
    Met::Stayed(last)
}
