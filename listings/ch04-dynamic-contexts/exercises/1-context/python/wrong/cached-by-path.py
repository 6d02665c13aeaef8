"""A fresh context."""

import functools
import ssl


def blank():
    """A server's context that shows nothing yet."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    """What a server has: each new client is accepted by what `context` is at that moment."""

    def __init__(self):
        self.context = blank()


@functools.cache
def loaded(certificate, key):
    """To build a context is not cheap."""
    fresh = blank()
    fresh.load_cert_chain(certificate, key)
    return fresh


def reload(served, certificate, key):
    """Makes `served` show the chain and the key in these two files."""
    served.context = loaded(certificate, key)
