"""Validate, then swap.

This is the starter. It can be imported, and its checks fail until `reload` is written.
"""

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
    """Serves what the files hold, if clients would accept it, and returns the number of the new generation.

    `read()` reads the files and returns a pair. `validate(pair)` runs the verifier that clients run; while it does, clients come.
    Each raises `Rejected` when the files cannot be read, or are not valid. Then what was served goes on being served, and the
    caller is told.
    """
    raise NotImplementedError("this is the starter: write `reload`")
