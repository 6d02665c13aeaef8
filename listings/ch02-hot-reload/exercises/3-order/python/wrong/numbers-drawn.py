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
        self.drawn, self.turn, self.over = 0, 0, asyncio.Condition()

    async def reload(self, read):
        """Reads the files, and serves what they hold as the next generation."""
        number = self.drawn
        self.drawn += 1
        async with self.over:
            await self.over.wait_for(lambda: self.turn == number)
        try:
            serial = await read()
            self.current = Generation(self.current.number + 1, serial)
        finally:
            self.turn += 1
            async with self.over:
                self.over.notify_all()
