"""The handshake is a task of its own, and is waited for."""

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

    async def publish(self, context):
        self.current = context

    async def accept(self, client):
        task = asyncio.create_task(handshake(self.current, client))
        try:
            return await task
        finally:
            task.cancel()
