//! The class `moving`: parts of long answers by HTTP/3, whose client comes from another address in their middle, as
//! a telephone does that leaves its network. The connection goes on, for the server knows it by its id
//! (RFC 9000, section 9); a worker that does not know the id loses it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::load::download::{Answer, pieces};
use crate::load::failure::Failed;
use crate::load::http3::Http3;
use crate::load::probe::{Probe, ProbeContext};
use crate::load::quic::QuicClient;
use crate::load::read_ahead::Reader;

/// So long a client stays at its first address, and then at its second. It moves no more than once: each
/// address takes another id, and a server may limit how many it gives to a connection (RFC 9000,
/// section 5.1.1).
const STAY: Duration = Duration::from_millis(500);

/// After a failure. A client that came back at once would only count how fast it is.
const PAUSE: Duration = Duration::from_millis(20);

/// One long answer after the other, each over a connection that moves.
pub(super) async fn moving(context: ProbeContext, client: QuicClient) {
    while !context.stopped() {
        let began = context.recorder.now();
        let mut probe = Probe::at(began);
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let begun = Box::pin(begin(&context, &client, &mut probe));
        let begun = context.target.in_time(begun).await;
        // Until the attempt is written down, a rotation waits for this one.
        let mut reader = context.target.read_ahead.reader();
        let (cut, outcome) = match begun {
            Ok((answer, http)) => Box::pin(crossing(&context, answer, &http, &mut reader)).await,
            Err(failed) => (None, Err(failed)),
        };
        let failed = outcome.is_err();
        let cut = cut.unwrap_or_else(|| context.recorder.now());
        context.put_at(cut, began, probe, true, outcome);
        drop(reader);
        if failed {
            sleep(PAUSE).await;
        }
    }
}

/// Takes a long answer while its client moves. What came after the move was read, too: otherwise a
/// connection that the move lost would pass for one that ended in time.
async fn crossing(
    context: &ProbeContext,
    answer: Answer,
    http: &Http3,
    reader: &mut Reader,
) -> (Option<Duration>, Result<(), Failed>) {
    let (end, stop) = watch::channel(false);
    let mut stopped = context.stop.clone();
    let own = ProbeContext {
        stop,
        ..context.clone()
    };
    let moves = async {
        tokio::select! {
            () = move_on(http) => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
        end.send_replace(true);
        std::future::pending().await
    };
    tokio::select! {
        ended = pieces(&own, answer, reader) => ended,
        never = moves => never,
    }
}

async fn begin(
    context: &ProbeContext,
    client: &QuicClient,
    probe: &mut Probe,
) -> Result<(Answer, Http3), Failed> {
    let mut http = context.connect_http3(client, probe).await?;
    let body = context.target.long_answer_http3(&mut http).await?;
    Ok((Answer::Http3(Box::new(body)), http))
}

/// Changes its address.
async fn move_on(http: &Http3) {
    sleep(STAY).await;
    // Where this machine has no socket to give, the client stays where it is.
    let _ = http.migrate();
    sleep(STAY).await;
}
