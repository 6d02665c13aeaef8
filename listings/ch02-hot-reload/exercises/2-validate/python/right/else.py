"""The swap stands where nothing has been raised."""

from dataclasses import dataclass


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
    try:
        validate(pair := read())
    except Rejected:
        raise
    else:
        number = getattr(store.current, "number", 0) + 1
        store.current = Generation(number=number, pair=pair)
        return number
