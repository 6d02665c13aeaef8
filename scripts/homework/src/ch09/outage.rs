//! An outage that an agent lives through.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::rotate::{Hook, Rotation, Wrong};
use ch09_simulating_rotation::{Site, Writer};
use fastrand::Rng;
use lab::authority::{Authority, LeafRequest};
use lab::log::want;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::{Instant, sleep};

use super::agent::{Agent, between, span};
use crate::sheet::Question;

const BIRTH: OffsetDateTime = datetime!(2027-01-01 00:00 UTC);

/// The folder of the files is away, counted from the issue of the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// From then on.
    pub from: Duration,
    /// Until then.
    pub to: Duration,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Came {
    /// No try falls into it.
    Unnoticed,
    /// Some do, and one after it is in time.
    InTime,
    /// The leaf is renewed after its end.
    Late,
}

impl Came {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Unnoticed, Self::InTime, Self::Late];

    /// An answer.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unnoticed => "renewed in time, and no try fails",
            Self::InTime => "renewed in time, after failures",
            Self::Late => "the leaf expires first",
        }
    }
}

impl Outage {
    /// One that this should come of.
    pub fn drawn(rng: &mut Rng, agent: &Agent, came: Came) -> Self {
        let [first, last] = agent.renews();
        let part = agent.lifetime / 40;
        let before = first - part * rng.u32(1..6);
        match came {
            Came::Unnoticed if rng.bool() => Self {
                from: before - part * rng.u32(1..6),
                to: before,
            },
            Came::Unnoticed => Self {
                from: last + part,
                to: last + part * rng.u32(2..6),
            },
            Came::InTime => Self {
                from: before,
                to: last + part * rng.u32(1..4),
            },
            Came::Late => Self {
                from: before,
                to: agent.lifetime + part * rng.u32(1..6),
            },
        }
    }

    /// What came of it, and why.
    pub(super) fn question(self, agent: &Agent, (came, renewed): (Came, Duration)) -> Question {
        let Self { from, to } = self;
        Question {
            asked: format!("the folder is away from {} to {}", span(from), span(to)),
            answer: came.words().into(),
            why: vec![why(came, agent, renewed)],
        }
    }

    /// Lets an agent with this lot live through it. Returns what came of it, and when the leaf was renewed. Call it within a
    /// tokio runtime whose clock is paused.
    ///
    /// # Errors
    /// When no certificate can be made, or no temporary directory.
    pub async fn lived_through(self, agent: &Agent, lot: u64) -> io::Result<(Came, Duration)> {
        let (log, _capturing) = lab::emit::capture();
        let directory = lab::directory()?;
        let (here, away) = (directory.path().join("site"), directory.path().join("away"));
        fs::create_dir(&here)?;
        let start = Instant::now();
        let mut rotation = Rotation {
            authority: Authority::at(BIRTH)?,
            site: Site::new(&here, Writer::VaultAgent),
            request: LeafRequest {
                lifetime: agent.lifetime,
                ..LeafRequest::new("localhost")
            },
            schedule: agent.schedule,
            lot: Rng::with_seed(lot),
            wrong: Wrong::default(),
            hook: Hook::default(),
            now: Arc::new(move || BIRTH + start.elapsed()),
        };
        let renewing = async {
            rotation.run(Some(2)).await;
            start.elapsed()
        };
        let unplugged = async {
            sleep(self.from).await;
            fs::rename(&here, &away)?;
            sleep(self.to - self.from).await;
            fs::rename(&away, &here)
        };
        let (renewed, unplugged) = tokio::join!(renewing, unplugged);
        unplugged?;
        let failures = log.all(&want("renewal_failed")).len();
        let came = match failures {
            _ if renewed > agent.lifetime => Came::Late,
            0 => Came::Unnoticed,
            _ => Came::InTime,
        };
        Ok((came, renewed))
    }
}

fn why(came: Came, agent: &Agent, renewed: Duration) -> String {
    let [first, last] = agent.renews();
    let (due, renewed) = (between(first, last), span(renewed));
    match came {
        Came::Unnoticed => format!("The folder is there when a renewal is due: {due}."),
        Came::InTime => format!(
            "The folder is away when a renewal is due: {due}. As long as something is left, no pause is longer than half of it. So \
             there is always a try between the outage and the end. One such agent renewed after {renewed}."
        ),
        Came::Late => format!(
            "The folder comes back after the end of the leaf, so each try before that fails. The agent goes on all the \
             same. One such agent renewed after {renewed}."
        ),
    }
}
