"""Answers each line over TLS. Connections from before a SIGHUP are ended so many seconds after it."""

import asyncio
import signal
import ssl
import sys

seconds, certificate, key, port = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
clients = set()


def reload():
    context.load_cert_chain(certificate, key)
    asyncio.get_running_loop().call_later(float(seconds), end, set(clients))


def end(old):
    for client in old & clients:
        client.transport.abort()


async def answer(reader, writer):
    clients.add(writer)
    try:
        while await reader.readline():
            writer.write(b"+PONG\r\n")
            await writer.drain()
    except OSError:
        pass
    clients.discard(writer)
    writer.close()


async def serve():
    context.load_cert_chain(certificate, key)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    server = await asyncio.start_server(answer, "127.0.0.1", int(port), ssl=context)
    await server.serve_forever()


asyncio.run(serve())
