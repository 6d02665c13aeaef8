"""Validate, then swap."""

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
    """Serves what the files hold, if clients would accept it, and returns the number of the new
    generation. Raises `Rejected` when the files cannot be read, or are not valid. Then what was
    served goes on being served."""
    number = store.current.number + 1 if store.current else 1
    pair = read()
    validate(pair)
    # Nothing can fail from here on.
    store.current = Generation(number, pair)
    return number
