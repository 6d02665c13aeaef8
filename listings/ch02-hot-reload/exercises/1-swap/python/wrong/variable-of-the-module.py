"""Swap without blocking."""

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


current = None


class Server:
    def __init__(self, first):
        global current
        current = first

    async def publish(self, context):
        global current
        current = context

    async def accept(self, client):
        return await handshake(current, client)
