"""Poll by content."""

import hashlib
import os


class Poll:
    """Keeps a hash for each path, which may be text or a `Path`."""

    def __init__(self, files):
        self.seen = {os.fspath(file): None for file in files}
        self.changed()

    def changed(self):
        now = {}
        for file in self.seen:
            with open(file, "rb") as opened:
                now[file] = hashlib.file_digest(opened, "blake2b").hexdigest()
        changed = now != self.seen
        self.seen.update(now)
        return changed
