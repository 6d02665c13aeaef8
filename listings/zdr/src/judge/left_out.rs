//! Whether a reload has left one class of clients out, for good: that is no moment without service, which would meet
//! the others as well.

use crate::report::{ClassReport, Code};
use ch11_verification::attempt::Class;

/// So many that are refused are no accident, and so many that are served no luck.
const MANY: u64 = 10;

/// Those who differ from the clients of class `full` in what they offer or ask for, and open connections as often.
const SPECIAL: [Class; 5] = [
    Class::Resuming,
    Class::Tls12,
    Class::Nameless,
    Class::Sibling,
    Class::Second,
];

/// Whether many clients of this class were refused, while none of class `full` was.
pub(super) fn is_left_out(class: &ClassReport, classes: &[ClassReport]) -> bool {
    let full = classes.iter().find(|of| of.class == Class::Full);
    let served = full.is_some_and(|full| full.attempts >= MANY && refused(full) == 0);
    let many = refused(class);
    SPECIAL.contains(&class.class) && served && many >= MANY && many * 10 >= class.attempts
}

/// How many of them ended in the handshake, or before an answer.
fn refused(class: &ClassReport) -> u64 {
    let failures = class.failures.iter();
    let failures =
        failures.filter(|of| Code::of_client(of.kind, class.class) == Code::HandshakesFailed);
    failures.map(|of| of.count).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::attempt::FailureKind;
    use crate::judge::findings::of_classes;
    use crate::report::cause::causes_of;
    use crate::report::cause::kind::CauseKind;
    use crate::report::{Failures, Phase};

    fn class(class: Class, failed: u64, kind: FailureKind) -> ClassReport {
        let failures = Failures {
            kind,
            phase: Phase::During,
            count: failed,
            example: "eof".into(),
            first_ms: Some(1000.0),
        };
        ClassReport {
            class,
            phases: BTreeMap::new(),
            attempts: 300,
            failed,
            failed_below: 1.0,
            at_risk: None,
            failures: (failed > 0).then_some(failures).into_iter().collect(),
            graceful_closes: 0,
            own_age_ms: None,
            own_steps: None,
        }
    }

    fn causes(classes: &[ClassReport]) -> Vec<CauseKind> {
        let causes = causes_of(&of_classes(classes));
        causes.into_iter().map(|of| of.kind).collect()
    }

    #[test]
    fn clients_that_a_reload_leaves_out_are_not_refused_for_a_moment() {
        let cut = FailureKind::HandshakeCut;
        let full = |failed| class(Class::Full, failed, cut);
        for special in SPECIAL {
            let both = [full(0), class(special, 200, cut)];
            assert_eq!(causes(&both), [CauseKind::ForgetsSettings], "{special}");
        }
        // All others were refused as well, it was a moment, or they are kept connections.
        let tls12 = |failed| class(Class::Tls12, failed, cut);
        for both in [
            [full(3), tls12(200)],
            [full(0), tls12(9)],
            [full(0), tls12(29)],
            [full(0), class(Class::Pooled, 200, cut)],
        ] {
            assert_eq!(causes(&both), [CauseKind::RefusesClients], "{both:?}");
        }
    }

    /// The handshakes of others go on meanwhile.
    #[test]
    fn an_upload_that_is_not_read_any_more_is_no_handshake_that_waits() {
        let stalled = FailureKind::Stalled;
        let upload = class(Class::Upload, 2, stalled);
        let full = |failed| class(Class::Full, failed, stalled);
        let found = of_classes(std::slice::from_ref(&upload));
        assert_eq!(found[0].code, Code::Severed);
        assert_eq!(found[0].evidence.len(), 1);
        assert_eq!(
            causes(&[full(0), upload.clone()]),
            [CauseKind::CutsConnections]
        );
        assert_eq!(causes(&[full(5), upload]), [CauseKind::Waits]);
    }
}
