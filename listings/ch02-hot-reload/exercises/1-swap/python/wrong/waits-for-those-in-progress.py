import asyncio
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
        self.current, self.in_progress = first, set()

    async def publish(self, context):
        while self.in_progress:
            await asyncio.wait(self.in_progress)
        self.current = context

    async def accept(self, client):
        task = asyncio.current_task()
        self.in_progress.add(task)
        try:
            return await handshake(self.current, client)
        finally:
            self.in_progress.discard(task)
