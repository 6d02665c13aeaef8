"""Poll by content."""

import hashlib
import os


class Poll:
    """Tells whether files hold something else than at the last look."""

    def __init__(self, files):
        self.files = files
        self.seen = self.look()

    def changed(self):
        seen = self.look()
        before, self.seen = self.seen, seen
        return seen != before

    def look(self):
        seen = []
        for file in self.files:
            opened = os.open(file, os.O_RDONLY)
            size = os.fstat(opened).st_size
            seen.append(hashlib.sha256(os.read(opened, size)).digest())
        return seen
