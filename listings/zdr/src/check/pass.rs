//! Time that passes while a server runs.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::server::error::StartError;
use crate::testbed::TestBed;

/// Lets time pass, and no more of it than the server lives.
pub(super) async fn pass(testbed: &mut TestBed, time: Duration) -> Result<(), Error> {
    let until = Instant::now() + time;
    loop {
        if let Some(status) = testbed.server.ended() {
            return Err(Error::Server(match testbed.server.is_in_background() {
                true => StartError::in_background(),
                false => format!("the server ended ({status})"),
            }));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        sleep(left.min(Duration::from_millis(50))).await;
    }
}
