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
    content = reason = None
    for number in range(LOOKS):
        seen, before, before_reason = None, content, reason
        try:
            seen = look()
            content, reason = seen.content, None
        except Rejected as rejected:
            content, reason = b"", rejected.reason
        if number and content == before:
            if seen:
                return seen
            if reason == before_reason:
                raise Rejected(reason)
    raise Rejected("torn")
