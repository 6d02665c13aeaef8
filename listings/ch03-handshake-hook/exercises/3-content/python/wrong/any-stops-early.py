from pathlib import Path


class Poll:
    def __init__(self, files):
        self.seen = {Path(file): Path(file).read_bytes() for file in files}

    def changed(self):
        return any(self.differs(file) for file in self.seen)

    def differs(self, file):
        before, self.seen[file] = self.seen[file], file.read_bytes()
        return self.seen[file] != before
