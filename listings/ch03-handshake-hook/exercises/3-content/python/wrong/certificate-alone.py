from pathlib import Path


class Poll:
    def __init__(self, files):
        self.file = Path(files[0])
        self.seen = self.file.read_bytes()

    def changed(self):
        before, self.seen = self.seen, self.file.read_bytes()
        return self.seen != before
