"""Look at the files again and again. The standard library has no events of the file system."""

import contextlib
import queue
import signal
import threading

from event import emit
from rejected import Rejected


def watch(store, poll_ms, poll_only):
    """Starts a thread that looks every `poll_ms` milliseconds, for as long as the process lives."""
    if not poll_only:
        emit("watch_degraded", to="polling", why="the standard library has no file events")
    # A signal may come while another is handled, by the same thread: `put` may interrupt itself,
    # which `Event.set` may not, since it takes a lock.
    hint = queue.SimpleQueue()
    # An agent may send it after a renewal. Unheard it would end the process.
    signal.signal(signal.SIGHUP, lambda *_: hint.put(None))
    threading.Thread(target=_run, args=(store, poll_ms / 1000, hint), daemon=True).start()


def _run(store, pause, hint):
    told = None
    while True:
        told = look(store, told)
        with contextlib.suppress(queue.Empty):
            hint.get(timeout=pause)
            while True:  # One look is enough for all that have come.
                hint.get_nowait()


def look(store, told):
    """Looks once. A rejection is logged when it is news, and again where another leaf has the same fault: a
    renewal has failed once more. It is returned for the next look. Files that were rejected and are again what
    is served are told as well: else an alarm would never end."""
    try:
        loaded = store.reload()
    except Rejected as why:
        news = str(why), store.leaf
        if news != told:
            emit("identity_rejected", generation=store.current().number, reason=why.reason,
                 file=why.file, detail=why.detail)
        return news
    except Exception as why:  # A defect here must not end the watch.
        emit("reload_panicked", why=repr(why))
        return repr(why)
    if told is not None and not loaded:
        emit("reload_skipped", generation=store.current().number, why="unchanged")
    return None
