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
    """Whoever has the only permit reloads."""

    def __init__(self, serial):
        self._generation = Generation(1, serial)
        self._permit = asyncio.Semaphore(1)

    @property
    def current(self):
        return self._generation

    async def reload(self, read):
        await self._permit.acquire()
        try:
            serial = await read()
        finally:
            self._permit.release()
        # Nothing else runs before this line: there is no wait in between.
        self._generation = Generation(number=self._generation.number + 1, serial=serial)
