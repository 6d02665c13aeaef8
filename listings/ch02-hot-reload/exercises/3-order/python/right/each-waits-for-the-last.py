"""A chain: each reload waits for the one that began before it."""

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
        before, done = self.last, asyncio.get_running_loop().create_future()
        self.last = done
        try:
            if before:
                await asyncio.shield(before)
            self.current = Generation(self.current.number + 1, await read())
        finally:
            if before and not before.done():
                # Cancelled while it waited: the next one waits for the one in front.
                before.add_done_callback(lambda _: done.set_result(None))
            else:
                done.set_result(None)
