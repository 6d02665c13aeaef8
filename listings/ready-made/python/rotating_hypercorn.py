"""Hypercorn with the file of the recipes: its `Config` makes the context. CERTIFICATE KEY ROOTS PORT."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "recipes" / "python"))

from answers import asgi
from hypercorn.asyncio import serve
from hypercorn.config import Config
from rotating import Rotating

*files, port = sys.argv[1:]


class Rotates(Config):
    def create_ssl_context(self):
        return Rotating(files, ("localhost",), lambda loaded, rejected: None, 0.05).context


config = Rotates()
config.bind = [f"127.0.0.1:{port}"]
config.certfile, config.keyfile = files[:2]
config.keep_alive_timeout = 60
asyncio.run(serve(asgi, config))
