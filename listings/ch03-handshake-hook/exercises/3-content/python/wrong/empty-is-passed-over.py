"""Poll by content."""

from pathlib import Path


class Poll:
    def __init__(self, files):
        self.files = [Path(file) for file in files]
        self.seen = [file.read_bytes() for file in self.files]

    def changed(self):
        seen = [file.read_bytes() for file in self.files]
        if not all(seen):
            return False  # A writer is at work.
        before, self.seen = self.seen, seen
        return seen != before
