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
    served.context = shows(certificate, key)


def shows(certificate, key):
    context = ssl.create_default_context(purpose=ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certfile=certificate, keyfile=key)
    return context
