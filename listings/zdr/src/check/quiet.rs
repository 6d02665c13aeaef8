//! Times of a check in which clients come and nothing is rotated.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::attempt::{Attempt, Class, OwnEnd};
use crate::check::options::{RunControl, Step};
use crate::check::pass::pass;
use crate::check::run::Run;
use crate::error::Error;
use crate::judge::grown_old::{at_rest, excuse, leave_out, oldest};
use crate::judge::growth::{LONG, is_of_memory, of_unclosed};
use crate::judge::work::ENOUGH;
use crate::load::failure::NO_TLS;
use crate::load::held::{look_takes, own_end};
use crate::report::format::counted;
use crate::server::process_tree::Usage;
use crate::testbed::TestBed;
use crate::testbed::look::look;

/// How long answers may take that are waited for. One of ten megabytes takes twelve seconds.
pub(super) const ANSWERS: Duration = Duration::from_secs(20);
/// Classes of conversations that a server may end by itself.
pub(super) const CONVERSATIONS: [Class; 2] = [Class::Held, Class::Grpc];
/// How often processes and threads are counted in such a time.
const LOOKS: u32 = 8;

impl Run {
    /// What the server has used until now.
    pub(super) fn moment(&self, testbed: &TestBed) -> (Duration, Option<Usage>) {
        (self.recorder.now(), testbed.server.usage())
    }

    /// Such a time, and what the server uses at its end. It settles in the first half.
    pub(super) async fn steady(&mut self, testbed: &mut TestBed) -> Result<Option<Usage>, Error> {
        let half = self.options.steady / 2;
        pass(testbed, half).await?;
        let began = self.moment(testbed);
        for _ in 0..LOOKS {
            pass(testbed, half / LOOKS).await?;
            let now = testbed.server.usage();
            self.growth.looked(now);
        }
        let ended = self.moment(testbed);
        // Where the machine stands still, a short time takes long: no more clients come in it for that.
        if half >= LONG {
            self.growth.passed(began, ended);
        } else if half >= ENOUGH {
            self.growth.idled(began, ended);
        }
        Ok(ended.1)
    }

    /// Waits for a server that is busier than before the first rotation, for as long as a reload may take: what
    /// one is still at is no work that it has left behind.
    pub(super) async fn comes_to_rest(&mut self, testbed: &mut TestBed) -> Result<(), Error> {
        let until = Instant::now() + testbed.reload_within();
        while self.growth.is_restless() && Instant::now() < until {
            let began = self.moment(testbed);
            pass(testbed, LONG).await?;
            let ended = self.moment(testbed);
            self.growth.idled(began, ended);
        }
        Ok(())
    }

    /// Waits for long answers, where the server's memory has grown and more of them are in progress than the `usual`
    /// number: a connection that was asked to leave finishes its own while the next one has another. What a server
    /// keeps of an answer is no memory that a rotation has left behind.
    pub(super) async fn answers_end(
        &mut self,
        testbed: &mut TestBed,
        usual: usize,
    ) -> Result<(), Error> {
        let until = Instant::now() + ANSWERS;
        let read_ahead = testbed.target.read_ahead.clone();
        let more = || read_ahead.readers() > usual;
        let resources = self.resources.as_ref();
        let rotations = self.options.rotations as usize;
        let is_told = resources.is_some_and(|of| is_of_memory(of, &self.growth, rotations));
        if !is_told || !more() {
            return Ok(());
        }
        while more() && Instant::now() < until {
            pass(testbed, LONG).await?;
        }
        let (_, after) = self.moment(testbed);
        self.growth.settled(after);
        self.resources = self.resources_of(self.before.zip(after));
        Ok(())
    }

    /// Looks whether the server ends conversations at an age of its own, where it has interrupted some. Nothing is rotated
    /// any more, and the other clients have left.
    pub(super) async fn look_for_own_ends(&mut self, testbed: &TestBed, control: &RunControl<'_>) {
        // Where something else rotates, it may do so now.
        if self.windows.is_empty() {
            return;
        }
        let records = self.recorder.records();
        for class in CONVERSATIONS {
            let Some(oldest) = oldest(&records, class) else {
                continue;
            };
            let longest = look_takes(oldest);
            (control.progress)(Step::OwnAge { class, longest });
            let own = own_end(&testbed.target, class, oldest).await;
            self.own_ends.extend(own.map(|own| (class, own)));
        }
    }

    /// What brings the server to end conversations of this class by itself, where it ends some.
    pub(super) fn own_end_of(&self, class: Class) -> Option<OwnEnd> {
        let mut known = self.own_ends.iter();
        let (_, own) = known.find(|(of, _)| *of == class)?;
        let records = self.recorder.records();
        Some(match *own {
            OwnEnd::Ages(looked) => OwnEnd::Ages(at_rest(&records, class, looked, &self.windows)),
            steps => steps,
        })
    }

    /// Of which classes the server has ended conversations by itself, and what brings it to that. Where nobody could look
    /// for that, they are left out.
    pub(super) fn come_to_their_end(&self, records: &mut Vec<Attempt>) -> BTreeMap<Class, OwnEnd> {
        let mut ended = BTreeMap::new();
        for (class, own) in &self.own_ends {
            for _ in 0..excuse(records, *class, *own, (&self.recorder, &self.windows)) {
                self.recorder.graceful_close(*class);
                ended.insert(*class, *own);
            }
        }
        self.leave_out_unexplained(records);
        ended
    }

    /// Leaves conversations out that may have ended at an age of the server's own, where the run was interrupted before
    /// that was known. Says how many there were.
    fn leave_out_unexplained(&self, records: &mut Vec<Attempt>) -> usize {
        if !self.is_unexplained || self.windows.is_empty() {
            return 0;
        }
        let unknown = CONVERSATIONS
            .into_iter()
            .filter(|class| self.own_end_of(*class).is_none());
        unknown
            .map(|class| leave_out(records, class, &self.windows))
            .sum()
    }

    /// The same, for behind what has interrupted the run.
    pub(super) fn unexplained(&self) -> Option<String> {
        let many = self.leave_out_unexplained(&mut self.recorder.records());
        let of = counted(many as u64, "conversation");
        (many > 0).then(|| {
            format!(
                ", before it was known whether the server ends conversations at an age of its own (not judged: {of} \
                 that it ended)"
            )
        })
    }

    /// Looks whether the server closes what its clients have closed. It may still be at their requests: that is waited for.
    /// One that has failed clients may keep what it never came to, and that they failed says more.
    pub(super) async fn look_for_unclosed(&mut self, testbed: &TestBed) {
        if self.recorder.records().iter().any(|of| of.failed.is_some()) {
            return;
        }
        let until = Instant::now() + ANSWERS;
        loop {
            self.growth.left(testbed.server.unclosed());
            if of_unclosed(&self.growth).is_none() || Instant::now() >= until {
                return;
            }
            sleep(LONG).await;
        }
    }

    /// Looks what the server says instead of TLS, where clients met none: a connection that failed has not kept it.
    pub(super) async fn look_for_clear_text(&mut self, testbed: &TestBed) {
        if !self.recorder.records().iter().any(is_in_clear) {
            return;
        }
        let target = &testbed.target;
        let (address, asked_for): (_, (_, &[&str])) =
            (*target.address.borrow(), (target.speech(), &[]));
        let seen = Box::pin(look(address, &target.name, asked_for, target.patience)).await;
        // What it says may be what is in its files.
        let output = testbed.server.output();
        let is_told = |said: &String| seen.is_no_tls && output.without_keys(said) == *said;
        self.in_clear = seen.failed.filter(is_told);
    }

    /// Puts that in the place of what is said of any answer in the clear.
    pub(super) fn quote_clear_text(&self, records: &mut [Attempt]) {
        let Some(said) = &self.in_clear else { return };
        for of in records.iter_mut().filter(|of| is_in_clear(of)) {
            of.error = of.error.as_ref().map(|error| error.replace(NO_TLS, said));
        }
    }
}

/// Whether a client was answered in the clear.
fn is_in_clear(of: &Attempt) -> bool {
    of.error
        .as_deref()
        .is_some_and(|error| error.contains(NO_TLS))
}
