"""It compares what the files hold, and never their dates."""

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
    except Rejected as rejected:
        return None, rejected.reason


def held(said):
    seen, reason = said
    return reason or seen.content


def stable(look):
    before = tried(look)
    for _ in range(LOOKS - 1):
        now = tried(look)
        if held(now) == held(before):
            if now[1]:
                raise Rejected(now[1])
            return now[0]
        before = now
    raise Rejected("torn")
