"""A fresh context."""

import ssl


def blank():
    """A server's context that shows nothing yet."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    """What a server has: each new client is accepted by what `context` is at that moment."""

    def __init__(self):
        self.context = blank()


def reload(served, certificate, key):
    """Makes `served` show the chain and the key in these two files."""
    fresh = ssl.create_default_context()
    # What raises here leaves the fresh one behind, and the served one as it was.
    fresh.load_cert_chain(certificate, key)
    # An assignment: each handshake finds the one or the other, whole.
    served.context = fresh
