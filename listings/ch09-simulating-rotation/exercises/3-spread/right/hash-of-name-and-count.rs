//! A random moment for each agent.

use std::time::Duration;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// An agent that renews one machine's leaf again and again.
pub struct Agent {
    machine: String,
    renewals: u64,
}

impl Agent {
    pub fn new(machine: &str) -> Self {
        Self {
            machine: machine.into(),
            renewals: 0,
        }
    }

    pub fn due(&mut self, lifetime: Duration) -> Duration {
        self.renewals += 1;
        // FNV-1a, whose last bits mix best: they are taken as the first.
        let text = format!("{}/{}", self.renewals, self.machine);
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let share = hash.reverse_bits() as f64 / u64::MAX as f64;
        let at = (AT - SPREAD / 2.0) + share * SPREAD;
        Duration::from_secs_f64(lifetime.as_secs_f64() * at)
    }
}
