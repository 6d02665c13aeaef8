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
    store.tries = getattr(store, "tries", getattr(store.current, "number", 0)) + 1
    pair = read()
    validate(pair)
    store.current = Generation(store.tries, pair)
    return store.tries
