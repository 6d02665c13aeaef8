//! Why this is said.

use ch07_graceful_degradation::alerts::rule;

use super::scene::Said;

/// Why, in paragraphs.
pub(super) fn why(said: &Said) -> Vec<String> {
    let mut why = vec![format!(
        "/ready: {}.",
        said.words.trim_start_matches("not ready: ")
    )];
    for alert in &said.firing {
        why.extend(rule(alert).map(|rule| format!("{alert}: {}.", rule.summary)));
    }
    for (alert, better) in &said.silent {
        why.push(format!(
            "{alert} is silent: its condition holds, and {better} tells that fault better."
        ));
    }
    if said.ready != 200 {
        why.push("/live only says that the process answers: a restart would throw the last good identity away.".into());
    }
    why
}
