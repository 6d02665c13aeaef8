//! Certificates that stand beside the first: that of another listener, that of another kind of key, and what a
//! server shows to clients that name none or speak TLS 1.2.

use crate::attempt::{Attempt, Class};
use crate::judge::findings::{ROTATION, finding};
use crate::report::{Code, Finding, Severity};
use crate::testbed::aside::Differs;
use ch11_verification::rotation::Window;

/// Which of these classes was never shown a new certificate that others were shown.
pub fn of_beside(records: &[Attempt], windows: &[Window]) -> Vec<Finding> {
    let classes = [Class::Tls12, Class::Second, Class::Quic, Class::Nameless];
    let found = classes
        .iter()
        .filter_map(|class| missed(*class, records, windows));
    found.collect()
}

fn missed(class: Class, records: &[Attempt], windows: &[Window]) -> Option<Finding> {
    let shown = |record: &&Attempt| record.class == class && record.failed.is_none();
    let shown: Vec<_> = records.iter().filter(shown).collect();
    let numbered = windows.iter().zip(1usize..);
    let missed = numbered.filter(|(window, number)| {
        let Some(new) = window.first_new else {
            return false;
        };
        // No rotation waits for clients of TLS 1.2: until it is over, old and new may be shown.
        let new = match class {
            Class::Tls12 => window.end,
            _ => new,
        };
        let next = windows.get(*number);
        let came = |record: &&&Attempt| {
            record.began >= new && next.is_none_or(|next| record.began < next.began)
        };
        let mut came = shown.iter().filter(came).peekable();
        came.peek().is_some() && came.all(|record| record.shown < Some(window.generation))
    });
    let missed: Vec<_> = missed.collect();
    let (_, first) = missed.first()?;
    let words = format!(
        "{class}: {} of {} rotations, the first of them number {first}: none of its handshakes showed the new \
         certificate, which others were shown.",
        missed.len(),
        windows.len()
    );
    Some(finding(
        Severity::Failure,
        Code::NotPickedUp,
        ROTATION,
        words,
    ))
}

/// What clients that stand aside were shown: each that was shown the old certificate after a rotation of this
/// number, of so many rotations.
pub fn of_asides(kept_old: &[(u32, Differs)], rotations: usize) -> Vec<Finding> {
    let mut each: Vec<(Differs, u32, usize)> = Vec::new();
    for (number, differs) in kept_old {
        match each.iter_mut().find(|(of, ..)| of == differs) {
            Some((.., many)) => *many += 1,
            None => each.push((*differs, *number, 1)),
        }
    }
    let found = each.into_iter().map(|(differs, first, many)| {
        let words = format!(
            "{many} of {rotations} rotations, the first of them number {first}: {} was shown the old certificate, \
             while others were shown the new one.",
            differs.words()
        );
        finding(Severity::Failure, Code::NotPickedUp, ROTATION, words)
    });
    found.collect()
}
