"""Why files were not accepted."""


class Rejected(Exception):
    """Which file was not accepted, and why, in a word of a closed set."""

    chain = b""  # What its file held, where it was read.

    def __init__(self, reason, file, detail):
        super().__init__(f"{file}: {reason}: {detail}")
        self.reason, self.file, self.detail = reason, str(file), str(detail)
