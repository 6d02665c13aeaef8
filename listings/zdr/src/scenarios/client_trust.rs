//! Trust that changes: the authorities whose clients a server lets in.

use std::time::Duration;

use lab::authority::{Authority, LeafRequest};
use lab::client::Client;
use tokio::time::{Instant, sleep};

use crate::attempt::behind::LATE;
use crate::attempt::{Attempt, Class};
use crate::error::Error;
use crate::gate::scenario::Scenario;
use crate::judge::findings::share;
use crate::judge::of_server::of_server;
use crate::report::Code;
use crate::scenarios::clients::ProbeClient;
use crate::scenarios::options::ScenarioContext;
use crate::scenarios::outcome::{ScenarioOutcome, evidence, it_said};
use crate::testbed::TestBed;

/// A client with a certificate of this authority.
fn client_of(testbed: &TestBed, authority: &mut Authority, resume: bool) -> Result<Client, Error> {
    let identity = authority.issue(&LeafRequest::new("client"));
    let identity = identity.map_err(Error::issue)?;
    Ok(testbed.target.client(None, resume, Some(&identity))?)
}

fn second_authority() -> Result<Authority, Error> {
    Authority::named("More clients").map_err(Error::issue)
}

/// Connects until the client is let in, or turned away, as `wanted`. Says how long that took. The last attempt
/// begins when the server's time is up: one before that may have been over late because this side stood still.
async fn until_let_in(testbed: &TestBed, client: &Client, wanted: bool) -> Option<Duration> {
    let began = Instant::now();
    loop {
        let asked = began.elapsed();
        let (_, answer) = testbed.target.probe(client).await;
        let is = match answer {
            Ok(()) => Some(true),
            Err(failed) if failed.turned_away() => Some(false),
            Err(_) => None,
        };
        if is == Some(wanted) {
            return Some(began.elapsed());
        }
        if asked >= testbed.reload_within() {
            return None;
        }
        if !wanted {
            testbed.server.force();
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// A client whose leaf the authority has issued that issues the server's own. A public one issues to
/// whoever asks: it says who the server is, and not who may come in.
fn client_of_own(testbed: &mut TestBed) -> Result<Client, Error> {
    let identity = testbed.authority.issue(&LeafRequest::new("client"));
    let identity = identity.map_err(Error::issue)?;
    Ok(testbed.target.client(None, false, Some(&identity))?)
}

/// Whether a client that nobody has let in is kept out.
async fn kept_out(
    outcome: &mut ScenarioOutcome,
    testbed: &TestBed,
    client: &Client,
    who: &str,
) -> bool {
    let (_, answer) = testbed.target.probe(client).await;
    if answer.is_ok() {
        outcome.fail(Code::LetIn, format!("{who} was let in."));
    }
    answer.is_err()
}

/// [`client_of_own`], in a sentence.
const OWN: &str =
    "A client with a leaf of the authority that has issued the server's own certificate";

/// Adds a second authority, and waits until its clients are let in. Two that nobody has added must be
/// kept out before.
async fn add(
    outcome: &mut ScenarioOutcome,
    testbed: &mut TestBed,
    second: &Authority,
    client: &Client,
) -> Result<bool, Error> {
    let own = client_of_own(testbed)?;
    let nobody = "A client of an authority that was never added";
    if !kept_out(outcome, testbed, client, nobody).await
        || !kept_out(outcome, testbed, &own, OWN).await
    {
        return Ok(false);
    }
    let both = format!("{}{}", testbed.clients.root_pem(), second.root_pem());
    testbed.trust_clients(&both)?;
    let complaint = testbed.notify().await.err();
    outcome.recovered = until_let_in(testbed, client, true).await;
    if outcome.recovered.is_none() {
        outcome.fail(
            Code::TurnedAway,
            format!(
                "An authority was added for clients, but none of its clients was let in within {} ms.{}",
                testbed.reload_within().as_millis(),
                it_said(complaint.as_ref())
            ),
        );
    }
    // Whoever puts both lists together may do so when it reads them again.
    let out = kept_out(outcome, testbed, &own, OWN).await;
    Ok(out && outcome.recovered.is_some())
}

/// Adds an authority while the clients of the first come all the time.
pub(crate) async fn trust_added(context: &ScenarioContext) -> Result<ScenarioOutcome, Error> {
    let mut outcome = ScenarioOutcome::default();
    let mut testbed = context.start(Scenario::TrustAdded).await?;
    let probes = ProbeClient::new(&testbed)?;
    let mut classes = vec![Class::Full, Class::Mutual];
    classes.extend(testbed.target.has_downloads().then_some(Class::Download));
    let load = probes.load(&testbed, &classes, context.options.rate)?;
    let mut second = second_authority()?;
    let client = client_of(&testbed, &mut second, false)?;
    add(&mut outcome, &mut testbed, &second, &client).await?;
    let added = probes.recorder.now();
    sleep(Duration::from_millis(200)).await;
    probes.met_since(added, &testbed).await;
    load.stop().await;
    count(&mut outcome, &probes.recorder.records());
    outcome.findings.extend(of_server(&mut testbed.server, ""));
    Ok(outcome)
}

/// Counts what failed of the clients that were there before.
fn count(outcome: &mut ScenarioOutcome, records: &[Attempt]) {
    let failed: Vec<_> = records.iter().filter_map(evidence).collect();
    outcome.attempts = records.len() as u64;
    outcome.failed = failed.len() as u64;
    if let Some(first) = failed.first() {
        let words = format!(
            "While an authority was added, {} attempts of others failed: {}.",
            share(outcome.failed, outcome.attempts),
            first.kind.words()
        );
        let code = match Code::of(first.kind) {
            Code::HandshakesFailed => Code::TurnedAway,
            code => code,
        };
        outcome.fail_seen(code, words, vec![first.clone()]);
    }
}

/// Takes the first authority away: its clients must be turned away, those that return with a session
/// included, and the clients of the second must not.
pub(crate) async fn trust_removed(context: &ScenarioContext) -> Result<ScenarioOutcome, Error> {
    let mut outcome = ScenarioOutcome::default();
    let mut testbed = context.start(Scenario::TrustRemoved).await?;
    let mut second = second_authority()?;
    let stays = client_of(&testbed, &mut second, false)?;
    if !add(&mut outcome, &mut testbed, &second, &stays).await? {
        return Ok(outcome);
    }
    let mut first = std::mem::replace(&mut testbed.clients, second);
    let goes = client_of(&testbed, &mut first, false)?;
    let returns = client_of(&testbed, &mut first, true)?;
    for client in [&goes, &returns, &returns] {
        if let (_, Err(failed)) = testbed.target.probe(client).await {
            let words = format!(
                "A client that is trusted was turned away: {}.",
                failed.error
            );
            outcome.fail(Code::TurnedAway, words);
            return Ok(outcome);
        }
    }
    remove(&mut outcome, &mut testbed, &goes).await?;
    after_removal(&mut outcome, &testbed, &returns, &stays).await;
    let own = client_of_own(&mut testbed)?;
    kept_out(&mut outcome, &testbed, &own, OWN).await;
    outcome.attempts = 9;
    outcome.findings.extend(of_server(&mut testbed.server, ""));
    Ok(outcome)
}

/// Lists the second authority alone, and waits until a client of the first is turned away.
async fn remove(
    outcome: &mut ScenarioOutcome,
    testbed: &mut TestBed,
    goes: &Client,
) -> Result<(), Error> {
    let listed = testbed.clients.root_pem().to_owned();
    testbed.trust_clients(&listed)?;
    let _ = testbed.notify().await;
    outcome.recovered = until_let_in(testbed, goes, false).await;
    if outcome.recovered.is_none() {
        outcome.fail(
            Code::LetIn,
            format!(
                "An authority was removed, and {} ms later its clients are still accepted.",
                testbed.reload_within().as_millis()
            ),
        );
    }
    Ok(())
}

/// Tries a client of the first authority that has a session, and one of the second.
async fn after_removal(
    outcome: &mut ScenarioOutcome,
    testbed: &TestBed,
    returns: &Client,
    stays: &Client,
) {
    let (sighting, answer) = testbed.target.probe(returns).await;
    if answer.is_ok() && outcome.recovered.is_some() {
        let code = match sighting.is_some_and(|sighting| sighting.seen.resumed) {
            true => Code::ResumedWithoutTrust,
            false => Code::LetIn,
        };
        outcome.fail(
            code,
            "A client whose authority was removed came back by resuming its session.",
        );
    }
    if let (_, Err(failed)) = testbed.target.probe(stays).await {
        let words = format!(
            "A client that is still trusted was turned away: {}.",
            failed.error
        );
        outcome.fail(Code::TurnedAway, words);
    }
}

/// From one client to the next.
const REST: Duration = Duration::from_millis(10);

/// A machine that stands still meanwhile has as many tries.
const TRIES: usize = 3;

/// A list that is cut between two authorities parses. A server that is told when it is whole has no
/// part in this; one that follows the file must not believe it at once.
pub(crate) async fn trust_half_written(
    context: &ScenarioContext,
) -> Result<ScenarioOutcome, Error> {
    let mut outcome = ScenarioOutcome::default();
    let mut testbed = context.start(Scenario::TrustHalfWritten).await?;
    let mut second = second_authority()?;
    let client = client_of(&testbed, &mut second, false)?;
    if !add(&mut outcome, &mut testbed, &second, &client).await? {
        return Ok(outcome);
    }
    let half = testbed.clients.root_pem().to_owned();
    let whole = format!("{half}{}", second.root_pem());
    // Long enough for a look: a server that has just taken a list shows how long one may take here, and the slowest
    // of its rotations how long it takes at most.
    let hold = context
        .typical
        .max(outcome.recovered.unwrap_or_default() * 3);
    let hold = hold.clamp(Duration::from_millis(300), Duration::from_secs(5));
    let lists = [half, whole];
    let (mut lost, mut late) = half_written(&testbed, &client, &lists, hold, &mut outcome).await?;
    for _ in 1..TRIES {
        if lost.is_empty() || late < LATE {
            break;
        }
        (lost, late) = half_written(&testbed, &client, &lists, hold, &mut outcome).await?;
    }
    outcome.failed = lost.len() as u64;
    // A list that is as it is for long may be believed, and a machine that stands still leaves it so for longer.
    if !lost.is_empty() && late >= LATE {
        outcome.came_late(late);
    }
    if let Some(error) = lost.first() {
        let words = format!(
            "While the list of authorities was half written, {} clients of one that is on it were \
             turned away: {error}.",
            share(outcome.failed, outcome.attempts)
        );
        outcome.fail(Code::TurnedAway, words);
    }
    outcome.findings.extend(of_server(&mut testbed.server, ""));
    Ok(outcome)
}

/// Writes half of a list, and after this time the whole one. The clients that were turned away meanwhile, and for how
/// long the list stayed as it was for want of time.
async fn half_written(
    testbed: &TestBed,
    client: &Client,
    lists: &[String; 2],
    hold: Duration,
    outcome: &mut ScenarioOutcome,
) -> Result<(Vec<String>, Duration), Error> {
    let (mut lost, mut late) = (Vec::new(), Duration::ZERO);
    for list in lists {
        testbed.write_client_roots_in_place(list)?;
        let (began, mut last) = (Instant::now(), Duration::ZERO);
        // A client that came before the server can have looked says nothing of what it made of the list.
        while began.elapsed() < hold || last < hold / 2 {
            last = began.elapsed();
            outcome.attempts += 1;
            if let (_, Err(failed)) = testbed.target.probe(client).await {
                lost.push(failed.error);
            }
            let rests = Instant::now();
            sleep(REST).await;
            late = late.max(rests.elapsed().saturating_sub(REST));
        }
        late = late.max(began.elapsed().saturating_sub(hold * 3));
    }
    Ok((lost, late))
}
