from pathlib import Path


class Poll:
    def __init__(self, files):
        self.files = [Path(file) for file in files]
        self.seen = [file.read_bytes() for file in self.files]

    def changed(self):
        try:
            seen = [file.read_bytes() for file in self.files]
        except OSError:
            return False
        before, self.seen = self.seen, seen
        return seen != before
