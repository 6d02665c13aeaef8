//! A server that is started before its files are there.

use std::time::Duration;

use tokio::time::timeout;

use crate::error::Error;
use crate::judge::findings::finding;
use crate::judge::of_server::of_server;
use crate::report::{Code, Severity};
use crate::scenarios::clients::ProbeClient;
use crate::scenarios::options::ScenarioContext;
use crate::scenarios::outcome::{ScenarioOutcome, it_said};
use crate::server::Server;
use crate::server::error::StartError;
use crate::testbed::TestBed;
use crate::testbed::rotate::until_shown;
use crate::testbed::setup::TestBedBuilder;

/// It has this long to find that nothing is there.
const FOUND: Duration = Duration::from_millis(500);

/// Starts the server without an identity, writes one, and waits until it is shown.
pub(crate) async fn absent_at_start(context: &ScenarioContext) -> Result<ScenarioOutcome, Error> {
    let mut outcome = ScenarioOutcome::default();
    let mut testbed = match started(context).await? {
        Ok(testbed) => testbed,
        Err(error) if error.is_shortage() => return Err(error),
        Err(error) => {
            let (severity, words) = match error {
                Error::Start(StartError::Ended { .. }) => (
                    Severity::Warning,
                    format!("Without its files it ends instead of waiting for them: {error}"),
                ),
                // What it is made of is made from them.
                Error::Start(StartError::Setup(..)) => (
                    Severity::Warning,
                    format!("Without its files it cannot be started: {error}"),
                ),
                _ => (
                    Severity::Failure,
                    format!("It did not start after its files were written: {error}"),
                ),
            };
            let found = finding(severity, Code::DidNotStart, "", words);
            outcome.findings.push(found);
            return Ok(outcome);
        }
    };
    let probes = ProbeClient::new(&testbed)?;
    let complaint = testbed.notify().await.err();
    let generation = testbed.chains.latest();
    let now = probes.recorder.now();
    let (recorder, client) = (&probes.recorder, &probes.client);
    let (first_new, _) = until_shown(&mut testbed, recorder, client, generation).await;
    match first_new {
        Some(new) => outcome.recovered = Some(new.saturating_sub(now)),
        None => outcome.fail(
            Code::NotPickedUp,
            format!(
                "It was started before its files existed, and did not show them within {} ms after they \
                 were written.{}",
                testbed.reload_within().as_millis(),
                it_said(complaint.as_ref())
            ),
        ),
    }
    outcome.busy = probes.was_busy(&testbed);
    outcome.findings.extend(of_server(&mut testbed.server, ""));
    Ok(outcome)
}

/// The test bed, or why its server did not come up. An error of ours is the outer one.
async fn started(context: &ScenarioContext) -> Result<Result<TestBed, Error>, Error> {
    let mut builder = TestBedBuilder::new(&context.fixtures, context.options.writer)?;
    let good = builder.issue()?;
    let mut site = builder.site.again();
    let late = good.clone();
    let (spec, folder) = (context.fixtures.spec(), builder.folder().to_owned());
    let mut write = || -> Result<(), Error> {
        site.write(&late)?;
        Ok(Server::give(spec, &folder)?)
    };
    let mut starting = std::pin::pin!(builder.start(good));
    match timeout(FOUND, &mut starting).await {
        // It is up without them.
        Ok(Ok(testbed)) => Ok(write().map(|()| testbed)),
        Ok(Err(gone)) => Ok(Err(gone)),
        Err(_) => {
            write()?;
            Ok(starting.await)
        }
    }
}
