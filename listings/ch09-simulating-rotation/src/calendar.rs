//! When an agent renews, in virtual time: three days, an outage, and a fleet.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ch09_simulating_rotation::rotate::{Hook, Rotation, Wrong};
use ch09_simulating_rotation::schedule::Schedule;
use ch09_simulating_rotation::{Site, Writer};
use fastrand::Rng;
use lab::authority::{Authority, LeafRequest};
use lab::emit;
use lab::event::Event;
use lab::log::{Log, want};
use lab::println;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::{Instant, sleep};

pub(crate) const BIRTH: OffsetDateTime = datetime!(2027-01-01 00:00 UTC);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
pub(crate) const USUAL: Schedule = Schedule {
    at: 2.0 / 3.0,
    jitter: 0.1,
};

/// Virtual time needs a runtime of one thread, and this is its thread.
pub(crate) fn show() -> io::Result<()> {
    let shown = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        runtime.block_on(async {
            days().await?;
            outage().await
        })
    });
    shown
        .join()
        .map_err(|_| io::Error::other("it panicked"))??;
    for jitter in [0.0, 0.1] {
        let (agents, busiest) = fleet(jitter);
        println!(
            "{agents} agents started together, spread {jitter}: {busiest} of them in the busiest second"
        );
    }
    Ok(())
}

/// An agent for a day's leaf, by tokio's clock.
fn agent(authority: Authority, site: Site) -> Rotation {
    let start = Instant::now();
    Rotation {
        authority,
        site,
        request: LeafRequest {
            lifetime: DAY,
            ..LeafRequest::new("localhost")
        },
        schedule: USUAL,
        lot: Rng::with_seed(9),
        wrong: Wrong::default(),
        hook: Hook::default(),
        now: Arc::new(move || BIRTH + start.elapsed()),
    }
}

async fn days() -> io::Result<()> {
    let (log, _guard) = emit::capture();
    let directory = lab::directory()?;
    let authority = Authority::at(BIRTH)?;
    let mut rotation = agent(authority, Site::new(directory.path(), Writer::VaultAgent));
    rotation.run(Some(6)).await;
    let lots = seconds(&log, "renewal_scheduled", "in_seconds");
    let lots: Vec<_> = lots.into_iter().map(clock).collect();
    println!("leaves of 24 hours are renewed after {}", lots.join(", "));
    Ok(())
}

/// The folder is not there from the fourteenth hour to the eighteenth: a mount that went away.
async fn outage() -> io::Result<()> {
    let (log, _guard) = emit::capture();
    let directory = lab::directory()?;
    let (here, away) = (directory.path().join("site"), directory.path().join("away"));
    fs::create_dir(&here)?;
    let authority = Authority::at(BIRTH)?;
    let mut rotation = agent(authority, Site::new(&here, Writer::VaultAgent));
    let start = Instant::now();
    let unplugged = async {
        sleep(14 * HOUR).await;
        fs::rename(&here, &away)?;
        sleep(4 * HOUR).await;
        fs::rename(&away, &here)
    };
    let ((), renamed) = tokio::join!(rotation.run(Some(2)), unplugged);
    renamed?;
    let pauses = seconds(&log, "renewal_failed", "retry_seconds");
    let pauses: Vec<_> = pauses.into_iter().map(clock).collect();
    let count = pauses.len();
    println!(
        "no folder from 14:00 to 18:00: {count} failures, and pauses of {}",
        pauses.join(", ")
    );
    println!(
        "renewed at {}, of 24:00",
        clock(start.elapsed().as_secs_f64())
    );
    Ok(())
}

/// How many agents there are, and how many of them renew in the same second.
fn fleet(jitter: f64) -> (u64, u32) {
    const AGENTS: u64 = 10_000;
    let schedule = Schedule { jitter, ..USUAL };
    let mut seconds: BTreeMap<i64, u32> = BTreeMap::new();
    for agent in 0..AGENTS {
        let due = schedule.due((BIRTH, BIRTH + DAY), &mut Rng::with_seed(agent));
        *seconds.entry(due.unix_timestamp()).or_default() += 1;
    }
    (AGENTS, seconds.into_values().max().unwrap_or(0))
}

fn seconds(log: &Log, event: &str, field: &str) -> Vec<f64> {
    let read = |event: &Event| event.0.get(field)?.as_f64();
    log.all(&want(event)).iter().filter_map(read).collect()
}

/// Hours and minutes.
fn clock(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
