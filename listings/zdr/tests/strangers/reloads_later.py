"""One loop for all clients. A second after a SIGHUP it reads its files, and nobody is served meanwhile."""

import asyncio
import signal
import ssl
import sys

certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def load():
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        context.load_cert_chain(certificate, key)
    except OSError as error:
        print("not reloaded:", error, file=sys.stderr, flush=True)


async def answer(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        pass
    writer.close()


async def serve():
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, loop.call_later, 1, load)
    server = await asyncio.start_server(answer, "127.0.0.1", int(port), ssl=context)
    await server.serve_forever()


asyncio.run(serve())
