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
    """A server whose context can be replaced while it serves."""

    def __init__(self, first):
        """Serves under `first`, until something else is published."""
        self.current = first

    async def publish(self, context):
        """From now on, new clients are served under `context`."""
        # An assignment: there is no moment at which a task finds half of it.
        self.current = context

    async def accept(self, client):
        """Completes the handshake of one client, under the context that is current when it
        comes."""
        # What `self.current` means is asked once, before the first wait. From then on, this
        # handshake needs nothing of the server.
        # Whatever happens to who called, the client gets its answer.
        return await asyncio.shield(handshake(self.current, client))
