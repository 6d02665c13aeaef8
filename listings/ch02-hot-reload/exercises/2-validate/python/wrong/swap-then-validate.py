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
    before = store.current
    store.current = Generation(getattr(before, "number", 0) + 1, read())
    try:
        validate(store.current.pair)
    except Rejected:
        store.current = before
        raise
    return store.current.number
