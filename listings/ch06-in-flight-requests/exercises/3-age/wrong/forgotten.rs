//! Age with jitter.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;

/// So many connections are remembered, and then none.
const REMEMBERED: usize = 100_000;

/// By when each connection of one server is asked to leave.
pub struct Ages {
    max_age: Duration,
    jitter: f64,
    drawn: Mutex<(Rng, HashMap<u64, f64>)>,
}

impl Ages {
    /// Each server draws a `seed` of its own when it starts.
    pub fn new(max_age: Duration, jitter: f64, seed: u64) -> Self {
        Self {
            max_age,
            jitter,
            drawn: Mutex::new((Rng::with_seed(seed), HashMap::new())),
        }
    }

    /// How old this connection is when it is asked to leave.
    pub fn of(&self, connection: u64) -> Duration {
        // Shorter, and never longer: operators rely on the limit.
        let left = 1.0 - self.jitter * self.share(connection);
        self.max_age.mul_f64(left)
    }

    /// A part of a whole, from 0 to 1, for each connection another.
    fn share(&self, connection: u64) -> f64 {
        let (lot, drawn) = &mut *self.drawn.lock().unwrap();
        if drawn.len() == REMEMBERED {
            drawn.clear();
        }
        *drawn.entry(connection).or_insert_with(|| lot.f64())
    }
}
