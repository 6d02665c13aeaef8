"""A fresh context.

This is the starter. It can be imported, and its checks fail until `reload` is written.
"""

import ssl


def blank():
    """A server's context that shows nothing yet."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Served:
    """What a server has: each new client is accepted by what `context` is at that moment."""

    def __init__(self):
        self.context = blank()


def reload(served, certificate, key):
    """Makes `served` show the chain and the key in these two files.

    `load_cert_chain(certificate, key)` of a context loads both. Raises `OSError` (of which `ssl.SSLError` is one) where a file
    does not parse, or the key does not belong to the leaf. Then clients are shown what they were shown before.
    """
    raise NotImplementedError("this is the starter: write `reload`")
