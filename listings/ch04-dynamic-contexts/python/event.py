"""The event log on stderr: one JSON object a line, or lines in columns where a person reads."""

import json
import os
import time

import text

FORMS = ("auto", "json", "text")

#: Writes the log for a person; None where a program reads it.
PEOPLE = None


def choose(form):
    """Decides how events are written: `auto` is text where stderr is a terminal."""
    global PEOPLE
    reads = form == "text" or form == "auto" and os.isatty(2)
    PEOPLE = text.Writer() if reads else None


def emit(event, **fields):
    """Writes one event. One write a line, so that lines of several threads never mix."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    line = {"ts": f"{clock}.{nanoseconds:09}Z", "event": event, **fields}
    line = json.dumps(line, separators=(",", ":"))
    line = PEOPLE.line(line) if PEOPLE else line + "\n"
    try:
        os.write(2, line.encode())
    except OSError:
        pass  # A log that cannot be written is no reason to stop serving.
