"""aiohttp as its documentation has it: one context, loaded when the server starts."""

import ssl
import sys

from aiohttp import web
from answers import ANSWERS


async def answer(request):
    body = ANSWERS.get(request.path)
    if body is None:
        raise web.HTTPNotFound
    return web.Response(body=body)


certificate, key, port = sys.argv[1:]
app = web.Application()
app.add_routes([web.get("/", answer), web.get("/large", answer)])
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
web.run_app(app, host="127.0.0.1", port=int(port), ssl_context=context, print=None)
