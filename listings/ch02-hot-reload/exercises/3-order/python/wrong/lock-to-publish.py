import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    number: int
    serial: str


class Store:
    def __init__(self, serial):
        self.current = Generation(1, serial)
        self.publishing = asyncio.Lock()

    async def reload(self, read):
        serial = await read()
        async with self.publishing:
            self.current = Generation(self.current.number + 1, serial)
