//! What a verdict does not speak of.

use ch11_verification::attempt::Class;

use crate::gate::code::Code;
use crate::gate::scenario::Scenario;
use crate::report::{Outcome, Report};

impl Report {
    /// What only the classes of clients find that were left out, or that made no attempt, a phrase each, and the
    /// scenarios that the level requires and that were not judged, or not applicable. Where nothing was measured,
    /// that is said elsewhere.
    pub(crate) fn not_covered(&self) -> Vec<String> {
        if self.classes.iter().all(|of| of.attempts == 0) {
            return Vec::new();
        }
        let there = |class: Class| self.classes.iter().any(|of| of.class == class);
        let missing = self.plan.left_out.iter().filter(|class| !there(**class));
        let idle = self.classes.iter().filter(|of| of.attempts == 0);
        let missing = missing.copied().chain(idle.map(|of| of.class));
        let asks = self.asks_clients();
        let missing = missing.map(|class| match class {
            Class::Mutual if !asks => {
                "whom it accepts where it asks clients for certificates (--mutual)".to_owned()
            }
            class => format!("{} (class {class})", found_by(class)),
        });
        let reach = self.server.reach.as_ref();
        let unasked = reach.is_some_and(|reach| reach.asks_nothing);
        let unasked =
            unasked.then(|| "what is answered (`[exchange]` tells of nothing to ask)".to_owned());
        let untold = self.resources.is_none() && !self.machine.system.starts_with("linux");
        let untold =
            untold.then(|| "memory, processes and descriptors (only Linux tells)".to_owned());
        let missing = missing.chain(self.older()).chain(unasked);
        missing.chain(self.inapplicable()).chain(untold).collect()
    }

    /// Conversations that no client can have with this server.
    fn older(&self) -> impl Iterator<Item = String> {
        let ended = self.classes.iter().filter_map(|of| {
            let longer = match (of.own_age_ms, of.own_steps) {
                (Some(age), _) => format!("that last for more than {:.1} s", age / 1000.0),
                (None, Some(most)) => format!("of more than {most} commands or messages"),
                (None, None) => return None,
            };
            Some((longer, of.class))
        });
        ended.map(|(longer, class)| {
            format!(
                "conversations {longer}: then the server ends each, rotated or not (class {class})"
            )
        })
    }

    /// The scenarios that the level requires and that were not judged, or not applicable. Those of client trust have
    /// nothing to say of a server that asks no client for a certificate.
    fn inapplicable(&self) -> impl Iterator<Item = String> {
        let asks = self.asks_clients();
        let skipped = self.scenarios.iter().filter(|of| {
            of.outcome == Outcome::NotApplicable
                && of.level <= self.plan.require
                && (asks || !Scenario::is_of_trust(&of.name))
        });
        let names = skipped.map(|of| of.name.as_str());
        let (busy, others): (Vec<_>, Vec<_>) =
            names.partition(|name| self.had_too_much_to_do(name));
        let all = [
            (
                "scenarios that were not judged, because there was too much to do",
                busy,
            ),
            ("scenarios that are not applicable here", others),
        ];
        let there = all.into_iter().filter(|(_, names)| !names.is_empty());
        there.map(|(what, names)| format!("{what}: {}", names.join(", ")))
    }

    /// Whether a scenario was not judged for that.
    fn had_too_much_to_do(&self, scenario: &str) -> bool {
        let mut found = self.findings.iter();
        found.any(|of| of.code == Code::LoadFellBehind && of.scenario == scenario)
    }

    fn asks_clients(&self) -> bool {
        self.server
            .reach
            .as_ref()
            .is_some_and(|reach| reach.client_auth)
    }
}

fn found_by(class: Class) -> &'static str {
    match class {
        Class::Full => "whether new connections are shown the new certificate",
        Class::Resuming => "clients that return with a session",
        Class::Tls12 => "clients that speak TLS 1.2",
        Class::Nameless => "clients that name no server",
        Class::Sibling => "whether another name keeps its certificate",
        Class::Second => "whether the second kind of key is renewed",
        Class::Quic => "whether new connections of QUIC are shown the new certificate",
        Class::Pooled => "requests over kept connections",
        Class::Http2 => "streams of HTTP/2",
        Class::Http3 => "streams of HTTP/3",
        Class::Download => "whether a long answer is cut",
        Class::Moving => "clients of HTTP/3 that change their address",
        Class::Upload => "whether a long upload is cut",
        Class::Held => "conversations that cross a rotation",
        Class::Grpc => "streams and calls of gRPC",
        Class::Mutual => "clients without a certificate",
    }
}

/// As the end of a verdict: nothing where all is covered.
pub(crate) fn remark(not_covered: &[String]) -> String {
    match not_covered {
        [] => String::new(),
        all => format!(" Not covered: {}.", all.join("; ")),
    }
}
