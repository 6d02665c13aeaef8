"""It takes each exception for one about the files, also those of a program that is wrong."""

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


def tried(look):
    try:
        return look(), None
    except Exception as error:
        return None, getattr(error, "reason", "unreadable")


def stable(look):
    before = tried(look)
    for _ in range(1, LOOKS):
        now = tried(look)
        if now == before:
            seen, reason = now
            if reason:
                raise Rejected(reason)
            return seen
        before = now
    raise Rejected("torn")
