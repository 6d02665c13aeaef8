//! The class `held`: conversations whose state is lost with their connection. A WebSocket that echoes, a
//! transaction, a mail between two of its commands, an open mailbox. The class `grpc`: streams that do not end.
//! A client that connects again does not get them back, so that here no end is a good one but the client's own.

use std::time::Duration;

use crate::attempt::failure::Where;
use crate::attempt::{Ages, Class, FailureKind, OwnEnd, is_as_old};
use ch06_in_flight_requests::client::Version;
use lab::client::Client;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tokio_rustls::client::TlsStream;

use crate::load::dialogue::{Dialogue, Ended};
use crate::load::failure::Failed;
use crate::load::grpc::Grpc;
use crate::load::probe::{Probe, ProbeContext};
use crate::load::target::Target;
use crate::load::websocket::Echo;

/// From one step of a conversation to the next.
const PACE: Duration = Duration::from_millis(20);

/// The same of every second client: what is gone by then, a server cannot end that gives old connections some seconds.
const SLOW: Duration = Duration::from_millis(100);

/// After so many steps a conversation comes to its end, and the next begins: four seconds, or twenty.
const STEPS: u32 = 200;

/// None becomes older than this while its server answers at once.
pub(crate) const OLDEST: Duration = SLOW.saturating_mul(STEPS);

/// The pace of the client with this number, from 0. Where nothing is said, a server's patience is known for as long as
/// the shorter ones last.
pub(super) fn pace(number: usize, target: &Target) -> Duration {
    match number % 2 {
        1 if !target.is_silent() => SLOW,
        _ => PACE,
    }
}

/// One conversation after the other, at this pace.
pub(super) async fn conversations(context: ProbeContext, client: Client, pace: Duration) {
    while !context.stopped() {
        let began = context.recorder.now();
        let mut probe = Probe::at(began);
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let begun = Box::pin(begin(&context, &client, &mut probe));
        let mut steps = 0;
        let outcome = match context.target.in_time(begun).await {
            Ok(held) => Box::pin(held.cross(&context, pace, &mut steps)).await,
            Err(failed) => Err(failed),
        };
        context.recorder.put_steps(context.class, began, steps);
        let failed = outcome.is_err();
        context.put(began, probe, true, outcome);
        if failed {
            // A server that is away refuses at once. A client that came back at once would only
            // count how fast it is.
            sleep(PACE).await;
        }
    }
}

/// Begins a conversation, says one thing in it, and ends it: whether the server knows the protocol by more than the
/// answer to a single request.
///
/// # Errors
/// What the server said instead, or that it said nothing.
pub(crate) async fn holds(target: &Target, client: &Client) -> Result<(), Failed> {
    let holding = async {
        let (stream, _) = target.open(client).await.map_err(Failed::opening)?;
        let held = async {
            let mut dialogue = Dialogue::over(target.speech(), stream).await?;
            dialogue.hold().await?;
            dialogue.go_on().await?;
            dialogue.let_go(1).await?;
            dialogue.close().await;
            Ok(())
        };
        held.await.map_err(|ended: Ended| ended.at(Where::New))
    };
    // Boxed: without optimisation, so much room is more than a worker thread has.
    target.in_time(Box::pin(holding)).await
}

/// What a client of such a class offers in the handshake.
pub(super) fn version(class: Class) -> Version {
    match class {
        Class::Grpc => Version::Http2,
        _ => Version::Http1,
    }
}

/// What brings a server to end conversations of this class by itself, while nothing is rotated. `None` where they live on
/// for longer than the `oldest` that it has interrupted. Two are begun, one after the other: what ends both at one
/// moment, such as a timer of the server's, knows nothing of their age. They go on at different paces: what ends them
/// after as many steps knows nothing of it either. A third one is quicker than all before, so that it comes to no fewer
/// steps.
pub(crate) async fn own_end(target: &Target, class: Class, oldest: Duration) -> Option<OwnEnd> {
    let within = oldest + later(oldest);
    let second = async {
        sleep(later(oldest)).await;
        ends_at(target, class, within, SLOW).await
    };
    let first = Box::pin(ends_at(target, class, within, PACE));
    let quick = Box::pin(ends_at(target, class, within, PACE / 10));
    let (first, second, quick) = tokio::join!(first, Box::pin(second), quick);
    let first = first?;
    let ages = second.and_then(|second| one_age(first, second));
    ages.map(OwnEnd::Ages)
        .or_else(|| Some(OwnEnd::Steps(as_many(first, quick?)?)))
}

/// For how long that looks at the most, where the server answers at once.
pub(crate) fn look_takes(oldest: Duration) -> Duration {
    oldest + later(oldest) * 2
}

/// So much later the second conversation begins, and so much longer than the oldest each of them is held.
fn later(oldest: Duration) -> Duration {
    oldest / 4 + SLOW
}

/// The ages that these have come to, each of which ended between two moments; where that is one age, or nearly so.
fn one_age(first: Ending, second: Ending) -> Option<Ages> {
    let is_one = is_as_old(first.found, second.alive) && is_as_old(second.found, first.alive);
    let of_first = Ages {
        youngest: first.found,
        oldest: first.found,
    };
    is_one.then(|| of_first.with(second.found))
}

/// The number of steps that both of these had, of which the second went on more quickly. Where answers take so long that
/// it was as old by then, one moment may have ended both.
fn as_many(one: Ending, quick: Ending) -> Option<u32> {
    let is_younger = !is_as_old(quick.found, one.alive);
    (is_younger && one.steps == quick.steps && one.steps > 0).then_some(one.steps)
}

/// How old a conversation was when it ended.
#[derive(Clone, Copy)]
struct Ending {
    /// At its last step before that.
    alive: Duration,
    /// At the step after it.
    found: Duration,
    /// How many steps it had by then.
    steps: u32,
}

/// When a conversation that goes on at this pace is interrupted. `None` where it is not within this time, or does not
/// begin.
async fn ends_at(
    target: &Target,
    class: Class,
    within: Duration,
    pace: Duration,
) -> Option<Ending> {
    let client = target.client(Some(version(class)), false, target.identity.as_deref());
    let (client, began) = (client.ok()?, Instant::now());
    let beginning = async {
        let (stream, _) = target.open(&client).await.map_err(Failed::opening)?;
        Held::over(target, class, stream).await
    };
    let mut held = target.in_time(Box::pin(beginning)).await.ok()?;
    let (mut steps, mut alive) = (0, began.elapsed());
    while alive < within {
        match target.in_time(Box::pin(held.go_on(steps))).await {
            Ok(()) => (steps, alive) = (steps + 1, began.elapsed()),
            Err(failed) => {
                let found = began.elapsed();
                let is_end = failed.kind == FailureKind::Interrupted;
                return is_end.then_some(Ending {
                    alive,
                    found,
                    steps,
                });
            }
        }
        sleep(pace).await;
    }
    None
}

/// A conversation that has begun.
enum Held {
    Echo(Box<Echo<TlsStream<TcpStream>>>),
    Dialogue(Box<Dialogue>),
    Grpc(Box<Grpc>),
}

async fn begin(context: &ProbeContext, client: &Client, probe: &mut Probe) -> Result<Held, Failed> {
    let (stream, _) = context.open(client, probe).await?;
    Held::over(&context.target, context.class, stream).await
}

impl Held {
    /// Begins a conversation, over a stream whose handshake is complete.
    async fn over(
        target: &Target,
        class: Class,
        stream: TlsStream<TcpStream>,
    ) -> Result<Self, Failed> {
        let begun = async {
            match &target.websocket {
                _ if class == Class::Grpc => {
                    let grpc = Grpc::open(stream, &target.name).await?;
                    Ok(Self::Grpc(grpc.into()))
                }
                Some(path) => {
                    let echo = Echo::open(stream, &target.name, path).await?;
                    Ok(Self::Echo(echo.into()))
                }
                None => {
                    let mut dialogue = Dialogue::over(target.speech(), stream).await?;
                    dialogue.hold().await?;
                    Ok(Self::Dialogue(dialogue.into()))
                }
            }
        };
        begun.await.map_err(|ended: Ended| ended.at(Where::New))
    }

    /// Goes on until it is time to end, or the load stops. Counts the steps.
    async fn cross(
        mut self,
        context: &ProbeContext,
        pace: Duration,
        steps: &mut u32,
    ) -> Result<(), Failed> {
        let (target, mut stop) = (&context.target, context.stop.clone());
        while *steps < STEPS {
            target.in_time(self.go_on(*steps)).await?;
            *steps += 1;
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep(pace) => {}
            }
        }
        target.in_time(self.let_go(context, *steps)).await
    }

    async fn go_on(&mut self, step: u32) -> Result<(), Failed> {
        let gone_on = match self {
            Self::Echo(echo) => echo.say(step).await,
            Self::Dialogue(dialogue) => dialogue.go_on().await,
            Self::Grpc(grpc) => grpc.call().await,
        };
        gone_on.map_err(interrupted)
    }

    async fn let_go(self, context: &ProbeContext, steps: u32) -> Result<(), Failed> {
        match self {
            Self::Echo(echo) => echo.close().await.map_err(interrupted),
            // The client ends the stream by leaving it.
            Self::Grpc(grpc) => {
                if grpc.asked_to_leave() {
                    context.recorder.graceful_close(Class::Grpc);
                }
                Ok(())
            }
            Self::Dialogue(mut dialogue) => {
                dialogue.let_go(steps).await.map_err(interrupted)?;
                dialogue.close().await;
                Ok(())
            }
        }
    }
}

/// Whether the connection is gone or only what was said over it: the conversation is.
fn interrupted(ended: Ended) -> Failed {
    Failed::new(FailureKind::Interrupted, ended.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that ended between these two moments, after so many steps.
    fn ended(alive: u64, found: u64, steps: u32) -> Ending {
        let ms = Duration::from_millis;
        Ending {
            alive: ms(alive),
            found: ms(found),
            steps,
        }
    }

    #[test]
    fn conversations_at_different_paces_come_to_one_age_or_to_one_number_of_steps() {
        let ms = Duration::from_millis;
        let ages = |youngest, oldest| {
            let (youngest, oldest) = (ms(youngest), ms(oldest));
            Some(Ages { youngest, oldest })
        };
        let (first, second) = (ended(690, 710, 34), ended(610, 810, 6));
        assert_eq!(one_age(first, second), ages(710, 810));
        assert_eq!(as_many(first, second), None);
        let late = ended(650, 930, 7);
        assert_eq!(one_age(late, first), ages(710, 930));
        // Fifty steps, at a pace of 20 ms and of 100 ms.
        let (quick, slow) = (ended(980, 1000, 50), ended(4900, 5000, 50));
        assert_eq!(one_age(quick, slow), None);
        assert_eq!(one_age(slow, quick), None);
        assert_eq!(as_many(slow, quick), Some(50));
        assert_eq!(as_many(ended(10, 30, 0), ended(1, 2, 0)), None);
        // Answers take 200 ms, and a reload ends both.
        assert_eq!(as_many(ended(2900, 3100, 14), ended(2950, 3080, 14)), None);
    }

    /// The second conversation is the last to end: it begins later, and is held for as long.
    #[test]
    fn the_look_is_over_when_it_said() {
        let ms = Duration::from_millis;
        assert_eq!(look_takes(ms(4000)), ms(1100) + ms(5100));
        assert_eq!(OLDEST, Duration::from_secs(20));
    }
}
