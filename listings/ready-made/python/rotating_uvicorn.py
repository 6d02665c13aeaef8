"""uvicorn with the file of the recipes, by its `ssl_context_factory`: CERTIFICATE KEY ROOTS PORT."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "recipes" / "python"))

import uvicorn
from rotating import Rotating

*files, port = sys.argv[1:]
# ANCHOR: factory
rotating = Rotating(files, ("localhost",), lambda loaded, rejected: None, 0.05)
uvicorn.run(
    "answers:asgi",
    port=int(port),
    ssl_context_factory=lambda config, default: rotating.context,
    timeout_keep_alive=60,
    log_level="warning",
)
# ANCHOR_END: factory
