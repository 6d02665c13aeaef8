//! What a connection costs that is kept and does nothing: memory, and open descriptors.

use std::io;
use std::time::{Duration, Instant};

use ch09_simulating_rotation::Writer;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::cost::unknown;
use crate::server::Server;
use crate::server::process_tree::Usage;
use crate::testbed::TestBed;
use crate::testbed::shared::SharedFixtures;

/// Connections that are opened and closed before anything is measured, at once: what a server makes once for each
/// of its threads, it has made then.
const WARM: usize = 16;

/// What a server uses without connections, and with them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ConnectionCost {
    /// How many connections were asked for.
    pub wanted: usize,
    /// How many there were, each with one short request behind it.
    pub connections: usize,
    /// Why there were no more, where they are fewer.
    pub stopped_by: Option<String>,
    /// How many of them had another request answered after all was measured.
    pub alive: usize,
    /// Memory of all its processes before, in bytes.
    pub memory_before: u64,
    /// The same with the connections.
    pub memory_after: u64,
    /// Open descriptors of all its processes before. `None` where they may not be looked at.
    pub open_before: Option<usize>,
    /// The same with the connections.
    pub open_after: Option<usize>,
    /// Processes before.
    pub processes_before: usize,
    /// Processes with the connections.
    pub processes_after: usize,
}

/// Opens so many connections, one after the other, and sees what the server uses for them.
///
/// # Errors
/// When the server does not come up, when what it uses is not known, and when not one connection can be opened, or
/// not one is kept.
pub async fn connection_cost(
    fixtures: &SharedFixtures,
    wanted: usize,
) -> io::Result<ConnectionCost> {
    let testbed = fixtures.start(Writer::VaultAgent).await?;
    let client = testbed.target.equal_client()?;
    warm(&testbed).await?;
    let before = settled(&testbed.server).await?;
    let (mut kept, mut stopped_by) = (Vec::new(), None);
    while kept.len() < wanted && stopped_by.is_none() {
        match testbed.target.idle(&client).await {
            Ok(idle) => kept.push(idle),
            Err(failed) => stopped_by = Some(failed.error),
        }
    }
    if let (0, Some(error)) = (kept.len(), &stopped_by) {
        return Err(io::Error::other(error.clone()));
    }
    let after = settled(&testbed.server).await?;
    let mut alive = 0;
    for idle in &mut kept {
        alive += usize::from(testbed.target.is_alive(idle).await);
    }
    if alive == 0 {
        let error = "it has closed every connection by itself, so none was held";
        return Err(io::Error::other(error));
    }
    Ok(ConnectionCost {
        wanted,
        connections: kept.len(),
        stopped_by,
        alive,
        memory_before: before.memory,
        memory_after: after.memory,
        open_before: before.open,
        open_after: after.open,
        processes_before: before.processes,
        processes_after: after.processes,
    })
}

/// Opens and closes some connections at once.
///
/// # Errors
/// When no client can be made.
pub(super) async fn warm(testbed: &TestBed) -> io::Result<()> {
    let client = testbed.target.equal_client()?;
    let shaking = (0..WARM).map(|_| testbed.target.shake_hands(&client));
    // A server of one client at a time leaves the others waiting. What is measured says so.
    join_all(shaking).await;
    Ok(())
}

/// What a server uses once its descriptors and processes are as many as a moment before: connections that were
/// closed are closed on its side, too. After some seconds, whatever it uses then.
///
/// # Errors
/// When it is not known.
pub(super) async fn settled(server: &Server) -> io::Result<Usage> {
    const MOMENT: Duration = Duration::from_millis(40);
    let bound = Instant::now() + Duration::from_secs(3);
    let mut last = server.usage().ok_or_else(unknown)?;
    loop {
        tokio::time::sleep(MOMENT).await;
        let now = server.usage().ok_or_else(unknown)?;
        if (now.open, now.processes) == (last.open, last.processes) || Instant::now() > bound {
            return Ok(now);
        }
        last = now;
    }
}
