"""What a person reads of an event: when, who, what, and what matters of it."""

import json
import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

AGENT = {"rotation_started", "sabotage_started", "writer_stepped", "renewal_scheduled",
         "renewal_failed", "hook_finished", "hook_failed", "agent_died"}
CLIENT = {"handshake_seen", "goodbye_seen", "download_started", "download_finished",
          "download_severed", "connect_refused", "probe_failed", "client_loaded"}
SUPERVISOR = {"process_started", "process_exited", "gap_closed"}
EXPLORER = {"explored", "explored_stretch"}

#: Fields whose word adds nothing to the value.
BARE = {"strategy", "fault", "reason", "why", "detail", "step", "how", "sabotage", "level", "hook",
        "root", "writer", "reader"}
#: Marks that turn the direction of text.
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNITS = {"_ms": "ms", "_us": "µs", "_seconds": "s"}


@dataclass
class Line:
    """An event in words."""

    at: str
    who: str
    event: str
    what: list

    def repeats(self, before):
        """Whether a person would read the same, but for the time."""
        return (self.who, self.event, self.what) == (before.who, before.event, before.what)


def parse(line):
    """Reads a line of the log; None where it is no event."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


class Teller:
    """Turns the events of one run into lines. It remembers when the run began."""

    def __init__(self):
        self.began = None

    def tell(self, event):
        """The line of the next event."""
        at = date(event.get("ts"))
        if self.began is None:
            self.began = at
        explored = event["event"].startswith("explored")
        shown = ((name, value) for name, value in event.items()
                 if name not in ("ts", "event", "process") and value is not None
                 and not (explored and value == 0 and value is not False))
        since = after((at - self.began) / timedelta(seconds=1)) if at else ""
        what = [visible(word(name, value, at)) for name, value in shown]
        return Line(since, visible(who(event)), visible(event["event"]), what)


def who(event):
    """The program that an event is of: each name belongs to one."""
    name = event["event"]
    speaks = ("agent" if name in AGENT else "client" if name in CLIENT
              else "supervisor" if name in SUPERVISOR else "explorer" if name in EXPLORER
              else "server")
    process = event.get("process")
    return speaks if process is None else f"{speaks} {text(process)}"


def text(value):
    """A value as text: a string without quotes, anything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def word(name, value, at):
    """A field as it is read."""
    if value == []:
        return f"{spaced(name)} none"
    said = ", ".join(map(text, value)) if isinstance(value, list) else text(value)
    if name in BARE:
        return said
    match name:
        case "resumed":
            return "resumed" if value is True else "full"
        case "tls":
            return f"TLS {said}"
        case "seconds":
            return seconds(value)
        case "seconds_left":
            return f"left {seconds(value)}"
        case "not_after":
            return f"until {left(said, at)}"
        case "tickets_until":
            return f"tickets until {left(said, at)}"
        case "file" | "directory":
            return said.rsplit("/", 1)[-1]
    if name.endswith("sha256"):
        return f"{spaced(name)} {said[:8]}"
    for suffix, unit in UNITS.items():
        if name.endswith(suffix):
            digits = f"{value:.1f}" if isinstance(value, float) else text(value)
            return f"{spaced(name.removesuffix(suffix))} {digits} {unit}"
    if isinstance(value, bool):
        return spaced(name) if value else f"not {spaced(name)}"
    return f"{spaced(name)} {said}"


def spaced(name):
    """A field's name in words."""
    return name.removesuffix("_sha256").replace("_", " ")


def date(said):
    """A time, or None where it is none."""
    try:
        at = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None


def seconds(value):
    """A number of seconds."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return after(value) if is_number else text(value)


def left(said, at):
    """How long it is from an event to this date.

    A certificate's dates are whole seconds: an hour is 59 minutes and 59.1 seconds at its first event.
    """
    until = date(said)
    if until is None or at is None:
        return said
    stretch = rounded((until - at) / timedelta(seconds=1))
    return after(rounded(stretch / 60) * 60 if abs(stretch) >= 600 else stretch)


def rounded(number):
    """To the next whole number, and a half away from zero."""
    return math.copysign(math.floor(abs(number) + 0.5), number)


def after(stretch):
    """A stretch of time in seconds, with a sign, in the two largest units that it has."""
    sign = "-" if stretch < 0 else "+"
    ms = rounded(abs(stretch) * 1000)
    if ms < 1000:
        return f"{sign}{ms:.0f} ms"
    if ms < 60_000:
        return f"{sign}{ms / 1000:.2f}".rstrip("0").rstrip(".") + " s"
    whole = int(rounded(ms / 1000))
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return two(sign, days, "d", hours, "h")
    if hours:
        return two(sign, hours, "h", minutes, "min")
    return two(sign, minutes, "min", whole % 60, "s")


def two(sign, large, unit, small, smaller):
    """Two units, or one where the smaller is zero."""
    return f"{sign}{large} {unit}" + (f" {small} {smaller}" if small else "")


def steers(letter):
    """Whether it steers a terminal, or turns the direction of what follows (Unicode's UAX #9)."""
    return unicodedata.category(letter) in ("Cc", "Zl", "Zp") or letter in TURNING


def visible(said):
    """Text without what would steer a terminal: some of an event is written by those who connect."""
    return "".join("\ufffd" if steers(letter) else letter for letter in said)
