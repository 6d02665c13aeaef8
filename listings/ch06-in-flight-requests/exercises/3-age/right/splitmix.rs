//! Age with jitter.

use std::time::Duration;

/// By when each connection of one server is asked to leave.
pub struct Ages {
    shortest: Duration,
    jitter: Duration,
    seed: u64,
}

impl Ages {
    pub fn new(max_age: Duration, jitter: f64, seed: u64) -> Self {
        let jitter = max_age.mul_f64(jitter);
        Self {
            shortest: max_age - jitter,
            jitter,
            seed,
        }
    }

    pub fn of(&self, connection: u64) -> Duration {
        let lot = mixed(mixed(self.seed).wrapping_add(connection));
        let nanos = (self.jitter.as_nanos() * u128::from(lot)) >> 64;
        self.shortest + Duration::from_nanos(nanos as u64)
    }
}

/// One step of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
