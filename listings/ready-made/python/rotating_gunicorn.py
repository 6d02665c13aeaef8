"""gunicorn's configuration with the file of the recipes, by its hook `ssl_context`. The roots stand in
the variable ROOTS."""

import functools
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "recipes" / "python"))

from rotating import Rotating


@functools.cache
def rotating(certificate, key):
    # Called in a worker, when its first client comes: a thread does not outlive the fork before it.
    files = (certificate, key, os.environ["ROOTS"])
    return Rotating(files, ("localhost",), lambda loaded, rejected: None, 0.05)


def ssl_context(conf, default_ssl_context_factory):
    return rotating(conf.certfile, conf.keyfile).context
