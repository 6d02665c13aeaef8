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
    pair = read()
    if store.current and pair <= store.current.pair:
        return store.current.number
    validate(pair)
    number = store.current.number + 1 if store.current else 1
    store.current = Generation(number, pair)
    return number
