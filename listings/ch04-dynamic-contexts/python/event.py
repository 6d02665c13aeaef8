"""The event log on stderr: one JSON object a line, or lines in columns where a person reads."""

import atexit
import json
import os
import queue
import threading
import time

import text

FORMS = ("auto", "json", "text")

#: Writes the log for a person; None where a program reads it.
PEOPLE = None


def keep_standard():
    """Holds the places of stdin, stdout and stderr where they are closed: a socket with the number 2 would be sent
    the log."""
    while (at := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(at)


def choose(form):
    """Decides how events are written: `auto` is text where stderr is a terminal."""
    global PEOPLE
    reads = form == "text" or form == "auto" and os.isatty(2)
    PEOPLE = text.Writer() if reads else None


def emit(event, **fields):
    """Writes one event, or has it written. One write a line, so that lines of several threads never mix."""
    LOG.put(shape(event, **fields))


def shape(event, **fields):
    """The line of an event, for whom the log is read by."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    line = {"ts": f"{clock}.{nanoseconds:09}Z", "event": event, **fields}
    # A path may hold bytes that are no UTF-8. What stands for them in Python is no JSON to others.
    line = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace").decode()
    return PEOPLE.line(line) if PEOPLE else line + "\n"


class Queue:
    """A log that nobody has to read: no handshake waits for it. Lines wait in it, those that find no room are counted,
    and before the next that does it says how many were lost."""

    LINES = 1024

    def __init__(self, write):
        self.lines, self.lock, self.lost = queue.Queue(self.LINES), threading.Lock(), 0
        threading.Thread(target=self.run, args=(write,), daemon=True).start()

    def put(self, line):
        """Never waits."""
        with self.lock:
            # There must be room for this line as well.
            if self.lost and self.lines.qsize() + 1 < self.LINES:
                self.lines.put_nowait(shape("lines_lost", lines=self.lost))
                self.lost = 0
            try:
                self.lines.put_nowait(line)
            except queue.Full:
                self.lost += 1

    def run(self, write):
        """Writes the lines, on a thread that may wait."""
        while True:
            try:
                write(self.lines.get())
            except OSError:
                pass  # A log that cannot be written is no reason to stop serving.
            self.lines.task_done()

    def flush(self, bound=1):
        """Waits until what was logged is written, for so many seconds at most: the process is about to end."""
        with self.lines.all_tasks_done:
            self.lines.all_tasks_done.wait_for(lambda: not self.lines.unfinished_tasks, bound)


LOG = Queue(lambda line: os.write(2, line.encode()))
atexit.register(LOG.flush)
