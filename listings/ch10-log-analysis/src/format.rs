//! How times, durations and foreign text are read from a log, and written.

use events::line::plain;
use lab::event::Event;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// When an event happened, if it says so. After the year 9999 comes none, and no clock that is right shows it.
pub(crate) fn time_of(event: &Event) -> Option<OffsetDateTime> {
    let ts = event.0.get("ts")?.as_str()?;
    let at = OffsetDateTime::parse(ts, &Rfc3339).ok()?;
    (at.year() < 9999).then_some(at)
}

/// Foreign text of several lines, without what would steer a terminal.
pub(crate) fn plain_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(plain).collect();
    lines.join("\n")
}

/// RFC 3339, UTC.
pub(crate) fn date(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// How long something is past: "9 min 0 s ago".
pub(crate) fn ago(past: Duration) -> String {
    if past.is_negative() {
        return format!("{} from now: by this clock not yet", span(-past));
    }
    format!("{} ago", span(past))
}

/// How far away an end is: "in 50 min 0 s", or in capitals that it is over.
pub(crate) fn ahead(future: Duration) -> String {
    if future.is_negative() {
        return format!("EXPIRED {} ago", span(-future));
    }
    format!("in {}", span(future))
}

/// The two largest units: nobody on call wants more.
pub(crate) fn span(span: Duration) -> String {
    let (days, hours) = (span.whole_days(), span.whole_hours());
    let (minutes, seconds) = (span.whole_minutes(), span.whole_seconds());
    match (days, hours, minutes) {
        (1.., ..) => format!("{days} d {} h", hours % 24),
        (_, 1.., _) => format!("{hours} h {} min", minutes % 60),
        (_, _, 1..) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{seconds} s"),
    }
}

/// To the millisecond: for people.
pub(crate) fn moment(at: OffsetDateTime) -> String {
    date(at.truncate_to_millisecond())
}

/// For a field of the JSON.
pub(crate) fn rfc3339<S: serde::Serializer>(at: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&date(*at))
}

/// For a field of the JSON that may be null.
pub(crate) fn rfc3339_if_any<S: serde::Serializer>(
    at: &Option<OffsetDateTime>,
    to: S,
) -> Result<S::Ok, S::Error> {
    at.map(date).serialize(to)
}
