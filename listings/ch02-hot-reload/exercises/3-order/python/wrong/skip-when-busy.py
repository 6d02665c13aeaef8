import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    number: int
    serial: str


class Store:
    def __init__(self, serial):
        self.current = Generation(1, serial)
        self.reloading = asyncio.Lock()

    async def reload(self, read):
        if self.reloading.locked():
            return
        async with self.reloading:
            self.current = Generation(self.current.number + 1, await read())
