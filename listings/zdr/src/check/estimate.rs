//! How long a check will take, from what it is going to wait for.

use std::time::Duration;

use crate::check::options::Options;
use crate::check::quiet::{ANSWERS, CONVERSATIONS};
use crate::gate::scenario::Scenario;
use crate::load::held::{OLDEST, look_takes};
use crate::scenarios::applies;
use crate::server::spec::{Protocol, Spec};
use ch11_verification::attempt::Class;

/// A server that starts and picks up new files at once, and one that never shows a new certificate, and is waited for at
/// the end as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// If each new certificate is shown at once.
    pub usual: Duration,
    /// If none ever is, and each is waited for; and at the end what it is still at, long answers, and whether it ends
    /// conversations at an age of its own.
    pub longest: Duration,
}

/// What a server takes to start, and to be asked whether it answers.
const START: Duration = Duration::from_millis(300);
/// What a rotation takes until as many handshakes have shown it as are needed.
const ROTATION: Duration = Duration::from_millis(150);
/// What a restart takes: long answers may have two seconds before their server is ended.
const RESTART: Duration = Duration::from_millis(2000);

/// Estimates a check of this server. Nothing is started.
pub fn estimate(spec: &Spec, options: &Options) -> Estimate {
    let within = Duration::from_millis(spec.limits.reload_within_ms);
    let told = match spec.reload.restart {
        true => RESTART,
        false => Duration::ZERO,
    };
    let frame = START + options.steady * 2;
    let rotation = options.interval.max(ROTATION + told);
    let usual = |scenario: &Scenario| duration(*scenario, options) + told * 2;
    let scenarios: Vec<_> = options
        .scenarios
        .iter()
        .filter(|one| applies(**one, spec))
        .collect();
    let jobs = match spec.attach {
        Some(_) => 1,
        None => options.jobs,
    };
    let lasting = scenarios.iter().map(|scenario| usual(scenario));
    let waiting = scenarios
        .iter()
        .map(|scenario| usual(scenario).saturating_add(within));
    // Whoever asks for four thousand million rotations is told that they take forever.
    let all = |each: Duration| each.saturating_mul(options.rotations);
    let sum =
        |rotations: Duration, scenarios| frame.saturating_add(rotations.saturating_add(scenarios));
    let longest = options.interval.max(within.saturating_add(told));
    // One that is busier than before is waited for, and so are long answers where its memory has grown.
    let answers = match has_downloads(spec) {
        true => ANSWERS,
        false => Duration::ZERO,
    };
    let under_load = (options.steady * 2).saturating_add(all(longest));
    let at_end = match options.rotations {
        0 => Duration::ZERO,
        _ => within
            .saturating_add(answers)
            .saturating_add(looks_for_ages(spec, options, under_load)),
    };
    Estimate {
        usual: sum(all(rotation), side_by_side(lasting, jobs)),
        longest: sum(all(longest), side_by_side(waiting, jobs)).saturating_add(at_end),
    }
}

/// Whether clients read long answers of this server.
pub(super) fn has_downloads(spec: &Spec) -> bool {
    match spec.protocol {
        Protocol::Http | Protocol::Lab => true,
        _ => spec.download.is_some(),
    }
}

/// Whether clients have conversations of this class with this server.
pub(super) fn converses(class: Class, spec: &Spec) -> bool {
    match class {
        Class::Held => (spec.protocol.is_dialogue() && !spec.grpc) || spec.websocket.is_some(),
        Class::Grpc => spec.grpc,
        _ => false,
    }
}

/// For how long a server is watched at the most after the last rotation, where it has ended conversations: to learn
/// whether it does so at an age of its own. None was older than the time in which clients came.
pub(super) fn looks_for_ages(spec: &Spec, options: &Options, under_load: Duration) -> Duration {
    let is_asked_for = |class: &Class| {
        let classes = options.classes.as_ref();
        classes.is_none_or(|classes| classes.contains(class))
    };
    let classes = CONVERSATIONS.iter();
    let many = classes.filter(|class| converses(**class, spec) && is_asked_for(class));
    look_takes(OLDEST.min(under_load)) * many.count() as u32
}

/// What a scenario takes with a server that picks up at once: its start, a good rotation at both ends, and what is
/// waited for in between.
fn duration(scenario: Scenario, options: &Options) -> Duration {
    let own = match scenario {
        Scenario::Stalled => options.patience.min(Duration::from_secs(2)).as_millis() as u64 + 1500,
        Scenario::RemoveCreate => 1500,
        Scenario::TrustAdded | Scenario::TrustRemoved | Scenario::TrustHalfWritten => 3000,
        Scenario::AbsentAtStart | Scenario::SlowWrite | Scenario::Burst => 500,
        Scenario::HalfOpen => 1000,
        // Two more are started, to find out which kinds of keys it takes.
        Scenario::OtherKeyKind => 1500,
        Scenario::TornKinds => 2200,
        other if other.sabotage().is_some() => 700,
        _ => 300,
    };
    START + ROTATION * 2 + Duration::from_millis(own)
}

/// How long these take in their order, with at most so many at once.
fn side_by_side(lasting: impl Iterator<Item = Duration>, jobs: usize) -> Duration {
    let mut free = vec![Duration::ZERO; jobs.max(1)];
    for lasts in lasting {
        if let Some(first) = free.iter_mut().min() {
            *first = first.saturating_add(lasts);
        }
    }
    free.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_at_the_end_belongs_to_the_longest() {
        let longest = |protocol: &str, rotations| {
            let toml = format!(
                "command = [\"s\", \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\nprotocol = \"{protocol}\"\n\
                 [limits]\nreload_within_ms = 10000\n"
            );
            let spec = Spec::parse(&toml).expect("it is a description");
            let options = Options {
                rotations,
                interval: Duration::from_secs(1),
                steady: Duration::ZERO,
                scenarios: Vec::new(),
                ..Options::default()
            };
            estimate(&spec, &options).longest - START
        };
        let each = Duration::from_secs;
        // Each rotation is waited for, and the last one's work; then long answers, where there are any.
        assert_eq!(longest("any_http", 2), each(10 + 10 + 10));
        assert_eq!(longest("http", 2), each(10 + 10 + 10) + ANSWERS);
        assert_eq!(longest("http", 0), each(0));
        // A conversation may have been as old as all of that, or 20 s.
        let held = |within| look_takes(each(within));
        assert_eq!(longest("redis", 1), each(10 + 10) + held(10));
        assert_eq!(longest("redis", 3), each(30 + 10) + held(20));
        assert_eq!(longest("redis", 0), each(0));
    }
}
