"""Two reloads in order."""

import asyncio
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
        # One reload at a time. Connections do not take it.
        self.reloading = asyncio.Lock()
        self.number = 1

    async def reload(self, read):
        """Reads the files, and serves what they hold as the next generation."""
        # Before reading: what is read from here on is not older than what was published.
        async with self.reloading:
            self.number += 1
            serial = await read()
            self.current = Generation(self.number, serial)
