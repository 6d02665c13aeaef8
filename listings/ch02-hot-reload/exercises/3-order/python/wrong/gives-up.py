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
        self.reloading = asyncio.Lock()

    async def reload(self, read):
        """Reads the files, and serves what they hold as the next generation."""
        try:
            await asyncio.wait_for(self.reloading.acquire(), 60)
        except asyncio.TimeoutError:
            return
        try:
            serial = await read()
            self.current = Generation(self.current.number + 1, serial)
        finally:
            self.reloading.release()
