//! The step `removed_root`: whether a root that is gone from a client's file is gone for the client.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::authority::{Authority, Issued};
use tokio::time::{Instant, sleep};

use crate::client::command::NAME;
use crate::client::options::Step;
use crate::client::outcome::StepReport;
use crate::client::peer::{Event, Opened};
use crate::client::program::{Bench, SLICE, issue};
use crate::error::Error;

/// So many connections in a row, closed without a request, are an objection. One alone may be a spare one.
const SILENT: u32 = 3;
/// A connection that was opened at the very end may still be closed so much later.
const LATE: Duration = Duration::from_secs(1);

/// Who has objected is looked at for so long, at least: a client that asks again without verification does so at once,
/// or after a pause.
const AGAIN: Duration = Duration::from_secs(1);
/// A pause is over when the client has objected so often, since some try a few times before they do something else; or
/// after so long.
const TRIES: usize = 6;
const PAUSES: Duration = Duration::from_secs(5);

/// What tells whether a root that is gone from a client's file is gone for the client.
enum Met {
    /// The client objected.
    Objected,
    /// It ended.
    Ended,
    /// It was there until the end: by this handshake last.
    Stayed(Option<Opened>),
}

pub(super) async fn removed_root(bench: &mut Bench, within: Duration) -> Result<StepReport, Error> {
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
    if matches!(met, Met::Objected) && !stays_away(bench, began + within).await {
        let words = format!(
            "{ms} ms after the root was removed from its file, it rejected a certificate of that root, and then sent \
             its request all the same: it falls back to a connection that it does not verify, or one of its connections \
             still goes by that root."
        );
        return Ok(step.failed(words));
    }
    let words = match met {
        Met::Objected => {
            format!(
                "{ms} ms after the root was removed from its file, it rejected a certificate of that root."
            )
        }
        Met::Ended => format!(
            "It ended {ms} ms after the root was removed from its file. {}",
            bench.said()
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

/// Whether a client that has objected sends no more requests. Of several connections of one client, each may follow the
/// roots by itself: all of them have to by then.
async fn stays_away(bench: &mut Bench, until: Instant) -> bool {
    let config = bench.peer.shown();
    loop {
        let mark = bench.peer.mark();
        let epoch = bench.peer.show_config(config.clone());
        if !falls_back(bench, mark, epoch).await {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
    }
}

/// Whether a request comes from a client that has objected. As long as it has not objected a few times more, it may be
/// between its objections and what it does then.
async fn falls_back(bench: &mut Bench, mark: usize, epoch: u64) -> bool {
    let until = Instant::now() + PAUSES;
    loop {
        if bench.asks(mark, epoch, Instant::now() + AGAIN).await {
            return true;
        }
        let goes_on = objections(bench.peer.since(mark), epoch) < TRIES;
        if !goes_on || bench.ended().is_some() || Instant::now() >= until {
            return false;
        }
    }
}

/// How often the client has objected to what it was shown from this epoch on.
fn objections(events: Vec<Event>, first: u64) -> usize {
    let mut since = Since {
        first,
        ..Since::default()
    };
    let signs = events.into_iter().filter_map(|event| since.take(event));
    signs.filter(|sign| *sign == Sign::Objected).count()
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
    Ok(bench.asks(mark, epoch, Instant::now() + within).await)
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

/// What came of the connections that were opened since the root is gone.
#[derive(Default)]
struct Since {
    /// The how many-th identity they were shown, at least.
    first: u64,
    /// Opened, and neither closed nor with a request until now.
    waiting: BTreeMap<u64, Opened>,
    /// The last one over which a request came.
    last: Option<Opened>,
    /// How many in a row, up to the last, were closed without a request.
    silent: u32,
}

/// What an event says of the client.
#[derive(Debug, PartialEq)]
enum Sign {
    Objected,
    Asked,
}

impl Since {
    /// With TLS 1.3 the server's own handshake is complete before the client has objected: what a client makes of a
    /// connection is told by its alert, its request, or its silence.
    fn take(&mut self, event: Event) -> Option<Sign> {
        match event {
            Event::Opened(opened) if opened.epoch >= self.first => {
                self.waiting.insert(opened.connection, opened);
                None
            }
            Event::Opened(_) => None,
            Event::Refused { epoch, .. } => (epoch >= self.first).then_some(Sign::Objected),
            Event::Asked { connection, .. } => {
                self.last = Some(self.waiting.remove(&connection)?);
                self.silent = 0;
                Some(Sign::Asked)
            }
            // Some libraries verify after the handshake, and send no alert then.
            Event::Closed {
                connection,
                asked_to,
            } => {
                self.waiting.remove(&connection)?;
                self.silent += u32::from(!asked_to);
                (self.silent >= SILENT).then_some(Sign::Objected)
            }
        }
    }

    /// The last handshake by which the client goes on. A connection that it keeps open was accepted, too.
    fn accepted(mut self) -> Option<Opened> {
        let kept = self.waiting.pop_last();
        self.last.or(kept.map(|(_, opened)| opened))
    }
}

/// Shows the same again and again, with the sessions of before, until the client objects or the time is up.
async fn until_it_objects(bench: &mut Bench, until: Instant) -> Met {
    let config = bench.peer.shown();
    let mut mark = bench.peer.mark();
    let mut since = Since {
        first: bench.peer.show_config(config.clone()),
        ..Since::default()
    };
    loop {
        let mut asked = false;
        for event in bench.peer.since(mark) {
            mark += 1;
            match since.take(event) {
                Some(Sign::Objected) => return Met::Objected,
                Some(Sign::Asked) => asked = true,
                None => {}
            }
        }
        let now = Instant::now();
        if now >= until && (since.waiting.is_empty() || now >= until + LATE) {
            return Met::Stayed(since.accepted());
        }
        if asked {
            // The connection that is kept has to be left for the next to come.
            sleep(Duration::from_millis(10)).await;
            bench.peer.show_config(config.clone());
        }
        let any = |_: &Event| Some(());
        let heard = bench.peer.wait(mark, Instant::now() + SLICE, any).await;
        if heard.is_none() && bench.ended().is_some() {
            return Met::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(connection: u64, epoch: u64) -> Event {
        Event::Opened(Opened {
            connection,
            epoch,
            resumed: false,
            client: None,
        })
    }

    fn asked(connection: u64) -> Event {
        Event::Asked {
            connection,
            at: Duration::ZERO,
        }
    }

    fn after(events: impl IntoIterator<Item = Event>) -> (Option<Sign>, Since) {
        let mut since = Since {
            first: 5,
            ..Since::default()
        };
        let signs: Vec<_> = events.into_iter().map(|event| since.take(event)).collect();
        (signs.into_iter().last().flatten(), since)
    }

    #[test]
    fn a_request_is_waited_for_however_late_it_comes() {
        let (sign, since) = after([opened(1, 5), opened(2, 6), asked(1)]);
        assert_eq!(sign, Some(Sign::Asked));
        assert_eq!(since.accepted().map(|of| of.connection), Some(1));
        // Kept open until the end.
        let (_, since) = after([opened(1, 5)]);
        assert!(since.accepted().is_some());
        // Of the time when the root was trusted.
        let (sign, since) = after([opened(1, 4), asked(1)]);
        assert_eq!(sign, None);
        assert!(since.accepted().is_none());
    }

    #[test]
    fn objections_are_counted_from_what_is_shown_now() {
        let refused = |epoch| Event::Refused {
            epoch,
            why: "bad certificate".into(),
        };
        assert_eq!(objections(vec![refused(4)], 5), 0);
        let events = vec![refused(4), refused(5), opened(1, 5), asked(1), refused(5)];
        assert_eq!(objections(events, 5), 2);
    }

    #[test]
    fn who_closes_each_connection_without_a_request_has_objected() {
        let ended = |connection, asked_to| Event::Closed {
            connection,
            asked_to,
        };
        let closed = |connection| [opened(connection, 5), ended(connection, false)];
        let (sign, since) = after(closed(1));
        assert_eq!(sign, None);
        assert!(since.accepted().is_none());
        let silent = [1, 2, 3].into_iter().flat_map(closed);
        let late = [opened(9, 5), asked(9)].into_iter();
        assert_eq!(after(late.chain(silent)).0, Some(Sign::Objected));
        // A spare connection for each that is used.
        let spare = [1, 3, 5].into_iter().flat_map(|at| {
            let [open, close] = closed(at);
            [open, close, opened(at + 1, 5), asked(at + 1)]
        });
        let (sign, since) = after(spare);
        assert_eq!(sign, Some(Sign::Asked));
        assert!(since.accepted().is_some());
        // Three that the server has asked to leave.
        let left = [1, 2, 3].into_iter();
        let left = left.flat_map(|at| [opened(at, 5), ended(at, true)]);
        let used = [opened(9, 5), asked(9)].into_iter();
        let (sign, since) = after(used.chain(left));
        assert_eq!(sign, None);
        assert!(since.accepted().is_some());
    }
}
