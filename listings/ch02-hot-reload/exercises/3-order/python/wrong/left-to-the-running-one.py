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
        self.running, self.again = False, None

    async def reload(self, read):
        if self.running:
            # The running one looks again when it is done.
            self.again = read
            return
        self.running = True
        try:
            serial = await read()
            while self.again:
                read, self.again = self.again, None
                serial = await read()
            self.current = Generation(self.current.number + 1, serial)
        finally:
            self.running = False
