"""A stable read.

This is the starter. It can be imported, and its checks fail until `stable` is written.
"""

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
    """Looks at the files until what it sees is worth judging: no writer was at work on them.

    `look()` opens and reads them all once. It returns what it has `Seen`, or raises `Rejected`. Files that do not come to
    rest within `LOOKS` looks are `Rejected("torn")`, whatever the last look found, and those that are at rest and cannot be read
    are `Rejected` as the looks have said. The server then goes on with what it has, and asks again later.
    Any other exception is of a program that is wrong, and passes through.
    """
    raise NotImplementedError("this is the starter: write `stable`")
