//! The place in a log that an assertion is about.

use lab::event::Event;
use lab::log::Log;

/// The events around it.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub before: Vec<Event>,
    pub after: Vec<Event>,
}

impl Place {
    /// A sentence, and the log around the mark.
    pub(crate) fn show(&self, said: &str, mark: &str) -> String {
        let log = Log::default();
        for event in self.before.iter().chain(&self.after) {
            log.push(event.clone());
        }
        let mark = format!("----> {mark}\n");
        format!(
            "{said}\n{}",
            log.marked(self.before.len(), &mark).trim_end()
        )
    }
}
