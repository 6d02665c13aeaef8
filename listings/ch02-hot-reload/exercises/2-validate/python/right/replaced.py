"""Validate, then swap."""

from dataclasses import dataclass, replace


class Rejected(Exception):
    """Why files are not served."""


@dataclass(frozen=True)
class Generation:
    """An immutable snapshot of what is served."""

    number: int
    """Counts up from 1."""
    pair: object
    """The chain and its key."""


@dataclass
class Store:
    """What is served now. While it is `None`, every handshake fails."""

    current: Generation | None


def reload(store, read, validate):
    """A generation is made of the one before."""
    pair = read()
    try:
        validate(pair)
    except Rejected:
        raise
    before = store.current or Generation(0, None)
    following = replace(before, number=before.number + 1, pair=pair)
    store.current = following
    return following.number
