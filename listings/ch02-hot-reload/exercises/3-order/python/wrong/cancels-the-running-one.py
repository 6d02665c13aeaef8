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
        self.running = None

    async def reload(self, read):
        # What the running one reads is old: this one reads anew.
        if self.running:
            self.running.cancel()
        self.running = asyncio.current_task()
        serial = await read()
        self.running = None
        self.current = Generation(self.current.number + 1, serial)
