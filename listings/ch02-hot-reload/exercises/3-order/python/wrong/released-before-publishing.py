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
        self.reloading = asyncio.Lock()

    async def reload(self, read):
        await self.reloading.acquire()
        try:
            serial = await read()
        finally:
            self.reloading.release()
        await asyncio.sleep(0)
        self.current = Generation(self.current.number + 1, serial)
