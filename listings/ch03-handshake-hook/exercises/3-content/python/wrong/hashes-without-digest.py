"""Poll by content."""

import hashlib
from pathlib import Path


class Poll:
    """Tells whether files hold something else than at the last look."""

    def __init__(self, files):
        self._files = [Path(file) for file in files]
        self._seen = self._look()

    def changed(self):
        # What raises here leaves what was remembered.
        seen = self._look()
        before, self._seen = self._seen, seen
        return seen != before

    def _look(self):
        # Hashes, so that no key is kept twice.
        return [hashlib.sha256(file.read_bytes()) for file in self._files]
