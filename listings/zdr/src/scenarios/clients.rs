//! The clients of a scenario: those that come all the time, and the one that looks for a certificate.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use lab::authority::Issued;
use lab::client::Client;
use tokio::time::{sleep, timeout};

use crate::attempt::{Attempt, Class, OwnEnd, Recorder};
use crate::error::Error;
use crate::judge::grown_old::excuse;
use crate::judge::overload::is_busy;
use crate::judge::timed_out::with_lost;
use crate::load::{Load, Rates};
use crate::testbed::TestBed;
use crate::testbed::rotate::{rotate, watch};
use ch11_verification::rotation::Window;

/// A client that asks for handshakes, and what it and the load write down.
pub(crate) struct ProbeClient {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) client: Client,
}

impl ProbeClient {
    pub(crate) fn new(testbed: &TestBed) -> Result<Self, Error> {
        Ok(Self {
            recorder: Arc::default(),
            client: testbed.client()?,
        })
    }

    /// Clients of these classes come from now on, `rate` times a second each.
    pub(crate) fn load(
        &self,
        testbed: &TestBed,
        classes: &[Class],
        rate: f64,
    ) -> Result<Load, Error> {
        let rates = Rates {
            per_second: classes.iter().map(|class| (*class, rate)).collect(),
            downloads: 1,
            pool: 2,
        };
        Ok(Load::start(
            &testbed.target,
            &self.recorder,
            classes,
            &rates,
        )?)
    }

    /// All attempts. What a time-out of the server may have ended is a failure among them: here, none is known.
    pub(crate) fn records(&self) -> Vec<Attempt> {
        let (all, again) = (self.recorder.records(), self.recorder.timed_out());
        with_lost(all, again, |_| false, &[])
    }

    /// Takes conversations that the server has ended by itself for such as have come to their end, where it is known to do
    /// so. The last rotation is the one that counts.
    pub(crate) fn excuse(&self, records: &mut [Attempt], own: Option<OwnEnd>, last: &Window) {
        let of = (&*self.recorder, slice::from_ref(last));
        if let Some(own) = own {
            excuse(records, Class::Held, own, of);
        }
    }

    /// Waits until some clients that came after this moment are done, however they fared. Where clients are rare, or
    /// the machine has other work, none may come in a time that is long for a server, and what it shows would go
    /// unseen.
    pub(crate) async fn met_since(&self, moment: Duration, testbed: &TestBed) {
        const CLIENTS: usize = 3;
        const LOOK: Duration = Duration::from_millis(20);
        let came = |of: &&Attempt| of.class == Class::Full && of.began >= moment;
        let enough = async {
            while self.recorder.records().iter().filter(came).count() < CLIENTS {
                sleep(LOOK).await;
            }
        };
        // A server that lets them wait for longer is told so by what they write down.
        let _ = timeout(testbed.target.patience, enough).await;
    }

    /// Whether there was any sign of too much to do, for this side or for the server.
    pub(crate) fn was_busy(&self, testbed: &TestBed) -> bool {
        let late = self.recorder.fell_behind().worst;
        is_busy(&self.recorder.records(), late, testbed.target.patience)
    }

    /// A rotation in which nothing is wrong.
    pub(crate) async fn rotate(&self, testbed: &mut TestBed) -> Result<Window, Error> {
        rotate(testbed, &self.recorder, &self.client).await
    }

    /// A rotation whose files are written by `write`.
    pub(crate) async fn rotate_by(
        &self,
        testbed: &mut TestBed,
        issued: Issued,
        write: impl AsyncFnOnce(&mut TestBed, &Issued) -> Result<(), Error>,
    ) -> Result<Window, Error> {
        testbed.announce(&issued);
        let began = self.recorder.now();
        write(testbed, &issued).await?;
        Ok(watch(testbed, &self.recorder, &self.client, issued, began).await)
    }
}
