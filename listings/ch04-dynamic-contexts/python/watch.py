"""Look at the files again and again. The standard library has no events of the file system."""

import threading

from event import emit
from identity import Rejected


def watch(live, poll_ms, poll_only):
    """Starts a thread that looks every `poll_ms` milliseconds, for as long as the process lives."""
    if not poll_only:
        emit("watch_degraded", to="polling", why="the standard library has no file events")
    threading.Thread(target=_run, args=(live, poll_ms / 1000), daemon=True).start()


def _run(live, pause):
    told, never = None, threading.Event()
    while True:
        told = look(live, told)
        never.wait(pause)


def look(live, told):
    """Looks once. A rejection is logged when it is news, and returned for the next look."""
    try:
        live.reload()
    except Rejected as why:
        if str(why) != told:
            emit("identity_rejected", generation=live.current().number, reason=why.reason,
                 file=why.file, detail=why.detail)
        return str(why)
    except Exception as why:  # A defect here must not end the watch.
        emit("reload_panicked", why=repr(why))
    return None
