//! What a rotation costs: the time until clients are shown the new certificate, and descriptors that are left.

use std::io;
use std::time::{Duration, Instant};

use ch09_simulating_rotation::Writer;
use serde::{Deserialize, Serialize};

use super::connection::{settled, warm};
use crate::attempt::Recorder;
use crate::testbed::rotate::rotate;
use crate::testbed::shared::SharedFixtures;

/// Rotations that are made however long they take.
const LEAST: u32 = 3;

/// Between the end of one rotation and the beginning of the next.
const PAUSE: Duration = Duration::from_millis(50);

/// What rotations took and left, with no connection but that of the client who asks.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct RenewalCost {
    /// How many there were.
    pub rotations: u32,
    /// Of each that was shown in time: from the agent's first write to the end of the first handshake that showed
    /// the new certificate, in microseconds.
    pub first_new_us: Vec<u64>,
    /// What was complained of when the server was told of new files, the first time.
    pub complaint: Option<String>,
    /// Open descriptors before and after, those of connections aside. `None` where they may not be looked at.
    pub descriptors: Option<(usize, usize)>,
    /// Processes before and after.
    pub processes: (usize, usize),
    /// Memory before and after, in bytes.
    pub memory: (u64, u64),
}

/// Rotates so often, or for so long.
///
/// # Errors
/// When the server does not come up, files cannot be written, or what it uses is not known.
pub async fn renewal_cost(
    fixtures: &SharedFixtures,
    most: u32,
    time: Duration,
) -> io::Result<RenewalCost> {
    let mut testbed = fixtures.start(Writer::VaultAgent).await?;
    let client = testbed.client()?;
    let recorder = Recorder::default();
    warm(&testbed).await?;
    // What a server makes at its first reload, and keeps, is not left by each.
    rotate(&mut testbed, &recorder, &client).await?;
    let before = settled(&testbed.server).await?;
    let mut cost = RenewalCost::default();
    let began = Instant::now();
    while cost.rotations < most && (cost.rotations < LEAST || began.elapsed() < time) {
        let window = rotate(&mut testbed, &recorder, &client).await?;
        cost.rotations += 1;
        let first_new = window.first_new.map(|at| at.saturating_sub(window.began));
        cost.first_new_us
            .extend(first_new.map(|after| after.as_micros() as u64));
        cost.complaint = cost.complaint.or(window.complaint);
        tokio::time::sleep(PAUSE).await;
    }
    let after = settled(&testbed.server).await?;
    cost.descriptors = before.descriptors.zip(after.descriptors);
    cost.processes = (before.processes, after.processes);
    cost.memory = (before.memory, after.memory);
    Ok(cost)
}
