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
    def __init__(self, serial):
        self.current = Generation(1, serial)
        self.waiting = asyncio.Condition()
        self.busy = False

    async def reload(self, read):
        async with self.waiting:
            await self.waiting.wait_for(lambda: not self.busy)
            self.busy = True
        try:
            serial = await read()
            self.current = Generation(self.current.number + 1, serial)
        finally:
            async with self.waiting:
                self.busy = False
                self.waiting.notify()
