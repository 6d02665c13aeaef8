"""Two reloads in order.

This is the starter. It can be imported, and its checks fail until `reload` is written.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    """One immutable snapshot: what was in the files, and a number."""

    number: int
    """Counts up from 1."""
    serial: str
    """The serial number of the certificate in the files."""


class Store:
    """The current generation, and the one way to replace it."""

    def __init__(self, serial):
        """Serves this certificate as generation 1."""
        self.current = Generation(1, serial)
        # What else it needs is yours to choose.

    async def reload(self, read):
        """Reads the files, and serves what they hold as the next generation.

        `await read()` reads them and returns the serial. It may be slow, and another reload may run at the same time.
        What it raises is for who called.
        """
        raise NotImplementedError("this is the starter: write `reload`")
