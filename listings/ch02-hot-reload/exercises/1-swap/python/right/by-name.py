"""It chooses in the handshake, as chapter 3 does."""

import ssl


async def handshake(context, client):
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
        # What clients are accepted by stays one object, and hands each on to what is current.
        self.front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.front.sni_callback = self.choose
        self.current = first

    def choose(self, accepted, name, front):
        accepted.context = self.current

    async def publish(self, context):
        self.current = context

    async def accept(self, client):
        return await handshake(self.front, client)
