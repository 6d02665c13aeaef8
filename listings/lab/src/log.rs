//! Reading the log: wait for an event, query, and assert on order.

use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;

use crate::event::Event;
pub use crate::secrets::Secrets;

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
    fields: Vec<(String, Wanted)>,
}

/// What a field must hold.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// This value.
    Value(Value),
    /// A value that reads like this: `2` is both the number and the text.
    Text(String),
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
        self.fields
            .push((field.into(), Wanted::Value(value.into())));
        self
    }

    /// Whether `event` is what is wanted.
    pub fn matches(&self, event: &Event) -> bool {
        let field_matches = |(field, wanted): &(String, Wanted)| match wanted {
            Wanted::Value(value) => event.0.get(field) == Some(value),
            Wanted::Text(text) => event.text(field).as_ref() == Some(text),
        };
        event.name() == self.name && self.fields.iter().all(field_matches)
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (field, wanted) in &self.fields {
            match wanted {
                Wanted::Value(value) => write!(f, " {field}={value}")?,
                Wanted::Text(text) => write!(f, " {field}={text}")?,
            }
        }
        Ok(())
    }
}

/// Reads a want as a person types it: `identity_rejected reason=expired generation=2`.
impl FromStr for Want {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let mut words = typed.split_whitespace();
        let name = words.next().filter(|name| !name.contains('='));
        let mut wanted = want(name.ok_or("an event's name comes first")?);
        for word in words {
            let (field, text) = word
                .split_once('=')
                .filter(|(field, _)| !field.is_empty())
                .ok_or_else(|| format!("`{word}` is not `field=value`"))?;
            wanted
                .fields
                .push((field.into(), Wanted::Text(text.into())));
        }
        Ok(wanted)
    }
}

/// Wanted events in their order, looked for one event at a time. Others may stand between them.
#[derive(Clone, Debug)]
pub struct Order {
    wanted: Vec<Want>,
    found: usize,
}

impl Order {
    /// An order of which no event has come yet.
    pub fn new(wanted: impl Into<Vec<Want>>) -> Self {
        let wanted = wanted.into();
        Self { wanted, found: 0 }
    }

    /// Takes the next event of the log. Whether it is the one that was missing.
    pub fn take(&mut self, event: &Event) -> bool {
        let found = self.missing().is_some_and(|want| want.matches(event));
        self.found += usize::from(found);
        found
    }

    /// The first of the wanted that has not come.
    pub fn missing(&self) -> Option<&Want> {
        self.wanted.get(self.found)
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
        let mut events = self.0.events.lock();
        events.push(event);
        self.0
            .grown
            .send_modify(|(length, _)| *length = events.len());
    }

    /// Says that no more events come: the child is gone. Those who wait give up at once.
    pub fn end(&self) {
        self.0.grown.send_modify(|(_, ended)| *ended = true);
    }

    /// All events so far, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.0.events.lock().clone()
    }

    /// The events that match, in order.
    pub fn all(&self, want: &Want) -> Vec<Event> {
        let events = self.0.events.lock();
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

    /// The same for a log that may end: waits for as long as it takes, and returns `None` where it has
    /// ended before.
    pub async fn find(&self, want: &Want, count: usize) -> Option<Vec<Event>> {
        let mut grown = self.0.grown.subscribe();
        let (mut seen, mut found) = (0, Vec::new());
        loop {
            {
                let events = self.0.events.lock();
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
        let events = self.0.events.lock().clone();
        let (mut order, mut from) = (Order::new(wanted), 0);
        for (at, event) in events.iter().enumerate() {
            if order.take(event) {
                from = at + 1;
            }
        }
        if let Some(want) = order.missing() {
            panic!(
                "the log lacks `{want}` at the mark:\n{}",
                self.marked(from, &format!("----> missing from here on: {want}\n"))
            );
        }
    }

    /// Asserts that no two events of this name have the same value in `field`.
    ///
    /// # Panics
    /// With the log, and a mark before the repetition.
    #[track_caller]
    pub fn assert_unique(&self, name: &str, field: &str) {
        let events = self.0.events.lock().clone();
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
        let at = self
            .0
            .events
            .lock()
            .iter()
            .position(|event| unwanted.matches(event));
        if let Some(at) = at {
            panic!(
                "the log has `{unwanted}`, which must not be there:\n{}",
                self.marked(at, "----> here:\n")
            );
        }
    }

    /// Asserts that the log holds no bytes of the given private keys, in whatever encoding.
    ///
    /// # Panics
    /// With the number of the offending event. The log is not printed: it holds a secret.
    #[track_caller]
    pub fn assert_no_key_bytes<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a crate::authority::PrivateKeyPem>,
    ) {
        let mut secrets = Secrets::default();
        for key in keys {
            secrets.add(key.expose());
        }
        for (at, event) in self.0.events.lock().iter().enumerate() {
            let leaks = secrets.leak_in(&event.to_string());
            assert!(!leaks, "event {at} of the log holds key material");
        }
    }

    /// The log as text, with `mark` before the event at this place. Of no place, without.
    pub fn marked(&self, at: usize, mark: &str) -> String {
        let mut text = String::new();
        let events = self.0.events.lock();
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
}
