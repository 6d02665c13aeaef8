//! The times of a report's rotations, in a few figures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::news::FOLLOWS;
use crate::report::{Report, Rotation, format};

/// Times of the rotations of one report.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// How many.
    pub rotations: u64,
    /// How many never showed the new certificate.
    pub never: u64,
    /// From files and signal to the first handshake with the new certificate: half took no longer.
    pub first_new_median_ms: Option<f64>,
    /// The longest.
    pub first_new_worst_ms: Option<f64>,
    /// The longest time for which old and new were shown side by side.
    pub overlap_worst_ms: Option<f64>,
}

impl Times {
    /// Of all rotations of a report.
    pub fn of(rotations: &[Rotation]) -> Self {
        // One that shows it before it is told, while it starts anew, takes no time.
        let new = rotations.iter().filter_map(|r| r.first_new_ms);
        let mut new: Vec<f64> = new.map(|ms| ms.max(0.0)).collect();
        new.sort_by(f64::total_cmp);
        let overlaps = rotations.iter().map(|rotation| rotation.overlap_ms);
        Self {
            rotations: rotations.len() as u64,
            never: (rotations.len() - new.len()) as u64,
            first_new_median_ms: new.get(new.len().saturating_sub(1) / 2).copied(),
            first_new_worst_ms: new.last().copied(),
            overlap_worst_ms: overlaps.max_by(f64::total_cmp),
        }
    }

    /// The same times from the first file that was written on, and what they count from otherwise, where that says too
    /// little: a restart is over when the server is ready again, a command when it ends, lines over a socket when the
    /// last is answered, and a server that reads its files for each handshake shows the new certificate before it is
    /// told. `None` where none of that is so.
    pub(crate) fn from_files(report: &Report) -> Option<(&'static str, Self)> {
        let median = Self::of(&report.rotations).first_new_median_ms;
        let is_early = median.is_some_and(|median| median <= 0.0);
        let since = match report.server.reload.as_str() {
            "by a restart" => "after the restart was over",
            // So a command is shown, and a signal is not.
            how if how.starts_with("by `") => "after the command was over",
            how if how.starts_with("over the socket") => "after the socket's last answer",
            FOLLOWS if is_early => "after the files were complete",
            _ if is_early => "after the files were complete and it was told",
            _ => return None,
        };
        let from_files = |of: &Rotation| Rotation {
            first_new_ms: of
                .first_new_ms
                .map(|new| new + of.notified_ms - of.began_ms),
            ..of.clone()
        };
        let rotations: Vec<_> = report.rotations.iter().map(from_files).collect();
        let times = Self::of(&rotations);
        times.first_new_median_ms?;
        Some((since, times))
    }
}

/// For how long clients came after each reload, for people: a server may give old connections some time before it ends
/// them, or come back to an older certificate, and who has left by then does not see it. `None` where nothing was rotated.
pub(crate) fn watched(report: &Report) -> Option<String> {
    clients_came(report.seconds, &report.rotations)
}

fn clients_came(seconds: f64, rotations: &[Rotation]) -> Option<String> {
    let (first, last) = (rotations.first()?, rotations.last()?);
    let since = |of: &Rotation| format::millis((seconds * 1e3 - of.notified_ms).max(0.0));
    let pairs = rotations.windows(2);
    let between = pairs.map(|pair| pair[1].began_ms - pair[0].notified_ms);
    let shortest = between.min_by(f64::total_cmp);
    let (watched, between) = match shortest {
        None => (format!("{} after it", since(first)), ""),
        Some(shortest) => (
            format!(
                "{} after the first, for {} after the last, and for {} or more from one to the next",
                since(first),
                since(last),
                format::millis(shortest.max(0.0))
            ),
            " after the last, and --interval-ms from one to the next",
        ),
    };
    Some(format!(
        "Clients came for {watched}. What the server does later is not seen: it may end a connection, by a shutdown \
         timeout for example, or show an older certificate again. --steady-ms watches longer{between}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of these rotations, each told 10 ms after it began, in a run of ten seconds.
    fn said(began: &[f64]) -> Option<String> {
        let rotation = |began: &f64| Rotation {
            number: 1,
            serial: "01".into(),
            began_ms: *began,
            notified_ms: *began + 10.0,
            first_new_ms: None,
            last_old_ms: None,
            overlap_ms: 0.0,
            converged_ms: None,
            complaint: None,
        };
        let rotations: Vec<_> = began.iter().map(rotation).collect();
        clients_came(10.0, &rotations)
    }

    #[test]
    fn for_how_long_each_rotation_was_watched_is_told() {
        assert_eq!(said(&[]), None);
        let one = said(&[1990.0]).unwrap_or_default();
        assert!(one.contains("came for 8.00 s after it."), "{one}");
        assert!(one.ends_with("--steady-ms watches longer."), "{one}");
        let three = said(&[1990.0, 3500.0, 4700.0]).unwrap_or_default();
        let parts =
            "8.00 s after the first, for 5.29 s after the last, and for 1.19 s or more from";
        assert!(three.contains(parts), "{three}");
        assert!(three.contains("an older certificate again"), "{three}");
    }
}
