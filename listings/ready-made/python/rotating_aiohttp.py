"""The same with the file of the recipes: CERTIFICATE KEY ROOTS PORT."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "recipes" / "python"))

from aiohttp import web
from answers import ANSWERS
from rotating import Rotating


async def answer(request):
    body = ANSWERS.get(request.path)
    if body is None:
        raise web.HTTPNotFound
    return web.Response(body=body)


*files, port = sys.argv[1:]
app = web.Application()
app.add_routes([web.get("/", answer), web.get("/large", answer)])
rotating = Rotating(files, ("localhost",), lambda loaded, rejected: None, 0.05)
web.run_app(app, host="127.0.0.1", port=int(port), ssl_context=rotating.context, print=None)
