from pathlib import Path


class Poll:
    def __init__(self, files):
        self.files = [Path(file) for file in files]
        self.seen = [file.read_bytes() for file in self.files]

    def changed(self):
        before, self.seen = self.seen, []
        for file in self.files:
            self.seen.append(file.read_bytes())
        return self.seen != before
