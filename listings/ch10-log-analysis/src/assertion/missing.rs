//! What a line says of an event that is not there, or that is not whole.

use lab::event::Event;
use lab::log::Want;

use crate::contract;
use crate::cut::Cut;

/// Whether one of the events that were cut may be the unwanted one. The fields that are wanted stand behind the name, and
/// may be what was cut.
pub(super) fn is_of<'a>(cut: &'a [Cut], unwanted: &Want) -> Option<&'a Cut> {
    // Most lines are whole.
    cut.first()?;
    let unwanted = unwanted.to_string();
    let name = unwanted.split(' ').next().unwrap_or_default();
    cut.iter().find(|cut| cut.may_be(name))
}

/// What this event says about lines that are not there, or about itself, that may be what is unwanted.
pub(super) fn missing(event: &Event, unwanted: &Want) -> Option<String> {
    if let Some(lines) = lost(event) {
        return Some(format!(
            "{lines} lines are missing here, and may hold `{unwanted}`"
        ));
    }
    contract::may_be(event, unwanted)
}

/// How many lines are missing, where the event says so.
pub(super) fn lost(event: &Event) -> Option<String> {
    (event.name() == "lines_lost").then(|| event.text("lines").unwrap_or_default())
}

/// What both ends of a rotation say.
pub(super) fn is_of_a_rotation(event: &Event) -> bool {
    ["rotation_started", "identity_loaded"].contains(&event.name())
}
