"""Answers each line over TLS, and ends connections: `once` after an answer, `one-name` when another client comes."""

import asyncio
import ssl
import sys

what, certificate, key, port = sys.argv[1:]
last = None


async def answer(reader, writer):
    global last
    if what == "one-name" and last:
        last.close()
    last = writer
    while await reader.readline():
        writer.write(b"+PONG\r\n")
        await writer.drain()
        if what == "once":
            break
    writer.close()


async def serve():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(answer, "127.0.0.1", int(port), ssl=context)
    await server.serve_forever()


asyncio.run(serve())
