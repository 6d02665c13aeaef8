from dataclasses import dataclass


@dataclass(frozen=True)
class Generation:
    number: int
    serial: str


class Store:
    def __init__(self, serial):
        self.current = Generation(1, serial)

    async def reload(self, read):
        serial = await read()
        self.current = Generation(self.current.number + 1, serial)
