//! How busy the machine is with other things.

use std::time::Duration;

/// Which share of all cores' time is used during `time`, between 0 and 1. `None` where the system does not tell.
pub async fn busy(time: Duration) -> Option<f64> {
    let before = used_and_all(&read()?)?;
    tokio::time::sleep(time).await;
    let after = used_and_all(&read()?)?;
    let (used, all) = (after.0 - before.0, after.1 - before.1);
    (all > 0.0).then(|| used / all)
}

/// Only Linux has it.
fn read() -> Option<String> {
    std::fs::read_to_string("/proc/stat").ok()
}

/// Ticks that were used since the start of the machine, and all (proc_stat(5)): user, nice, system, idle, iowait,
/// irq, softirq, steal. What other machines on the same hardware took (`steal`) is used, too. Guests are a part of
/// `user`.
fn used_and_all(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Result<Vec<f64>, _> = line.split_whitespace().take(8).map(str::parse).collect();
    let fields = fields.ok()?;
    let idle = fields.get(3)? + fields.get(4)?;
    let all: f64 = fields.iter().sum();
    Some((all - idle, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_all_but_idle_and_waiting() {
        let stat = "cpu  10 1 5 70 4 1 2 7 3 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(used_and_all(stat), Some((26.0, 100.0)));
        assert_eq!(used_and_all("intr 1 2 3\n"), None);
        assert_eq!(used_and_all("cpu  1 2\n"), None);
    }
}
