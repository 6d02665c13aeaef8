"""It remembers the bytes, which holds the key in memory once more."""

from pathlib import Path


class Poll:
    def __init__(self, files):
        self.seen = {Path(file): Path(file).read_bytes() for file in files}

    def changed(self):
        seen = {file: file.read_bytes() for file in self.seen}
        if seen == self.seen:
            return False
        self.seen = seen
        return True
