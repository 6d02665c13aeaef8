import time
from dataclasses import dataclass, field

LOOKS = 5


@dataclass(frozen=True)
class Seen:
    content: bytes = field(repr=False)
    modified: int


class Rejected(Exception):
    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def stable(look):
    time.sleep(0.1)
    return look()
