//! What a verdict does not speak of.

use ch11_verification::attempt::Class;

use crate::report::Report;

impl Report {
    /// What only the classes of clients find that were left out, or that made no attempt, a phrase each. Where nothing
    /// was measured, that is said elsewhere.
    pub(crate) fn not_covered(&self) -> Vec<String> {
        if self.classes.iter().all(|of| of.attempts == 0) {
            return Vec::new();
        }
        let there = |class: Class| self.classes.iter().any(|of| of.class == class);
        let missing = self.plan.left_out.iter().filter(|class| !there(**class));
        let idle = self.classes.iter().filter(|of| of.attempts == 0);
        let missing = missing.copied().chain(idle.map(|of| of.class));
        let missing = missing.map(|class| format!("{} (class {class})", found_by(class)));
        let untold = self.resources.is_none() && !self.machine.system.starts_with("linux");
        let untold =
            untold.then(|| "memory, processes and descriptors (only Linux tells)".to_owned());
        missing.chain(untold).collect()
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
