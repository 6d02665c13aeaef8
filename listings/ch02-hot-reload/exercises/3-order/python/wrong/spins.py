"""It asks at each turn of the event loop whether it may go on."""

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
        self._generation = Generation(1, serial)
        self._busy = False

    @property
    def current(self):
        return self._generation

    async def reload(self, read):
        while self._busy:
            await asyncio.sleep(0)
        self._busy = True
        try:
            serial = await read()
            self._generation = Generation(self._generation.number + 1, serial)
        finally:
            self._busy = False
