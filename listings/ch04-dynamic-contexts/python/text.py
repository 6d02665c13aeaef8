"""Lines in columns, for a terminal: what does not fit goes on below, under its own column."""

import threading

from line import Teller, parse, visible

WIDTH, AT, WHO, EVENT, GAP = 88, 11, 10, 17, "  "


class Writer:
    """Writes events as lines of text, and counts those that repeat."""

    def __init__(self):
        self.lock = threading.Lock()
        self.teller = Teller()
        self.last = None
        self.more = 0

    def line(self, read):
        """The text for the next line of a log; nothing where an event repeats the one before."""
        with self.lock:
            event = parse(read)
            if event is None:
                self.last = None
                return self.flush() + visible(read.replace("\t", "    ")) + "\n"
            line = self.teller.tell(event)
            if self.last is not None and line.repeats(self.last):
                self.more += 1
                return ""
            self.last = line
            return self.flush() + columns(line)

    def flush(self):
        """What is left to be said of repeats."""
        more, self.more = self.more, 0
        return f"{'':{AT}}{GAP}and {more} more like it\n" if more else ""


def columns(line):
    """A line, and what of it goes on below."""
    shown = f"{line.at:>{AT}}{GAP}{line.who:<{WHO}}{GAP}"
    if not line.what:
        return f"{shown}{line.event}\n"
    shown += f"{line.event:<{EVENT}}"
    indent = column = len(shown)
    for what in line.what:
        # A field is kept on one line, unless it is too long for that.
        words = what.split(" ") if len(what) > (WIDTH - len(GAP)) // 2 else [what]
        for at, word in enumerate(words):
            gap = " " if at else GAP
            if column > indent and column + len(gap) + len(word) > WIDTH:
                shown += f"\n{'':{indent}}{GAP}"
                column = indent + len(GAP)
            else:
                shown += gap
                column += len(gap)
            shown += word
            column += len(word)
    return shown + "\n"
