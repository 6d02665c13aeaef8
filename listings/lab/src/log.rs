//! Reading the log: wait for an event, query, and assert on order.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::event::Event;

/// A growing log. Clones share it.
#[derive(Clone, Default)]
pub struct Log(Arc<Inner>);

#[derive(Default)]
struct Inner {
    events: Mutex<Vec<Event>>,
    // How many events there are, and whether more can come.
    grown: watch::Sender<(usize, bool)>,
}

/// What an event must look like to match.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    name: String,
    fields: Vec<(String, Value)>,
}

/// Wants an event of this name.
pub fn want(name: &str) -> Want {
    Want {
        name: name.into(),
        fields: Vec::new(),
    }
}

impl Want {
    /// And with this value in this field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.push((field.into(), value.into()));
        self
    }

    /// Whether `event` is what is wanted.
    pub fn matches(&self, event: &Event) -> bool {
        let field_matches = |(field, value): &(String, Value)| event.0.get(field) == Some(value);
        event.name() == self.name && self.fields.iter().all(field_matches)
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (field, value) in &self.fields {
            write!(f, " {field}={value}")?;
        }
        Ok(())
    }
}

impl Log {
    /// Reads a log from text, one event a line. Lines that are not events are passed over.
    pub fn parse(text: &str) -> Self {
        let log = Self::default();
        text.lines()
            .filter_map(Event::parse)
            .for_each(|e| log.push(e));
        log
    }

    /// Adds an event, and wakes those who wait.
    pub fn push(&self, event: Event) {
        let mut events = self.lock();
        events.push(event);
        self.0
            .grown
            .send_modify(|(length, _)| *length = events.len());
    }

    /// Says that no more events come: the child is gone. Those who wait give up at once.
    pub fn end(&self) {
        self.0.grown.send_modify(|(_, ended)| *ended = true);
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.lock().clone()
    }

    /// The events that match, in order.
    pub fn all(&self, want: &Want) -> Vec<Event> {
        let events = self.lock();
        events.iter().filter(|e| want.matches(e)).cloned().collect()
    }

    /// Waits until an event matches, one that is there already included, and returns the first.
    ///
    /// # Panics
    /// After `bound`, or when the log has ended, with what it waited for and the log.
    pub async fn wait_for(&self, want: &Want, bound: Duration) -> Event {
        self.wait_for_nth(want, 1, bound).await
    }

    /// Waits until `count` events match, those that are there already included, and returns the
    /// first so many.
    ///
    /// # Panics
    /// As [`Log::wait_for`]. Also where `count` is 0.
    pub async fn wait_for_all(&self, want: &Want, count: usize, bound: Duration) -> Vec<Event> {
        assert!(count > 0, "waiting for no event");
        let finding = tokio::time::timeout(bound, self.find(want, count)).await;
        match finding {
            Ok(Some(events)) => events,
            Ok(None) => panic!(
                "the log ended without `{want}`:\n{}",
                self.marked(usize::MAX, "")
            ),
            Err(_) => panic!(
                "waited {bound:?} for `{want}`, and it did not come. The log:\n{}",
                self.marked(usize::MAX, "")
            ),
        }
    }

    /// Waits until so many events match, and returns the last of them.
    ///
    /// # Panics
    /// As [`Log::wait_for_all`].
    pub async fn wait_for_nth(&self, want: &Want, nth: usize, bound: Duration) -> Event {
        self.wait_for_all(want, nth, bound).await.remove(nth - 1)
    }

    async fn find(&self, want: &Want, count: usize) -> Option<Vec<Event>> {
        let mut grown = self.0.grown.subscribe();
        let (mut seen, mut found) = (0, Vec::new());
        loop {
            {
                let events = self.lock();
                let new = events[seen..].iter().filter(|event| want.matches(event));
                found.extend(new.take(count - found.len()).cloned());
                seen = events.len();
            }
            if found.len() == count {
                return Some(found);
            }
            let more = grown.wait_for(|(length, ended)| *length > seen || *ended);
            // The sender lives as long as `self`, so this only ends with `end`.
            if more.await.map_or(true, |now| now.0 == seen && now.1) {
                return None;
            }
        }
    }

    /// Asserts that the wanted events occur in this order. Others may stand between them.
    ///
    /// # Panics
    /// With the log, and a mark at the place after which the first missing event was looked for.
    #[track_caller]
    pub fn assert_order(&self, wanted: &[Want]) {
        let events = self.lock().clone();
        let mut from = 0;
        for want in wanted {
            match events[from..].iter().position(|event| want.matches(event)) {
                Some(offset) => from += offset + 1,
                None => panic!(
                    "the log lacks `{want}` at the mark:\n{}",
                    self.marked(from, &format!("----> missing from here on: {want}\n"))
                ),
            }
        }
    }

    /// Asserts that no two events of this name have the same value in `field`.
    ///
    /// # Panics
    /// With the log, and a mark before the repetition.
    #[track_caller]
    pub fn assert_unique(&self, name: &str, field: &str) {
        let events = self.lock().clone();
        let mut seen = Vec::new();
        for (at, event) in events.iter().enumerate().filter(|(_, e)| e.name() == name) {
            let value = event.text(field);
            assert!(
                !seen.contains(&value),
                "`{name}` came twice with {field}={value:?}:\n{}",
                self.marked(at, "----> the second time:\n")
            );
            seen.push(value);
        }
    }

    /// Asserts that nothing matches.
    ///
    /// # Panics
    /// With the log, and a mark before the first match.
    #[track_caller]
    pub fn assert_none(&self, unwanted: &Want) {
        let at = self.lock().iter().position(|event| unwanted.matches(event));
        if let Some(at) = at {
            panic!(
                "the log has `{unwanted}`, which must not be there:\n{}",
                self.marked(at, "----> here:\n")
            );
        }
    }

    /// Asserts that the log holds no private key: no PEM marker of one, and no line of base64 of
    /// the given keys, be it as text or as a list of bytes.
    ///
    /// # Panics
    /// With the number of the offending event. The log is not printed: it holds a secret.
    #[track_caller]
    pub fn assert_no_key_bytes<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a crate::authority::PrivateKeyPem>,
    ) {
        let mut secrets = vec!["PRIVATE KEY"];
        for key in keys {
            let base64 = key.expose().lines().filter(|line| !line.starts_with('-'));
            secrets.extend(base64);
        }
        for (at, event) in self.lock().iter().enumerate() {
            let line = event.to_string();
            let leaks = secrets.iter().any(|secret| {
                // As text, and as a `Debug` of bytes writes it.
                let bytes = format!("{:?}", secret.as_bytes());
                line.contains(secret) || line.contains(bytes.trim_matches(['[', ']']))
            });
            assert!(!leaks, "event {at} of the log holds key material");
        }
    }

    fn marked(&self, at: usize, mark: &str) -> String {
        let mut text = String::new();
        let events = self.lock();
        for (index, event) in events.iter().enumerate() {
            if index == at {
                text.push_str(mark);
            }
            // Writing to a string cannot fail.
            let _ = writeln!(text, "      {event}");
        }
        if at != usize::MAX && at >= events.len() {
            text.push_str(mark);
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        // A panic while the lock was held left whole events behind.
        self.0.events.lock().unwrap_or_else(|e| e.into_inner())
    }
}
