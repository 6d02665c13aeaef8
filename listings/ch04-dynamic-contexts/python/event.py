"""The event log: one JSON object a line on stderr."""

import json
import os
import time


def emit(event, **fields):
    """Writes one event. One write a line, so that lines of several threads never mix."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    line = {"ts": f"{clock}.{nanoseconds:09}Z", "event": event, **fields}
    try:
        os.write(2, json.dumps(line, separators=(",", ":")).encode() + b"\n")
    except OSError:
        pass  # A log that cannot be written is no reason to stop serving.
