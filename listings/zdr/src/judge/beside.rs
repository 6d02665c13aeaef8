//! Certificates that stand beside the first: that of another listener, that of another kind of key, and what a
//! server shows to clients that name none or speak TLS 1.2.

use std::mem::discriminant;
use std::time::Duration;

use crate::attempt::{Attempt, Class, Differs};
use crate::judge::findings::{ROTATION, finding, since};
use crate::report::{Code, Finding, Severity};
use crate::testbed::aside::Amiss;
use ch11_verification::rotation::Window;

/// Which of these classes was never shown a new certificate that others were shown. Where ordinary clients, too, were
/// shown the old certificate `beside` the new one, the few of a class met it for the same reason, unless they do each
/// time.
pub fn of_beside(records: &[Attempt], windows: &[Window], beside: bool) -> Vec<Finding> {
    let classes = [
        Class::Tls12,
        Class::Second,
        Class::Quic,
        Class::Nameless,
        Class::Http2,
    ];
    let found = classes
        .iter()
        .filter_map(|class| missed(*class, records, windows, beside));
    found.collect()
}

/// Whether this tells of refusals only because rotations did not settle, and nobody else was refused meanwhile: then the
/// clients that kept the old certificate or were refused, which are `told` of, kept them from it.
pub fn is_of_those(
    found: &Finding,
    told: &[Finding],
    (records, windows): (&[Attempt], &[Window]),
) -> bool {
    let is_unsettled = found.code == Code::HandshakesFailed && found.evidence.is_empty();
    let with_class = || told.iter().filter(|of| of.class.is_some());
    let is_known =
        with_class().any(|of| matches!(of.code, Code::NotPickedUp | Code::HandshakesFailed));
    let refused =
        |class| with_class().any(|of| of.code == Code::HandshakesFailed && of.class == Some(class));
    let others = |of: &&Attempt| of.failed.is_some() && !refused(of.class);
    let unsettled = || windows.iter().filter(|of| of.converged.is_none());
    let met = |of: &Attempt| unsettled().any(|at| (at.notified..=at.end).contains(&of.done));
    is_unsettled && is_known && !records.iter().filter(others).any(met)
}

/// The attempts without those of such a class that never was: of it [`of_beside`] tells, and it says nothing of how old
/// and new parted for all others.
pub fn of_others(records: &[Attempt], windows: &[Window]) -> Vec<Attempt> {
    let always = of_beside(records, windows, true);
    let is_one = |class| always.iter().any(|found| found.class == Some(class));
    let others = records.iter().filter(|record| !is_one(record.class));
    others.cloned().collect()
}

/// After so many rotations a class that opens few connections has to have opened one, each with the old certificate.
const SEVERAL: usize = 3;

fn missed(class: Class, records: &[Attempt], windows: &[Window], beside: bool) -> Option<Finding> {
    // Connections that are kept are opened so seldom that not each rotation tells something of them, and most requests
    // over them show no certificate.
    let (is_rare, mut judged) = (class == Class::Http2, 0);
    let shows = |of: &Attempt| !is_rare || (of.opened && !of.resumed && of.shown.is_some());
    let shown = |of: &&Attempt| of.class == class && of.failed.is_none() && shows(of);
    let shown: Vec<_> = records.iter().filter(shown).collect();
    let numbered = windows.iter().zip(1usize..);
    let missed = numbered.filter(|(window, number)| {
        let Some(new) = window.first_new else {
            return false;
        };
        // No rotation waits for clients of TLS 1.2: until it is over, old and new may be shown.
        let new = match class {
            Class::Tls12 | Class::Http2 => window.end,
            _ => new,
        };
        let next = windows.get(*number);
        let came = |record: &&&Attempt| {
            record.began >= new && next.is_none_or(|next| record.began < next.began)
        };
        let mut came = shown.iter().filter(came).peekable();
        judged += usize::from(came.peek().is_some());
        came.peek().is_some() && came.all(|record| record.shown < Some(window.generation))
    });
    let missed: Vec<_> = missed.collect();
    let (_, first) = missed.first()?;
    let known = match is_rare {
        true => judged >= SEVERAL && missed.len() == judged,
        false => !beside || missed.len() == windows.len(),
    };
    if !known {
        return None;
    }
    let words = format!(
        "{class}: {} of {} rotations {}: no handshake of this class showed the new certificate, \
         although other clients were shown it.",
        missed.len(),
        windows.len(),
        since(*first)
    );
    Some(Finding {
        class: Some(class),
        ..finding(Severity::Failure, Code::NotPickedUp, ROTATION, words)
    })
}

/// Whether clients that name no server are refused after a rotation, where some were served before the first.
/// Only they have no class of their own at every server.
pub fn of_nameless(records: &[Attempt], windows: &[Window]) -> Option<Finding> {
    let nameless: Vec<_> = records
        .iter()
        .filter(|record| record.class == Class::Nameless)
        .collect();
    let (first, last) = (windows.first()?, |at: usize| {
        windows.get(at).map_or(Duration::MAX, |next| next.began)
    });
    let served = |record: &&Attempt| record.failed.is_none();
    let mut before = nameless.iter().filter(|record| record.began < first.began);
    before.find(|record| served(record))?;
    let mut refused = windows.iter().zip(1usize..).filter_map(|(window, number)| {
        let new = window.first_new?;
        let came = nameless
            .iter()
            .filter(|record| (new..last(number)).contains(&record.began));
        let came: Vec<_> = came.collect();
        let error = came.last()?.error.as_deref().unwrap_or_default();
        let none = !came.iter().any(|record| served(record));
        none.then_some((number, error))
    });
    let (number, error) = refused.next()?;
    let words = format!(
        "{} of {} rotations {}: a client that names no server (no SNI) was refused \
         ({error}), although it was served before the first rotation.",
        1 + refused.count(),
        windows.len(),
        since(number)
    );
    let code = Code::HandshakesFailed;
    Some(Finding {
        class: Some(Class::Nameless),
        ..finding(Severity::Failure, code, ROTATION, words)
    })
}

/// What became of clients that stand aside: each that was shown the old certificate, refused, or given less than
/// before, after a rotation of this number, of so many rotations. Where ordinary clients, too, were shown the old
/// certificate `beside` the new one, another client met it for the same reason, unless it does each time.
pub fn of_asides(missed: &[(u32, Differs, Amiss)], rotations: usize, beside: bool) -> Vec<Finding> {
    let mut each: Vec<(&(u32, Differs, Amiss), usize)> = Vec::new();
    for missed in missed {
        let same = |of: &(u32, Differs, Amiss)| {
            of.1 == missed.1 && discriminant(&of.2) == discriminant(&missed.2)
        };
        match each.iter_mut().find(|(of, _)| same(of)) {
            Some((_, many)) => *many += 1,
            None => each.push((missed, 1)),
        }
    }
    each.retain(|((.., amiss), many)| !beside || *amiss != Amiss::KeptOld || *many >= rotations);
    let is_less = |amiss: &Amiss| matches!(amiss, Amiss::AgreesElse(_));
    let less = each
        .iter()
        .filter(|((.., amiss), _)| is_less(amiss))
        .count();
    // What they all get is no matter of the way in which the first of them differs.
    let alike = match less {
        0..=2 => String::new(),
        many => format!(", as were {} other kinds of clients", many - 1),
    };
    let found = each.into_iter().map(|((first, differs, amiss), many)| {
        let (code, what) = match amiss {
            Amiss::KeptOld => (
                Code::NotPickedUp,
                "was shown the old certificate, while others were shown the new one".to_owned(),
            ),
            Amiss::Refused(error) => (
                Code::HandshakesFailed,
                format!("was refused ({error}), although it was served before the first rotation"),
            ),
            Amiss::StapledElse(said) => (
                Code::UnfitShown,
                format!(
                    "was sent an OCSP response {said}: it has to end the handshake. A response belongs to one \
                     certificate, and ends: fetch one for each, and the next in time, and send none until it has come"
                ),
            ),
            Amiss::AgreesElse(said) => (
                Code::HandshakesFailed,
                format!(
                    "was given {said} as before the first rotation{alike}: a client that insists on what it had before \
                     is refused"
                ),
            ),
        };
        let words = format!(
            "{many} of {rotations} rotations {}: {} {what}.",
            since(first),
            differs.words()
        );
        Finding {
            differs: Some(*differs),
            ..finding(Severity::Failure, code, ROTATION, words)
        }
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::FailureKind;
    use crate::attempt::differs::Cipher;
    use crate::judge::measure;

    fn failure(code: Code) -> Finding {
        finding(Severity::Failure, code, ROTATION, String::new())
    }

    #[test]
    fn what_all_are_given_is_not_told_of_one_alone() {
        let less = |differs| {
            (
                1,
                differs,
                Amiss::AgreesElse("TLS 1.2, instead of TLS 1.3".into()),
            )
        };
        let few = [Differs::UnknownName, Differs::NoProtocol].map(less);
        let found = of_asides(&few, 1, false);
        assert!(!found[0].words.contains("other kinds"), "{found:?}");
        let all = [&few[..], &[less(Differs::Http2Alone)]].concat();
        let found = of_asides(&all, 1, false);
        let alike = "as were 2 other kinds of clients";
        assert!(found[0].words.contains(alike), "{found:?}");
    }

    #[test]
    fn what_ordinary_clients_meet_as_well_does_not_come_from_what_differs() {
        let (cipher, name) = (Differs::OneCipher(Cipher::Aes256), Differs::UnknownName);
        let refused = Amiss::Refused("an alert".into());
        let missed: Vec<_> = [2, 3, 4]
            .map(|number| (number, name, Amiss::KeptOld))
            .into_iter()
            .chain([(2, cipher, Amiss::KeptOld), (3, cipher, refused)])
            .collect();
        let found = |beside| {
            let found = of_asides(&missed, 3, beside);
            let found = found.into_iter().map(|of| (of.differs, of.code));
            found.collect::<Vec<_>>()
        };
        let name = (Some(name), Code::NotPickedUp);
        let refused = (Some(cipher), Code::HandshakesFailed);
        let kept_old = (Some(cipher), Code::NotPickedUp);
        assert_eq!(found(false), [name, kept_old, refused]);
        assert_eq!(found(true), [name, refused]);
    }

    /// Rotations do not settle while clients that name no server are refused.
    #[test]
    fn one_class_that_is_refused_is_told_of_once() {
        let at = |ms: u64| Duration::from_millis(ms);
        let windows = [Window {
            notified: at(100),
            end: at(900),
            ..Window::default()
        }];
        let refused = |class| Finding {
            class,
            ..failure(Code::HandshakesFailed)
        };
        let told = [refused(Some(Class::Nameless))];
        let of_those = |classes: &[Class]| {
            let records = classes.iter().map(|class| Attempt {
                failed: Some(FailureKind::Alert),
                ..Attempt::opening(*class, at(500))
            });
            is_of_those(
                &refused(None),
                &told,
                (&records.collect::<Vec<_>>(), &windows),
            )
        };
        assert!(of_those(&[Class::Nameless]));
        assert!(!of_those(&[Class::Nameless, Class::Full]));
    }

    /// Rotations do not settle while clients that name no server are shown the old certificate.
    #[test]
    fn clients_that_keep_the_old_certificate_refuse_nobody() {
        let at = |ms: u64| Duration::from_millis(ms);
        let windows = [Window {
            notified: at(100),
            end: at(900),
            ..Window::default()
        }];
        let kept_old = Finding {
            class: Some(Class::Nameless),
            ..failure(Code::NotPickedUp)
        };
        let unsettled = failure(Code::HandshakesFailed);
        let of_those = |told: &[Finding], failed| {
            let record = Attempt {
                failed,
                ..Attempt::opening(Class::Full, at(500))
            };
            is_of_those(&unsettled, told, (&[record], &windows))
        };
        assert!(of_those(std::slice::from_ref(&kept_old), None));
        assert!(!of_those(&[], None));
        assert!(!of_those(&[kept_old], Some(FailureKind::Refused)));
    }

    /// A default that stays behind is one thing, and workers that disagree are another.
    #[test]
    fn a_class_that_is_never_shown_the_new_one_does_not_keep_old_and_new_side_by_side() {
        let at = |ms: u64| Duration::from_millis(ms);
        let windows = [1, 2].map(|number| Window {
            generation: number + 1,
            began: at(1000 * u64::from(number)),
            first_new: Some(at(1000 * u64::from(number))),
            end: at(1000 * u64::from(number)),
            ..Window::default()
        });
        let overlaps = |shown_to_nameless: [u32; 2]| {
            let mut records = Vec::new();
            for (class, shown) in [(Class::Full, [2, 3]), (Class::Nameless, shown_to_nameless)] {
                for (ms, shown) in [1500, 2500].into_iter().zip(shown) {
                    records.push(Attempt {
                        shown: Some(shown),
                        handshake_done: Some(at(ms)),
                        ..Attempt::opening(class, at(ms))
                    });
                }
            }
            let others = of_others(&records, &windows);
            let rotations = measure::rotations(&others, &windows);
            let overlaps = rotations.iter().map(|of| of.overlap_ms > 0.0);
            (others.len(), overlaps.collect::<Vec<_>>())
        };
        assert_eq!(overlaps([1, 1]), (2, vec![false, false]));
        // Once it was late, as others may be.
        assert_eq!(overlaps([1, 3]), (4, vec![false, false]));
        assert_eq!(overlaps([2, 3]), (4, vec![false, false]), "the control");
    }

    /// No rotation waits for clients of TLS 1.2: until it is over, old and new may be shown.
    #[test]
    fn clients_of_tls_1_2_are_looked_at_once_a_rotation_is_over() {
        let at = Duration::from_secs;
        let windows = [Window {
            generation: 2,
            began: at(1),
            first_new: Some(at(1)),
            end: at(3),
            ..Window::default()
        }];
        let found = |class, second| {
            let record = Attempt {
                shown: Some(1),
                ..Attempt::opening(class, at(second))
            };
            of_beside(&[record], &windows, false).len()
        };
        assert_eq!((found(Class::Tls12, 2), found(Class::Tls12, 4)), (0, 1));
        assert_eq!(found(Class::Nameless, 2), 1);
    }

    /// Go's `GetCertificate` sees which protocols a client offers.
    #[test]
    fn clients_of_http2_alone_that_keep_the_old_certificate_are_no_workers_that_disagree() {
        let at = Duration::from_secs;
        let windows = [1, 3, 5, 7].map(|second| Window {
            generation: second as u32 + 1,
            began: at(second),
            first_new: Some(at(second)),
            end: at(second + 1),
            ..Window::default()
        });
        let found = |shown: &[u32]| {
            let records = shown.iter().zip([2, 4, 6]).map(|(shown, second)| Attempt {
                shown: Some(*shown),
                ..Attempt::opening(Class::Http2, at(second))
            });
            let mut records: Vec<_> = records.collect();
            let found = of_beside(&records, &windows, true).len();
            let others = of_others(&records, &windows).len();
            // Requests over connections that are open.
            for record in &mut records {
                (record.opened, record.shown) = (false, None);
            }
            assert!(of_beside(&records, &windows, false).is_empty());
            (found, others)
        };
        assert_eq!(found(&[1, 1, 1]), (1, 0));
        assert_eq!(found(&[1, 4, 1]), (0, 3));
        assert_eq!(found(&[1, 1]), (0, 2), "too few");
    }

    #[test]
    fn who_was_never_served_is_not_refused_by_a_rotation() {
        let at = Duration::from_secs;
        let windows = [Window {
            began: at(1),
            first_new: Some(at(1)),
            ..Window::default()
        }];
        let refused = Some(FailureKind::Alert);
        let found = |before| {
            let records = [(0, before), (2, refused)].map(|(second, failed)| Attempt {
                failed,
                ..Attempt::opening(Class::Nameless, at(second))
            });
            of_nameless(&records, &windows).is_some()
        };
        assert!(found(None));
        assert!(!found(refused));
    }

    #[test]
    fn a_class_that_meets_what_ordinary_clients_meet_is_a_fault_of_its_own_if_it_meets_it_each_time()
     {
        let at = |number: u32| Duration::from_secs(number.into());
        let windows = [1, 2, 3].map(|number| Window {
            generation: number + 1,
            began: at(number),
            first_new: Some(at(number)),
            end: at(number),
            ..Window::default()
        });
        let found = |late: &[u32], beside| {
            let shown = |number: &u32| number + 1 - u32::from(late.contains(number));
            let records = [1, 2, 3].map(|number| Attempt {
                shown: Some(shown(&number)),
                ..Attempt::opening(Class::Tls12, at(number) + Duration::from_millis(500))
            });
            of_beside(&records, &windows, beside).len()
        };
        assert_eq!(found(&[], false), 0, "the control");
        assert_eq!((found(&[2, 3], false), found(&[2, 3], true)), (1, 0));
        assert_eq!((found(&[1, 2, 3], false), found(&[1, 2, 3], true)), (1, 1));
    }
}
