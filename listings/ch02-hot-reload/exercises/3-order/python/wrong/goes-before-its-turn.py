"""Two reloads in order."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    number: int
    serial: str


class Store:
    def __init__(self, serial):
        self.current = Generation(1, serial)
        self.last = None

    async def reload(self, read):
        before, done = self.last, asyncio.Event()
        self.last = done
        try:
            if before:
                await before.wait()
            self.current = Generation(self.current.number + 1, await read())
        finally:
            done.set()
