//! Age with jitter.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

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

/// Draws one number after the other (splitmix64).
#[derive(Clone)]
struct Rng(u64);

impl Rng {
    fn with_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn f64(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((drawn ^ (drawn >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
