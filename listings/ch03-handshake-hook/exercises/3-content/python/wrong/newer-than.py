import os


class Poll:
    def __init__(self, files):
        self.files = files
        self.seen = self.look()

    def look(self):
        return [os.stat(file).st_mtime_ns for file in self.files]

    def changed(self):
        seen = self.look()
        before, self.seen = self.seen, seen
        return any(now > then for now, then in zip(seen, before))
