import hashlib
from pathlib import Path


class Poll:
    def __init__(self, files):
        self.seen = {Path(file): b"" for file in files}
        self.changed()

    def changed(self):
        changed = False
        for file, before in self.seen.items():
            now = hashlib.sha256(file.read_bytes()).digest()
            changed |= now != before
            self.seen[file] = now
        return changed
