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


def stable(look):
    """Keeps all looks, and compares the last two."""
    looks = []
    while len(looks) < LOOKS:
        try:
            looks.append(look())
        except Rejected as rejected:
            looks.append(rejected)
        if len(looks) > 1 and key(looks[-1]) == key(looks[-2]):
            break
    else:
        raise Rejected("torn")
    if isinstance(looks[-1], Rejected):
        raise looks[-1]
    return looks[-1]


def key(seen):
    return ("rejected", seen.reason) if isinstance(seen, Rejected) else ("seen", seen)
