"""A stable read."""

from dataclasses import dataclass, field

LOOKS = 5
"""How often the files are looked at, at the most."""


@dataclass(frozen=True)
class Seen:
    """What one look saw of all files."""

    content: bytes = field(repr=False)
    """What they held, one after the other. It is in no `repr`: a key is among them."""
    modified: int
    """The date of the newest, in seconds."""


class Rejected(Exception):
    """Why files are not to be served: `missing`, `torn`."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def tried(look):
    """What a look has said: what it saw and no reason, or nothing and its reason."""
    try:
        return look(), None
    except Rejected as rejected:
        # Two exceptions are never equal. Their reasons can be.
        return None, rejected.reason


def stable(look):
    """What two looks in a row agree on."""
    before = tried(look)
    for _ in range(1, LOOKS):
        now = tried(look)
        # A writer is at work: look again.
        if now[1] == "torn":
            continue
        if now == before:
            seen, reason = now
            if reason:
                raise Rejected(reason)
            return seen
        before = now
    raise Rejected("torn")
