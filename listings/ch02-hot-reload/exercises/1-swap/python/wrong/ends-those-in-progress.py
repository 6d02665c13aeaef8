"""Swap without blocking."""

import asyncio
import ssl


async def handshake(context, client):
    """Completes a handshake under this context, however long the client takes. This part is written."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    accepted = context.wrap_bio(inward, outward, server_side=True)
    while True:
        try:
            accepted.do_handshake()
        except ssl.SSLWantReadError:
            client.send(outward.read())
            inward.write(await client.receive())
        else:
            client.send(outward.read())
            return accepted


class Server:
    def __init__(self, first):
        self.current = first
        self.in_progress = set()

    async def publish(self, context):
        self.current = context
        for task in self.in_progress:
            task.cancel()

    async def accept(self, client):
        task = asyncio.create_task(handshake(self.current, client))
        self.in_progress.add(task)
        task.add_done_callback(self.in_progress.discard)
        return await task
